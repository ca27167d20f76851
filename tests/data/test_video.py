import errno
import os
import resource
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import make_audio, make_video, moving_dot, psnr, trim

from signgen.data.video import SYNTHETIC_MARK, as_rate, read_video, write_video
from signgen.errors import ConfigError, DataError, RenderError, ResourceError, SignGenError

DOT = list(moving_dot(48))


@pytest.fixture(scope="module")
def dot_mp4(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "dot.mp4"
    write_video(DOT, path, 24)
    return path


@pytest.fixture(scope="module")
def dot_mkv(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "dot.mkv", DOT)


# --- what we write


def test_every_frame_comes_back_in_its_place(dot_mp4):
    video = read_video(dot_mp4)
    assert (video.num_frames, video.width, video.height, video.fps) == (48, 64, 48, 24.0)
    found = list(video.frames())
    assert len(found) == 48
    for index, frame in enumerate(found):
        assert frame.shape == (48, 64, 3)
        assert frame.dtype == np.uint8
        quality = [psnr(frame, original) for original in DOT]
        assert quality[index] > 40
        assert quality[index] == max(quality[max(0, index - 5) : index + 6])


def test_opencv_sees_the_same_frames_and_colours(dot_mp4):
    capture = cv2.VideoCapture(str(dot_mp4))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 48
    for original in DOT:
        is_read, picture = capture.read()
        assert is_read
        assert psnr(picture[..., ::-1], original) > 38
    assert not capture.read()[0]


def test_imageio_reads_it(dot_mp4):
    iio = pytest.importorskip("imageio.v3")
    frames = iio.imread(dot_mp4, plugin="pyav")
    assert frames.shape == (48, 48, 64, 3)
    assert min(map(psnr, frames, DOT)) > 38
    assert iio.immeta(dot_mp4, plugin="pyav")["comment"] == SYNTHETIC_MARK


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (85, 170, 255)]
)
def test_flat_colours_survive(tmp_path, colour):
    frame = np.full((32, 32, 3), colour, np.uint8)
    write_video([frame] * 3, tmp_path / "a.mp4", 24)
    for found in read_video(tmp_path / "a.mp4").frames():
        assert np.abs(found.astype(int) - colour).max() <= 3


def test_colours_are_declared(dot_mp4):
    with av.open(str(dot_mp4)) as container:
        codec = container.streams.video[0].codec_context
        found = (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range)
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert found == (1, 1, 6, 1)  # BT.709 primaries and curve, BT.601 matrix, limited range


def test_the_index_comes_before_the_pictures(dot_mp4):
    data = dot_mp4.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_same_frames_give_the_same_bytes(dot_mp4, tmp_path):
    write_video(iter(DOT), tmp_path / "again.mp4", Fraction(24))
    assert (tmp_path / "again.mp4").read_bytes() == dot_mp4.read_bytes()


@pytest.mark.parametrize("fill", [0, 85, 200])
def test_same_bytes_on_other_machines(dot_mp4, tmp_path, fill):
    """One core instead of all, and fresh memory filled with something (glibc): an encoder must not care."""
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from videos import moving_dot;"
        "from signgen.data.video import write_video; write_video(moving_dot(48), Path(sys.argv[2]), 24)"
    )
    path = tmp_path / "one_core.mp4"
    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(path)]
    memory = {"MALLOC_PERTURB_": str(fill), "MALLOC_MMAP_THRESHOLD_": "2000000000"}
    one_core = [min(os.sched_getaffinity(0))]
    subprocess.run(
        command,
        check=True,
        env={**os.environ, **memory},
        preexec_fn=lambda: os.sched_setaffinity(0, one_core),
    )
    assert path.read_bytes() == dot_mp4.read_bytes()


@pytest.mark.parametrize(
    "rate",
    [Fraction(24), Fraction(25), Fraction(30), Fraction(50), Fraction(30000, 1001), Fraction(24000, 1001),
     Fraction(359, 12), Fraction(2997, 100), Fraction(1), Fraction(1, 2), Fraction(120), Fraction(1000)],
)  # fmt: skip
def test_rates_are_kept_exactly(tmp_path, rate):
    write_video(DOT[:9], tmp_path / "a.mp4", float(rate))
    video = read_video(tmp_path / "a.mp4")
    assert video.rate == rate
    assert not video.is_variable_rate
    assert video.times == pytest.approx(np.arange(9) / float(rate))


def test_tags(tmp_path):
    tags = {"title": "Grüße\n\0 手話", "comment": "seed 0", "copyright": "CC0", "artist": "x" * 2000}
    write_video(DOT[:2], tmp_path / "a.mp4", 24, metadata=tags)
    found = read_video(tmp_path / "a.mp4").metadata
    assert found["title"] == "Grüße 手話"
    assert found["comment"] == f"{SYNTHETIC_MARK}; seed 0"
    assert found["copyright"] == "CC0"
    assert len(found["artist"]) == 1024


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_frames(tmp_path, count):
    assert write_video(DOT[:count], tmp_path / "a.mp4", 24) == count
    assert sum(1 for _ in read_video(tmp_path / "a.mp4").frames()) == count


def test_frames_that_are_views(tmp_path):
    write_video([frame[::-1, ::-1] for frame in DOT[:4]], tmp_path / "a.mp4", 24)
    assert psnr(next(read_video(tmp_path / "a.mp4").frames()), DOT[0][::-1, ::-1]) > 40


WRONG = {
    "no frames": ([], {}, RenderError, "no frames"),
    "odd width": ([np.zeros((48, 63, 3), np.uint8)], {}, ConfigError, "needs even sides, got 63x48 px; use 64x48"),
    "odd height": ([np.zeros((47, 64, 3), np.uint8)], {}, ConfigError, "use 64x48"),
    "no width": ([np.zeros((48, 0, 3), np.uint8)], {}, ConfigError, "0x48"),
    "too large": ([np.zeros((2, 9000, 3), np.uint8)], {}, ConfigError, "each side must be 2 to 8192"),
    "grey": ([np.zeros((48, 64), np.uint8)], {}, RenderError, "uint8 (H, W, 3)"),
    "floats": ([np.zeros((48, 64, 3))], {}, RenderError, "uint8 (H, W, 3)"),
    "size changes": ([*DOT[:2], np.zeros((64, 64, 3), np.uint8)], {}, RenderError, "frame 2 is uint8 (64, 64, 3)"),
    "type changes": ([DOT[0], DOT[1].astype(float)], {}, RenderError, "frame 1 is float64"),
    "fps 0": (DOT[:2], {"fps": 0}, ConfigError, "fps: expected a rate"),
    "fps NaN": (DOT[:2], {"fps": float("nan")}, ConfigError, "fps: expected a rate"),
    "fps infinite": (DOT[:2], {"fps": float("inf")}, ConfigError, "fps: expected a rate"),
    "fps below zero": (DOT[:2], {"fps": -24.0}, ConfigError, "fps: expected a rate"),
    "fps huge": (DOT[:2], {"fps": 1e9}, ConfigError, "fps: expected a rate"),
    "fps tiny": (DOT[:2], {"fps": 1e-9}, ConfigError, "too slow"),
    "crf": (DOT[:2], {"crf": 60}, ConfigError, "crf: expected 0"),
    "preset": (DOT[:2], {"preset": "quick"}, ConfigError, "preset: expected"),
    "tag": (DOT[:2], {"metadata": {"colour": "red"}}, ConfigError, "no such tag"),
}  # fmt: skip


@pytest.mark.parametrize(("frames", "options", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_gives_one_line_and_no_file(tmp_path, frames, options, error, message):
    options = {"fps": 24, **options}
    with pytest.raises(error) as caught:
        write_video(frames, tmp_path / "a.mp4", options.pop("fps"), **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_only_mp4(tmp_path):
    with pytest.raises(ConfigError, match=r"written as \.mp4"):
        write_video(DOT, tmp_path / "a.avi", 24)


def test_an_error_on_the_way_leaves_the_old_file(dot_mp4, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def breaking():
        yield from DOT[:10]
        raise RenderError("frame 10 broke")

    with pytest.raises(RenderError, match="frame 10 broke"):
        write_video(breaking(), path, 24)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.mp4"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_, **__):
        raise av.error.OSError(errno.ENOSPC, "No space left on device", "a.mp4")

    monkeypatch.setattr("signgen.data.video._encode", full)
    with pytest.raises(ResourceError, match="the disk is full"):
        write_video(DOT, tmp_path / "a.mp4", 24)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="not a folder"):
        write_video(DOT, tmp_path / "file" / "a.mp4", 24)


def test_memory_does_not_grow_with_length(tmp_path):
    """The encoder's own buffers fill within the first few hundred frames; 3,000 more add next to nothing."""
    frame = np.zeros((64, 64, 3), np.uint8)
    write_video((frame for _ in range(300)), tmp_path / "a.mp4", 24, preset="ultrafast")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_video((frame for _ in range(3300)), tmp_path / "b.mp4", 24, preset="ultrafast")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8192  # [KiB]; the frames are 40 MB


# --- what we read


@pytest.mark.parametrize(
    ("name", "count", "width", "height", "rate"),
    [
        ("video/person_540x720.mp4", 58, 540, 720, Fraction(359, 12)),
        ("video/autsl_sign.mp4", 43, 512, 512, Fraction(30)),
        ("dwpose_signer/human_signer.mp4", 135, 1280, 720, Fraction(24)),
    ],
)
def test_real_videos(shared_data, tmp_path, name, count, width, height, rate):
    path = shared_data / name
    if not path.is_file():
        pytest.skip(f"no {name} here")
    video = read_video(path)
    assert (video.num_frames, video.width, video.height, video.rate) == (count, width, height, rate)
    capture = cv2.VideoCapture(str(path))
    for frame in video.frames():
        is_read, picture = capture.read()
        assert is_read
        assert psnr(picture[..., ::-1], frame) > 30
    for percent in (99, 50, 5):
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(path.read_bytes()[: path.stat().st_size * percent // 100])
        with pytest.raises(DataError, match="cut off"):
            read_video(cut)


def test_a_real_video_encoded_again(shared_data, tmp_path):
    path = shared_data / "video/person_540x720.mp4"
    if not path.is_file():
        pytest.skip("no person_540x720.mp4 here")
    original = read_video(path)
    assert write_video(original.frames(), tmp_path / "again.mp4", original.rate, preset="veryfast") == 58
    again = read_video(tmp_path / "again.mp4")
    assert again.rate == original.rate
    assert min(map(psnr, again.frames(), original.frames())) > 38


@pytest.mark.parametrize(
    ("name", "options", "cut"),
    [
        ("odd.mp4", {"pix_fmt": "yuv444p"}, (47, 63)),
        ("ten_bits.mp4", {"pix_fmt": "yuv420p10le"}, (48, 64)),
        ("full_range.mp4", {"pix_fmt": "yuvj420p", "codec": "mjpeg"}, (48, 64)),
        ("a.mkv", {}, (48, 64)),
        ("alpha.webm", {"codec": "libvpx-vp9", "pix_fmt": "yuva420p"}, (48, 64)),
        ("a.avi", {"codec": "mpeg4"}, (48, 64)),
        ("a.ts", {}, (48, 64)),
        ("a.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}, (48, 64)),
    ],
)
def test_formats(tmp_path, name, options, cut):
    originals = [frame[: cut[0], : cut[1]] for frame in DOT[:12]]
    video = read_video(make_video(tmp_path / name, originals, **options))
    assert (video.num_frames, video.height, video.width, video.rate) == (12, *cut, 24)
    found = list(video.frames())
    assert len(found) == 12
    assert min(map(psnr, found, originals)) > 28


def test_frames_can_be_read_again(dot_mp4):
    video = read_video(dot_mp4)
    first = next(video.frames())
    assert np.array_equal(first, next(video.frames()))


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_rotation_is_applied_as_players_do(tmp_path, rotation, turns):
    path = make_video(tmp_path / "a.mp4", DOT[:4], rotation=rotation)
    video = read_video(path)
    assert (video.width, video.height) == ((64, 48) if turns == 2 else (48, 64))
    frame = next(video.frames())
    assert psnr(frame, np.rot90(DOT[0], turns)) > 35
    assert psnr(cv2.VideoCapture(str(path)).read()[1][..., ::-1], frame) > 35


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_rate(tmp_path, suffix):
    ticks = [i if i < 20 else 20 + 3 * (i - 20) for i in range(48)]
    video = read_video(make_video(tmp_path / f"a{suffix}", DOT, times=ticks))
    assert video.is_variable_rate
    assert video.times == pytest.approx(np.array(ticks) / 24, abs=0.001)
    assert video.fps == pytest.approx(47 * 24 / ticks[-1], rel=1e-3)
    assert sum(1 for _ in video.frames()) == 48


def test_a_trimmed_video_is_whole(dot_mp4, tmp_path):
    video = read_video(trim(dot_mp4, tmp_path / "trimmed.mp4", 10))
    found = list(video.frames())
    assert len(found) == video.num_frames == 38
    assert psnr(found[0], DOT[10]) > 38


# --- what we refuse


@pytest.mark.parametrize("percent", [99, 90, 50, 5])
def test_a_cut_video_is_refused_with_both_counts(dot_mp4, dot_mkv, tmp_path, percent):
    data = dot_mp4.read_bytes()
    start = data.index(b"mdat")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: start + (len(data) - start) * percent // 100])
    with pytest.raises(DataError, match=r"holds \d+ of 48 frames; the file is cut off"):
        read_video(cut)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(dot_mkv.read_bytes()[: dot_mkv.stat().st_size * percent // 100])
    with pytest.raises(DataError, match="cut off"):
        read_video(cut)


def test_a_trimmed_and_cut_video_is_refused(dot_mp4, tmp_path):
    data = trim(dot_mp4, tmp_path / "trimmed.mp4", 10).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) * 9 // 10])
    with pytest.raises(DataError, match=r"of 48 frames; the file is cut off"):
        read_video(tmp_path / "cut.mp4")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.mp4", b"", "the file is empty"),
        ("a.mp4", b"hello " * 1000, "not a video"),
        ("a.txt", b"hello " * 1000, "not a video"),
        ("a.mp4", bytes(range(256)) * 40, "not a video"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not a PNG"),
        ("a.mp4", b"ffconcat version 1.0\nfile dot.mp4\n", "not a video"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", "not a video"),
        ("a.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n#EXT-X-ENDLIST\n", "not a video"),
    ],
)
def test_other_files_are_refused(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_video(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_folder_and_sound(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_video(tmp_path / "none.mp4")
    with pytest.raises(DataError, match="not a file"):
        read_video(tmp_path)
    with pytest.raises(DataError, match="no video stream"):
        read_video(make_audio(tmp_path / "a.mp4"))


def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("signgen.data.demux.MAX_PIXELS", 1000)
    with pytest.raises(DataError, match="64x48 px are too large"):
        read_video(make_video(tmp_path / "a.mp4", DOT[:2]))


def test_a_file_cut_after_it_was_opened(dot_mp4, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(dot_mp4.read_bytes())
    video = read_video(path)
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 4])
    with pytest.raises(DataError, match="decoded"):
        list(video.frames())


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_any_damage_gives_frames_or_one_line(dot_mp4, tmp_path_factory, data):
    damaged = bytearray(dot_mp4.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "a.mp4"
    path.write_bytes(bytes(damaged[: data.draw(st.sampled_from([len(damaged), len(damaged) * 2 // 3]))]))
    try:
        video = read_video(path)
        assert sum(1 for _ in video.frames()) >= video.num_frames
    except SignGenError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (24, Fraction(24)),
        (29.97, Fraction(2997, 100)),
        (30000 / 1001, Fraction(30000, 1001)),
        (0.5, Fraction(1, 2)),
    ],
)
def test_as_rate(fps, rate):
    assert as_rate(fps) == rate


def test_times_start_at_zero_and_rise(dot_mp4):
    times = read_video(dot_mp4).times
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))

"""Tar shards stream in and out; every trick a tar can play is refused or skipped with a record."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signverse_files import card_file, card_frames, mutated, payload_file, points

from signgen.data import tar_stream
from signgen.data.shards import Recording, Skipped, read_shard, shard_name, write_shard
from signgen.data.tar_stream import TarWalker, name_problem
from signgen.errors import DataError, SignGenError
from signgen.pose.sequence import PoseSequence, cleaned

POSES = card_file(card_frames(points(2)))
CAPTION = {
    "video_id": "good", "sign_language": "lse", "title": "Hi", "duration_s": 2.0,
    "segments": [{"start": 0.0, "end": 1.5, "text": "Hello"}], "document_text": "Hello", "english_source": "native",
}  # fmt: skip


def info(name: str, size: int = 0, **fields) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    for field, value in fields.items():
        setattr(member, field, value)
    return member


def video(name: str = "good", **caption) -> list[tuple[tarfile.TarInfo, bytes]]:
    text = json.dumps(CAPTION | {"video_id": name} | caption).encode()
    return [
        (info(f"{name}/poses.npz", len(POSES)), POSES),
        (info(f"{name}/caption.json", len(text)), text),
        (info(f"{name}/{name}.complete"), b""),
    ]


def tar(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as out:
        for member, content in members:
            out.addfile(member, io.BytesIO(content))
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_card_layout(kind):
    (sample,) = read_shard(tar(*video(), kind=kind))
    assert sample.video_id == "good"
    assert len(sample.poses[0]) == 2
    assert sample.signed_language == "ssp"  # Spanish Sign Language, which the card calls lse
    assert [cue.text for cue in sample.cues()] == ["Hello"]
    assert sample.caption["document_text"] == "Hello"


def test_layout_of_the_extraction_code(tmp_path):
    """A folder packed as that code packs it: tarfile's `add`, which writes folders and pax headers."""
    folder = tmp_path / "vid"
    (folder / "npz").mkdir(parents=True)
    (folder / "captions").mkdir()
    (folder / "npz" / "poses.npz").write_bytes(payload_file(points(2) / np.float32(512)))
    (folder / "npz" / ".complete").write_text("video_id=vid\n")
    (folder / "captions" / "vid.en.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")
    path = tmp_path / shard_name(7)
    with tarfile.open(path, "w") as out:
        out.add(folder, arcname="vid", recursive=True)
    (sample,) = read_shard(path)
    assert (sample.video_id, sample.poses[0].width, list(sample.subtitles)) == ("vid", 640, ["vid.en.vtt"])
    assert path.name == "Sign_DWPose_NPZ_000007.tar"


def test_gnu_tar_and_a_pipe(tmp_path):
    reader, writer = os.pipe()
    data = tar(*video("a"), *video("b"), kind=tarfile.GNU_FORMAT).getvalue()

    def feed():
        with os.fdopen(writer, "wb") as out:
            out.write(data)

    thread = threading.Thread(target=feed)
    thread.start()
    with os.fdopen(reader, "rb") as stream:
        assert [sample.video_id for sample in read_shard(stream)] == ["a", "b"]
    thread.join()


def test_long_names_and_dot_slash():
    folder = "d" * 90
    members = [
        (info(f"./{folder}/{member.name}", member.size), content) for member, content in video("v" * 60)
    ]
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        if kind == tarfile.USTAR_FORMAT:
            continue  # 90 + 60 + ... does not fit its two fields
        (sample,) = read_shard(tar(*members, kind=kind))
        assert sample.video_id == "v" * 60


def tricks() -> dict[str, list[tuple[tarfile.TarInfo, bytes]]]:
    """Eleven ways to write outside, to hide or to overwrite."""
    file = (5, b"evil!")

    def named(name: str, **fields) -> list[tuple[tarfile.TarInfo, bytes]]:
        return [(info(name, file[0], **fields), file[1])]

    return {
        "parent": named("good/../../evil/poses.npz"),
        "absolute": named("/evil/poses.npz"),
        "drive": named("C:\\evil\\poses.npz"),
        "symlink": [(info("evil/poses.npz", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b"")],
        "hard link": [(info("evil/poses.npz", type=tarfile.LNKTYPE, linkname="good/poses.npz"), b"")],
        "device": [(info("evil/poses.npz", type=tarfile.CHRTYPE, devmajor=1, devminor=3), b"")],
        "fifo": [(info("evil/poses.npz", type=tarfile.FIFOTYPE), b"")],
        "NUL": named("x", pax_headers={"path": "evil/poses.npz\0.txt"}),
        "300 bytes": named("e" * 290 + "/poses.npz"),
        "twice": [*video("good")[:1]],
        "case clash": [(info("GOOD/poses.npz", 5), b"evil!")],
    }


@pytest.mark.parametrize("name", tricks())
def test_tricks_are_refused_or_skipped(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = [*video("good"), *tricks()[name]]
    with pytest.raises(DataError) as error:
        list(read_shard(tar(*members)))
    assert "\n" not in str(error.value)
    assert "\0" not in str(error.value)
    skipped: list[Skipped] = []
    samples = list(read_shard(tar(*members), on_error="skip", skipped=skipped))
    assert [sample.video_id for sample in samples] == ["good"]
    assert len(samples[0].poses[0]) == 2
    assert len(skipped) == 1
    assert skipped[0].reason
    assert list(tmp_path.iterdir()) == []


def test_there_are_eleven():
    assert len(tricks()) == 11


@pytest.mark.parametrize(
    ("name", "is_fine"),
    [
        ("a/poses.npz", True), ("ü/-_x.json", True), ("a" * 255, True), ("", False), ("a//b", False),
        ("a/./b", False), ("..", False), ("a/..", False), ("/a", False), ("\\\\host\\a", False), ("c:a", False),
        ("a\nb", False), ("a\x7fb", False), ("a\udcff", False), ("ü" * 128, False),
    ],
)  # fmt: skip
def test_names(name, is_fine):
    assert (name_problem(name) == "") == is_fine


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (video()[:2], "not written to its end"),
        (video()[1:], "has no poses.npz"),
        (video("good", sign_language=3), "sign_language"),
        (video("good", segments={}), "segments"),
        ([*video("good")[:1], (info("good/caption.json", 3), b"{]}"), *video("good")[2:]], "not valid JSON"),
        ([(info("good/poses.npz", 4), b"evil"), *video("good")[1:]], "not an .npz"),
        (
            [*video("good")[:1], (info("good/caption.json", 23), b'{"video_id": "another"}'), *video()[2:]],
            "another",
        ),
        ([*video("a"), *video("b"), (info("a/.complete"), b"")], "follow each other"),
    ],
)
def test_bad_videos_are_named_or_skipped(members, reason):
    with pytest.raises(DataError, match=reason):
        list(read_shard(tar(*members)))
    skipped: list[Skipped] = []
    after = [
        sample.video_id
        for sample in read_shard(tar(*members, *video("zz")), on_error="skip", skipped=skipped)
    ]
    assert after[-1] == "zz"
    assert reason in " ".join(item.reason for item in skipped)


def test_unknown_languages_stay():
    (sample,) = read_shard(tar(*video("good", sign_language="qqq")))
    assert sample.signed_language == "qqq"


def test_bad_times_are_told_when_asked_for():
    (sample,) = read_shard(tar(*video("good", segments=[{"start": 2, "end": 1, "text": ""}])))
    with pytest.raises(DataError, match="bad times"):
        sample.cues()
    assert len(Recording("a", ()).cues()) == 0


class EndlessTar:
    """A pipe of a million tiny members that no memory holds."""

    def __init__(self):
        self.names = (info(f"{n:x}/x.npz").tobuf() for n in range(1_000_000))

    def fileno(self):
        raise OSError

    def seekable(self):
        return False

    def read(self, size):
        assert size == 512
        return next(self.names)


def test_a_million_members_are_refused_soon(monkeypatch):
    monkeypatch.setattr(tar_stream, "MAX_HEADERS", 20_000)  # a fifth, for the walk takes most of a second
    started = time.process_time()
    with pytest.raises(DataError, match="more than 20000 headers"):
        list(read_shard(EndlessTar(), on_error="raise"))
    assert time.process_time() - started < 4


def test_declared_sizes_are_checked_first():
    for fields in ({}, {"pax_headers": {"size": "99999999999"}}):
        member = info("a/poses.npz", 1 << 40 if not fields else 0, **fields)
        head = member.tobuf(tarfile.PAX_FORMAT if fields else tarfile.GNU_FORMAT)
        with pytest.raises(DataError, match="declares"):
            list(read_shard(io.BytesIO(head + bytes(1024))))


@pytest.mark.parametrize("cut", [0, 1, 511, 700, 5000, -10240])
def test_cut_shards(cut):
    data = tar(*video("a"), *video("b")).getvalue()
    data = data[: len(data) + cut] if cut < 0 else data[:cut]
    with pytest.raises(DataError, match=r"cut short|not a tar"):
        list(read_shard(io.BytesIO(data)))
    skipped: list[Skipped] = []
    for sample in read_shard(io.BytesIO(data), on_error="skip", skipped=skipped):
        assert len(sample.poses[0]) == 2
    assert skipped


def test_a_file_that_is_no_tar(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        list(read_shard(tmp_path / "none.tar"))
    path = tmp_path / "text.tar"
    path.write_text("hello " * 500)
    with pytest.raises(DataError, match="not a tar"):
        list(read_shard(path))


@pytest.mark.parametrize("seed", range(3))
def test_mutated_shards_never_hang_or_leak(seed):
    rng = np.random.default_rng(seed)
    data = tar(*video("a"), *video("b"), kind=tarfile.PAX_FORMAT).getvalue()
    for _ in range(50):
        damaged = mutated(data, rng)
        with suppress(SignGenError):
            for video_sample in read_shard(io.BytesIO(damaged)):
                assert np.isfinite(video_sample.poses[0].keypoints).all()
        list(read_shard(io.BytesIO(damaged), on_error="skip"))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(st.binary(min_size=512, max_size=512) | st.sampled_from([info("a/b", 3).tobuf(), bytes(512)]))
)
def test_any_blocks_are_a_walk_or_our_error(blocks):
    walker = TarWalker(io.BytesIO(b"".join(blocks)), "x")
    with suppress(DataError):
        for member in walker:
            if member.is_file and not member.problem:
                member.read()


def sample(name: str, seed: int = 0) -> Recording:
    poses = PoseSequence(cleaned(points(3, seed=seed)[0]), 24.0, 512, 512)
    return Recording(name, (poses,), {"sign_language": "ase", "segments": []})


def test_written_shards_come_back_and_keep_their_bytes(tmp_path):
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    assert write_shard([sample("b", 1), sample("a")], one) == 2
    write_shard(iter([sample("a"), sample("b", 1)]), two)
    assert one.read_bytes() == two.read_bytes()
    back = list(read_shard(one))
    assert [item.video_id for item in back] == ["a", "b"]
    assert np.array_equal(back[1].poses[0].keypoints, sample("b", 1).poses[0].keypoints)
    assert dict(back[0].caption) == {"segments": [], "sign_language": "ase", "video_id": "a"}
    with tarfile.open(one) as out:
        for member in out:
            assert (member.mtime, member.uid, member.gid, member.uname, member.mode) == (0, 0, 0, "", 0o644)
        assert out.getnames() == [
            f"{v}/{f}" for v in "ab" for f in ("poses.npz", "caption.json", f"{v}.complete")
        ]


@pytest.mark.parametrize(
    "samples",
    [
        iter([sample("b"), sample("a")]), [sample("a"), sample("a")], [sample("a"), sample("A")],
        [sample("../a")], [sample("")], [sample("a/b")], [sample("x" * 81)],
    ],
    ids=["unsorted", "twice", "case", "parent", "empty", "slash", "long"],
)  # fmt: skip
def test_bad_names_are_not_written(samples, tmp_path):
    with pytest.raises(DataError):
        write_shard(samples, tmp_path / "out.tar")
    assert list(tmp_path.iterdir()) == []

"""`.pose` files against pose-format on real and made-up files, in windows, and damaged in every way."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data import pose_header
from signgen.data.pose_file import (
    PoseFile,
    pack_pose,
    parse_pose,
    read_pose_file,
    write_pose,
    write_pose_file,
)
from signgen.data.pose_header import PoseHeader, component, pack_header
from signgen.data.pose_layouts import LAYOUTS, components_of, file_of, sequences_of
from signgen.errors import DataError, PoseError, SignGenError
from signgen.pose import layout
from signgen.pose.sequence import PoseSequence

pose_format = pytest.importorskip("pose_format")

REAL = (
    "pose/openpose.pose",  # 0.0
    "pose/mediapipe.pose",  # 0.1
    "pose/phoenix_test17_holistic.pose",  # 0.1
    "dgs_signs/YOUNG1^.pose",  # 0.1, 50 fps
    "pose/colin-SAD.pose",  # 0.2, fractional fps
    "dgs_pairs/train_1_original.pose",  # 0.2
)
HAND = component("HAND", "XYC", ["a", "b", "ü"], [(0, 1)], np.array([[1, 2, 3]]))
BODY = component("BODY", "XYZC", ["neck"], [], np.array([[4, 5, 6]]))


def assert_equal_to_pose_format(ours: PoseFile, theirs) -> None:
    assert np.array_equal(ours.points, np.asarray(theirs.body.data.data, np.float32))
    assert np.array_equal(ours.confidence, np.asarray(theirs.body.confidence, np.float32))
    mask = np.ma.getmaskarray(theirs.body.data)
    assert np.array_equal(np.broadcast_to(ours.mask[..., None], mask.shape), mask)
    assert ours.fps == pytest.approx(theirs.body.fps)
    assert (ours.header.width, ours.header.height) == (
        theirs.header.dimensions.width,
        theirs.header.dimensions.height,
    )
    for mine, other in zip(ours.header.components, theirs.header.components, strict=True):
        assert (mine.name, mine.format, list(mine.points)) == (other.name, other.format, other.points)
        assert mine.limbs.tolist() == [list(limb) for limb in other.limbs]
        assert mine.colours.tolist() == np.asarray(other.colors).tolist()


@pytest.mark.parametrize("name", REAL)
def test_equal_to_pose_format_on_real_files(shared_data, name):
    path = shared_data / name
    assert_equal_to_pose_format(read_pose_file(path), pose_format.Pose.read(path.read_bytes()))


def test_equal_to_pose_format_on_all_lexicon_clips():
    package = pytest.importorskip("spoken_to_signed")
    clips = sorted((Path(package.__file__).parent / "assets/fingerspelling_lexicon").rglob("*.pose"))[::12]
    assert len(clips) > 40
    for clip in clips:
        assert_equal_to_pose_format(read_pose_file(clip), pose_format.Pose.read(clip.read_bytes()))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (0, 1), (10, 20), (30, 9999), (5, 5), (20, 10), (9999, None)]
)
def test_windows_are_slices(shared_data, name, start, end):
    whole, window = read_pose_file(shared_data / name), read_pose_file(shared_data / name, start, end)
    assert np.array_equal(window.points, whole.points[start:end])
    assert np.array_equal(window.confidence, whole.confidence[start:end])
    assert window.points.shape[1:] == whole.points.shape[1:]


def made_up(frames: int, people: int, dims: int = 2, fps: float = 24.0) -> PoseFile:
    rng = np.random.default_rng(frames + people)
    parts = (HAND,) if dims == 2 else (component("HAND", "XYZC", HAND.points, [(0, 1)], HAND.colours), BODY)
    header = PoseHeader(0.2, 640, 480, 7, parts)
    points = rng.normal(size=(frames, people, header.num_points, dims)).astype(np.float32)
    confidence = rng.integers(0, 3, (frames, people, header.num_points)).astype(np.float32) / 2
    return PoseFile(header, fps, points, confidence)


def packed(poses: PoseFile) -> bytes:
    buffer = io.BytesIO()
    write_pose(poses, buffer)
    assert pack_pose(poses) == buffer.getvalue()
    return buffer.getvalue()


@pytest.mark.parametrize("frames", [0, 1, 2, 7])
@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize("dims", [2, 3])
def test_pose_format_reads_what_is_written(frames, people, dims):
    poses = made_up(frames, people, dims, 29.97)
    theirs = pose_format.Pose.read(packed(poses))
    assert np.array_equal(np.asarray(theirs.body.data.data), poses.points)
    assert np.array_equal(theirs.body.confidence, poses.confidence)
    assert theirs.body.fps == pytest.approx(29.97)
    assert theirs.header.components[0].points == ["a", "b", "ü"]
    again = parse_pose(packed(poses))
    assert np.array_equal(again.points, poses.points)
    assert np.array_equal(again.confidence, poses.confidence)


def test_what_pose_format_writes_is_read(shared_data):
    theirs = pose_format.Pose.read((shared_data / "pose/openpose.pose").read_bytes())
    buffer = io.BytesIO()
    theirs.write(buffer)
    assert_equal_to_pose_format(parse_pose(buffer.getvalue()), pose_format.Pose.read(buffer.getvalue()))


def test_non_contiguous_and_wider_arrays_are_written_right(tmp_path):
    poses = made_up(4, 1)
    doubled = np.repeat(poses.points, 2, axis=0)[::2].astype(np.float64)
    write_pose_file(PoseFile(poses.header, 24, doubled, poses.confidence), tmp_path / "a.pose")
    assert np.array_equal(read_pose_file(tmp_path / "a.pose").points, poses.points)


def old_file(version: float, poses: PoseFile, people: list[int] | None = None) -> bytes:
    """A file of version 0.0 or 0.1, written by the format's description."""
    header = struct.pack("<f", version) + pack_header(poses.header)[4:]
    if version > 0:
        counts = struct.pack("<HHH", int(poses.fps), len(poses) % 65536, poses.points.shape[1])
        return header + counts + poses.points.tobytes() + poses.confidence.tobytes()
    data = header + struct.pack("<HH", int(poses.fps), len(poses))
    for t, count in enumerate(people or [poses.points.shape[1]] * len(poses)):
        data += struct.pack("<H", count)
        for p in range(count):
            data += struct.pack("<h", p)
            start = 0
            for part in poses.header.components:
                stop = start + len(part.points)
                columns = [poses.points[t, p, start:stop], poses.confidence[t, p, start:stop, None]]
                data += np.concatenate(columns, axis=-1).astype("<f4").tobytes()
                start = stop
    return data


@pytest.mark.parametrize("frames", [0, 1, 2, 9])
def test_versions_0_0_and_0_1(frames):
    for dims in (2, 3):
        poses = made_up(frames, 1, dims)
        for version in (0.0, 0.1):
            data = old_file(version, poses)
            ours = parse_pose(data)
            assert np.array_equal(ours.points, poses.points)
            if frames:
                assert_equal_to_pose_format(ours, pose_format.Pose.read(data))


def test_version_0_0_with_people_coming_and_going():
    poses = made_up(4, 2)
    ours = parse_pose(old_file(0.0, poses, [2, 0, 1, 2]))
    assert ours.points.shape[:2] == (4, 2)
    assert np.array_equal(ours.points[[0, 3]], poses.points[[0, 3]])
    assert np.array_equal(ours.points[2, 0], poses.points[2, 0])
    assert not ours.confidence[1].any()
    assert not ours.confidence[2, 1].any()


def test_version_0_1_counts_frames_modulo_65536():
    header = PoseHeader(0.2, 10, 10, 0, (component("P", "XYC", ["a"], [], np.zeros((1, 3))),))
    points = np.arange(2 * 65540, dtype=np.float32).reshape(65540, 1, 1, 2)
    poses = PoseFile(header, 25, points, np.ones((65540, 1, 1), np.float32))
    assert len(parse_pose(old_file(0.1, poses))) == 65540


def test_opening_is_lazy(shared_data):
    poses = read_pose_file(shared_data / "pose/colin-SAD.pose")
    assert not poses.points.flags.owndata
    assert not poses.points.flags.writeable


@pytest.mark.parametrize("name", REAL)
def test_every_truncation_is_noticed(shared_data, name):
    data = (shared_data / name).read_bytes()
    step = max(1, len(data) // 150)
    for length in [*range(40), *range(40, len(data), step), *range(len(data) - 40, len(data))]:
        with pytest.raises(DataError):
            parse_pose(data[:length])


BAD = [
    (b"", "too short"),
    (b"\0" * 11, "too short"),
    (b"garbage that is no pose file at all, really", "version"),
    (struct.pack("<fHHHH", 0.3, 1, 1, 0, 0), "version"),
    (struct.pack("<fHHHH", float("nan"), 1, 1, 0, 0), "version"),
    (struct.pack("<fHHHH", 0.2, 1, 1, 0, 65535), "cut short"),
    (struct.pack("<fHHHHfIH", 0.2, 1, 1, 0, 0, 24, 1, 1), "no points"),
]


@pytest.mark.parametrize(("data", "what"), BAD)
def test_garbage(data, what, tmp_path):
    path = tmp_path / "bad.pose"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"^{path}: .*" + ("empty" if not data else what)):
        read_pose_file(path)


@pytest.mark.parametrize(
    ("fps", "frames", "people", "what"),
    [
        (0.0, 5, 1, "frame rate"),
        (-25.0, 5, 1, "frame rate"),
        (float("nan"), 5, 1, "frame rate"),
        (1e9, 5, 1, "frame rate"),
        (24.0, 2**32 - 1, 1, "cut short"),
        (24.0, 4, 1, "damaged"),
        (24.0, 5, 65535, "people"),
    ],
)
def test_counts_that_cannot_be_true(fps, frames, people, what):
    poses = made_up(5, 1)
    header = pack_header(poses.header)
    data = header + struct.pack("<fIH", fps, frames, people) + packed(poses)[len(header) + 10 :]
    with pytest.raises(DataError, match=what):
        parse_pose(data)


def test_version_0_0_cannot_ask_for_memory():
    header = struct.pack("<f", 0.0) + pack_header(PoseHeader(0.2, 1, 1, 0, (HAND,)))[4:]
    crowd = struct.pack("<HHH", 24, 65535, 60000)
    with pytest.raises(DataError):
        parse_pose(header + crowd + b"\0" * 1000)
    size = 2 + 4 * 9
    frames = struct.pack("<HH", 24, 65535) + struct.pack("<H", 255) + b"\0" * (255 * size) + b"\0\0" * 65534
    wide = component("P", "XYC", [str(i) for i in range(200)], [], np.zeros((1, 3)))
    data = struct.pack("<f", 0.0) + pack_header(PoseHeader(0.2, 1, 1, 0, (wide,)))[4:]
    data += struct.pack("<HHH", 24, 65535, 255) + b"\0" * (255 * (2 + 12 * 200)) + b"\0\0" * 65534
    with pytest.raises(DataError, match="too many"):
        parse_pose(data)
    assert parse_pose(header + frames).points.shape == (65535, 255, 3, 2)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.pose", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_pose_file(path)


def test_shapes_that_do_not_fit_the_header_are_not_written(tmp_path):
    poses = made_up(3, 1)
    with pytest.raises(DataError, match="fit"):
        write_pose_file(
            PoseFile(poses.header, 24, poses.points[..., :1], poses.confidence), tmp_path / "a.pose"
        )
    with pytest.raises(DataError, match="canvas"):
        write_pose_file(
            PoseFile(PoseHeader(0.2, 70000, 1, 0, (HAND,)), 24, poses.points, poses.confidence),
            tmp_path / "a.pose",
        )
    assert not list(tmp_path.iterdir())


MUTANT = packed(made_up(3, 2, 3))
OLD_MUTANT = old_file(0.0, made_up(3, 2))


def check_one_line(error: Exception) -> None:
    assert "\n" not in str(error)


@given(st.data())
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_mutations_raise_nothing_but_our_errors(data):
    original = data.draw(st.sampled_from([MUTANT, OLD_MUTANT, old_file(0.1, made_up(3, 1))]))
    mutant = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
    mutant = mutant[: data.draw(st.integers(0, len(mutant)))] if data.draw(st.booleans()) else mutant
    try:
        poses = parse_pose(bytes(mutant), 1, 2)
        sequences_of(poses)
    except SignGenError as error:
        check_one_line(error)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_noise_raises_nothing_but_our_errors(noise):
    for version in (b"", struct.pack("<f", 0.0), struct.pack("<f", 0.1), struct.pack("<f", 0.2)):
        try:
            parse_pose(version + noise)
        except DataError as error:
            check_one_line(error)


def test_recent_headers_do_not_mix():
    """The cache of headers compares all bytes: files that differ in one name stay apart."""
    first, second = made_up(1, 1), made_up(1, 1)
    other = component("HAND", "XYC", ["a", "b", "v"], [(0, 1)], np.array([[1, 2, 3]]))
    second = PoseFile(PoseHeader(0.2, 640, 480, 7, (other,)), 24, second.points, second.confidence)
    for _ in range(2):
        assert parse_pose(packed(first)).header.components[0].points[2] == "ü"
        assert parse_pose(packed(second)).header.components[0].points[2] == "v"
    assert len(pose_header._recent) <= 8


# Poses in .pose files


def poses(frames: int = 5, depth: bool = True, seed: int = 0, fps: float = 23.976) -> PoseSequence:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(1, 511, (frames, 128, 3)).astype(np.float32)
    keypoints[..., 2] = rng.uniform(0.1, 1, (frames, 128))
    keypoints[:, 70:75] = 0
    z = rng.normal(0, 40, (frames, 128)).astype(np.float32)
    z[:, 70:75] = 0
    return PoseSequence(keypoints, np.float32(fps), 512, 400, z if depth else None)


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
@pytest.mark.parametrize("depth", [True, False])
def test_dwpose_layout_is_lossless(tmp_path, frames, depth):
    people = [poses(frames, depth), poses(frames, depth, seed=1)]
    write_pose_file(file_of(people)[0], tmp_path / "two.pose")
    back, report = sequences_of(read_pose_file(tmp_path / "two.pose"))
    for before, after in zip(people, back, strict=True):
        assert np.array_equal(before.keypoints, after.keypoints)
        assert (before.fps, before.width, before.height) == (after.fps, after.width, after.height)
        assert (after.depth is None) == (not depth)
        assert after.depth is None or np.array_equal(before.depth, after.depth)
    assert report.mapped == layout.NAMES


@pytest.mark.parametrize("name", LAYOUTS)
def test_pose_format_draws_every_layout(tmp_path, name):
    visualizer = pytest.importorskip("pose_format.pose_visualizer")
    for depth in (True, False):
        file, _ = file_of([poses(2, depth)], name)
        theirs = pose_format.Pose.read(packed(file))
        frames = list(visualizer.PoseVisualizer(theirs).draw())
        assert len(frames) == 2
        assert frames[0].shape == (400, 512, 3)
        assert np.unique(frames[0].reshape(-1, 3), axis=0).shape[0] > 10, "coloured limbs on the background"


def test_pose_format_knows_our_holistic_and_openpose_headers():
    generic = pytest.importorskip("pose_format.utils.generic")
    for name, known in (("holistic", "holistic"), ("openpose", "openpose")):
        theirs = pose_format.Pose.read(packed(file_of([poses(2)], name)[0]))
        assert generic.detect_known_pose_format(theirs) == known
        assert theirs.header.total_points() == {"holistic": 543, "openpose": 137}[name]


@pytest.mark.parametrize("name", ["openpose", "coco-wholebody", "holistic"])
def test_other_layouts_come_back(name):
    before = poses(4)
    after = sequences_of(parse_pose(packed(file_of([before], name)[0])))[0][0]
    derived = [layout.NECK] if name != "openpose" else []
    others = np.setdiff1d(np.arange(128), derived)
    assert np.allclose(after.keypoints[:, others], before.keypoints[:, others], atol=1e-3)


def test_colours_and_limbs_of_our_header_are_those_of_the_layout():
    body, left, right, face = components_of("dwpose", True)
    assert [part.name for part in (body, left, right, face)] == [
        "BODY_18",
        "LEFT_HAND",
        "RIGHT_HAND",
        "FACE_68",
    ]
    assert body.limbs.tolist() == [list(limb) for limb in layout.BODY_LIMBS]
    assert body.colours.tolist() == layout.LIMB_COLOURS.tolist()
    assert left.limbs.tolist() == [list(bone) for bone in layout.HAND_BONES]
    assert len(face.limbs) == 63
    assert face.limbs.max() == 67


def test_no_canvas_in_the_file():
    file, _ = file_of([poses(3)])
    header = PoseHeader(0.2, 0, 0, 0, file.header.components)
    people, report = sequences_of(PoseFile(header, 24, file.points, file.confidence))
    assert people[0].width >= people[0].xy[..., 0].max()
    assert people[0].width % 2 == 0
    assert "no canvas" in report.notes[0]


def test_unknown_components_and_formats():
    with pytest.raises(DataError, match="known layout"):
        sequences_of(made_up(1, 1))
    header = PoseHeader(0.2, 1, 1, 0, (component("POSE_LANDMARKS", "YXC", ["NOSE"], [], np.zeros((1, 3))),))
    file = PoseFile(header, 24, np.array([[[[7, 9]]]], np.float32), np.ones((1, 1, 1), np.float32))
    assert sequences_of(file)[0][0].keypoints[0, 0].tolist() == [9, 7, 1], "columns go by their letters"
    header = PoseHeader(0.2, 1, 1, 0, (component("POSE_LANDMARKS", "ABC", ["NOSE"], [], np.zeros((1, 3))),))
    with pytest.raises(DataError, match="formats"):
        sequences_of(PoseFile(header, 24, file.points, file.confidence))


def test_people_of_one_file_must_fit_together():
    with pytest.raises(PoseError, match="share"):
        file_of([poses(3), poses(4)])
    with pytest.raises(PoseError, match="no poses"):
        file_of([])
    with pytest.raises(PoseError, match="layout"):
        file_of([poses(3)], "smplx")

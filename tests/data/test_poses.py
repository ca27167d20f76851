"""`read_poses` and `write_poses`: every format by its content, every refusal in one line."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data.dwpose_npz import write_dwpose
from signgen.data.openpose_json import write_openpose
from signgen.data.poses import read_pose, read_poses, read_poses_with_report, write_poses
from signgen.errors import DataError, PoseError, SignGenError
from signgen.pose.layout import NAMES
from signgen.pose.sequence import PoseSequence


def poses(frames: int = 4, depth: bool = True, seed: int = 0, scale: float = 1.0) -> PoseSequence:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(1, 400, (frames, 128, 3)).astype(np.float32)
    keypoints[..., :2] *= np.float32(scale)
    keypoints[..., 2] = rng.uniform(0.1, 1, (frames, 128))
    keypoints[:, 20] = 0
    z = rng.normal(0, 40, (frames, 128)).astype(np.float32) if depth else None
    return PoseSequence(keypoints, 23.976, 512, 400, z)


def assert_same(a: PoseSequence, b: PoseSequence, depth: bool = True) -> None:
    assert np.array_equal(a.keypoints, b.keypoints)
    assert (a.width, a.height) == (b.width, b.height)
    assert a.fps == pytest.approx(b.fps, rel=1e-6)
    if depth:
        assert (a.depth is None) == (b.depth is None)
        seen = a.confidence > 0
        assert a.depth is None or np.array_equal(a.depth[seen], b.depth[seen])


@pytest.mark.parametrize("suffix", [".npz", ".pose", ".json"])
@pytest.mark.parametrize("frames", [0, 1, 2, 4])
@pytest.mark.parametrize("depth", [True, False])
def test_lossless_formats(tmp_path, suffix, frames, depth):
    before, path = poses(frames, depth), tmp_path / f"a{suffix}"
    assert write_poses(before, path).mapped == NAMES
    (after,), report = read_poses_with_report(path)
    assert_same(before, after)
    assert report.mapped == NAMES
    assert not report.dropped
    moved = path.rename(tmp_path / "no_suffix")
    assert_same(before, read_pose(moved))


@pytest.mark.parametrize("suffix", [".pose", ".json"])
def test_several_people_the_primary_first(tmp_path, suffix):
    small, big = poses(scale=0.3), poses(seed=1)
    write_poses([small, big], tmp_path / f"two{suffix}")
    first, second = read_poses(tmp_path / f"two{suffix}")
    assert_same(big, first)
    assert_same(small, second)
    assert_same(big, read_pose(tmp_path / f"two{suffix}"))


def test_signverse(tmp_path):
    pytest.importorskip("signgen.data.signverse")
    before = [poses(depth=False), poses(depth=False, seed=1)]
    write_poses(before, tmp_path / "poses.npz", layout="signverse")
    after, report = read_poses_with_report(tmp_path / "poses.npz")
    assert report.layout == "signverse"
    for a, b in zip(before, after, strict=True):
        assert np.allclose(a.keypoints, b.keypoints)


def test_skels(tmp_path):
    write_poses([poses(3), poses(5)], tmp_path / "a.skels.gz")
    with pytest.raises(DataError, match="no frame rate"):
        read_poses(tmp_path / "a.skels.gz")
    sequences, report = read_poses_with_report(tmp_path / "a.skels.gz", fps=25, width=300, height=200)
    assert [len(s) for s in sequences] == [3, 5]
    assert (sequences[0].fps, sequences[0].width, sequences[0].height) == (25, 300, 200)
    assert len(report.missing) == 78
    report = write_poses(poses(3), tmp_path / "a.skels")
    assert "face_jaw_0" in report.dropped
    assert len(read_poses(tmp_path / "a.skels", fps=25)) == 1


def test_folders(tmp_path):
    before = poses(3, depth=False)
    write_openpose([before], tmp_path / "openpose")
    (after,), report = read_poses_with_report(tmp_path / "openpose", fps=23.976, width=512, height=400)
    assert_same(before, after)
    assert report.layout == "openpose-137"
    with pytest.raises(DataError, match="no frame rate"):
        read_poses(tmp_path / "openpose")
    write_dwpose([before], tmp_path / "dwpose")
    (after,), report = read_poses_with_report(tmp_path / "dwpose", fps=23.976, width=512, height=400)
    assert np.allclose(before.keypoints, after.keypoints, atol=1e-3)
    assert report.layout == "dwpose"
    for hints in ({}, {"fps": 24.0}):
        with pytest.raises(DataError, match=r"no frame rate|canvas"):
            read_poses(tmp_path / "dwpose", **hints)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no frames"):
        read_poses(tmp_path / "empty")


def test_json_form_is_plain(tmp_path):
    write_poses(poses(2, depth=False), tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    assert set(content) == {"fps", "width", "height", "keypoints"}
    assert np.shape(content["keypoints"]) == (2, 128, 3)
    by_hand = {"fps": 24, "width": 10, "height": 10, "keypoints": [[[1, 2, 1]] * 128]}
    (tmp_path / "b.json").write_text(json.dumps(by_hand))
    assert read_pose(tmp_path / "b.json").keypoints[0, 5].tolist() == [1, 2, 1]


GOOD = {"fps": 24, "width": 10, "height": 10, "keypoints": [[[1, 2, 1]] * 128]}
BAD_JSON = [
    "{",
    "{}",
    json.dumps({**GOOD, "fps": 0}),
    json.dumps({**GOOD, "fps": -24}),
    json.dumps({**GOOD, "fps": None}),
    json.dumps({**GOOD, "fps": "24"}),
    json.dumps({**GOOD, "fps": True}),
    json.dumps({**GOOD, "width": 10.5}),
    json.dumps({**GOOD, "height": 10**9}),
    json.dumps({**GOOD, "keypoints": [[[1, 2, 1]] * 127]}),
    json.dumps({**GOOD, "keypoints": [[[1, 2]] * 128]}),
    json.dumps({**GOOD, "keypoints": [[[1, 2, 3]] * 128]}),
    json.dumps({**GOOD, "keypoints": [[["a", 2, 1]] * 128]}),
    json.dumps({**GOOD, "keypoints": [[[1, 2, 1]] * 128, [[1, 2, 1]] * 3]}),
    json.dumps({**GOOD, "keypoints": {"a": 1}}),
    json.dumps({**GOOD, "keypoints": [[[float("nan"), 2, 1]] * 128]}),
    json.dumps({**GOOD, "keypoints": [[[1e999, 2, 1]] * 128]}),
    json.dumps(GOOD).replace("2, 1", "1e400, 1"),
    json.dumps(GOOD).replace("2, 1", "1e300, 1"),
    json.dumps(GOOD).replace("2, 1", "9" * 5000 + ", 1"),
    json.dumps({**GOOD, "depth": [[1] * 127]}),
    json.dumps({**GOOD, "people": []}),
    json.dumps({**GOOD, "people": [1]}),
    json.dumps({**GOOD, "people": "x"}),
    '{"a":' * 50000,
]


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    check_refused(path)


@pytest.mark.parametrize("suffix", [".npz", ".pose", ".json", ".skels", ".skels.gz", ".mp4", ""])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 4096,
        b"garbage",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\xef\xbb\xbf{",
        bytes(range(256)) * 9,
    ],
    ids=["empty", "nul", "zeros", "garbage", "zip", "gzip", "bom", "bytes"],
)
def test_garbage_under_any_name(tmp_path, suffix, data):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(data)
    check_refused(path)


def check_refused(path) -> None:
    with pytest.raises(SignGenError) as caught:
        read_poses(path, fps=25, width=64, height=64)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert caught.value.exit_code == 4


def test_videos_are_not_poses(shared_data, tmp_path):
    for name in (
        shutil.copy(shared_data / "video/autsl_sign.mp4", tmp_path / "video.npz"),
        tmp_path / "x.webm",
    ):
        path = tmp_path / name
        if not path.exists():
            path.write_bytes(b"\x1aE\xdf\xa3" + b"\0" * 100)
        with pytest.raises(DataError, match="this is a video"):
            read_poses(path)


def test_missing_files_and_unknown_suffixes(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_poses(tmp_path / "none.npz")
    with pytest.raises(DataError, match="suffix"):
        write_poses(poses(), tmp_path / "a.bvh")
    with pytest.raises(PoseError, match="layout"):
        write_poses(poses(), tmp_path / "a.pose", layout="smplx")
    with pytest.raises(PoseError, match="layout"):
        write_poses(poses(), tmp_path / "a.json", layout="holistic")
    with pytest.raises(PoseError, match="one person"):
        write_poses([poses(), poses()], tmp_path / "a.npz")
    with pytest.raises(PoseError, match="no poses"):
        write_poses([], tmp_path / "a.pose")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".npz", ".pose", ".json", ".skels", ".skels.gz"])
def test_every_truncation_is_noticed(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_poses(poses(3), path)
    data = path.read_bytes()
    # A text that ends at a number is a shorter text; all other cuts are damage.
    for length in np.linspace(1, len(data) - 8, 60).astype(int):
        path.write_bytes(data[:length])
        with pytest.raises(SignGenError) as caught:
            read_poses(path, fps=25)
        assert "\n" not in str(caught.value)


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_mutations(tmp_path, data):
    suffix = data.draw(st.sampled_from([".npz", ".pose", ".json"]))
    path = tmp_path / f"a{suffix}"
    if not (tmp_path / f"whole{suffix}").exists():
        write_poses(poses(1), tmp_path / f"whole{suffix}")
    mutant = bytearray((tmp_path / f"whole{suffix}").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(mutant)
    try:
        read_poses(path)
    except SignGenError as error:
        check_one_line(error)


def check_one_line(error: Exception) -> None:
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "layout", "frames"),
    [
        ("pose/colin-SAD.pose", "mediapipe-holistic-576", 76),
        ("pose/mediapipe.pose", "mediapipe-holistic-178", 170),
        ("pose/openpose.pose", "openpose-137", 93),
        ("pose/phoenix_test17_holistic.pose", "mediapipe-holistic-543", 86),
        ("dgs_signs/HOUSE1A^.pose", "mediapipe-holistic-576", 123),
    ],
)
def test_real_files(shared_data, name, layout, frames):
    (after,), report = read_poses_with_report(shared_data / name)
    assert report.layout == layout
    assert len(after) == frames
    accounted = {*report.mapped, *report.derived, *report.missing}
    assert accounted == set(NAMES)

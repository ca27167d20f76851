"""Folders of OpenPose JSON: against pose-format's own loader, with gaps, several people and damage."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data.openpose_json import read_openpose, read_people, write_openpose
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence


def poses(frames: int = 3, seed: int = 0, centre: float = 200) -> PoseSequence:
    rng = np.random.default_rng(seed)
    keypoints = (centre + rng.uniform(-60, 60, (frames, 128, 3))).astype(np.float32)
    keypoints[..., 2] = rng.uniform(0.2, 1, (frames, 128))
    keypoints[:, 50] = 0
    return PoseSequence(keypoints, 25, 640, 480)


def person(value: float = 1.0, body: int = 25) -> dict:
    counts = {"pose": body, "face": 70, "hand_left": 21, "hand_right": 21}
    return {f"{name}_keypoints_2d": [value] * 3 * count for name, count in counts.items()}


def write(folder, number, people):
    folder.mkdir(exist_ok=True)
    (folder / f"clip_{number:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_round_trip_is_exact(tmp_path, frames):
    before = poses(frames)
    write_openpose([before], tmp_path / "clip")
    assert len(list((tmp_path / "clip").iterdir())) == frames
    (after,) = read_openpose(tmp_path / "clip", 25, 640, 480)
    assert np.array_equal(before.keypoints, after.keypoints)


def test_pose_format_loads_what_is_written(tmp_path):
    loader = pytest.importorskip("pose_format.utils.openpose")
    before = poses(4)
    write_openpose([before], tmp_path / "clip")
    theirs = loader.load_openpose_directory(str(tmp_path / "clip"), fps=25, width=640, height=480)
    xy, confidence = np.asarray(theirs.body.data.data)[:, 0], np.asarray(theirs.body.confidence)[:, 0]
    assert xy.shape == (4, 137, 2)
    assert np.allclose(xy[:, 25:93], before.xy[:, 60:])
    assert np.allclose(xy[:, 95:], before.xy[:, 18:60])
    assert np.allclose(xy[:, [0, 1, 4, 7, 9, 18]], before.xy[:, [0, 1, 4, 7, 8, 17]])
    assert np.allclose(confidence[:, :8], before.confidence[:, :8])


def test_frames_are_in_order_of_their_numbers_and_gaps_are_missing(tmp_path):
    for number in (9, 10, 12):
        (tmp_path / f"x_{number}_keypoints.json").write_text(json.dumps({"people": [person(number)]}))
    (after,) = read_openpose(tmp_path, 25)
    assert after.keypoints[:, 0, 0].tolist() == [9, 10, 0, 12]
    assert (after.confidence[2] == 0).all()
    assert (after.width, after.height) == (14, 14)


def test_frames_without_people_and_people_that_change_places(tmp_path):
    a, b = poses(4, 0, 150), poses(4, 1, 450)
    for t in range(4):
        write_openpose([x[t : t + 1] for x in ((b, a) if t % 2 else (a, b))], tmp_path / "one")
        file = next((tmp_path / "one").iterdir())
        (tmp_path / "all").mkdir(exist_ok=True)
        file.rename(tmp_path / "all" / f"f_{t}_keypoints.json")
    (tmp_path / "all" / "f_4_keypoints.json").write_text('{"people": []}')
    people = read_openpose(tmp_path / "all", 25, 640, 480)
    assert len(people) == 2
    centres = sorted(float(p.xy[:4][p.confidence[:4] > 0].mean()) for p in people)
    assert centres == pytest.approx([150, 450], abs=15)
    assert all(np.ptp(p.xy[:4, 0, 0]) < 130 for p in people), "nobody jumps from one place to the other"
    assert all(not p.confidence[4].any() for p in people)


def test_the_18_keypoint_body_and_absent_parts(tmp_path):
    small = person(5, body=18)
    del small["face_keypoints_2d"]
    small["hand_left_keypoints_2d"] = []
    write(tmp_path / "c", 0, [{**small, "face_keypoints_2d": [0] * 210}])
    keypoints = read_people(next((tmp_path / "c").iterdir()))
    assert keypoints.shape == (1, 128, 3)
    assert keypoints[0, :18, 0].tolist() == [5] * 18
    assert not keypoints[0, 18:39].any()
    assert not keypoints[0, 60:].any()


BAD = [
    "",
    "{",
    "[]",
    "{}",
    '{"people": 3}',
    '{"people": [3]}',
    '{"people": [{"pose_keypoints_2d": [1, 2]}]}',
    '{"people": [{"pose_keypoints_2d": ["a"]}]}',
    '{"people": [{"pose_keypoints_2d": {"a": 1}}]}',
    '{"people": [{"pose_keypoints_2d": [[1, 2, 3]]}]}',
    '{"people": [{"pose_keypoints_2d": [NaN]}]}',
    '{"people": [' + ",".join(["{}"] * 300) + "]}",
    "[" * 100000,
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_bad_files(tmp_path, text):
    path = tmp_path / "a_0_keypoints.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_openpose(tmp_path, 25)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_folders_that_are_none(tmp_path):
    with pytest.raises(DataError, match="no files"):
        read_openpose(tmp_path, 25)
    with pytest.raises(DataError, match="cannot be read"):
        read_openpose(tmp_path / "none", 25)
    write(tmp_path / "c", 0, [])
    write(tmp_path / "c", 10**11, [])
    with pytest.raises(DataError, match="frame numbers run"):
        read_openpose(tmp_path / "c", 25)
    write(tmp_path / "d", 1, [])
    (tmp_path / "d" / "other_1_keypoints.json").write_text('{"people": []}')
    with pytest.raises(DataError, match="same frame number"):
        read_openpose(tmp_path / "d", 25)


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_mutations(tmp_path, data):
    mutant = bytearray(json.dumps({"people": [person(2)]}).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a_0_keypoints.json"
    path.write_bytes(mutant)
    try:
        read_openpose(tmp_path, 25)
    except DataError as error:
        check_one_line(error)


def check_one_line(error: Exception) -> None:
    assert "\n" not in str(error)

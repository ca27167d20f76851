"""Folders of DWPose's per-frame files: the real ones with their traps, and made-up ones."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from signgen.data.dwpose_npz import read_dwpose, read_people, write_dwpose
from signgen.data.people import prominence, tracks
from signgen.errors import DataError
from signgen.pose import layout
from signgen.pose.sequence import PoseSequence


def test_real_folder(shared_data):
    """The traps of the real files: row numbers for scores, face scores above 1, missing limbs with places."""
    (poses,) = read_dwpose(shared_data / "dwpose_signer" / "npz", 24, 1280, 720)
    assert len(poses) == 135
    raw = json.loads((shared_data / "dwpose_signer" / "json" / "00000001.json").read_text())["person_0"]
    missing = [i for i, score in enumerate(raw["body_scores"]) if score == -1]
    assert missing == [9, 10, 12, 13]
    assert not poses.keypoints[0, missing].any()
    assert max(raw["face_scores"]) > 1
    assert poses.confidence.max() == 1
    assert np.unique(poses.confidence[:, layout.BODY]).tolist() == [0, 1]
    assert poses.xy[0, 0] == pytest.approx(np.array(raw["body_keypoints"][0]) * (1280, 720), abs=1e-3)
    assert poses.keypoints[0, 60:, 2] == pytest.approx(np.clip(raw["face_scores"], 0, 1))
    x = np.median(poses.xy[..., 0], axis=0)
    assert x[layout.LEFT_SHOULDER] > x[layout.RIGHT_SHOULDER]


def test_json_and_npz_are_the_same(shared_data):
    (a,) = read_dwpose(shared_data / "dwpose_signer" / "npz", 24, 1280, 720)
    (b,) = read_dwpose(shared_data / "dwpose_signer" / "json", 24, 1280, 720)
    assert np.array_equal(a.keypoints[:3], b.keypoints)


def poses(frames: int, seed: int = 0, centre: float = 200) -> PoseSequence:
    rng = np.random.default_rng(seed)
    keypoints = (centre + rng.uniform(-60, 60, (frames, 128, 3))).astype(np.float32)
    keypoints[..., 2] = rng.uniform(0.2, 1, (frames, 128))
    return PoseSequence(keypoints, 24, 640, 480)


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_round_trip_with_two_people(tmp_path, frames):
    before = [poses(frames, 0, 150), poses(frames, 1, 450)]
    write_dwpose(before, tmp_path)
    after = read_dwpose(tmp_path, 24, 640, 480)
    order = np.argsort([p.xy.mean() for p in after])
    for a, i in zip(before, order, strict=True):
        assert np.allclose(a.keypoints, after[i].keypoints, atol=1e-3)


def test_a_person_who_leaves_and_returns(tmp_path):
    keypoints = poses(3).keypoints.copy()
    keypoints[1] = 0
    write_dwpose([PoseSequence(keypoints, 24, 640, 480)], tmp_path)
    assert json.loads((tmp_path / "00000002.json").read_text()) == {"num_persons": 0}
    (after,) = read_dwpose(tmp_path, 24, 640, 480)
    assert np.allclose(after.keypoints, keypoints, atol=1e-3)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def test_a_pickle_that_calls_is_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "1.npz", num_persons=1, person_0=np.array(Evil(), dtype=object))
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("it ran"))
    with pytest.raises(DataError, match="unsafe pickle: it names"):
        read_dwpose(tmp_path, 24, 640, 480)


BAD = [
    {"num_persons": 1},
    {"num_persons": -1},
    {"num_persons": 10**9},
    {"num_persons": "many"},
    {"num_persons": 1, "person_0": 3},
    {"num_persons": 1, "person_0": {"body_keypoints": [1, 2, 3]}},
    {"num_persons": 1, "person_0": {"body_keypoints": [["a", "b"]] * 18}},
    {"num_persons": 1, "person_0": {"body_keypoints": [[0, 0]] * 18, "body_scores": [1] * 17}},
]


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_bad_frames(tmp_path, content):
    path = tmp_path / "1.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError) as caught:
        read_people(path, 10, 10)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 100, b"garbage"])
def test_bad_archives(tmp_path, data):
    (tmp_path / "1.npz").write_bytes(data)
    with pytest.raises(DataError):
        read_dwpose(tmp_path, 24, 10, 10)


def test_tracks_of_nobody_and_of_crossing_people():
    nobody = [np.zeros((0, 128, 3)), np.zeros((1, 128, 3))]
    assert [t.shape for t in tracks(nobody)] == [(2, 128, 3)]
    a, b = (np.tile(np.float32([x, 50, 1]), (128, 1)) for x in (10, 90))
    step = np.float32([4, 0, 0])
    frames = [
        np.stack([a, b]),
        np.stack([b - step, a + step]),
        (a + 2 * step)[None],
        np.stack([b, a + 3 * step]),
    ]
    first, second = tracks(frames)
    assert first[:, 0, 0].tolist() == [10, 14, 18, 22]
    assert second[:, 0, 0].tolist() == [90, 86, 0, 90]


def test_prominence_goes_by_size_and_confidence():
    big, small = poses(3), poses(3)
    small = small.replace(keypoints=small.keypoints * np.float32([0.5, 0.5, 1]))
    weak = big.replace(keypoints=big.keypoints * np.float32([1, 1, 0.3]))
    nobody = big.replace(keypoints=np.zeros((3, 128, 3)))
    assert prominence(big) > prominence(small) > prominence(nobody) == 0
    assert prominence(big) > prominence(weak)

"""Spoiled poses are spoiled exactly as they say."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.errors import ConfigError
from signgen.judge import controls
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, LEFT_SHOULDER, NECK, RIGHT_HAND, RIGHT_SHOULDER
from signgen.pose.sequence import PoseSequence


def clip(seed: int, frames: int = 30, fps: float = 25, scale: float = 1.0) -> PoseSequence:
    rng = np.random.default_rng(seed)
    keypoints = np.ones((frames, 128, 3), np.float32)
    keypoints[..., :2] = 200 + scale * rng.uniform(-60, 60, (frames, 128, 2))
    for place, xy in ((NECK, (200, 150)), (RIGHT_SHOULDER, (150, 150)), (LEFT_SHOULDER, (250, 150))):
        keypoints[:, place, :2] = xy
    return PoseSequence(keypoints, fps, 400, 400)


CLIPS = [clip(seed, 20 + 5 * seed) for seed in range(4)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


CASES = {
    "mean": controls.mean_pose,
    "regressed": lambda clips: controls.regressed(clips, 0.5),
    "frozen": controls.frozen,
    "frozen hands": controls.frozen_hands,
    "noise": lambda clips: controls.noise(clips, rng()),
    "reversed": controls.time_reversed,
    "order": lambda clips: controls.signs_shuffled(clips, rng()),
    "jitter": lambda clips: controls.keypoint_noise(clips, 0.1, rng()),
    "reprocessed": lambda clips: controls.reprocessed(clips, 25),
}


@pytest.mark.parametrize("name", CASES)
def test_same_number_of_clips_and_frames_and_nothing_missing_appears(name):
    keypoints = CLIPS[0].keypoints.copy()
    keypoints[3:6, LEFT_HAND] = 0
    given = [CLIPS[0].replace(keypoints=keypoints), *CLIPS[1:]]
    before = [poses.keypoints.copy() for poses in given]
    found = CASES[name](given)
    assert [len(poses) for poses in found] == [len(poses) for poses in given]
    assert all((old == poses.keypoints).all() for old, poses in zip(before, given, strict=True))
    if name not in ("reversed", "order", "frozen"):
        assert not found[0].confidence[3:6, LEFT_HAND].any()
    again = CASES[name](given)
    assert all((a.keypoints == b.keypoints).all() for a, b in zip(found, again, strict=True))


def test_regression_is_linear_towards_the_mean_of_all_frames():
    # All have shoulders at one place, so the mean in pixels is the mean over all frames.
    mean = np.concatenate([poses.xy for poses in CLIPS]).mean(axis=0, dtype=np.float64)
    for amplitude in (0, 0.25, 1):
        for poses, found in zip(CLIPS, controls.regressed(CLIPS, amplitude), strict=True):
            np.testing.assert_allclose(found.xy, mean + amplitude * (poses.xy - mean), atol=1e-3)
    with pytest.raises(ConfigError, match="amplitude"):
        controls.regressed(CLIPS, 1.5)


def test_mean_pose_stands_where_the_signer_stands():
    small = CLIPS[1].replace(keypoints=CLIPS[1].keypoints * np.float32([0.5, 0.5, 1]))
    found = controls.mean_pose([CLIPS[0], small])
    first, second = (shoulder_frame(poses) for poses in found)
    assert (second.x, second.y, second.width) == pytest.approx((first.x / 2, first.y / 2, first.width / 2))
    relative = [(poses.xy[0] - (f.x, f.y)) / f.width for poses, f in zip(found, (first, second), strict=True)]
    np.testing.assert_allclose(relative[0], relative[1], atol=1e-5)


def test_frozen_holds_the_first_frame_with_shoulders():
    keypoints = CLIPS[0].keypoints.copy()
    keypoints[:2] = 0
    (found,) = controls.frozen([CLIPS[0].replace(keypoints=keypoints)])
    assert (found.keypoints == CLIPS[0].keypoints[2]).all()


def test_frozen_hands_move_with_their_wrist_and_keep_their_shape():
    (found,) = controls.frozen_hands(CLIPS[:1])
    for hand in (LEFT_HAND, RIGHT_HAND):
        points = found.xy[:, hand]
        np.testing.assert_allclose(points[:, 0], CLIPS[0].xy[:, hand][:, 0], atol=1e-4)
        shape = points - points[:, :1]
        np.testing.assert_allclose(shape, shape[:1].repeat(len(shape), 0), atol=1e-3)
    assert (found.xy[:, :18] == CLIPS[0].xy[:, :18]).all()


def test_shuffled_is_a_permutation_without_a_fixed_clip():
    for seed in range(5):
        found = controls.shuffled(CLIPS, np.random.default_rng(seed))
        assert sorted(map(id, found)) == sorted(map(id, CLIPS))
        assert all(a is not b for a, b in zip(found, CLIPS, strict=True))
    with pytest.raises(ConfigError, match="two clips"):
        controls.shuffled(CLIPS[:1], rng())


def test_time():
    (back,) = controls.time_reversed(CLIPS[:1])
    assert (back.keypoints == CLIPS[0].keypoints[::-1]).all()
    (fast,), (slow,) = controls.dropped(CLIPS[:1]), controls.repeated(CLIPS[:1])
    assert (fast.keypoints == CLIPS[0].keypoints[::2]).all()
    assert (slow.keypoints[::2] == CLIPS[0].keypoints).all()
    assert (slow.keypoints[1::2] == CLIPS[0].keypoints).all()
    assert fast.fps == slow.fps == CLIPS[0].fps


def test_signs_in_another_order_are_the_same_frames():
    found = controls.signs_shuffled(CLIPS, rng())
    for poses, other in zip(CLIPS, found, strict=True):
        assert sorted(map(bytes, poses.keypoints)) == sorted(map(bytes, other.keypoints))
        assert (poses.keypoints != other.keypoints).any() or poses.seconds < 0.9
    (swapped,) = controls.signs_shuffled(CLIPS[:1], rng(), cuts=[[0, 5]])
    assert (swapped.keypoints == np.concatenate([CLIPS[0].keypoints[5:], CLIPS[0].keypoints[:5]])).all()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_wrong_signs_replace_the_share_that_is_asked_for(share):
    clips = [clip(seed, 150) for seed in range(20)]
    own = [set(map(bytes, poses.keypoints)) for poses in clips]
    found = controls.wrong_signs(clips, share, rng())
    kept = [
        np.mean([bytes(frame) in frames for frame in poses.keypoints])
        for poses, frames in zip(found, own, strict=True)
    ]
    assert np.mean(kept) == pytest.approx(1 - share, abs=0.1)
    with pytest.raises(ConfigError, match="wrong signs"):
        controls.wrong_signs(clips, -0.1, rng())


def test_wrong_signs_of_another_rate_last_as_long():
    clips = [clip(0, 15, 25), clip(1, 30, 50)]
    found = controls.wrong_signs(clips, 1.0, rng())
    assert [poses.fps for poses in found] == [25, 50]
    assert [len(poses) for poses in found] == [15, 30]


def test_jitter_has_the_size_that_is_asked_for():
    found = controls.keypoint_noise([clip(0, 200)], 0.1, rng())[0]
    assert (found.xy - clip(0, 200).xy).std() == pytest.approx(0.1 * 100, rel=0.02)


def test_bad_cuts_are_refused():
    for cuts in ([[1, 5]], [[0, 0]], [[0, 99]], [[0], [0]]):
        with pytest.raises(ConfigError, match="cuts"):
            controls.signs_shuffled(CLIPS[:1], rng(), cuts=cuts)

"""Lifting against motion whose depth is known, and over every kind of pose that it may meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signgen.body.lift import lift, lift_with_uncertainty
from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.data.poses import read_poses
from signgen.lexicon.written import built_in, synthesised
from signgen.pose.layout import FACE, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence

DATA = Path(__file__).parents[3] / "shared" / "data"
SHOULDERS = 164.0
ARMS = [3, 4, 6, 7]
SIGNS = ("THANK-YOU", "FAMILY", "MONDAY")
REAL = (
    "pose/openpose.pose", "pose/mediapipe.pose", "pose/colin-SAD.pose", "pose/phoenix_test17_holistic.pose",
    "dgs_signs/HOUSE1A^.pose", "dgs_pairs/train_1_original.pose", "pt150/dev.skels.gz", "dwpose_signer/npz",
)  # fmt: skip
SIZED = {"width": 1280, "height": 720}


def truth(gloss: str) -> np.ndarray:
    """(T, 128, 3) x, y, depth [px] of a sign at a shoulder width of 164 px, from the neck."""
    poses = synthesised(next(entry for entry in built_in("ase")[1] if entry.sign == gloss))
    points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
    return (points - points[:, 1:2]) * SHOULDERS / np.linalg.norm(points[0, 5] - points[0, 2])


def flat(points: np.ndarray, noise: float = 2.0) -> PoseSequence:
    keypoints = np.ones(points.shape)
    keypoints[..., :2] = points[..., :2] + (256, 190)
    keypoints[..., :2] += np.random.default_rng(7).normal(0, noise, keypoints[..., :2].shape)
    keypoints[:, [9, 10, 12, 13]] = 0
    return PoseSequence(keypoints, 24, 512, 512)


@pytest.fixture(scope="module")
def clips() -> list[tuple[np.ndarray, PoseSequence]]:
    return [(points, flat(points)) for points in map(truth, SIGNS)]


def test_depth_of_noisy_signs_is_found(clips):
    """The figures that the toolkit states, with some room: means over three signs [mm, px]."""
    arms, hands, views, faces = [], [], [], []
    for points, poses in clips:
        found = lift_with_uncertainty(poses).fitted - (256, 190, 0)
        arms.append(np.linalg.norm((found - points)[:, ARMS], axis=-1).mean())
        faces.append(np.abs((found - points)[:, FACE, 2]).mean())
        for hand in (LEFT_HAND, RIGHT_HAND):
            off = (found - points)[:, hand]
            hands.append(np.linalg.norm(off - off[:, :1], axis=-1)[:, 1:].mean())
        gap = (found - points)[:, [*range(8), *range(18, 60)]]
        side = np.cos(np.radians(20)) * gap[..., 0] + np.sin(np.radians(20)) * gap[..., 2]
        views.append(np.hypot(side, gap[..., 1]).mean())
    millimetres = 1000 * SHOULDER_WIDTH / SHOULDERS
    assert np.mean(arms) * millimetres < 30
    assert np.mean(hands) * millimetres < 12
    assert np.mean(faces) * millimetres < 4
    assert np.mean(views) < 7


def test_only_depth_is_added(clips):
    poses = clips[0][1]
    lifted = lift(poses)
    np.testing.assert_array_equal(lifted.keypoints, poses.keypoints)
    assert (lifted.depth[poses.confidence == 0] == 0).all()
    assert lift(lifted) is lifted


def test_a_mirrored_signer_has_mirrored_depth():
    from signgen.pose.layout import MIRROR

    points = truth("FAMILY")
    poses = flat(points, 0)
    other = poses.keypoints[:, MIRROR] * (-1, 1, 1) + np.array([512, 0, 0]) * (
        poses.keypoints[:, MIRROR, 2:] > 0
    )
    swapped = lift(poses.replace(keypoints=other))
    np.testing.assert_allclose(swapped.depth[:, MIRROR], lift(poses).depth, atol=1.0)


def test_uncertainty_covers_the_error(clips):
    for points, poses in clips:
        lifted = lift_with_uncertainty(poses)
        off = np.abs(lifted.poses.depth - points[..., 2])[:, [*ARMS, *range(18, 60)]]
        assert np.mean(off <= 2 * lifted.uncertainty[:, [*ARMS, *range(18, 60)]]) > 0.8


def test_hands_close_together_are_kept_and_flagged(clips):
    poses = clips[0][1]
    apart = lift_with_uncertainty(poses)
    joined = np.array(poses.keypoints)
    joined[:, RIGHT_HAND, :2] += joined[:, [LEFT_WRIST], :2] - joined[:, [RIGHT_WRIST], :2]
    together = lift_with_uncertainty(poses.replace(keypoints=joined))
    assert not apart.is_close[0]
    assert together.is_close.all()
    assert np.ptp(together.poses.depth[:, RIGHT_HAND]) > 0


def test_long_clips_are_fitted_in_parts(clips, monkeypatch):
    from signgen.body import lift_hand

    poses = clips[2][1]
    whole = lift(poses)
    monkeypatch.setattr(lift_hand, "_PART", 20)
    assert np.median(np.abs(lift(poses).depth - whole.depth)) < 1


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 6])
def test_short_clips(clips, frames):
    poses = clips[0][1][20 : 20 + frames]
    lifted = lift_with_uncertainty(poses)
    assert lifted.poses.depth.shape == (frames, 128)
    assert lifted.uncertainty.shape == (frames, 128)


@pytest.mark.parametrize(
    "missing",
    [
        range(128),
        range(18),
        (2,),
        (2, 5),
        (3, 4),
        (7, 18),
        range(18, 60),
        range(60, 128),
        (0, 14, 15),
        range(20, 39),
    ],
    ids=str,
)
def test_missing_keypoints(clips, missing):
    keypoints = np.array(clips[0][1].keypoints[18:30])
    keypoints[3:9, list(missing)] = 0
    some = lift(clips[0][1].replace(keypoints=keypoints))
    keypoints[:, list(missing)] = 0
    none = lift(clips[0][1].replace(keypoints=keypoints))
    assert np.isfinite(some.depth).all()
    assert (none.depth[:, list(missing)] == 0).all()


def test_points_that_come_and_go():
    keypoints = np.array(flat(truth("MONDAY")).keypoints)
    keypoints[np.random.default_rng(3).random(keypoints.shape[:2]) < 0.3] = 0
    assert np.abs(lift(PoseSequence(keypoints, 24, 512, 512)).depth).max() < 2 * SHOULDERS


def test_nonsense_is_lifted_without_failure():
    rng = np.random.default_rng(5)
    keypoints = rng.random((9, 128, 3)) * (5000, 5000, 1)
    assert np.isfinite(lift(PoseSequence(keypoints, 24, 512, 512)).depth).all()
    keypoints[..., :2] = 30
    assert np.isfinite(lift(PoseSequence(keypoints, 24, 512, 512)).depth).all()


@pytest.mark.parametrize("name", REAL)
def test_real_clips(name):
    path = DATA / name
    if not path.exists():
        pytest.skip("needs the shared data")
    poses = read_poses(path, fps=24, **(SIZED if name == "dwpose_signer/npz" else {}))[0]
    lifted = lift_with_uncertainty(poses[:40].replace(depth=None))
    assert len(lifted.poses) == len(poses[:40])
    assert np.isfinite(lifted.fitted).all()
    assert (lifted.uncertainty >= 0).all()

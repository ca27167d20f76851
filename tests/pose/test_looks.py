"""Looks against what bodies, cameras and recordings do by definition."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_signer import signer

from signgen.config import check
from signgen.errors import ConfigError, PoseError
from signgen.pose.bodies import PARTS, WIDEST, bone_factors, draw_body, with_body
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import (
    FACE,
    LEFT_EYE,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    PARENTS,
    RIGHT_EAR,
    RIGHT_EYE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from signgen.pose.looks import Look
from signgen.pose.sequence import PoseSequence
from signgen.pose.views import rotate
from signgen.text2pose.stitch import Stitch

BODY = (0.9, 1.1, 1.05, 1.2, 0.95, 0.85, 1.15)


def spatial(frames: int = 24) -> PoseSequence:
    """The signer with some depth everywhere but at the neck."""
    poses = signer(frames)
    depth = np.random.default_rng(1).uniform(-30, 30, (frames, 128)).astype(np.float32)
    depth[:, NECK] = 0
    return poses.replace(depth=depth)


def vectors(poses: PoseSequence) -> np.ndarray:
    """(T, 128, 2 or 3) from each keypoint's parent to it."""
    points = poses.xy if poses.depth is None else np.dstack([poses.xy, poses.depth])
    return points - points[:, PARENTS]


def test_every_keypoint_but_the_root_and_the_legs_has_one_part():
    named = [keypoint for keypoints in PARTS.values() for keypoint in keypoints]
    assert len(named) == len(set(named))
    assert set(range(128)) - set(named) == {NECK, 9, 10, 12, 13}


ARMS = (3, 4, 6, 7)


@pytest.mark.parametrize("poses", [signer(24), spatial()], ids=["flat", "spatial"])
def test_a_body_changes_lengths_by_its_factors_and_directions_of_arms_alone(poses):
    factors = bone_factors(BODY)
    made = with_body(poses, BODY)
    kept = [k for k in range(128) if k not in (NECK, *ARMS)]
    expected = vectors(poses)[:, kept] * factors[kept, None]
    np.testing.assert_allclose(vectors(made)[:, kept], expected, atol=1e-3)
    if poses.depth is not None:
        long, longer = (np.linalg.norm(vectors(p)[:, ARMS], axis=2) for p in (poses, made))
        np.testing.assert_allclose(longer, long * factors[list(ARMS)], rtol=1e-4)
    np.testing.assert_array_equal(made.xy[:, NECK], poses.xy[:, NECK])
    np.testing.assert_array_equal(made.confidence, poses.confidence)
    assert (made.depth is None) == (poses.depth is None)


@pytest.fixture(scope="module")
def sentence() -> PoseSequence:
    """Hands at the forehead, hooked into each other and on each other, on the chest, and hanging."""
    return Stitch(width=256, height=256)("Hello, my friend likes coffee.")


@pytest.mark.parametrize("seed", range(6))
def test_hands_stay_where_they_touch(sentence, seed):
    body = draw_body(0.1, np.random.default_rng(seed))
    made = with_body(sentence, body)
    unit = shoulder_frame(sentence).width
    before, after = (np.dstack([p.xy, p.depth])[..., :3] / unit for p in (sentence, made))
    for point in (48, 27):  # Roots of the middle fingers.
        gap = before[:, point] - before[:, NOSE]
        near = np.linalg.norm(gap, axis=1) < 0.7
        face = after[:, point] - after[:, NOSE] - gap
        assert np.linalg.norm(face[near], axis=1).max(initial=0) < 0.12
    hands = before[:, 48] - before[:, 27]
    near = np.linalg.norm(hands, axis=1) < 0.4
    assert near.sum() > 10
    # The way from hand to hand is stretched with the trunk.
    stretched = max(abs(factor - 1) for factor in (body[0], body[-1]))
    assert np.abs((after[:, 48] - after[:, 27]) - hands)[near].max() < 0.4 * stretched + 0.03


@pytest.mark.parametrize("seed", range(6))
def test_movement_stays_smooth(sentence, seed):
    made = with_body(sentence, draw_body(0.06, np.random.default_rng(seed)))
    before, after = (
        np.linalg.norm(np.diff(np.dstack([p.xy, p.depth])[:, ARMS], n=2, axis=0), axis=2).max()
        for p in (sentence, made)
    )
    assert after < 1.5 * before


def test_arms_hang_as_long_as_they_are(sentence):
    """At rest nothing pulls a hand to the body."""
    made = with_body(sentence, (1.0, 1.15, 1.15, 1.0, 1.0, 1.0, 1.0))
    before, after = (
        np.dstack([p.xy, p.depth])[0, LEFT_WRIST] - np.dstack([p.xy, p.depth])[0, LEFT_SHOULDER]
        for p in (sentence, made)
    )
    np.testing.assert_allclose(after, 1.15 * before, rtol=1e-3)


def test_hands_and_face_keep_their_shape():
    poses = spatial()
    made = with_body(poses, BODY)
    for part, factor in ((LEFT_HAND, 0.85), (RIGHT_HAND, 0.85), (FACE, 0.95)):
        shape, now = (p.xy[:, part] - p.xy[:, part.start, None] for p in (poses, made))
        np.testing.assert_allclose(now, factor * shape, atol=1e-3)
    eyes, ears = (
        np.linalg.norm(made.xy[:, a] - made.xy[:, b], axis=1)
        / np.linalg.norm(poses.xy[:, a] - poses.xy[:, b], axis=1)
        for a, b in ((LEFT_EYE, RIGHT_EYE), (RIGHT_EYE, RIGHT_EAR))
    )
    np.testing.assert_allclose([eyes, ears], 0.95, rtol=1e-4)


def test_what_is_missing_stays_missing():
    keypoints = spatial().keypoints.copy()
    keypoints[:, RIGHT_SHOULDER] = 0
    keypoints[3, LEFT_HAND] = 0
    poses = PoseSequence(keypoints, 24, 512, 512)
    made = with_body(poses, BODY)
    np.testing.assert_array_equal(made.keypoints[keypoints[..., 2] == 0], 0)


def test_bodies_differ_as_much_as_asked_for():
    drawn = np.log([draw_body(0.05, np.random.default_rng(seed)) for seed in range(2000)])
    # Four standard errors of 2000 draws of sd 0.05.
    np.testing.assert_allclose(drawn.std(axis=0), 0.05, atol=4 * 0.05 / np.sqrt(4000))
    wide = np.array([draw_body(1.0, np.random.default_rng(seed)) for seed in range(50)])
    assert wide.min() == pytest.approx(1 - WIDEST)
    assert wide.max() == pytest.approx(1 + WIDEST)


def test_no_look_is_no_change():
    poses = spatial()
    assert Look()(poses) is poses


def test_a_view_is_the_camera_turned():
    poses = spatial()
    made, turned = Look(yaw=20, pitch=-5)(poses), rotate(poses, 20, -5)
    np.testing.assert_array_equal(made.keypoints, turned.keypoints)
    np.testing.assert_array_equal(made.depth, turned.depth)


@pytest.mark.parametrize("poses", [signer(24), spatial()], ids=["flat", "spatial"])
def test_zoom_and_shift(poses):
    made = Look(zoom=0.5, shift_right=0.1, shift_down=-0.2)(poses)
    before, after = shoulder_frame(poses), shoulder_frame(made)
    assert after.width == pytest.approx(0.5 * before.width)
    assert (after.x, after.y) == pytest.approx((before.x + 51.2, before.y - 102.4))
    np.testing.assert_array_equal(made.confidence, poses.confidence)
    if poses.depth is not None:
        np.testing.assert_allclose(made.depth, 0.5 * poses.depth, rtol=1e-6)


def test_noise_is_as_large_as_asked_for_and_comes_from_the_seed():
    poses = spatial(200)
    look = Look(noise=0.02)
    made = look(poses, seed=3)
    # Shoulders 100 px apart; 51,200 draws.
    assert (made.xy - poses.xy).std() == pytest.approx(2.0, rel=0.02)
    np.testing.assert_array_equal(made.keypoints, look(poses, seed=3).keypoints)
    assert not np.array_equal(made.keypoints, look(poses, seed=4).keypoints)


def test_losses_are_as_frequent_as_asked_for():
    poses = signer(2400)
    hands = Look(dropouts=0.5, dropout_frames=4)(poses).confidence[:, [*range(18, 60)]]
    # About 50 losses a hand in 100 s, of 4 frames in the mean.
    assert (hands == 0).mean() == pytest.approx(0.5 * 4 / 24, rel=0.4)
    assert (np.ptp(hands[:, :21], axis=1) == 0).all()
    assert (Look(missing=0.1)(poses).confidence == 0).mean() == pytest.approx(0.1, rel=0.02)


def test_bodies_are_told_apart_by_their_seed():
    poses = spatial()
    made = [Look(signer=seed)(poses) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(made[0].keypoints, made[1].keypoints)
    assert not np.array_equal(made[0].keypoints, made[2].keypoints)


def test_flat_poses_have_one_view():
    with pytest.raises(PoseError, match="look: poses without depth have no other view"):
        Look(yaw=10)(signer(5))
    assert len(Look(yaw=10)(signer(0))) == 0


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"yaw": 81}, "look.yaw: input should be less than or equal to 80"),
        ({"zoom": 0}, "look.zoom: input should be greater than 0"),
        ({"signer": -1}, "look.signer: input should be greater than or equal to 0"),
        ({"signer": "ada"}, "look.signer: input should be a valid integer"),
        ({"shif_right": 0.1}, "look.shif_right: unknown setting; did you mean 'shift_right'?"),
    ],
)
def test_wrong_settings_are_refused(section, says):
    with pytest.raises(ConfigError) as error:
        check(Look, section, where="look")
    assert says in str(error.value)

"""Bone lengths found from a clip, against those of a signer whose lengths are known."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.body.lift import lift_with_uncertainty
from signgen.body.lift_arms import SeenArm, arm_lengths
from signgen.body.lift_hand import HandModel, usual_hand
from signgen.body.lift_palm import own_hand
from signgen.body.skeleton import FOREARM, SHOULDER, SHOULDER_WIDTH, UPPER_ARM, hand_points, right_arm
from signgen.pose.sequence import PoseSequence

NOISE = 0.003


def moving_arm(upper: float, fore: float, frames: int = 60, seed: int = 0) -> SeenArm:
    """A right arm that goes from hanging to before the breast, with its bones as many times as long as usual."""
    rng = np.random.default_rng(seed)
    share = np.clip(np.linspace(-0.3, 1.3, frames), 0, 1)[:, None]
    wrist = np.array([-0.20, 0.50, -0.04]) * (1 - share) + np.array([-0.02, 0.12, -0.30]) * share
    wrist[:, 0] += 0.06 * np.sin(np.linspace(0, 9, frames)) * share[:, 0]
    elbow, wrist = right_arm(wrist, 0.0)
    own_elbow = SHOULDER + upper * (elbow - SHOULDER)
    own_wrist = own_elbow + fore * (wrist - elbow)
    seen = [p[:, :2] - SHOULDER[:2] + rng.normal(0, NOISE, (frames, 2)) for p in (own_elbow, own_wrist)]
    return SeenArm(*seen, np.ones((frames, 2), np.bool_), np.repeat(SHOULDER[None], frames, axis=0))


@pytest.mark.parametrize(("upper", "fore"), [(1.0, 1.0), (0.85, 0.95), (1.12, 1.12), (0.8, 0.8)])
def test_arm_lengths(upper, fore):
    found = arm_lengths([moving_arm(upper, fore), moving_arm(upper, fore, seed=1)])
    for lengths in found:
        np.testing.assert_allclose(lengths.mean / (UPPER_ARM, FOREARM), (upper, fore), atol=0.07)
        assert (lengths.spread > 0).all()


def test_unseen_arm_has_the_other_ones_lengths():
    arm = moving_arm(0.85, 0.85)
    unseen = SeenArm(arm.elbow, arm.wrist, np.zeros_like(arm.has), arm.shoulder)
    own, other = arm_lengths([arm, unseen])
    np.testing.assert_allclose(own.mean, other.mean, rtol=0.05)
    assert (other.spread > own.spread).all()
    (alone,) = arm_lengths([unseen])
    np.testing.assert_allclose(alone.mean, (UPPER_ARM, FOREARM), rtol=0.05)


@pytest.mark.parametrize("size", [0.75, 1.0, 1.3])
def test_hand_size(size):
    """A flat hand turned all ways: its picture is its length times how much of it lies in the picture."""
    rng = np.random.default_rng(4)
    turns = np.linalg.qr(rng.normal(size=(80, 3, 3)))[0]
    points = size * np.einsum("tij,kj->tki", turns, hand_points(np.zeros((1, 21)))[0])
    seen = points[..., :2] + rng.normal(0, NOISE, (80, 21, 2))
    found = own_hand([(seen, np.ones((80, 21)))], usual_hand())
    assert found.lengths[8] / usual_hand().lengths[8] == pytest.approx(size, abs=0.08)


def test_hand_never_seen_is_the_usual_one():
    model: HandModel = own_hand([(np.zeros((5, 21, 2)), np.zeros((5, 21)))], usual_hand())
    np.testing.assert_allclose(model.lengths, usual_hand().lengths)


def standing(squeeze: float) -> PoseSequence:
    """A signer with hanging arms and a face, squeezed in x as one who stands sideways."""
    from signgen.body.face import rest_face
    from signgen.body.figure import HIP

    points = np.zeros((6, 128, 3))
    for side, sign in ((2, -1), (5, 1)):
        points[:, side] = (sign * SHOULDER_WIDTH / 2, 0, 1)
        points[:, side + 1] = (sign * 0.19, UPPER_ARM, 1)
        points[:, side + 2] = (sign * 0.19, UPPER_ARM + FOREARM, 1)
        points[:, 8 if side == 2 else 11] = (sign * HIP[0], HIP[1], 1)
    points[:, 1, 2] = 1
    points[:, 60:, :2], points[:, 60:, 2] = rest_face()[:, :2], 1
    points[..., 0] *= squeeze
    points[..., :2] = np.where(points[..., 2:] > 0, points[..., :2] * 500 + (256, 190), 0)
    return PoseSequence(points, 24, 512, 512)


def test_signer_seen_from_the_side_keeps_the_scale():
    """500 px a metre: the face's depth is as large as it is from the front."""
    faces = [np.ptp(lift_with_uncertainty(standing(s)).poses.depth[:, 60:], axis=1).mean() for s in (1, 0.1)]
    assert faces[1] > 0.5 * faces[0]


def test_made_up_elbows_do_not_count():
    poses = standing(1.0)
    doubtful = np.array(poses.keypoints)
    doubtful[3, 3] = (256, 100, 0.05)
    lifted = lift_with_uncertainty(poses.replace(keypoints=doubtful)).poses.depth
    np.testing.assert_allclose(lifted[3, 4], lifted[2, 4], atol=25)

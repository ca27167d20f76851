"""Bodies of other people: the lengths of the bones of a pose changed, part by part."""

from __future__ import annotations

import numpy as np

from signgen.pose.arms import SIDES, move_hand
from signgen.pose.bones import ORDER, minimum_jerk
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence

# What varies from signer to signer, each by a factor of its own.
PARTS = {
    "shoulders": (LEFT_SHOULDER, RIGHT_SHOULDER),
    "upper_arms": (LEFT_ELBOW, RIGHT_ELBOW),
    "forearms": (LEFT_WRIST, RIGHT_WRIST),
    "neck": (NOSE,),
    "face": (*range(14, 18), *range(FACE.start, FACE.stop)),
    "hands": (*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)),
    "trunk": (LEFT_HIP, RIGHT_HIP),
}
# Keypoint of a hand that keeps its place on the body: the root of the middle finger.
PALM = 9
# Heights over the neck, by that of the nose. From the chin up a hand goes with the head, from the chest down with the
# trunk; from the waist up it keeps its place on the body, and where it hangs beside the hips it does not.
CHIN, CHEST, WAIST, HANGING = 0.45, -0.4, -1.8, -3.4
# How far off the nose space still grows with the face, in the same unit.
NEAR = 1.0
# No factor is further from 1 than this.
WIDEST = 0.2


def draw_body(spread: float, rng: np.random.Generator) -> tuple[float, ...]:
    """A factor on the bones of each of `PARTS`, log-normal with sd ``spread``, at most `WIDEST` away from 1."""
    factors = np.exp(spread * rng.standard_normal(len(PARTS)))
    return tuple(np.clip(factors, 1 - WIDEST, 1 + WIDEST).tolist())


def bone_factors(body: tuple[float, ...]) -> np.ndarray:
    """(128,) factor on the length of the bone that ends at each keypoint, from one for each of `PARTS`."""
    factors = np.ones(len(PARENTS))
    for keypoints, factor in zip(PARTS.values(), body, strict=True):
        factors[list(keypoints)] = factor
    return factors


def with_body(poses: PoseSequence, body: tuple[float, ...]) -> PoseSequence:
    """The same signing by another body: bones of other lengths, hands where they were on head, trunk and each other.

    Lengths are those in space where there is depth, else in the picture, where arms give way. The neck stays.

    Args:
        poses: of any signer.
        body: factor on the bones of each of `PARTS`.
    """
    from signgen.pose.motion_kernels import scale_bones

    before = np.asarray(poses.xy, np.float64)
    if poses.depth is not None:
        before = np.concatenate([before, poses.depth[..., None]], axis=-1)
    confidence = poses.confidence.astype(np.float64)
    points = scale_bones(before, confidence, bone_factors(body), PARENTS, ORDER)
    for side in SIDES:
        move_hand(points, confidence, side, _contact(before, points, confidence, side[2] + PALM, body))
    keypoints = np.concatenate([points[..., :2], poses.confidence[..., None]], axis=-1)
    return poses.replace(keypoints=keypoints, depth=points[..., 2] if poses.depth is not None else None)


def _contact(
    before: np.ndarray, now: np.ndarray, confidence: np.ndarray, palm: int, body: tuple[float, ...]
) -> np.ndarray:
    """(T, D) how far a hand must go to be where it was on head, trunk and the other hand; 0 where it hangs.

    One map of space serves both hands: from the chin up space goes with the head, from the chest down it is stretched
    with the trunk, and between it changes smoothly.
    """
    factor = dict(zip(PARTS, body, strict=True))
    place, nose = before[:, palm] - before[:, NECK], before[:, NOSE] - before[:, NECK]
    unit = np.maximum(-nose[:, 1:2], 1e-9)
    off = place - nose
    # What is far from the face does not grow with it.
    far = (off**2).sum(axis=1, keepdims=True) / (NEAR * unit) ** 2
    on_head = factor["neck"] * nose + off * (1 + (factor["face"] - 1) / np.sqrt(1 + far))
    on_trunk = place * np.array([factor["shoulders"], factor["trunk"], 1.0])[: place.shape[1]]
    height = -place[:, 1:2] / unit
    share = _step((height - CHEST) / (CHIN - CHEST))
    wanted = before[:, NECK] + on_trunk + share * (on_head - on_trunk)
    is_seen = (confidence[:, [NECK, NOSE, palm]] > 0).all(axis=1, keepdims=True) & (nose[:, 1:2] < 0)
    pull = is_seen * _step((height - HANGING) / (WAIST - HANGING))
    return np.asarray(pull * (wanted - now[:, palm]))


def _step(x: np.ndarray) -> np.ndarray:
    """0 up to 0, 1 from 1 on, smooth between."""
    return minimum_jerk(np.clip(x, 0, 1))

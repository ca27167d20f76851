"""Phonology measured on keypoints: handshape, place, two hands, path shape of a sign, without its notation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from signgen.body.skeleton import SHOULDER_WIDTH, hand_points, unit
from signgen.body.surface import SOLIDS
from signgen.lexicon.handshapes import handshapes
from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from signgen.pose.sequence import PoseSequence

# A hand below this height [m under the neck] is at rest.
_RESTING = 0.40
# Farthest that a hand is from what it touches or signs at [m].
_AT_HAND, _AT_ARM, _AT_TORSO, _AT_HEAD = 0.040, 0.055, 0.075, 0.120
_CHIN = -0.085
# A palm that travels less does not move [m]; a path is straight if its width is this share of its length.
_STILL, _LINE = 0.022, 0.17
# A hand that turns about its fingertips swings its palm this far [m].
_TURNING = 0.09
# Two hands that hold still in mirrored places: way of all keypoints together, distance from the mirror [m].
_BOTH_STILL, _MIRRORED = 0.30, 0.06
_PALM = (0, 5, 9, 13, 17)


@dataclass(frozen=True)
class Phonology:
    """What the keypoints show.

    Attributes:
        handshape: nearest of the inventory at the start.
        other_handshape: that of the second hand, empty for a sign of one hand.
        major: ``Head``, ``Body``, ``Arm``, ``Hand`` or ``Neutral``.
        sign_type: ``OneHanded``, ``SymmetricalOrAlternating``, ``AsymmetricalSameHandshape`` or
            ``AsymmetricalDifferentHandshape``.
        movement: ``None``, ``Straight``, ``Curved``, ``Circular`` or ``Z-shaped``.
    """

    handshape: str
    other_handshape: str
    major: str
    sign_type: str
    movement: str


def measure(poses: PoseSequence, start: float, end: float) -> Phonology:
    """Measure a sign of a right-handed signer between two times [s]; the poses need depth."""
    first, last = round(start * poses.fps), max(round(end * poses.fps), round(start * poses.fps) + 1)
    points = metric(poses)[first:last]
    right, left = points[:, RIGHT_HAND], points[:, LEFT_HAND]
    has_two = float(np.median(left[:, 0, 1])) < _RESTING
    shape = nearest_handshape(right[0])
    other = nearest_handshape(left[0] * [-1, 1, 1]) if has_two else ""
    kind = _sign_type(right, left, shape, other) if has_two else "OneHanded"
    major = _major(points, has_two and kind.startswith("Asymmetrical"))
    if major == "Arm" and kind.startswith("Asymmetrical"):
        # An arm that is only the place of the sign is no second hand.
        kind, other = "OneHanded", ""
    return Phonology(shape, other, major, kind, _movement(right))


def metric(poses: PoseSequence) -> np.ndarray:
    """(T, 128, 3) keypoints [m], the neck at the origin, scaled by the distance of the shoulders."""
    depth = np.zeros(poses.confidence.shape) if poses.depth is None else poses.depth
    points = np.concatenate([poses.xy, depth[..., None]], axis=-1).astype(np.float64)
    width = np.median(np.linalg.norm(points[:, RIGHT_SHOULDER] - points[:, LEFT_SHOULDER], axis=-1))
    found: np.ndarray = (points - points[:, NECK : NECK + 1]) * (SHOULDER_WIDTH / width)
    return found


def hand_features(hand: np.ndarray) -> np.ndarray:
    """(..., 19) shape of right hands whatever their place, turn and size, from (..., 21, 3) keypoints.

    Flexion of the three joints of the four fingers [rad], angles between neighbouring fingers where they
    stand out [rad], and the place of the thumb's tip in the hand frame [palm lengths].
    """
    ends_at = [k + 4 * finger for finger in range(4) for k in (6, 7, 8)]
    bones = unit(hand[..., ends_at, :] - hand[..., [k - 1 for k in ends_at], :])
    along = unit(hand[..., 9, :] - hand[..., 0, :])
    across = hand[..., 5, :] - hand[..., 17, :]
    palm = unit(np.cross(across, along))
    thumbward = np.cross(along, palm)
    roots = bones[..., 0::3, :]
    knuckles = np.arctan2(_dot(roots, palm[..., None, :]), _dot(roots, along[..., None, :]))
    middles = _angle(bones[..., 0::3, :], bones[..., 1::3, :])
    ends = _angle(bones[..., 1::3, :], bones[..., 2::3, :])
    spread = _angle(roots[..., :3, :], roots[..., 1:, :])
    size = np.linalg.norm(hand[..., 9, :] - hand[..., 0, :], axis=-1)[..., None]
    tip = hand[..., 4, :] - hand[..., 0, :]
    thumb = np.stack([_dot(tip, axis) for axis in (along, thumbward, palm)], axis=-1) / size
    return np.concatenate([knuckles, middles, 0.6 * ends, 1.5 * spread, 1.5 * thumb], axis=-1)


def nearest_handshape(hand: np.ndarray) -> str:
    """Name of the handshape of the inventory that (21, 3) keypoints of a right hand are most like."""
    names = [name for name in handshapes() if not name.startswith(("letter_", "number_")) and name != "10"]
    # In the order along, out of the palm, to the thumb the axes are right-handed, like those of the room.
    known = hand_features(hand_points(np.stack([handshapes()[name] for name in names]))[..., [0, 2, 1]])
    return names[int(np.argmin(np.linalg.norm(known - hand_features(hand), axis=-1)))]


def _movement(hand: np.ndarray) -> str:
    """Path of the palm; none if the hand only turns about a point of it that stays."""
    extents = np.ptp(hand, axis=0).max(axis=-1)
    if extents.min() < 0.8 * _STILL and extents[list(_PALM)].mean() < _TURNING:
        return "None"
    return path_shape(hand[:, _PALM].mean(axis=1))


def path_shape(path: np.ndarray) -> str:
    """Shape of a (T, 3) path [m], repeated or not."""
    middle = path - path.mean(axis=0)
    _, _, axes = np.linalg.svd(middle, full_matrices=False)
    local = middle @ axes.T
    extent = np.ptp(local, axis=0)
    if extent[0] < _STILL:
        return "None"
    if extent[1] < max(_LINE * extent[0], 0.008):
        return "Straight"
    steps = np.diff(local[:, :2], axis=0)
    moving = steps[np.linalg.norm(steps, axis=1) > 0.15 * np.linalg.norm(steps, axis=1).max()]
    headings = np.arctan2(moving[:, 1], moving[:, 0])
    turns = np.angle(np.exp(1j * np.diff(headings)))
    is_turning_one_way = abs(turns.sum()) > 0.75 * np.abs(turns).sum()
    if abs(turns.sum()) > np.radians(250) and is_turning_one_way and extent[1] > 0.5 * extent[0]:
        return "Circular"
    sideways = moving[np.abs(moving[:, 1]) > 0.1 * np.abs(moving[:, 1]).max(), 1]
    swings = np.diff(np.sign(sideways))
    advances = np.abs(np.diff(np.sign(moving[:, 0])))
    if np.count_nonzero(swings) >= 2 and np.count_nonzero(advances) == 0:
        return "Z-shaped"
    return "Curved"


def _major(points: np.ndarray, has_base: bool) -> str:
    """Where the first hand is when it is nearest to something, in the first two thirds of the sign.

    Hands that do the same are at no place on each other, however near they come.
    """
    begin = points[: max(2, len(points) // 5), RIGHT_HAND]
    if begin[:, :, 1].min(axis=1).mean() < _CHIN and _solid_gap(begin, *SOLIDS[0]) < _AT_HEAD / 2:
        return "Head"
    points = points[: max(3, 2 * len(points) // 3)]
    hand = points[:, RIGHT_HAND]
    if has_base:
        gaps = np.linalg.norm(hand[:, :, None] - points[:, None, LEFT_HAND], axis=-1)
        if gaps.min() < _AT_HAND:
            nearest = np.unravel_index(gaps.argmin(), gaps.shape)[2]
            return "Hand" if nearest and gaps.min() < _arm_gap(points) + 0.015 else "Arm"
        if _arm_gap(points) < _AT_ARM:
            return "Arm"
    head, torso = (_solid_gap(hand, *solid) for solid in SOLIDS)
    is_up = float(np.median(hand[..., 1].min(axis=1))) < _CHIN
    if head < _AT_HEAD and is_up:
        return "Head"
    if torso < _AT_TORSO:
        return "Body"
    return "Neutral"


def _arm_gap(points: np.ndarray) -> float:
    """Least distance of the first hand from the second arm between shoulder, elbow and wrist."""
    chain = [points[:, i] for i in (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST)]
    shares = np.linspace(0.05, 0.96, 10)[:, None, None]
    places = np.concatenate([a + shares * (b - a) for a, b in pairwise(chain)])
    return float(np.linalg.norm(places[:, :, None] - points[None, :, RIGHT_HAND], axis=-1).min())


def _solid_gap(hand: np.ndarray, centre: np.ndarray, axes: np.ndarray) -> float:
    """About how far the nearest keypoint is from an ellipsoid [m]."""
    away = hand - centre
    radius = np.linalg.norm(away / axes, axis=-1)
    return float((np.linalg.norm(away, axis=-1) * (1 - 1 / np.maximum(radius, 1e-6))).min())


def _sign_type(right: np.ndarray, left: np.ndarray, shape: str, other: str) -> str:
    travel = [
        np.linalg.norm(np.diff(hand.reshape(len(hand), -1), axis=0), axis=1).sum() for hand in (right, left)
    ]
    features = hand_features(np.stack([right[0], left[0] * [-1, 1, 1]]))
    is_same = bool(np.linalg.norm(features[0] - features[1]) < 0.5)
    middle = right.mean(axis=(0, 1)) - left.mean(axis=(0, 1)) * [-1, 1, 1]
    is_mirrored_and_still = max(travel) < _BOTH_STILL and np.linalg.norm(middle[:2]) < _MIRRORED
    if is_same and (min(travel) > 0.5 * max(travel) or is_mirrored_and_still):
        return "SymmetricalOrAlternating"
    return "AsymmetricalSameHandshape" if is_same or shape == other else "AsymmetricalDifferentHandshape"


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sum(a * b, axis=-1)
    return found


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.arccos(np.clip(_dot(a, b), -1.0, 1.0))
    return found

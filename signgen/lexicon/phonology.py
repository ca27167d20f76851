"""Phonology measured on keypoints: handshape, place, two hands, path shape of a sign, without its notation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.skeleton import SHOULDER_WIDTH, hand_points, unit
from signgen.lexicon.handshapes import handshapes
from signgen.lexicon.phonology_places import AT_ARM, AT_HAND, AT_HEAD, AT_TORSO, gaps, is_at_arm, on_body
from signgen.pose.layout import (
    LEFT_HAND,
    LEFT_SHOULDER,
    NECK,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from signgen.pose.sequence import PoseSequence

# A hand below this height [m under the neck] is at rest.
_RESTING = 0.40
# A hand that travels less does not move [m]; a path is straight if its width is this share of its length.
_STILL, _LINE = 0.022, 0.20
# A hand that turns or bends about its fingertips swings its palm this far [m].
_TURNING = 0.09
# Hands slower than this [m/s] for three frames hold; a stroke ends where the wrist slows to this share of its peak.
_HOLD, _TURN_BACK = 0.015, 0.25
# Two hands in mirrored places are this near to each other's mirror image [m].
_MIRRORED = 0.06
_PALM = (0, 5, 9, 13, 17)
_MIRROR = np.array([-1.0, 1.0, 1.0])


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
    """Measure the first part of a sign of a right-handed signer between two times [s]; the poses need depth."""
    first, last = round(start * poses.fps), max(round(end * poses.fps), round(start * poses.fps) + 1)
    points = first_part(metric(poses)[first:last], poses.fps)
    right, left = points[:, RIGHT_HAND], points[:, LEFT_HAND]
    shape, other = nearest_handshape(right[0]), nearest_handshape(left[0] * _MIRROR)
    kind = _sign_type(points, shape == other)
    if kind == "OneHanded":
        other = ""
    major = "Hand" if kind.startswith("Asymmetrical") else _major(points, kind == "OneHanded")
    return Phonology(shape, other, major, kind, _movement(right))


def first_part(points: np.ndarray, fps: float) -> np.ndarray:
    """The frames of (T, 128, 3) keypoints [m] up to the end of the first hold; all if there is none.

    Three still frames are a hold once the hands have moved; before that it takes a fifth of a second.
    """
    moved = np.max([_steps(points[:, hand]).max(axis=1) for hand in (RIGHT_HAND, LEFT_HAND)], axis=0)
    has_moved = np.cumsum(moved) > _STILL / 2
    held = 0
    for frame, is_still in enumerate(moved * fps < _HOLD):
        if not is_still and held >= (2 if has_moved[frame - 1] else 0.2 * fps):
            return points[: frame + 1]
        held = held + 1 if is_still else 0
    return points


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
    """Path of the wrist in the first stroke; none if the hand only turns or bends about a point of it that stays."""
    extents = np.ptp(hand, axis=0).max(axis=-1)
    if extents.min() < 0.8 * _STILL and extents[list(_PALM)].mean() < _TURNING:
        return "None"
    return path_shape(_first_stroke(hand[:, 0]))


def _first_stroke(path: np.ndarray) -> np.ndarray:
    """A (T, 3) path up to where it first comes nearly to a stop after a way; all of it if it goes on."""
    speed = np.linalg.norm(np.diff(path, axis=0), axis=1)
    way = np.cumsum(speed)
    for i in range(1, len(speed) - 1):
        if way[i] > _STILL and speed[i] <= min(speed[i - 1], speed[i + 1], _TURN_BACK * speed.max()):
            return path[: i + 2]
    return path


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
    if abs(turns.sum()) > np.radians(250) and is_turning_one_way and extent[1] > 0.38 * extent[0]:
        return "Circular"
    sideways = moving[np.abs(moving[:, 1]) > 0.1 * np.abs(moving[:, 1]).max(), 1]
    swings = np.diff(np.sign(sideways))
    advances = np.abs(np.diff(np.sign(moving[:, 0])))
    if np.count_nonzero(swings) >= 2 and np.count_nonzero(advances) == 0:
        return "Z-shaped"
    return "Curved"


def _major(points: np.ndarray, is_alone: bool) -> str:
    """Where the first hand begins, or else where it is when it is nearest to something in the first two thirds.

    Hands that do the same are at no place on each other, however near they come.
    """
    at_first = on_body(points[: max(2, len(points) // 5), RIGHT_HAND], 0.6 * AT_HEAD, 0.0)
    if at_first == "Head":
        return at_first
    points = points[: max(3, 2 * len(points) // 3)]
    if is_alone and _is_raised(points):
        to_hand, to_arm = gaps(points)
        if to_arm.min() < AT_ARM and is_at_arm(to_hand, to_arm):
            return "Arm"
    return on_body(points[:, RIGHT_HAND], AT_HEAD, AT_TORSO)


def _is_raised(points: np.ndarray) -> bool:
    """Whether the second hand takes part or holds the arm up."""
    hand = points[:, LEFT_HAND]
    return bool(np.median(hand[:, 0, 1]) < _RESTING or _steps(hand).sum(axis=0).mean() > _STILL)


def _steps(hand: np.ndarray) -> np.ndarray:
    """(T - 1, 21) ways of the keypoints between frames [m]."""
    found: np.ndarray = np.linalg.norm(np.diff(hand, axis=0), axis=-1)
    return found


def _sign_type(points: np.ndarray, has_one_name: bool) -> str:
    """Battison's types; a second hand that keeps still counts only if the first one signs at it."""
    if not _is_raised(points):
        return "OneHanded"
    right, left = points[:, RIGHT_HAND], points[:, LEFT_HAND] * _MIRROR
    travel = [_steps(hand).sum(axis=0).mean() for hand in (right, left)]
    features = hand_features(np.concatenate([right[:1], left]))
    is_same = bool(np.linalg.norm(features[1:] - features[0], axis=-1).min() < 0.5)
    is_mirrored = max(travel) < _STILL and np.linalg.norm(right - left, axis=-1).mean() < _MIRRORED
    if is_same and (min(travel) > 0.5 * max(travel) or is_mirrored):
        return "SymmetricalOrAlternating"
    to_hand, to_arm = gaps(points)
    is_idle = travel[1] < max(0.5 * travel[0], _STILL) and to_hand.min() > AT_HAND
    if is_idle or is_at_arm(to_hand, to_arm):
        return "OneHanded"
    return "AsymmetricalSameHandshape" if is_same or has_one_name else "AsymmetricalDifferentHandshape"


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sum(a * b, axis=-1)
    return found


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.arccos(np.clip(_dot(a, b), -1.0, 1.0))
    return found

"""Arms: shoulder, elbow and wrist of the rig, so that a hand is where it belongs and turned as it is.

Two bones of known length leave one thing open, on which side of the line from shoulder to wrist the elbow lies. A
nearly straight arm hardly tells it, so such frames go along with those around them; and it gives way where the wrist
would be bent too far or the forearm would lie in the trunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Shape
from signgen.body.kinematics import BodyPose, Bones, move_bones
from signgen.body.steady import cheapest_path, steadied, steadied_turns
from signgen.body.trunk import depth_in_trunk
from signgen.body.turning import (
    about,
    frame,
    from_vector,
    held,
    relative,
    rotation_vector,
    shortest_arc,
    twist_about,
    unit,
)

# Furthest bend of a wrist, where it begins to be worth swinging the elbow out, and where it is an error that is
# bridged from the good frames around it [radians].
MOST_WRIST, STRAINED_WRIST, BROKEN_WRIST = np.radians((95.0, 80.0, 120.0))
# An arm is never quite straight and never folded flat: share of its length between shoulder and wrist.
LEAST_REACH, MOST_REACH = 0.25, 0.9995
# Where arms hang that were never seen: directions of upper arm and forearm of the right side.
HANGING = unit(np.array([[-0.18, 1.0, 0.02], [-0.06, 1.0, -0.18]]))
_DOWN = np.array([0.0, 1.0, 0.2])
# Share of an upper arm's turn about itself that its lower half takes, where cloth and skin take it better; shares of
# the hand's turn about the forearm that the two forearm bones take, for skin that does not wring.
TWIST_BELOW, TWIST_SHARES = 0.85, (0.25, 0.4)
# Most of that turn that is shared out at all [radians]: nearly all up to 60 degrees.
_MOST_TWIST = 1.2
# An elbow this far off the line from shoulder to wrist tells its side as strongly as time resists [m].
_TOLD_SIDE = 0.015
# What may be swung [radians], and what costs as much: so far an elbow, so much strain, so deep in the trunk [m], so
# much more from one frame to the next [radians].
_SWINGS = np.radians(np.arange(-48.0, 49.0, 8.0))
_DEAR_SHIFT, _DEAR_STRAIN, _DEAR_DEPTH, _DEAR_CHANGE = 0.06, np.radians(10.0), 0.015, np.radians(16.0)
# Where a forearm is tried for lying in the trunk, in shares of its length; half its thickness [m].
_TRIED, _HALF_THICK = np.array([0.0, 0.25, 0.5, 0.75]), 0.035
# Weight of a frame whose wrist is sound; it falls to its inverse where the wrist is broken.
_CERTAIN = 1e4


@dataclass(frozen=True, eq=False)
class Goal:
    """What an arm shall do; rows that are not known are of no account.

    Attributes:
        wrist: (T, 3) its place [m].
        to_elbow: (T, 3) from the seen shoulder to the seen elbow [m].
        to_wrist: (T, 3) from the seen shoulder to the seen wrist [m].
        hand: (T, 3, 3) the hand's rotation.
        has_wrist: (T,).
        has_elbow: (T,) whether both ways are known.
        has_hand: (T,).
    """

    wrist: np.ndarray
    to_elbow: np.ndarray
    to_wrist: np.ndarray
    hand: np.ndarray
    has_wrist: np.ndarray
    has_elbow: np.ndarray
    has_hand: np.ndarray


@dataclass(frozen=True, eq=False)
class ArmRig:
    """A resting arm.

    Attributes:
        parent: index of the bone that carries it.
        upper: indices of both bones of the upper arm.
        fore: indices of both bones of the forearm.
        hand: index of the wrist's bone.
        upper_bone: (3,) from shoulder to elbow [m].
        fore_bone: (3,) from elbow to wrist [m].
        first_bones: (2, 3) of upper arm and forearm, from their start to that of their second bone [m].
        hanging: (2, 3) directions of upper arm and forearm that hang.
    """

    parent: int
    upper: tuple[int, int]
    fore: tuple[int, int]
    hand: int
    upper_bone: np.ndarray
    fore_bone: np.ndarray
    first_bones: np.ndarray
    hanging: np.ndarray

    @property
    def lengths(self) -> tuple[float, float]:
        """Of upper arm and forearm [m]."""
        return float(np.linalg.norm(self.upper_bone)), float(np.linalg.norm(self.fore_bone))


def arm_rig(shape: Shape, side: str) -> ArmRig:
    """The resting arm of a shape; side ``L`` or ``R``."""
    bone, heads = shape.body.bone, shape.heads
    parts = ("shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")
    parent, upper, lower, fore, end, hand = (bone[f"{name}.{side}"] for name in parts)
    hanging = HANGING * ((-1 if side == "L" else 1), 1, 1)
    return ArmRig(
        parent,
        (upper, lower),
        (fore, end),
        hand,
        heads[fore] - heads[upper],
        heads[hand] - heads[fore],
        heads[[lower, end]] - heads[[upper, fore]],
        hanging,
    )


def fit_arm(shape: Shape, pose: BodyPose, side: str, goal: Goal) -> None:
    """Set the rotations of an arm."""
    rig, bones = arm_rig(shape, side), move_bones(shape, pose)
    upper, fore = rig.lengths
    at_ease = upper * rig.hanging[0] + fore * rig.hanging[1]
    reach = held(goal.wrist - bones.placed[:, rig.upper[0]], goal.has_wrist, at_ease)
    side_of = _elbow_side(rig, goal)
    directions = two_bones(reach, side_of, upper, fore)
    swing = _swing(shape, bones, rig, goal, reach, directions)
    side_of = np.einsum("tij,tj->ti", about(unit(reach), swing), directions[0])
    pose_arm(pose, rig, bones, reach, side_of, goal.hand, goal.has_hand)


def pose_arm(
    pose: BodyPose,
    rig: ArmRig,
    bones: Bones,
    reach: np.ndarray,
    side_of: np.ndarray,
    hand: np.ndarray,
    has_hand: np.ndarray,
) -> None:
    """Set the rotations of an arm whose elbow lies on a given side.

    Args:
        pose: its arm's rotations are set.
        rig: the resting arm.
        bones: of the pose, up to the shoulder.
        reach: (T, 3) from shoulder to wrist [m].
        side_of: (T, 3) direction from that line in which the elbow lies.
        hand: (T, 3, 3) rotation of the hand.
        has_hand: (T,).
    """
    parent, off = bones.turned[:, rig.parent], np.zeros_like(reach)
    for _ in range(2):
        # Turns that are shared out along an arm move its end a little, as its bones are not quite in line.
        directions = two_bones(reach - off, side_of, *rig.lengths)
        turned = _hinged(parent, rig, *directions)
        forearm = shortest_arc(turned @ unit(rig.fore_bone), directions[1]) @ turned
        _share_upper(pose, rig, relative(parent, turned))
        _share_fore(pose, rig, relative(turned, forearm), _wrist(rig, forearm, hand, has_hand))
        first = parent @ pose.rotations[:, rig.upper[0]] - turned
        second = turned @ pose.rotations[:, rig.fore[0]] - forearm
        off = first @ rig.first_bones[0] + second @ rig.first_bones[1]


def two_bones(
    reach: np.ndarray, side_of: np.ndarray, upper: float, fore: float
) -> tuple[np.ndarray, np.ndarray]:
    """Directions (T, 3) of two bones that end at ``reach`` and bend towards ``side_of`` (law of cosines)."""
    distance = np.linalg.norm(reach, axis=1)
    towards = np.where(distance[:, None] > 1e-9, unit(reach), unit(side_of))
    lowest = max(LEAST_REACH * (upper + fore), abs(upper - fore) * 1.001)
    distance = np.clip(distance, lowest, MOST_REACH * (upper + fore))
    cosine = np.clip((upper**2 + distance**2 - fore**2) / (2 * upper * distance), -1, 1)[:, None]
    # An elbow on the line from shoulder to wrist hangs down.
    aside = unit(_across(side_of, towards) + 1e-6 * _across(_DOWN, towards))
    first = cosine * towards + np.sqrt(1 - cosine**2) * aside
    second = unit(distance[:, None] * towards - upper * first)
    return unit(first), second


def _across(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """What of vectors is perpendicular to unit axes."""
    across: np.ndarray = vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis
    return across


def _elbow_side(rig: ArmRig, goal: Goal) -> np.ndarray:
    """(T, 3) where the elbow lies from the line from shoulder to wrist, by time where frames hardly tell."""
    towards = unit(goal.to_wrist)
    given = held(
        _across(goal.to_elbow, towards), goal.has_elbow, _across(rig.hanging[0], unit(rig.hanging.sum(0)))
    )
    weight = (np.linalg.norm(given, axis=1) / _TOLD_SIDE) ** 4
    return steadied(given, np.where(goal.has_elbow, weight, 0))


def _swing(
    shape: Shape,
    bones: Bones,
    rig: ArmRig,
    goal: Goal,
    reach: np.ndarray,
    directions: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """(T,) how far the elbow swings about the line from shoulder to wrist for the wrist's and the trunk's sake."""
    upper, fore = rig.lengths
    towards = unit(reach)[:, None]
    turns = about(towards, _SWINGS[None])
    elbow, forearm = (np.einsum("tnij,tj->tni", turns, way) for way in directions)
    elbow = bones.placed[:, rig.upper[0]][:, None] + upper * elbow
    way = goal.hand @ unit(rig.fore_bone)
    bent = np.arccos(np.clip(np.einsum("tni,ti->tn", forearm, way), -1, 1))
    # A wrist that is an error is not the elbow's fault.
    sound = goal.has_hand & (bent[:, len(_SWINGS) // 2] < BROKEN_WRIST)
    strain = np.where(sound[:, None], np.maximum(bent - STRAINED_WRIST, 0), 0)
    tried = elbow[:, :, None] + (fore * _TRIED)[:, None] * forearm[:, :, None]
    # Points on the axis of the arm count as within as soon as its flesh is.
    outward = unit(tried - bones.placed[:, None, None, shape.body.bone["spine03"]])
    flat = (tried - _HALF_THICK * outward).reshape(len(reach), -1, 3)
    depth = depth_in_trunk(shape, bones, flat).reshape(tried.shape[:3]).max(axis=2)
    off = upper * np.linalg.norm(_across(directions[0], towards[:, 0]), axis=1)
    shift = off[:, None] * np.abs(_SWINGS)
    cost = (shift / _DEAR_SHIFT) ** 2 + (strain / _DEAR_STRAIN) ** 2 + (depth / _DEAR_DEPTH) ** 2
    cost = cost + 1e-6 * _SWINGS**2
    chosen = _SWINGS[cheapest_path(cost, np.subtract.outer(_SWINGS, _SWINGS) ** 2 / _DEAR_CHANGE**2)]
    return steadied(chosen[:, None], np.ones(len(chosen)))[:, 0]


def _hinged(parent: np.ndarray, rig: ArmRig, upper: np.ndarray, fore: np.ndarray) -> np.ndarray:
    """World rotation of the upper arm: along ``upper``, its elbow bending in the plane of both bones."""
    rest_axis = unit(np.cross(rig.upper_bone, rig.fore_bone))
    plain = shortest_arc(parent @ unit(rig.upper_bone), upper) @ parent
    # A straight arm has no plane; there the axis goes along with the shortest turn.
    axis = np.cross(upper, fore) + 0.05 * (plain @ rest_axis)
    turned: np.ndarray = frame(upper, axis) @ frame(rig.upper_bone, rest_axis).T
    return turned


def _share_upper(pose: BodyPose, rig: ArmRig, whole: np.ndarray) -> None:
    """Set both bones of the upper arm: the first one swings, and the second takes most of the turn."""
    along = unit(rig.upper_bone)
    twist = TWIST_BELOW * twist_about(whole, along)
    pose.rotations[:, rig.upper[0]] = whole @ about(along, -twist)
    pose.rotations[:, rig.upper[1]] = about(along, twist)


def _wrist(rig: ArmRig, forearm: np.ndarray, hand: np.ndarray, has_hand: np.ndarray) -> np.ndarray:
    """(T, 3, 3) the hand's rotation from the forearm, within the limits of a wrist."""
    along = unit(rig.fore_bone)
    local = held(relative(forearm, hand), has_hand, np.eye(3))
    bent = np.arccos(np.clip((local @ along) @ along, -1, 1))
    sound = np.clip((BROKEN_WRIST - bent) / (BROKEN_WRIST - STRAINED_WRIST), 0, 1)
    if sound.min() == 1:
        return local
    # Seen from axes that do not roll with the elbow: what is bridged must not roll about a straight arm.
    carried = _pointing(forearm @ along) @ forearm[0]
    whole = relative(carried, forearm @ local)
    weight = np.where(sound > 0, _CERTAIN ** (2 * sound - 1), 0)
    # What is cut off at the limit may still turn round it in a frame, so that it is steadied again.
    whole = _within(steadied_turns(_within(steadied_turns(whole, weight), along), weight), along)
    return relative(forearm, carried @ whole)


def _pointing(ways: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations from the first of unit directions (T, 3) on, without any turn about them."""
    turned = [np.eye(3)]
    for step in shortest_arc(ways[:-1], ways[1:]):
        turned.append(step @ turned[-1])
    return np.array(turned)


def _within(local: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) of a hand from its forearm whose bend eases towards the limit of a wrist."""
    twist = twist_about(local, along)
    swing = rotation_vector(local @ about(along, -twist))
    bent = np.linalg.norm(swing, axis=1)
    room = MOST_WRIST - STRAINED_WRIST
    eased = np.minimum(bent, STRAINED_WRIST + room * np.tanh(np.maximum(bent - STRAINED_WRIST, 0) / room))
    swing = swing * (eased / np.maximum(bent, 1e-12))[:, None]
    limited: np.ndarray = from_vector(swing) @ about(along, twist)
    return limited


def _share_fore(pose: BodyPose, rig: ArmRig, elbow: np.ndarray, local: np.ndarray) -> None:
    """Set forearm and wrist; what of the hand's rotation is a turn of the forearm is shared out along it."""
    along = unit(rig.fore_bone)
    twist = twist_about(local, along)
    # Twists beyond what a forearm does fade from its skin, so that none jumps from one way round to the other.
    folded = _MOST_TWIST * np.sin(twist)
    first, second = (about(along, share * folded) for share in TWIST_SHARES)
    pose.rotations[:, rig.fore[0]] = elbow @ first
    pose.rotations[:, rig.fore[1]] = second
    pose.rotations[:, rig.hand] = np.swapaxes(first @ second, -1, -2) @ local

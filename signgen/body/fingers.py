"""Hands of the rig: how each finger joint turns, how far it may, and the angles that fit given finger bones.

A finger is bent at its knuckle and spread to the side there, and bent at its middle and end joints. The thumb's
first joint, at the wrist, also rolls. Angles are 0 in the resting hand, which is slightly bent. A thumb that is
nearly straight hardly tells its roll; such frames go along with those around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Shape
from signgen.body.steady import steadied_step
from signgen.body.turning import about, angle_about, unit

# The five angles of a finger [radians].
KNUCKLE, SPREAD, ROLL, MIDDLE, END = range(5)
# Lowest and highest [degrees] from the resting hand: of the thumb, then of the other fingers.
_THUMB_LIMITS = [(-40, 50), (-50, 50), (-40, 40), (-50, 70), (-50, 85)]
_FINGER_LIMITS = [(-45, 90), (-28, 28), (0, 0), (-25, 110), (-25, 85)]
LIMITS = np.radians(np.array([_THUMB_LIMITS, *[_FINGER_LIMITS] * 4], np.float64))
# Pull of spread and roll towards 0 where a bent or straight finger leaves them open.
_DAMPING = 1e-3
# Out-of-plane part [sine of an angle] that a thumb may keep before its roll is told less; squared sine of the bend of
# its outer bones that tells it by half; how much rolls resist bending over time, against squared sines.
_ROLL_NOISE, _HALF_TOLD, _ROLL_STIFFNESS = 0.01, 0.05, 1e-3


@dataclass(frozen=True, eq=False)
class HandRig:
    """A resting hand.

    Attributes:
        wrist: index of the wrist's bone.
        bones: (5, 3) indices of the finger bones, thumb first.
        rest: (5, 3, 3) directions of the bones.
        bend: (5, 3) axis of each finger's bending; positive towards the palm.
        spread: (5, 3) axis of the sideways movement; positive towards the thumb.
        palm: (4, 3) knuckles of the four fingers and (1,) wrist, from the wrist [m], for the hand's orientation.
    """

    wrist: int
    bones: np.ndarray
    rest: np.ndarray
    bend: np.ndarray
    spread: np.ndarray
    palm: np.ndarray


def hand_rig(shape: Shape, side: str) -> HandRig:
    """The resting hand of a shape; side ``L`` or ``R``."""
    bone = shape.body.bone
    bones = np.array([[bone[f"finger{k}-{j}.{side}"] for j in (1, 2, 3)] for k in range(1, 6)])
    heads, tails = shape.heads[bones], shape.tails[bones[:, 2]]
    rest = unit(np.diff(np.concatenate([heads, tails[:, None]], axis=1), axis=1))
    wrist = shape.heads[bone[f"wrist.{side}"]]
    palm = np.concatenate([np.zeros((1, 3)), heads[1:, 0] - wrist])
    along, thumbwards = unit(palm[2]), unit(palm[1] - palm[4])
    out_of_palm = unit(np.cross(along, thumbwards)) * (-1 if side == "R" else 1)
    direction = unit(rest.sum(axis=1))
    pads = np.tile(out_of_palm, (5, 1))
    pads[0] = -_nail_normal(shape, int(bones[0, 2]))
    bend = unit(np.cross(direction, pads))
    spread = unit(np.cross(direction, np.where(np.arange(5)[:, None] == 0, bend, thumbwards)))
    spread[0] = np.cross(direction[0], bend[0]) * (1 if side == "R" else -1)
    return HandRig(bone[f"wrist.{side}"], bones, rest, bend, unit(spread), palm)


def _nail_normal(shape: Shape, bone: int) -> np.ndarray:
    """Mean outward normal of the nail that moves with a bone."""
    body = shape.body
    is_nail = (body.vertex_masks["nails"] > 128) & (body.skin_bones[:, 0] == bone)
    corners = shape.vertices[body.faces[is_nail[body.faces].all(axis=1)]].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(axis=0)
    return unit(normal)


def finger_rotations(rig: HandRig, angles: np.ndarray) -> np.ndarray:
    """(T, 5, 3, 3, 3) rotations of the finger bones from angles (T, 5, 5) [radians], held to the limits."""
    angles = np.clip(angles, LIMITS[..., 0], LIMITS[..., 1])
    out = np.empty((len(angles), 5, 3, 3, 3))
    bend = rig.bend[None]
    side = about(rig.spread[None], angles[..., SPREAD])
    roll = about(rig.rest[None, :, 0], angles[..., ROLL])
    out[:, :, 0] = side @ about(bend, angles[..., KNUCKLE]) @ roll
    out[:, :, 1] = about(bend, angles[..., MIDDLE])
    out[:, :, 2] = about(bend, angles[..., END])
    return out


def fit_angles(rig: HandRig, bones: np.ndarray) -> np.ndarray:
    """Angles (T, 5, 5) [radians] of the fingers whose bones point along ``bones``, held to the limits.

    Args:
        rig: the resting hand.
        bones: (T, 5, 3, 3) directions of the three bones of each finger in consecutive frames, in the axes of the
            resting hand.
    """
    angles = np.zeros((*bones.shape[:2], 5))
    bend, spread, first = rig.bend[None], rig.spread[None], rig.rest[None, :, 0]
    # Spread: turn the whole finger sideways until its bones lie in its plane of bending.
    weights = np.ones((5, 3)) * (1.0, 0.3, 0.3)
    weights[0] = (1, 0, 0)  # the thumb has roll for its outer bones
    angles[..., SPREAD] = _unturned(spread, bones, bend, rig.rest, weights, LIMITS[:, SPREAD])
    straight = np.swapaxes(about(spread, angles[..., SPREAD]), -1, -2)[:, :, None] @ bones[..., None]
    turned = straight[..., 0]
    angles[..., KNUCKLE] = _limited(angle_about(bend, np.broadcast_to(first, turned[:, :, 0].shape), turned[:, :, 0]),
                                    KNUCKLE)  # fmt: skip
    turned = _undone(bend, angles[..., KNUCKLE], turned)
    angles[:, :1, ROLL] = _unrolled(first[:, :1], turned[:, :1], bend[:, :1], rig.rest[:1])
    turned = _undone(first, angles[..., ROLL], turned)
    for joint, angle in ((1, MIDDLE), (2, END)):
        at_rest = np.broadcast_to(rig.rest[None, :, joint], turned[:, :, joint].shape)
        angles[..., angle] = _limited(angle_about(bend, at_rest, turned[:, :, joint]), angle)
        turned = _undone(bend, angles[..., angle], turned)
    return angles


def _unturned(
    axis: np.ndarray,
    bones: np.ndarray,
    bend: np.ndarray,
    rest: np.ndarray,
    weights: np.ndarray,
    limits: np.ndarray,
) -> np.ndarray:
    """(T, F) angle about ``axis`` that, undone, brings bones as near to their plane of bending as at rest.

    Damped Gauss-Newton on the components of the bones along the axis of bending.
    """
    angle = np.zeros(bones.shape[:2])
    for _ in range(6):
        top, told = _out_of_plane(axis, angle, bones, bend, rest, weights)
        angle = angle - (top + _DAMPING * angle) / (told + _DAMPING)
        angle = np.clip(angle, limits[:, 0], limits[:, 1])
    return angle


def _unrolled(axis: np.ndarray, bones: np.ndarray, bend: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(T, 1) roll of the thumb: as `_unturned` by its outer bones, over all frames at once.

    It is told by how far these bones are bent, and by how well any roll explains them: a thumb that is nearly
    straight, or that bends as none does, goes along with the frames around it.
    """
    outer, limits = np.array([[0.0, 1.0, 1.0]]), LIMITS[:1, ROLL]
    roll = _unturned(axis, bones, bend, rest, outer, limits)
    left, slope = _gap(axis, roll, bones, bend, rest)
    told = np.sum(outer * slope**2, axis=-1)
    say = told / (told + _HALF_TOLD)
    say *= _ROLL_NOISE**2 / (_ROLL_NOISE**2 + np.sum(outer * left**2, axis=-1))
    roll = np.zeros_like(roll)
    for _ in range(6):
        top, told = _out_of_plane(axis, roll, bones, bend, rest, outer)
        roll = steadied_step(say * (told + _DAMPING), say * (top + _DAMPING * roll), roll, _ROLL_STIFFNESS)
        roll = np.clip(roll, limits[:, 0], limits[:, 1])
    return roll


def _out_of_plane(
    axis: np.ndarray,
    angle: np.ndarray,
    bones: np.ndarray,
    bend: np.ndarray,
    rest: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative (T, F) by ``angle`` of half the squared gap to the plane of bending."""
    gap, slope = _gap(axis, angle, bones, bend, rest)
    return np.sum(weights * slope * gap, axis=-1), np.sum(weights * slope**2, axis=-1)


def _gap(
    axis: np.ndarray, angle: np.ndarray, bones: np.ndarray, bend: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far bones (T, F, 3) are from their plane of bending [sine], and its change with ``angle``."""
    wanted = np.sum(rest * bend[0][:, None], axis=-1)
    turned = _undone(axis, angle, bones)
    gap = np.sum(turned * bend[:, :, None], axis=-1) - wanted
    return gap, -np.sum(np.cross(axis[:, :, None], turned) * bend[:, :, None], axis=-1)


def _undone(axis: np.ndarray, angle: np.ndarray, bones: np.ndarray) -> np.ndarray:
    back = about(np.broadcast_to(axis, (*angle.shape, 3)), -angle)
    undone: np.ndarray = np.einsum("tfij,tfbj->tfbi", back, bones)
    return undone


def _limited(angles: np.ndarray, which: int) -> np.ndarray:
    limited: np.ndarray = np.clip(angles, LIMITS[:, which, 0], LIMITS[:, which, 1])
    return limited

"""Shoulders that go along with raised arms, as collar bone and shoulder blade do; keypoints hardly tell it.

Of raising an arm the shoulder blade takes about a third (the rhythm of shoulder blade and upper arm, Inman et al.
1944), and an arm that reaches forward or across pulls its shoulder along. Skin and cloth that only turned about the
joint would puff up or tear there. Hands stay where they are, turned as they were.
"""

from __future__ import annotations

import numpy as np

from signgen.body.arms import arm_rig, pose_arm
from signgen.body.asset import Shape
from signgen.body.kinematics import BodyPose, Bones, move_bones
from signgen.body.turning import about, unit

# Share of an arm's raising that its collar bone takes, above and below an angle from hanging [radians].
_SHARE_RAISED, _SHARE_LOWERED, _RAISED = 1 / 3, 0.35, np.radians(30.0)
# How far a collar bone comes forward for an arm that points forward, and for one that points across [radians].
_FORWARD, _ACROSS = np.radians((14.0, 10.0))
# How far it may be turned: down and up, back and forward [radians].
_LIFTS, _TURNS = np.radians(((-16.0, 30.0), (-12.0, 25.0)))
_, _Y, _Z = np.eye(3)


def shoulders_along(shape: Shape, pose: BodyPose) -> BodyPose:
    """The same pose with collar bones that go along with the arms.

    Args:
        shape: the signer at rest.
        pose: with wrists and hands where they belong.
    """
    pose = pose.replace(rotations=pose.rotations.copy())
    before = move_bones(shape, pose)
    for side in "LR":
        collar = shape.body.bone[f"clavicle.{side}"]
        pose.rotations[:, collar] = pose.rotations[:, collar] @ _collar_turn(shape, before, side)
    after = move_bones(shape, pose)
    has_hand = np.ones(len(pose), np.bool_)
    for side in "LR":
        rig = arm_rig(shape, side)
        shoulder = after.placed[:, rig.upper[0]]
        reach = before.placed[:, rig.hand] - shoulder
        to_elbow = before.placed[:, rig.fore[0]] - shoulder
        pose_arm(pose, rig, after, reach, to_elbow, before.turned[:, rig.hand], has_hand)
    return pose


def _collar_turn(shape: Shape, bones: Bones, side: str) -> np.ndarray:
    """(T, 3, 3) rotation of a collar bone from rest that goes along with its arm."""
    rig, sign = arm_rig(shape, side), 1 if side == "L" else -1
    arm = unit(bones.placed[:, rig.fore[0]] - bones.placed[:, rig.upper[0]])
    arm = np.einsum("tji,tj->ti", bones.turned[:, shape.body.bone["spine01"]], arm)
    at_rest = unit(rig.upper_bone)
    lift = np.clip(_lift(arm) - _lift(at_rest), *_LIFTS)
    forward = -_FORWARD * (arm - at_rest)[:, 2] - _ACROSS * sign * (arm - at_rest)[:, 0]
    turned: np.ndarray = about(_Y, sign * np.clip(forward, *_TURNS)) @ about(_Z, -sign * lift)
    return turned


def _lift(arm: np.ndarray) -> np.ndarray:
    """(...) how far a collar bone is lifted for the direction (..., 3) of an upper arm [radians]."""
    raised = np.arccos(np.clip(arm[..., 1], -1, 1)) - _RAISED
    lift: np.ndarray = np.where(raised > 0, _SHARE_RAISED, _SHARE_LOWERED) * raised
    return lift

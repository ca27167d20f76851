"""Pose the rig so that its keypoints are the given ones: part by part, and over time where a frame hardly tells.

Trunk from shoulders and hips, head from the face, arms by the triangle of two bones, wrists from the palm, fingers
joint by joint, facial actions from the face's form. Keypoints of another body are scaled to the rig's shoulders,
and hands go where they touch what they touched. What is missing holds its last pose, or hangs at rest where it was
never seen.
"""

from __future__ import annotations

import numpy as np

from signgen.body.arms import Goal, fit_arm
from signgen.body.asset import Shape
from signgen.body.contact import SeenHead, hand_offsets, trunk_front, wrist_places
from signgen.body.expression import fit_actions
from signgen.body.fingers import HandRig, finger_rotations, fit_angles, hand_rig
from signgen.body.kinematics import BodyPose, at_rest, move_bones
from signgen.body.turning import (
    about,
    best_rotation,
    frame,
    held,
    relative,
    share_of,
    shortest_arc,
    twist_about,
    unit,
)
from signgen.errors import PoseError
from signgen.pose.layout import (
    FACE,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    NECK,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
)

# Shoulder, elbow, wrist and hand of each side.
ARMS = {"R": (2, 3, 4, RIGHT_HAND), "L": (5, 6, 7, LEFT_HAND)}
SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK_BONES = ("neck01", "neck02", "neck03", "head")
# Furthest turns [radians]: of the spine, the neck, its lowest bone, a collar bone.
MOST_SPINE, MOST_NECK, MOST_TILT, MOST_COLLAR = np.radians((60.0, 80.0, 35.0, 30.0))


def fit_pose(shape: Shape, points: np.ndarray, confidence: np.ndarray | None = None) -> BodyPose:
    """The pose of a rig that shows given keypoints.

    Args:
        shape: the signer at rest.
        points: (T, 128, 3) keypoints with depth, x right, y down, z away, in any unit and from any origin.
        confidence: (T, 128), 0 for missing keypoints; all are present without.

    Raises:
        PoseError: wrong shapes, values that are not finite, or no frame with both shoulders.
    """
    points, seen = _checked(points, confidence)
    points = _scaled(shape, points, seen)
    pose = at_rest(shape.body, len(points))
    _fit_trunk(shape, pose, points, seen)
    _fit_head(shape, pose, points, seen)
    front = trunk_front(shape, pose)
    for side in ARMS:
        _fit_side(shape, pose, points, seen, side, front)
    return pose.replace(actions=fit_actions(shape, points[:, FACE], seen[:, FACE]))


def _checked(points: np.ndarray, confidence: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    points = np.array(points, np.float64)
    if points.ndim != 3 or points.shape[1:] != (NUM_KEYPOINTS, 3) or not len(points):
        raise PoseError(f"keypoints: expected shape (T, {NUM_KEYPOINTS}, 3) with T > 0, got {points.shape}")
    seen = np.ones(points.shape[:2], np.bool_) if confidence is None else np.asarray(confidence) > 0
    if seen.shape != points.shape[:2]:
        raise PoseError(f"confidence: expected shape {points.shape[:2]}, got {seen.shape}")
    if not np.isfinite(points[seen]).all():
        raise PoseError("keypoints: values must be finite (a missing keypoint has confidence 0)")
    points[~seen] = 0
    return points, seen


def _scaled(shape: Shape, points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The keypoints with the rig's shoulder width and their neck at the origin, both by the clip's median."""
    both = seen[:, RIGHT_SHOULDER] & seen[:, LEFT_SHOULDER]
    width = np.linalg.norm(points[both, LEFT_SHOULDER] - points[both, RIGHT_SHOULDER], axis=1)
    if not both.any() or np.median(width) <= 0:
        raise PoseError("keypoints: both shoulders are needed in at least one frame to pose a body")
    rest = shape.keypoints
    own = np.linalg.norm(rest[LEFT_SHOULDER] - rest[RIGHT_SHOULDER])
    neck = np.median((points[both, LEFT_SHOULDER] + points[both, RIGHT_SHOULDER]) / 2, axis=0)
    scaled: np.ndarray = (points - neck) * (own / np.median(width))
    return scaled


def _fit_trunk(shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray) -> None:
    """Root, spine and collar bones; then the root moves so that the neck keypoint is met."""
    body, rest = shape.body, shape.keypoints
    shoulders = seen[:, RIGHT_SHOULDER] & seen[:, LEFT_SHOULDER]
    hips = shoulders & seen[:, RIGHT_HIP] & seen[:, LEFT_HIP]
    across = points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER]
    hip_line = points[:, LEFT_HIP] - points[:, RIGHT_HIP]
    middle: np.ndarray = (points[:, LEFT_SHOULDER] + points[:, RIGHT_SHOULDER]) / 2
    rest_down = (rest[LEFT_HIP] + rest[RIGHT_HIP]) / 2 - rest[NECK]
    down = (points[:, LEFT_HIP] + points[:, RIGHT_HIP]) / 2 - middle
    down = np.where(hips[:, None], down, rest_down)
    chest = frame(across, down) @ frame(rest[LEFT_SHOULDER] - rest[RIGHT_SHOULDER], rest_down).T
    chest = held(chest, shoulders, np.eye(3))
    # Hips that are out of the picture turn half as far as the shoulders, and do not lean.
    half_yaw = about(np.array([0.0, 1.0, 0.0]), 0.5 * twist_about(chest, np.array([0.0, 1.0, 0.0])))
    pelvis = frame(hip_line, down) @ frame(rest[LEFT_HIP] - rest[RIGHT_HIP], rest_down).T
    root = np.where(hips[:, None, None], pelvis, half_yaw)
    bend = share_of(relative(root, chest), 1 / len(SPINE), MOST_SPINE)
    pose.rotations[:, 0] = root
    for bone in SPINE:
        pose.rotations[:, body.bone[bone]] = bend
    _move_neck(shape, pose, np.where(shoulders[:, None], middle, np.nan))
    bones = move_bones(shape, pose)
    for side, (shoulder, *_) in ARMS.items():
        collar, arm = body.bone[f"clavicle.{side}"], body.bone[f"upperarm01.{side}"]
        now = unit(bones.placed[:, arm] - bones.placed[:, collar])
        wanted = unit(points[:, shoulder] - bones.placed[:, collar])
        turn = share_of(shortest_arc(now, wanted), 1.0, MOST_COLLAR)
        local = relative(bones.turned[:, collar], turn @ bones.turned[:, collar])
        pose.rotations[:, collar] = held(local, shoulders, np.eye(3))
    _move_neck(shape, pose, np.where(shoulders[:, None], middle, np.nan))


def _move_neck(shape: Shape, pose: BodyPose, wanted: np.ndarray) -> None:
    """Move the root so that the middle of the shoulders is at ``wanted`` (T, 3), NaN where unknown."""
    bone = shape.body.bone
    placed = move_bones(shape, pose).placed
    neck = (placed[:, bone["upperarm01.L"]] + placed[:, bone["upperarm01.R"]]) / 2
    pose.translation[:] += held(wanted - neck, np.isfinite(wanted).all(axis=1), np.zeros(3))


def _fit_head(shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray) -> None:
    """The head's place by the lowest bone of the neck, its orientation by the bones above."""
    head = SeenHead(shape.keypoints, points, seen)
    chest_bone, top = shape.body.bone["spine01"], shape.body.bone["head"]
    lowest, *upper = (shape.body.bone[name] for name in NECK_BONES)
    wanted = head.middle + np.einsum("tij,tj->ti", head.turned, shape.heads[top] - head.rest_middle)
    chest = move_bones(shape, pose).turned[:, chest_bone]
    whole = held(relative(chest, head.turned), head.is_known, np.eye(3))
    for _ in range(4):
        bones = move_bones(shape, pose)
        base = bones.placed[:, lowest]
        swing = shortest_arc(unit(bones.placed[:, top] - base), unit(wanted - base))
        tilt = held(relative(chest, swing @ bones.turned[:, lowest]), head.is_known, np.eye(3))
        pose.rotations[:, lowest] = share_of(tilt, 1.0, MOST_TILT)
        rest_of_it = relative(pose.rotations[:, lowest], whole)
        pose.rotations[:, upper] = share_of(rest_of_it, 1 / len(upper), MOST_NECK)[:, None]


def _fit_side(
    shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray, side: str, front: np.ndarray
) -> None:
    """Fingers and the palm's orientation, then the arm that brings the hand where it belongs."""
    rig = hand_rig(shape, side)
    shoulder, elbow, wrist, own = ARMS[side]
    other = ARMS["L" if side == "R" else "R"][3]
    turned, is_known = _seen_palm(rig, points[:, own], seen[:, own])
    _fit_fingers(pose, rig, turned, points[:, own], seen[:, own], is_known)
    offsets = hand_offsets(shape, rig, turned, pose.rotations[:, rig.bones])
    offsets[~is_known] = np.nan
    places = wrist_places(shape, pose, points, seen, (own, other, wrist), offsets, front)
    goal = Goal(
        places,
        points[:, elbow] - points[:, shoulder],
        points[:, wrist] - points[:, shoulder],
        turned,
        seen[:, wrist],
        seen[:, shoulder] & seen[:, elbow] & seen[:, wrist],
        is_known,
    )
    fit_arm(shape, pose, side, goal)


def _seen_palm(rig: HandRig, hand: np.ndarray, has: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hand's rotation from rest, held where it is not seen, and where it is."""
    palm = [0, 5, 9, 13, 17]
    weights = has[:, palm] * np.array([2.0, 1.0, 1.0, 1.0, 1.0])
    is_known = has[:, palm].sum(axis=1) >= 3
    return best_rotation(rig.palm, hand[:, palm], weights), is_known


def _fit_fingers(
    pose: BodyPose, rig: HandRig, turned: np.ndarray, hand: np.ndarray, has: np.ndarray, is_known: np.ndarray
) -> None:
    """Angles of the joints of each finger that is wholly seen; others stay as they were."""
    joints = hand[:, 1:].reshape(-1, 5, 4, 3)
    bones = unit(np.einsum("tji,tfbj->tfbi", turned, np.diff(joints, axis=2)))
    whole = has[:, 1:].reshape(-1, 5, 4).all(axis=2) & is_known[:, None]
    for finger in range(5):
        bones[:, finger] = held(bones[:, finger], whole[:, finger], rig.rest[finger])
    pose.rotations[:, rig.bones] = finger_rotations(rig, fit_angles(rig, bones))

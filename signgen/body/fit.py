"""Pose the rig so that its keypoints are the given ones: closed form, part by part, without iteration over frames.

Trunk from shoulders and hips, head from the face, arms by the triangle of two bones, wrists from the palm, fingers
joint by joint, facial actions from the face's form. Keypoints of another body are scaled to the rig's shoulders,
and hands go where they touch what they touched. What is missing holds its last pose, or hangs at rest where it was
never seen.
"""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.body.contact import SeenHead, hand_offsets, wrist_places
from signgen.body.expression import fit_actions
from signgen.body.fingers import HandRig, finger_rotations, fit_angles, hand_rig
from signgen.body.kinematics import BodyPose, at_rest, move_bones
from signgen.body.turning import (
    about,
    best_rotation,
    bridged,
    frame,
    held,
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
# Furthest turns [radians]: of the spine, the neck, its lowest bone, a wrist, a collar bone.
MOST_SPINE, MOST_NECK, MOST_TILT, MOST_WRIST, MOST_COLLAR = np.radians((60.0, 80.0, 35.0, 95.0, 30.0))
# A wrist bent further than that is an error, and is bridged from the good frames around it.
BROKEN_WRIST = MOST_WRIST
# An arm is never quite straight and never folded flat: share of its length between shoulder and wrist.
LEAST_REACH, MOST_REACH = 0.25, 0.9995
# Where arms hang that were never seen: directions of upper arm and forearm of the right side.
HANGING = unit(np.array([[-0.18, 1.0, 0.02], [-0.06, 1.0, -0.18]]))
# Shares of the hand's turn about the forearm that the two forearm bones take, for skin that does not wring.
TWIST_SHARES = (0.25, 0.4)


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
    for side in ARMS:
        _fit_side(shape, pose, points, seen, side)
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
    bend = share_of(_relative(root, chest), 1 / len(SPINE), MOST_SPINE)
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
        local = _relative(bones.turned[:, collar], turn @ bones.turned[:, collar])
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
    relative = held(_relative(chest, head.turned), head.is_known, np.eye(3))
    for _ in range(4):
        bones = move_bones(shape, pose)
        base = bones.placed[:, lowest]
        swing = shortest_arc(unit(bones.placed[:, top] - base), unit(wanted - base))
        tilt = held(_relative(chest, swing @ bones.turned[:, lowest]), head.is_known, np.eye(3))
        pose.rotations[:, lowest] = share_of(tilt, 1.0, MOST_TILT)
        rest_of_it = _relative(pose.rotations[:, lowest], relative)
        pose.rotations[:, upper] = share_of(rest_of_it, 1 / len(upper), MOST_NECK)[:, None]


def _fit_side(shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray, side: str) -> None:
    """Fingers and the palm's orientation, then the arm that brings the hand where it belongs, then the wrist."""
    rig = hand_rig(shape, side)
    _, _, wrist, own = ARMS[side]
    other = ARMS["L" if side == "R" else "R"][3]
    turned, is_known = _seen_palm(rig, points[:, own], seen[:, own])
    _fit_fingers(pose, rig, turned, points[:, own], seen[:, own], is_known)
    offsets = hand_offsets(shape, rig, turned, pose.rotations[:, rig.bones])
    offsets[~is_known] = np.nan
    places = wrist_places(shape, pose, points, seen, (own, other, wrist), offsets)
    _fit_arm(shape, pose, points, seen, side, places)
    _fit_wrist(shape, pose, rig, side, turned, is_known)


def _fit_arm(
    shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray, side: str, places: np.ndarray
) -> None:
    """Shoulder and elbow, so that the wrist is at ``places`` and the elbow on the side where it was."""
    body = shape.body
    shoulder, elbow, wrist, _ = ARMS[side]
    bones = move_bones(shape, pose)
    upper, fore, hand = (body.bone[f"{name}.{side}"] for name in ("upperarm01", "lowerarm01", "wrist"))
    at_rest_upper = shape.heads[fore] - shape.heads[upper]
    at_rest_fore = shape.heads[hand] - shape.heads[fore]
    upper_length, fore_length = (float(np.linalg.norm(bone)) for bone in (at_rest_upper, at_rest_fore))
    hanging = HANGING * ((-1 if side == "L" else 1), 1, 1)
    has_elbow = seen[:, shoulder] & seen[:, elbow]
    to_elbow = held(unit(points[:, elbow] - points[:, shoulder]), has_elbow, hanging[0])
    at_ease = upper_length * hanging[0] + fore_length * hanging[1]
    reach = held(places - bones.placed[:, upper], seen[:, wrist], at_ease)
    directions = _two_bones(reach, to_elbow, upper_length, fore_length)
    parent = bones.turned[:, body.bone[f"shoulder01.{side}"]]
    turned = _hinged(parent, at_rest_upper, at_rest_fore, *directions)
    pose.rotations[:, upper] = _relative(parent, turned)
    forearm = shortest_arc(turned @ unit(at_rest_fore), directions[1]) @ turned
    pose.rotations[:, fore] = _relative(turned, forearm)


def _two_bones(
    reach: np.ndarray, pole: np.ndarray, upper: float, fore: float
) -> tuple[np.ndarray, np.ndarray]:
    """Directions (T, 3) of two bones that end at ``reach`` and bend towards ``pole`` (law of cosines)."""
    distance = np.linalg.norm(reach, axis=1)
    towards = np.where(distance[:, None] > 1e-9, unit(reach), pole)
    lowest = max(LEAST_REACH * (upper + fore), abs(upper - fore) * 1.001)
    distance = np.clip(distance, lowest, MOST_REACH * (upper + fore))
    cosine = np.clip((upper**2 + distance**2 - fore**2) / (2 * upper * distance), -1, 1)[:, None]
    aside = pole - np.sum(pole * towards, axis=1, keepdims=True) * towards
    # An elbow on the line from shoulder to wrist hangs down.
    drop = (
        np.array([0.0, 1.0, 0.2])
        - np.sum(np.array([0.0, 1.0, 0.2]) * towards, axis=1, keepdims=True) * towards
    )
    aside = unit(aside + 1e-6 * drop)
    first = cosine * towards + np.sqrt(1 - cosine**2) * aside
    second = unit(distance[:, None] * towards - upper * first)
    return unit(first), second


def _hinged(
    parent: np.ndarray, rest_upper: np.ndarray, rest_fore: np.ndarray, upper: np.ndarray, fore: np.ndarray
) -> np.ndarray:
    """World rotation of the upper arm: along ``upper``, its elbow bending in the plane of both bones."""
    rest_axis = unit(np.cross(rest_upper, rest_fore))
    plain = shortest_arc(parent @ unit(rest_upper), upper) @ parent
    # A straight arm has no plane; there the axis goes along with the shortest turn.
    axis = np.cross(upper, fore) + 0.05 * (plain @ rest_axis)
    turned: np.ndarray = frame(upper, axis) @ frame(rest_upper, rest_axis).T
    return turned


def _seen_palm(rig: HandRig, hand: np.ndarray, has: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hand's rotation from rest, held where it is not seen, and where it is."""
    palm = [0, 5, 9, 13, 17]
    weights = has[:, palm] * np.array([2.0, 1.0, 1.0, 1.0, 1.0])
    is_known = has[:, palm].sum(axis=1) >= 3
    return best_rotation(rig.palm, hand[:, palm], weights), is_known


def _fit_fingers(
    pose: BodyPose, rig: HandRig, turned: np.ndarray, hand: np.ndarray, has: np.ndarray, is_known: np.ndarray
) -> None:
    """Angles of the joints of each finger that is wholly seen; others keep the angles they had."""
    joints = hand[:, 1:].reshape(-1, 5, 4, 3)
    bones = unit(np.einsum("tji,tfbj->tfbi", turned, np.diff(joints, axis=2)))
    angles = fit_angles(rig, bones)
    whole = has[:, 1:].reshape(-1, 5, 4).all(axis=2) & is_known[:, None]
    for finger in range(5):
        angles[:, finger] = held(angles[:, finger], whole[:, finger], np.zeros(5))
    pose.rotations[:, rig.bones] = finger_rotations(rig, angles)


def _fit_wrist(
    shape: Shape, pose: BodyPose, rig: HandRig, side: str, turned: np.ndarray, is_known: np.ndarray
) -> None:
    """The hand's orientation; what of it is a turn of the forearm is shared out along the forearm."""
    fore, lower = (shape.body.bone[f"{name}.{side}"] for name in ("lowerarm01", "lowerarm02"))
    forearm = move_bones(shape, pose).turned[:, fore]
    relative = held(_relative(forearm, turned), is_known, np.eye(3))
    along = unit(shape.heads[rig.wrist] - shape.heads[fore])
    bent = np.arccos(np.clip((relative @ along) @ along, -1, 1))
    relative = bridged(relative, bent <= BROKEN_WRIST)
    twist = twist_about(relative, along)
    swing = relative @ about(along, -twist)
    relative = share_of(swing, 1.0, MOST_WRIST) @ about(along, twist)
    # Twists beyond what a forearm does fade from its skin, so that none jumps from one way round to the other.
    folded = np.sign(twist) * np.minimum(np.abs(twist), 2 * (np.pi - np.abs(twist)))
    first, second = (about(along, share * folded) for share in TWIST_SHARES)
    pose.rotations[:, fore] = pose.rotations[:, fore] @ first
    pose.rotations[:, lower] = second
    pose.rotations[:, rig.wrist] = np.swapaxes(first @ second, -1, -2) @ relative


def _relative(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Rotation of a child in the axes of its parent."""
    local: np.ndarray = np.swapaxes(parent, -1, -2) @ child
    return local

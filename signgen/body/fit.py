"""Pose the rig so that its keypoints are the given ones: closed form, part by part, without iteration over frames.

Trunk from shoulders and hips, head from the face, arms by the triangle of two bones, wrists from the palm, fingers
joint by joint, facial actions from the face's form. Keypoints of another body are scaled to the rig's shoulders;
hands then end where the scaled wrists are, so that what they touch stays touched. What is missing holds its last
pose, or hangs at rest where it was never seen.
"""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.body.expression import fit_actions
from signgen.body.fingers import HandRig, finger_rotations, fit_angles, hand_rig
from signgen.body.kinematics import BodyPose, at_rest, move_bones
from signgen.body.turning import (
    about,
    best_rotation,
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
# Points that facial actions hardly move: eye corners, bridge, the ends of the jaw; and, if there is no face,
# nose, eyes and ears of the body.
STABLE_FACE = FACE.start + np.array([0, 1, 15, 16, 27, 28, 29, 33, 36, 39, 42, 45])
BODY_FACE = np.array([0, 14, 15, 16, 17])
# Furthest turns [radians]: of the spine, the neck, its lowest bone, a wrist, a collar bone.
MOST_SPINE, MOST_NECK, MOST_TILT, MOST_WRIST, MOST_COLLAR = np.radians((60.0, 80.0, 35.0, 95.0, 30.0))
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
        _fit_arm(shape, pose, points, seen, side)
        _fit_hand(shape, pose, points, seen, side)
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
    rest = shape.keypoints
    head, middle, rest_middle, is_known = _seen_head(rest, points, seen)
    chest_bone, top = shape.body.bone["spine01"], shape.body.bone["head"]
    lowest, *upper = (shape.body.bone[name] for name in NECK_BONES)
    wanted = middle + np.einsum("tij,tj->ti", head, shape.heads[top] - rest_middle)
    chest = move_bones(shape, pose).turned[:, chest_bone]
    relative = held(_relative(chest, head), is_known, np.eye(3))
    for _ in range(4):
        bones = move_bones(shape, pose)
        base = bones.placed[:, lowest]
        swing = shortest_arc(unit(bones.placed[:, top] - base), unit(wanted - base))
        tilt = held(_relative(chest, swing @ bones.turned[:, lowest]), is_known, np.eye(3))
        pose.rotations[:, lowest] = share_of(tilt, 1.0, MOST_TILT)
        rest_of_it = _relative(pose.rotations[:, lowest], relative)
        pose.rotations[:, upper] = share_of(rest_of_it, 1 / len(upper), MOST_NECK)[:, None]


def _seen_head(
    rest: np.ndarray, points: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Orientation of the head, middle of the points it was told from, their middle at rest, and whether known."""
    has_face = seen[:, STABLE_FACE].sum(axis=1) >= 5
    weights = np.zeros(seen.shape)
    weights[:, STABLE_FACE] = seen[:, STABLE_FACE] & has_face[:, None]
    weights[:, BODY_FACE] = seen[:, BODY_FACE] & ~has_face[:, None]
    is_known = weights.sum(axis=1) >= 4
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    middle, rest_middle = np.einsum("tk,tki->ti", share, points), share @ rest
    return best_rotation(rest, points, weights), middle, rest_middle, is_known


def _fit_arm(shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray, side: str) -> None:
    """Shoulder and elbow, so that the wrist is met and the elbow lies in the given plane."""
    body = shape.body
    shoulder, elbow, wrist, _ = ARMS[side]
    bones = move_bones(shape, pose)
    upper, fore, hand = (body.bone[f"{name}.{side}"] for name in ("upperarm01", "lowerarm01", "wrist"))
    at_rest_upper = shape.heads[fore] - shape.heads[upper]
    at_rest_fore = shape.heads[hand] - shape.heads[fore]
    lengths = np.linalg.norm(at_rest_upper), np.linalg.norm(at_rest_fore)
    hanging = HANGING * ((-1 if side == "L" else 1), 1, 1)
    at_shoulder, at_elbow = seen[:, shoulder], seen[:, shoulder] & seen[:, elbow]
    to_elbow = held(unit(points[:, elbow] - points[:, shoulder]), at_elbow, hanging[0])
    own = bones.placed[:, upper]
    reach = np.where(at_shoulder[:, None], points[:, wrist] - own, 0)
    reach = held(reach, at_shoulder & seen[:, wrist], lengths[0] * hanging[0] + lengths[1] * hanging[1])
    up_direction, fore_direction = _two_bones(reach, to_elbow, *(float(length) for length in lengths))
    turned = _hinged(bones.turned[:, body.bone[f"shoulder01.{side}"]], at_rest_upper, at_rest_fore, up_direction,
                     fore_direction)  # fmt: skip
    pose.rotations[:, upper] = _relative(bones.turned[:, body.bone[f"shoulder01.{side}"]], turned)
    forearm = shortest_arc(turned @ unit(at_rest_fore), fore_direction) @ turned
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


def _fit_hand(shape: Shape, pose: BodyPose, points: np.ndarray, seen: np.ndarray, side: str) -> None:
    """Wrist from the palm, forearm twist from the wrist, then the fingers."""
    body, rig = shape.body, hand_rig(shape, side)
    hand = points[:, ARMS[side][3]]
    has = seen[:, ARMS[side][3]]
    bones = move_bones(shape, pose)
    fore = body.bone[f"lowerarm01.{side}"]
    forearm = bones.turned[:, fore]
    palm = [0, 5, 9, 13, 17]
    weights = has[:, palm] * np.array([2.0, 1.0, 1.0, 1.0, 1.0])
    turned = best_rotation(rig.palm, hand[:, palm], weights)
    is_known = has[:, palm].sum(axis=1) >= 3
    relative = held(_relative(forearm, turned), is_known, np.eye(3))
    along = unit(shape.heads[rig.wrist] - shape.heads[fore])
    twist = twist_about(relative, along)
    swing = relative @ about(along, -twist)
    relative = share_of(swing, 1.0, MOST_WRIST) @ about(along, twist)
    first, second = (about(along, share * twist) for share in TWIST_SHARES)
    pose.rotations[:, fore] = pose.rotations[:, fore] @ first
    pose.rotations[:, body.bone[f"lowerarm02.{side}"]] = second
    pose.rotations[:, rig.wrist] = np.swapaxes(first @ second, -1, -2) @ relative
    _fit_fingers(pose, rig, turned, hand, has, is_known)


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


def _relative(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Rotation of a child in the axes of its parent."""
    local: np.ndarray = np.swapaxes(parent, -1, -2) @ child
    return local

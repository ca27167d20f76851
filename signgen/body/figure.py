"""The whole signer from its hands and face: 128 keypoints in metres, and those on a canvas."""

from __future__ import annotations

import numpy as np

from signgen.body.face import BODY_EARS, BODY_EYES, BODY_NOSE, PIVOT
from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.pose.layout import (
    FACE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_EYE,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    NUM_KEYPOINTS,
    RIGHT_EAR,
    RIGHT_ELBOW,
    RIGHT_EYE,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence

HIP = np.array([0.100, 0.500, 0.0])
# Shoulder width and height of the neck above the middle of a canvas, by its shorter side: a hand over the head stays
# inside, hands that hang may leave it.
SHOULDER_SHARE = 0.30
NECK_ABOVE_MIDDLE = 0.08
MIRROR = np.array([-1.0, 1.0, 1.0])
# Knees and ankles are outside the picture and missing.
_LEGS = (9, 10, 12, 13)


def place_body(
    right: tuple[np.ndarray, np.ndarray],
    left: tuple[np.ndarray, np.ndarray],
    face: np.ndarray,
    turns: np.ndarray,
    shifts: np.ndarray,
) -> np.ndarray:
    """(T, 128, 3) keypoints [m].

    Args:
        right: (T, 3) elbow and (T, 21, 3) keypoints of the right hand, the first of which is the wrist.
        left: the same of the left one.
        face: (T, 68, 3) points of an upright face.
        turns: (T, 3, 3) rotation of the head.
        shifts: (T, 3) shift of the head [m].
    """
    points = np.zeros((len(face), NUM_KEYPOINTS, 3))
    for (elbow, hand), side, e, w, block in (
        (right, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND),
        (left, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND),
    ):
        points[:, side, 0] = SHOULDER_WIDTH / 2 * (-1 if side == RIGHT_SHOULDER else 1)
        points[:, e], points[:, w], points[:, block] = elbow, hand[:, 0], hand
    points[:, LEFT_HIP], points[:, RIGHT_HIP] = HIP, HIP * MIRROR
    points[:, NOSE] = BODY_NOSE
    points[:, [RIGHT_EYE, LEFT_EYE]], points[:, [RIGHT_EAR, LEFT_EAR]] = BODY_EYES, BODY_EARS
    points[:, FACE] = face
    head = [NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR, *range(FACE.start, FACE.stop)]
    turned = (points[:, head] - PIVOT) @ turns.transpose(0, 2, 1)
    points[:, head] = turned + (PIVOT + shifts)[:, None]
    return points


def to_poses(points: np.ndarray, fps: float, width: int = 512, height: int = 512) -> PoseSequence:
    """(T, 128, 3) keypoints in metres on a canvas, with depth; legs are missing."""
    scale = SHOULDER_SHARE * min(width, height) / SHOULDER_WIDTH
    keypoints = np.ones(points.shape)
    keypoints[..., 0] = points[..., 0] * scale + width / 2
    keypoints[..., 1] = points[..., 1] * scale + height / 2 - NECK_ABOVE_MIDDLE * min(width, height)
    keypoints[:, _LEGS] = 0
    depth = points[..., 2] * scale
    depth[:, _LEGS] = 0
    return PoseSequence(keypoints, fps, width, height, depth)

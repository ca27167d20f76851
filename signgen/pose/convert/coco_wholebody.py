"""COCO-WholeBody 133: 17 body, 6 foot, 68 face, 21 + 21 hand keypoints, as MMPose and RTMPose give them."""

from __future__ import annotations

import numpy as np

from signgen.pose.convert.mapping import to_dwpose_mapping
from signgen.pose.layout import BODY_NAMES, FACE_NAMES, HAND_NAMES

BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle",
)  # fmt: skip
FEET = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
REST = (
    *(f"face_{name}" for name in FACE_NAMES),
    *(f"left_hand_{name}" for name in HAND_NAMES),
    *(f"right_hand_{name}" for name in HAND_NAMES),
)
NAMES = (*BODY, *FEET, *REST)

# COCO has no neck; DWPose puts it halfway between the shoulders.
NECK: dict[str, tuple[str, ...]] = {"neck": ("left_shoulder", "right_shoulder")}
TO_DWPOSE = to_dwpose_mapping(
    "coco-wholebody", NAMES, {name: name for name in (*BODY_NAMES, *REST) if name != "neck"}, NECK
)
FROM_DWPOSE = TO_DWPOSE.inverse()


def to_dwpose(points: np.ndarray) -> np.ndarray:
    """(T, 133, 3 or 4) to (T, 128, 3 or 4); the neck is derived, the feet are dropped."""
    return TO_DWPOSE(points)


def from_dwpose(keypoints: np.ndarray) -> np.ndarray:
    """(T, 128, 3 or 4) to (T, 133, 3 or 4); the neck is dropped, the feet are missing."""
    return FROM_DWPOSE(keypoints)

"""OpenPose: BODY_25 or COCO-18 body, 70 face, 21 + 21 hand keypoints; 137 with BODY_25."""

from __future__ import annotations

import numpy as np

from signgen.errors import PoseError
from signgen.pose.convert.mapping import Mapping, to_dwpose_mapping
from signgen.pose.layout import BODY_NAMES, FACE_NAMES, HAND_NAMES

FEET = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
BODY_25 = (*BODY_NAMES[:8], "mid_hip", *BODY_NAMES[8:], *FEET)
HANDS = tuple(f"{side}_hand_{name}" for side in ("left", "right") for name in HAND_NAMES)
FACE_68 = tuple(f"face_{name}" for name in FACE_NAMES)
FACE_70 = (*FACE_68, "face_right_pupil", "face_left_pupil")

NAMES = (*BODY_25, *FACE_70, *HANDS)
_SHARED = {name: name for name in (*BODY_NAMES, *FACE_68, *HANDS)}
TO_DWPOSE = to_dwpose_mapping("openpose-137", NAMES, _SHARED)
# A pupil is taken to be in the middle of its four lid points (the corners would pull it outwards).
FROM_DWPOSE = TO_DWPOSE.inverse(
    {
        "mid_hip": ("left_hip", "right_hip"),
        "face_right_pupil": tuple(f"face_right_eyelid_{i}" for i in (1, 2, 4, 5)),
        "face_left_pupil": tuple(f"face_left_eyelid_{i}" for i in (1, 2, 4, 5)),
    }
)
TO_DWPOSE_18 = to_dwpose_mapping("openpose-130", (*BODY_NAMES, *FACE_70, *HANDS), _SHARED)


def to_dwpose(points: np.ndarray) -> np.ndarray:
    """(T, 137, 3 or 4) with BODY_25, or (T, 130, 3 or 4) with the 18-keypoint body, to (T, 128, 3 or 4)."""
    return mapping(np.shape(points)[1] if np.ndim(points) == 3 else 137)(points)


def from_dwpose(keypoints: np.ndarray) -> np.ndarray:
    """(T, 128, 3 or 4) to (T, 137, 3 or 4); hip centre and pupils are derived, the feet are missing."""
    return FROM_DWPOSE(keypoints)


def mapping(count: int) -> Mapping:
    """The mapping for skeletons of ``count`` keypoints in all."""
    try:
        return {137: TO_DWPOSE, 130: TO_DWPOSE_18}[count]
    except KeyError:
        raise PoseError(
            f"openpose: expected 137 keypoints (BODY_25) or 130 (18-keypoint body), got {count}"
        ) from None

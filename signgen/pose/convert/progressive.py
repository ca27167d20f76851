"""The 150-dimensional skeletons of Progressive Transformers: 50 joints in 3-D, 8 of the body and two hands.

Joints 0 to 7 follow OpenPose's numbering (nose, neck, shoulder, elbow, wrist, ...) but the side that OpenPose
calls right (2, 3, 4) is at larger x, and the busier hand of right-handed signers is on the other side: the
picture is not mirrored, the sides are named the wrong way round. z grows towards the camera. There is no face,
no confidence and no canvas; the neck is the origin, and a unit is about three shoulder widths.
"""

from __future__ import annotations

import numpy as np

from signgen.pose.convert.mapping import Mapping, checked, to_dwpose_mapping
from signgen.pose.convert.placing import placed, unplaced
from signgen.pose.layout import HAND_NAMES

NAMES = (
    "nose", "neck", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
    *(f"right_hand_{name}" for name in HAND_NAMES), *(f"left_hand_{name}" for name in HAND_NAMES),
)  # fmt: skip
SHOULDER_WIDTH = 1 / 3
TO_DWPOSE: Mapping = to_dwpose_mapping("progressive-150", NAMES, {name: name for name in NAMES})
FROM_DWPOSE = TO_DWPOSE.inverse()


def to_dwpose(joints: np.ndarray, width: int, height: int) -> np.ndarray:
    """(T, 50, 3) x, y, z to (T, 128, 4) x, y, confidence, depth in pixels.

    The sequence is put on the canvas by its median shoulder width, see `placing`. A joint that is exactly 0
    (but for the neck) is missing.
    """
    joints = checked(joints, len(NAMES), "progressive-150")
    found = joints.any(axis=-1) & np.isfinite(joints).all(axis=-1)
    found[:, 1] = found.any(axis=1)
    points = np.stack([joints[..., 0], joints[..., 1], found.astype(np.float32), -joints[..., 2]], axis=-1)
    return placed(TO_DWPOSE(points), width, height)


def from_dwpose(keypoints: np.ndarray) -> np.ndarray:
    """(T, 128, 3 or 4) to (T, 50, 3) x, y, z, neck at the origin; missing keypoints are 0.

    The face is dropped; without depth z is 0. The scale makes the median shoulder width 1/3, as in the
    published data.
    """
    points = FROM_DWPOSE(unplaced(keypoints, SHOULDER_WIDTH))
    z = -points[..., 3] if points.shape[2] == 4 else np.zeros_like(points[..., 0])
    return np.stack([points[..., 0], points[..., 1], z], axis=-1)

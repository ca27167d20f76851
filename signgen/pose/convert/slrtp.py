"""The 178-keypoint 3-D skeletons of the SLRTP 2025 challenge: 8 of the body, two hands, 128 of the face.

Order as in the challenge's keypoint definition: right and left shoulder, elbow, wrist, then hips; right hand;
left hand; MediaPipe's face contour points in their set order. It carries neither canvas nor confidence. Which
side is really the signer's right, and whether z grows towards the camera or away, differs between the
estimates of the same videos in circulation, so both are read off the data: the signer faces the camera, and
hands are in front of the shoulders.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from signgen.pose.convert import holistic
from signgen.pose.convert.face_mesh import CONTOURS_SET_ORDER
from signgen.pose.convert.mapping import Mapping, checked
from signgen.pose.convert.placing import placed, unplaced
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import LEFT_SHOULDER, MIRROR, NECK, RIGHT_HAND, RIGHT_SHOULDER

_BODY = ("RIGHT_SHOULDER", "RIGHT_ELBOW", "RIGHT_WRIST", "LEFT_SHOULDER", "LEFT_ELBOW", "LEFT_WRIST",
         "RIGHT_HIP", "LEFT_HIP")  # fmt: skip
COMPONENTS: holistic.Components = (
    ("POSE_LANDMARKS", _BODY),
    ("RIGHT_HAND_LANDMARKS", holistic.HAND_POINTS),
    ("LEFT_HAND_LANDMARKS", holistic.HAND_POINTS),
    ("FACE_LANDMARKS", tuple(str(i) for i in CONTOURS_SET_ORDER)),
)
SWAPPED_NOTE = "sides were named the wrong way round and have been swapped"
TURNED_NOTE = "z grew towards the camera and has been turned"
NAMES = tuple(f"{component}.{point}" for component, points in COMPONENTS for point in points)
TO_DWPOSE = holistic.mapping_of(COMPONENTS)
FROM_DWPOSE: Mapping = dataclasses.replace(TO_DWPOSE.inverse(), layout="slrtp-178")


def to_dwpose(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """(T, 178, 3) x, y, z to (T, 128, 4) x, y, confidence, depth in pixels of a canvas, see `placing`."""
    return convert(points, width, height)[0]


def convert(points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, ConversionReport]:
    """What `to_dwpose` gives, and the report of this very conversion.

    A keypoint that is exactly 0 is missing. Nose, eyes, ears and the nose of the face are derived from the
    contours of the face.

    Raises:
        PoseError: the points are not of this layout.
    """
    points = checked(points, len(NAMES), "slrtp-178")
    found = points.any(axis=-1) & np.isfinite(points).all(axis=-1)
    z = points[..., 2]
    columns = np.stack([points[..., 0], points[..., 1], found.astype(np.float32), z], axis=-1)
    out, notes = facing(TO_DWPOSE(columns))
    out = holistic.completed(out, TO_DWPOSE)
    report = dataclasses.replace(holistic.report(COMPONENTS), layout="slrtp-178", notes=notes)
    return placed(out, width, height), report


def from_dwpose(keypoints: np.ndarray, shoulders: float = 1.0) -> np.ndarray:
    """(T, 128, 3 or 4) to (T, 178, 3) x, y, z, neck at 0, with a median shoulder width of ``shoulders``.

    69 of the 128 contour points of the face have no counterpart in iBUG-68 and are 0.
    """
    points = FROM_DWPOSE(unplaced(keypoints, shoulders))
    z = points[..., 3] if points.shape[2] == 4 else np.zeros_like(points[..., 0])
    return np.stack([points[..., 0], points[..., 1], z], axis=-1)


def facing(points: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Points of a signer who faces the camera: left sides at larger x, hands nearer than the shoulders.

    Args:
        points: (T, 128, 4) x, y, confidence, depth.

    Returns:
        The points with sides swapped or depth turned where needed, and a note on each.
    """
    notes = []
    if _median(points[:, LEFT_SHOULDER, [0, 2]]) < _median(points[:, RIGHT_SHOULDER, [0, 2]]):
        points[:, :60] = points[:, MIRROR[:60]]
        notes.append(SWAPPED_NOTE)
    if _median(points[:, 60 + 45, [0, 2]]) < _median(points[:, 60 + 36, [0, 2]]):
        points[:, 60:] = points[:, MIRROR[60:]]
    hands = points[:, 18 : RIGHT_HAND.stop, [3, 2]]
    if _median(hands.reshape(-1, 2)) > _median(points[:, NECK, [3, 2]]):
        points[..., 3] *= -1
        notes.append(TURNED_NOTE)
    return points, tuple(notes)


def _median(values: np.ndarray) -> float:
    seen = values[values[:, 1] > 0, 0]
    return float(np.median(seen)) if len(seen) else 0.0

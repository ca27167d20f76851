"""Skeletons without a canvas put on one, by the neck and the shoulders, and taken off again."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import LEFT_SHOULDER, NECK, RIGHT_SHOULDER
from signgen.pose.sequence import cleaned

SHOULDERS_OF_WIDTH = 0.25
NECK_AT = (0.5, 0.35)


def placed(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Points in any unit, on a canvas.

    Args:
        points: (T, 128, 4) x, y, confidence, depth.
        width: canvas width [px].
        height: canvas height [px].

    Returns:
        The same scaled so that the median shoulder width is a quarter of the shorter side of the canvas,
        with the median neck at half the width and 35 % of the height, and its depth 0.
    """
    scale = SHOULDERS_OF_WIDTH * min(width, height) / shoulder_width(points)
    found = points[..., 2] > 0
    out = points.astype(np.float32, copy=True)
    neck = points[found[:, NECK], NECK]
    origin = np.median(neck, axis=0) if len(neck) else np.zeros(4, np.float32)
    for column, at in ((0, NECK_AT[0] * width), (1, NECK_AT[1] * height), (3, 0.0)):
        out[..., column] = (points[..., column] - origin[column]) * scale + at
    out[~found] = 0
    out[..., :3] = cleaned(out[..., :3])
    return out


def unplaced(points: np.ndarray, shoulders: float) -> np.ndarray:
    """(T, 128, 3 or 4) points with the median shoulder width ``shoulders`` and each frame's neck at 0."""
    scale = shoulders / shoulder_width(points)
    found = points[..., 2] > 0
    out = points.astype(np.float32, copy=True)
    neck = points[:, NECK]
    if found[:, NECK].any():
        typical = np.median(neck[found[:, NECK]], axis=0)
        neck = np.where(found[:, NECK][:, None], neck, typical)
    for column in (0, 1, 3)[: points.shape[2] - 1]:
        out[..., column] = (points[..., column] - neck[:, None, column]) * scale
    out[~found] = 0
    return out


def shoulder_width(points: np.ndarray) -> float:
    """Median distance of the shoulders in the picture plane; 1 if they are never seen."""
    pair = points[:, [RIGHT_SHOULDER, LEFT_SHOULDER]]
    pair = pair[(pair[..., 2] > 0).all(axis=1)]
    width = float(np.median(np.hypot(*(pair[:, 0, :2] - pair[:, 1, :2]).T))) if len(pair) else 0.0
    return width if width > 0 else 1.0

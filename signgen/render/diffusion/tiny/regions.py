"""Where hands and face are in a picture, in cells, so that errors there can count more."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND

# How far from a keypoint its part reaches [px]: fingers are wider than the line between their joints.
REACH = 8


def cell_weights(
    keypoints: np.ndarray, width: int, height: int, cell: int, hands: float, face: float
) -> np.ndarray:
    """How much each cell of a frame counts: 1, more in the face, most at the hands; 1 on average over a frame.

    Args:
        keypoints: (T, 128, 3) x, y [px], confidence.
        width: of the frames [px].
        height: of the frames [px].
        cell: side of a cell [px].
        hands: weight near a hand, before scaling.
        face: weight in the face, before scaling.

    Returns:
        (T, height / cell, width / cell) float32.
    """
    shape = len(keypoints), height // cell, width // cell
    weights = np.ones(shape, np.float32)
    for part, weight in ((FACE, face), (LEFT_HAND, hands), (RIGHT_HAND, hands)):
        for frame, points in enumerate(keypoints[:, part]):
            seen = points[points[:, 2] > 0, :2]
            if len(seen):
                _raise(weights[frame], np.floor(seen / cell).astype(np.int64), REACH // cell, weight)
    weights /= weights.mean((1, 2), keepdims=True)
    return weights


def _raise(weights: np.ndarray, cells: np.ndarray, reach: int, weight: float) -> None:
    """Raise the cells around x, y positions to a weight; what lies outside is left out."""
    height, width = weights.shape
    for x, y in np.unique(np.clip(cells, -reach - 1, (width + reach, height + reach)), axis=0):
        rows = slice(max(0, y - reach), max(0, y + reach + 1))
        columns = slice(max(0, x - reach), max(0, x + reach + 1))
        np.maximum(weights[rows, columns], weight, out=weights[rows, columns])

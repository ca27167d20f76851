"""Fixed point to float32 keypoints, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def decode_keypoints(
    xy: np.ndarray, confidence: np.ndarray, left: float, top: float, step: float, out: np.ndarray
) -> None:
    """Fill ``out`` with x, y, confidence.

    The arrays are flat, for then the compiler sees every distance in memory and uses vector instructions.

    Args:
        xy: (2 N,) uint16 steps from the origin, x and y in turn.
        confidence: (N,) uint8, 255 for certain, 0 for missing.
        left: x of the origin [px].
        top: y of the origin [px].
        step: size of one step [px].
        out: (3 N,) float32.
    """
    x0, y0, scale, zero = np.float32(left), np.float32(top), np.float32(step), np.float32(0)
    for k in range(confidence.shape[0]):
        is_there = np.float32(confidence[k] != 0)
        out[3 * k] = (x0 + np.float32(xy[2 * k]) * scale) * is_there + zero  # no -0
        out[3 * k + 1] = (y0 + np.float32(xy[2 * k + 1]) * scale) * is_there + zero  # no -0
        out[3 * k + 2] = np.float32(confidence[k]) / np.float32(255)

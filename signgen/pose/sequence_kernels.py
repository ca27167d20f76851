"""The check of a `PoseSequence`'s values in one compiled pass."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def is_legal(keypoints: np.ndarray) -> bool:
    """Whether all confidences lie in [0, 1], coordinates are finite and those of missing keypoints are 0."""
    for t in range(keypoints.shape[0]):
        for k in range(keypoints.shape[1]):
            x, y, confidence = keypoints[t, k, 0], keypoints[t, k, 1], keypoints[t, k, 2]
            if not 0 <= confidence <= 1 or not (math.isfinite(x) and math.isfinite(y)):
                return False
            if confidence == 0 and (x != 0 or y != 0):
                return False
    return True

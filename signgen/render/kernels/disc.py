"""Rows of the filled discs that mark keypoints."""

from __future__ import annotations

import numpy as np
from numba import njit


def _disc(radius: int) -> np.ndarray:
    """Half width of each row of a filled disc, from the middle row outwards, by the midpoint circle rule."""
    reach = np.zeros(radius + 1, dtype=np.int64)
    error, dx, dy, plus, minus = 0, radius, 0, 1, 2 * radius - 1
    while dx >= dy:
        reach[dy] = max(reach[dy], dx)
        reach[dx] = max(reach[dx], dy)
        dy += 1
        error += plus
        plus += 2
        if error > 0:
            error -= minus
            dx -= 1
            minus -= 2
    return reach


DISCS = np.stack([np.pad(_disc(radius), (0, 4 - radius)) for radius in range(5)])


@njit(cache=True, nogil=True)
def disc_rows(x: int, y: int, radius: int, width: int, height: int, rows: np.ndarray) -> tuple[int, int]:
    """Rows of the filled disc of ``radius`` 3 or 4 around (x, y)."""
    first, last = max(y - radius, 0), min(y + radius, height - 1)
    for row in range(first, last + 1):
        reach = DISCS[radius, abs(row - y)]
        rows[row, 0] = max(x - reach, 0)
        rows[row, 1] = min(x + reach, width - 1)
    return first, last

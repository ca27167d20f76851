"""Rows of pixels that a shape covers, and what the shapes have in common.

A shape is one run of pixels in each of its rows: ``rows[y]`` holds the first and last column of row y, a first
one beyond the last where there is none. The functions named after shapes fill it and return the first and last
row they used. Which pixels those are is OpenCV's rule for 8-connected drawing (16 fractional bits, integer
clipping before stepping), so that a picture filled from these rows equals the one that OpenCV draws.

Coordinates must stay within `LIMIT`: a shape is walked row by row from where it starts, also off the canvas.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SHIFT = 16
ONE = 1 << SHIFT
HALF = ONE >> 1
EMPTY = 1 << 30  # first column of a row without pixels
LIMIT = 1 << 15  # farthest coordinate that is drawn [px]


def scratch(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Working memory for a canvas of ``height`` rows: rows (height, 2) int32 and corners (3, 361) int64."""
    return np.zeros((height, 2), dtype=np.int32), np.zeros((3, 361), dtype=np.int64)


@njit(cache=True, nogil=True)
def open_rows(low: int, high: int, height: int, rows: np.ndarray) -> tuple[int, int]:
    """Empty the rows from ``low`` to ``high`` that are on the canvas; the first and last of them."""
    first, last = max(low, 0), min(high, height - 1)
    for y in range(first, last + 1):
        rows[y, 0] = EMPTY
        rows[y, 1] = -1
    return first, last


@njit(cache=True, nogil=True)
def mark(x: int, y: int, rows: np.ndarray) -> None:
    """Widen row ``y`` to column ``x``; both on the canvas, or x to be cut to it later."""
    rows[y, 0] = min(rows[y, 0], x)
    rows[y, 1] = max(rows[y, 1], x)


@njit(cache=True, nogil=True)
def mark_run(xa: int, xb: int, y: int, width: int, height: int, rows: np.ndarray) -> None:
    """Widen row ``y`` to the columns from ``xa`` to ``xb`` that are on the canvas."""
    if 0 <= y < height and xb >= 0 and xa < width:
        rows[y, 0] = min(rows[y, 0], max(xa, 0))
        rows[y, 1] = max(rows[y, 1], min(xb, width - 1))


@njit(cache=True, nogil=True)
def quotient(a: int, b: int) -> int:
    """a / b cut toward zero, b > 0, as C divides."""
    return a // b if a >= 0 else -(-a // b)


@njit(cache=True, nogil=True)
def side_code(x: int, y: int, right: int, bottom: int) -> int:
    """Which sides of the canvas a point is beyond: 1 left, 2 right, 4 above, 8 below, added up."""
    return (x < 0) + (x > right) * 2 + (y < 0) * 4 + (y > bottom) * 8


@njit(cache=True, nogil=True)
def clip(width: int, height: int, xa: int, ya: int, xb: int, yb: int) -> tuple[bool, int, int, int, int]:
    """Cut a line to the canvas, moving its ends by whole units; False if nothing is left."""
    right, bottom = width - 1, height - 1
    a = side_code(xa, ya, right, bottom)
    b = side_code(xb, yb, right, bottom)
    if (a & b) == 0 and (a | b) != 0:
        if a & 12:
            edge = 0 if a < 8 else bottom
            xa += int(float(edge - ya) * (xb - xa) / (yb - ya))
            ya = edge
            a = (xa < 0) + (xa > right) * 2
        if b & 12:
            edge = 0 if b < 8 else bottom
            xb += int(float(edge - yb) * (xb - xa) / (yb - ya))
            yb = edge
            b = (xb < 0) + (xb > right) * 2
        if (a & b) == 0 and (a | b) != 0:
            if a:
                edge = 0 if a == 1 else right
                ya += int(float(edge - xa) * (yb - ya) / (xb - xa))
                xa = edge
                a = 0
            if b:
                edge = 0 if b == 1 else right
                yb += int(float(edge - xb) * (yb - ya) / (xb - xa))
                xb = edge
                b = 0
    return (a | b) == 0, xa, ya, xb, yb

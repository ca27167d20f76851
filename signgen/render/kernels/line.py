"""Rows of hand bones: thin lines, and lines of thickness 2 with round ends."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from signgen.render.kernels.limb import mark_line
from signgen.render.kernels.rows import HALF, ONE, SHIFT, clip, mark, mark_run, open_rows, quotient


@njit(cache=True, nogil=True)
def line_rows(
    xa: int, ya: int, xb: int, yb: int, thick: int, width: int, height: int, rows: np.ndarray
) -> tuple[int, int]:
    """Rows of the line of thickness 1 or 2, that with round ends, from (xa, ya) to (xb, yb), whole numbers.

    A thick line is first cut to the canvas and 2 px around it, as OpenCV does since 4.13 (before that a line
    over the edge could differ by a pixel).
    """
    if thick == 1:
        first, last = open_rows(min(ya, yb), max(ya, yb), height, rows)
        mark_line(xa, ya, xb, yb, width, height, rows)
        return first, last
    visible, xa, ya, xb, yb = clip(
        width + 2 * thick, height + 2 * thick, xa + thick, ya + thick, xb + thick, yb + thick
    )
    if not visible:
        return 0, -1
    xa, ya, xb, yb = xa - thick, ya - thick, xb - thick, yb - thick
    first, last = open_rows(min(ya, yb) - thick, max(ya, yb) + thick, height, rows)
    is_free = min(xa, xb) >= thick and max(xa, xb) < width - thick
    is_free = is_free and min(ya, yb) >= thick and max(ya, yb) < height - thick
    if xa != xb or ya != yb:
        _mark_rectangle(xa, ya, xb, yb, is_free, width, height, rows)
    for x, y in ((xa, ya), (xb, yb)):
        mark_run(x, x, y - 1, width, height, rows)
        mark_run(x - 1, x + 1, y, width, height, rows)
        mark_run(x, x, y + 1, width, height, rows)
    for y in range(first, last + 1):
        rows[y, 0] = max(rows[y, 0], 0)
        rows[y, 1] = min(rows[y, 1], width - 1)
    return first, last


@njit(cache=True, nogil=True)
def _mark_rectangle(
    xa: int, ya: int, xb: int, yb: int, is_free: bool, width: int, height: int, rows: np.ndarray
) -> None:
    """The rectangle one pixel to both sides of a line, with 16 fractional bits, side by side."""
    reach = ONE / math.sqrt(float((xa - xb) ** 2 + (ya - yb) ** 2))
    ox, oy = int(np.rint((yb - ya) * reach)), int(np.rint((xa - xb) * reach))
    xa, ya, xb, yb = xa << SHIFT, ya << SHIFT, xb << SHIFT, yb << SHIFT
    x, y = xb + ox, yb + oy
    for to_x, to_y in ((xa + ox, ya + oy), (xa - ox, ya - oy), (xb - ox, yb - oy), (xb + ox, yb + oy)):
        _mark_fixed_line(x, y, to_x, to_y, is_free, width, height, rows)
        if to_y > y:
            _mark_fixed_slope(x, y, to_x, to_y, height, rows)
        else:
            _mark_fixed_slope(to_x, to_y, x, y, height, rows)
        x, y = to_x, to_y


@njit(cache=True, nogil=True)
def _mark_fixed_line(
    xa: int, ya: int, xb: int, yb: int, is_free: bool, width: int, height: int, rows: np.ndarray
) -> None:
    """The pixels of a thin line between points with 16 fractional bits; ``is_free`` if all are on the canvas."""
    if not is_free:
        visible, xa, ya, xb, yb = clip(width << SHIFT, height << SHIFT, xa, ya, xb, yb)
        if not visible:
            return
    dx, dy = xb - xa, yb - ya
    flat = abs(dx) > abs(dy)
    if (flat and dx < 0) or (not flat and dy < 0):
        xa, ya, xb, yb = xb, yb, xa, ya
        dx, dy = -dx, -dy
    x, y = (xb + HALF) >> SHIFT, (yb + HALF) >> SHIFT
    if is_free or (0 <= y < height and 0 <= x < width):
        mark(x, y, rows)
    if flat:
        step, x, at = quotient(dy << SHIFT, dx | 1), (xa + HALF) >> SHIFT, ya + HALF
        for x in range(x, x + (dx >> SHIFT) + 1):  # noqa: B020
            y = at >> SHIFT
            if is_free or (0 <= y < height and 0 <= x < width):
                mark(x, y, rows)
            at += step
        return
    step, y, at = quotient(dx << SHIFT, dy | 1), (ya + HALF) >> SHIFT, xa + HALF
    for y in range(y, y + (dy >> SHIFT) + 1):  # noqa: B020
        x = at >> SHIFT
        if is_free or (0 <= y < height and 0 <= x < width):
            mark(x, y, rows)
        at += step


@njit(cache=True, nogil=True)
def _mark_fixed_slope(xa: int, ya: int, xb: int, yb: int, height: int, rows: np.ndarray) -> None:
    """The inside's bound along an edge that goes down, between points with 16 fractional bits."""
    first, end = (ya + HALF) >> SHIFT, (yb + HALF) >> SHIFT
    if end <= first:
        return
    step = quotient(2 * (xb - xa) + end - first, 2 * (end - first))
    for y in range(max(first, 0), min(end, height)):
        mark((xa + HALF + step * (y - first)) >> SHIFT, y, rows)

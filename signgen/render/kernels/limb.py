"""Rows of body limbs: convex polygons around an ellipse, with a corner at every degree."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from signgen.render.kernels.rows import HALF, SHIFT, clip, mark, open_rows, quotient, side_code

NEAR = 16  # longest edge whose slope is looked up [px]


def _sine_table() -> np.ndarray:
    """sin(0), sin(1), ... sin(450 degrees) with the seven decimals of OpenCV's table, as float32 values."""
    degrees = np.arange(451)
    return np.round(np.sin(np.deg2rad(degrees)), 7).astype(np.float32).astype(np.float64)


def _steps() -> np.ndarray:
    """`_step` for short edges, by dy and dx + NEAR: a division for each edge is what limbs would wait for."""
    dy = np.arange(NEAR + 1)[:, None]
    rounded = 2 * (np.arange(-NEAR, NEAR + 1) << SHIFT)[None] + dy
    steps: np.ndarray = np.sign(rounded) * (np.abs(rounded) // np.maximum(2 * dy, 1))
    return steps


def _ties() -> np.ndarray:
    """What the thin line adds before it is cut to whole pixels, by dy: a half that rounds ties down.

    A little more than that, because its `RISES` are cut off; too little to reach the next fraction of dy.
    """
    dy = np.arange(NEAR + 1)
    ties: np.ndarray = np.maximum(dy - 1, 0) * HALF // np.maximum(dy, 1) + 2 * NEAR
    return ties


STEPS = _steps()
# x of the thin line from row to row, by dy and dx + NEAR, cut toward zero to 16 fractional bits.
RISES = np.sign(STEPS) * (
    np.abs(np.arange(-NEAR, NEAR + 1) << SHIFT) // np.maximum(np.arange(NEAR + 1), 1)[:, None]
)
TIES = _ties()
SINE = _sine_table()
SIN = SINE[:361].copy()
COS = SINE[450 - np.arange(361)].copy()


@njit(cache=True, nogil=True)
def limb_rows(
    xa: float, ya: float, xb: float, yb: float, stick: int, part: int, width: int, height: int,
    rows: np.ndarray, corners: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Rows of the limb between two points: an ellipse with half axes (length / 2, stick) around their middle.

    Length, angle in degrees and middle are cut to whole numbers, as in the pictures ControlNets learned from.
    A limb over the edge of the canvas comes in three parts, ``part`` 0 to 2 (inside, outline down, outline
    up; in this order), because a cut outline can stand a pixel apart from it. Returns first row, last row and
    the number of parts.
    """
    dx, dy = xa - xb, ya - yb
    half = int(math.sqrt(dy * dy + dx * dx) / 2)
    angle = int(math.degrees(math.atan2(dy, dx))) % 360
    cx, cy = int((xa + xb) / 2), int((ya + yb) / 2)
    cosine, sine = COS[angle], SIN[angle]
    reach_x = int(half * abs(cosine) + stick * abs(sine)) + 2
    reach_y = int(half * abs(sine) + stick * abs(cosine)) + 2
    if cx + reach_x < 0 or cy + reach_y < 0 or cx - reach_x >= width or cy - reach_y >= height:
        return 0, -1, 1
    px, py = corners[0], corners[1]
    if part == 0:
        for i in range(361):
            along, across = half * COS[i], stick * SIN[i]
            px[i] = int(np.rint(cx + along * cosine - across * sine))
            py[i] = int(np.rint(cy + along * sine + across * cosine))
    first, last = open_rows(cy - reach_y, cy + reach_y, height, rows)
    if part > 0:
        _mark_cut_edges(corners, part == 1, width, height, rows)
        return first, last, 3
    if not _mark_ring(corners, width, height, rows):
        return first, last, 1
    for y in range(first, last + 1):
        rows[y, 0] = max(rows[y, 0], 0)
        rows[y, 1] = min(rows[y, 1], width - 1)
    return first, last, 3


@njit(cache=True, nogil=True)
def _mark_ring(corners: np.ndarray, width: int, height: int, rows: np.ndarray) -> bool:
    """Outline and inside of a limb, edge by edge; True if it goes over the edge of the canvas.

    The corners go round clockwise, so an edge that goes down bounds its rows on the right and one that goes
    up on the left. A flat edge has no pixels between its ends that count, and one to the next row has two.
    An edge that is not wholly on the canvas bounds the inside alone, in columns that may lie beyond it, and
    is listed in ``corners[2]``, after the number of those listed, unless all of it is beyond one side.
    """
    px, py, cut = corners[0], corners[1], corners[2]
    xa, ya = px[0], py[0]
    was_on = 0 <= xa < width and 0 <= ya < height
    is_cut, cut[0] = not was_on, 0
    for i in range(361):
        xb, yb = px[i], py[i]
        is_on = 0 <= xb < width and 0 <= yb < height
        if is_on:
            mark(xb, yb, rows)
        dx, dy = xb - xa, yb - ya
        if not (is_on and was_on):
            is_cut = True
            _mark_slope(xa, ya, dx, dy, height, rows)
            if side_code(xa, ya, width - 1, height - 1) & side_code(xb, yb, width - 1, height - 1) == 0:
                cut[0] += 1
                cut[cut[0]] = i
        elif dy > 1:
            _mark_edge(xa, ya, dx, dy, 1, 1, rows)
        elif dy < -1:
            _mark_edge(xb, yb, -dx, -dy, 0, -1, rows)
        elif (dx > 1 or dx < -1) and dy != 0:
            _mark_step(xa, ya, xb, yb, rows)
        xa, ya, was_on = xb, yb, is_on
    return is_cut


@njit(cache=True, nogil=True)
def _mark_cut_edges(corners: np.ndarray, down: bool, width: int, height: int, rows: np.ndarray) -> None:
    """The outline of the listed edges that go down, or of the others."""
    px, py, cut = corners[0], corners[1], corners[2]
    for k in range(1, cut[0] + 1):
        i = cut[k]
        if (py[i] > py[i - 1]) == down:
            mark_line(px[i - 1], py[i - 1], px[i], py[i], width, height, rows)


@njit(cache=True, nogil=True)
def _mark_slope(x: int, y: int, dx: int, dy: int, height: int, rows: np.ndarray) -> None:
    """The inside's bound along an edge from (x, y), in its rows that are on the canvas."""
    side, sign = (1, 1) if dy > 0 else (0, -1)
    if dy < 0:
        x, y, dx, dy = x + dx, y + dy, -dx, -dy
    if dy == 0 or y >= height or y + dy <= 0:
        return
    step = _step(dx, dy)
    for row in range(max(y, 0), min(y + dy, height)):
        edge = ((x << SHIFT) + HALF + step * (row - y)) >> SHIFT
        rows[row, side] = sign * max(sign * rows[row, side], sign * edge)


@njit(cache=True, nogil=True)
def _mark_edge(x: int, y: int, dx: int, dy: int, side: int, sign: int, rows: np.ndarray) -> None:
    """Rows between the ends of an edge from (x, y) down by ``dy`` > 1 that bounds one side: (0, -1) left, (1, 1).

    In each row the outermost of the thin line's pixel and the edge's own x, which round ties differently.
    """
    if dx == 0:
        for row in range(y + 1, y + dy):
            rows[row, side] = sign * max(sign * rows[row, side], sign * x)
    elif dy <= NEAR and abs(dx) <= dy:
        edge, step = (x << SHIFT) + HALF, STEPS[dy, dx + NEAR]
        line, rise = (x << SHIFT) + TIES[dy], RISES[dy, dx + NEAR]
        if dx < 0:
            line += (dx << SHIFT) - dy * rise
        for row in range(y + 1, y + dy):
            edge += step
            line += rise
            outer = max(sign * (edge >> SHIFT), sign * (line >> SHIFT))
            rows[row, side] = sign * max(sign * rows[row, side], outer)
    else:
        step = _step(dx, dy)
        for row in range(y + 1, y + dy):
            edge = ((x << SHIFT) + HALF + step * (row - y)) >> SHIFT
            rows[row, side] = sign * max(sign * rows[row, side], sign * edge)
        _mark_line_on_canvas(x, y, x + dx, y + dy, rows)


@njit(cache=True, nogil=True)
def _mark_step(xa: int, ya: int, xb: int, yb: int, rows: np.ndarray) -> None:
    """The two pixels where a thin line between neighbouring rows changes row; its ends are marked already."""
    if xb < xa:
        xa, ya, xb, yb = xb, yb, xa, ya
    x = xa + (xb - xa) // 2
    mark(x, ya, rows)
    mark(x + 1, yb, rows)


@njit(cache=True, nogil=True)
def _step(dx: int, dy: int) -> int:
    """x step from row to row along an edge, to 16 fractional bits."""
    return quotient(2 * (dx << SHIFT) + dy, 2 * dy)


@njit(cache=True, nogil=True)
def mark_line(xa: int, ya: int, xb: int, yb: int, width: int, height: int, rows: np.ndarray) -> None:
    """The pixels of a thin line between whole pixels, by the midpoint rule from left to right."""
    visible, xa, ya, xb, yb = clip(width, height, xa, ya, xb, yb)
    if not visible:
        return
    _mark_line_on_canvas(xa, ya, xb, yb, rows)


@njit(cache=True, nogil=True)
def _mark_line_on_canvas(xa: int, ya: int, xb: int, yb: int, rows: np.ndarray) -> None:
    if xb < xa:
        xa, ya, xb, yb = xb, yb, xa, ya
    dx = xb - xa
    dy = abs(yb - ya)
    step = 1 if yb >= ya else -1
    if dy > dx:
        error = dy - 2 * dx
        for _ in range(dy + 1):
            mark(xa, ya, rows)
            ya += step
            if error < 0:
                xa += 1
                error += 2 * dy
            error -= 2 * dx
        return
    error = dx - 2 * dy
    for _ in range(dx + 1):
        mark(xa, ya, rows)
        xa += 1
        if error < 0:
            ya += step
            error += 2 * dx
        error -= 2 * dy

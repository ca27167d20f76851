"""Which pixels OpenCV fills for the three primitives of DWPose pictures, row by row and bit for bit.

Limbs are convex polygons around an ellipse, hand bones lines of thickness 2, keypoints filled discs. The
rules are those of OpenCV's 8-connected drawing (16 fractional bits, integer clipping before stepping), so a
picture filled from these rows equals the one OpenCV draws. Every shape is one run of pixels a row: the
functions leave the first and last column of row y in ``rows[y]`` and return the rows they used.

Coordinates must stay within `LIMIT`: a shape is walked row by row from where it starts, also off the canvas.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SHIFT = 16
ONE = 1 << SHIFT
HALF = ONE >> 1
THICK = 2  # thickness of a hand bone, and how far off the canvas it is cut [px]
STICK = 4  # half the width of a limb [px]
EMPTY = 1 << 30  # first column of a row without pixels
LIMIT = 1 << 15  # farthest coordinate that is drawn [px]


def _sine_table() -> np.ndarray:
    """sin(0), sin(1), ... sin(450 degrees) with the seven decimals of OpenCV's table, as float32 values."""
    degrees = np.arange(451)
    return np.round(np.sin(np.deg2rad(degrees)), 7).astype(np.float32).astype(np.float64)


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
SINE = _sine_table()
SIN = SINE[:361].copy()
COS = SINE[450 - np.arange(361)].copy()


def scratch(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Working memory for a canvas of ``height`` rows: rows (height, 2) int64 and corners (2, 362) float64."""
    return np.zeros((height, 2), dtype=np.int64), np.zeros((2, 362), dtype=np.float64)


@njit(cache=True, nogil=True)
def limb_rows(
    xa: float, ya: float, xb: float, yb: float, part: int, width: int, height: int, rows: np.ndarray,
    corners: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Rows of the limb between two points: an ellipse with half axes (length / 2, 4) around their middle.

    Length, angle in degrees and middle are cut to whole numbers, as in the pictures ControlNets learned from.
    A limb over the edge of the canvas comes in three parts, ``part`` 0 to 2 (inside, outline down, outline
    up), because cut outlines can stand a pixel apart from it. Returns first row, last row, number of parts.
    """
    dx, dy = xa - xb, ya - yb
    half = int(math.sqrt(dy * dy + dx * dx) / 2)
    angle = int(math.degrees(math.atan2(dy, dx))) % 360
    cx, cy = int((xa + xb) / 2), int((ya + yb) / 2)
    cosine, sine = COS[angle], SIN[angle]
    reach_x = int(half * abs(cosine) + STICK * abs(sine)) + 2
    reach_y = int(half * abs(sine) + STICK * abs(cosine)) + 2
    if cx + reach_x < 0 or cy + reach_y < 0 or cx - reach_x >= width or cy - reach_y >= height:
        return 0, -1, 1
    px, py = corners[0], corners[1]
    for i in range(361):
        along, across = half * COS[i], STICK * SIN[i]
        px[i] = np.rint(cx + along * cosine - across * sine)
        py[i] = np.rint(cy + along * sine + across * cosine)
    first, last = _open_rows(cy - reach_y, cy + reach_y, height, rows)
    if cx >= reach_x and cy >= reach_y and cx + reach_x < width and cy + reach_y < height:
        _mark_ring(px, py, rows)
        return first, last, 1
    n = _distinct(px, py)
    if part == 0:
        _mark_inside(px, py, n, 0, width, height, rows)
    else:
        _mark_outline(px, py, n, part == 1, width, height, rows)
    return first, last, 3


@njit(cache=True, nogil=True)
def _mark_outline(
    px: np.ndarray, py: np.ndarray, n: int, down: bool, width: int, height: int, rows: np.ndarray
) -> None:
    """The edges of a polygon that go down, or the others."""
    for i in range(n):
        j = i - 1 if i else n - 1
        if (py[i] > py[j]) == down:
            _mark_line(int(px[j]), int(py[j]), int(px[i]), int(py[i]), width, height, rows)


@njit(cache=True, nogil=True)
def _distinct(px: np.ndarray, py: np.ndarray) -> int:
    """Drop corners that repeat the one before; how many are left."""
    n = 1
    for i in range(1, 361):
        if px[i] != px[n - 1] or py[i] != py[n - 1]:
            px[n] = px[i]
            py[n] = py[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _mark_ring(px: np.ndarray, py: np.ndarray, rows: np.ndarray) -> None:
    """Outline and inside of a closed convex polygon that lies on the canvas, edge by edge.

    The same pixels as `_mark_line` and `_mark_inside` give: an edge of one pixel needs its ends alone, and
    one over a single row has no inside of its own.
    """
    xa, ya = int(px[0]), int(py[0])
    _mark(xa, ya, rows)
    for i in range(1, 361):
        xb, yb = int(px[i]), int(py[i])
        dx, dy = xb - xa, yb - ya
        if dx == 0 and dy == 0:
            continue
        _mark(xb, yb, rows)
        if abs(dx) > 1 or abs(dy) > 1:
            _mark_line_on_canvas(xa, ya, xb, yb, rows)
            if dy > 1:
                _mark_slope(xa, ya, dx, dy, rows)
            elif dy < -1:
                _mark_slope(xb, yb, -dx, -dy, rows)
        xa, ya = xb, yb


@njit(cache=True, nogil=True)
def _mark_slope(x: int, y: int, dx: int, dy: int, rows: np.ndarray) -> None:
    """The edge from (x, y) down by ``dy`` rows, x rounded in each row, the last row left out."""
    step = _quotient(2 * (dx << SHIFT) + dy, 2 * dy)
    x = (x << SHIFT) + HALF
    for row in range(y, y + dy):
        _mark(x >> SHIFT, row, rows)
        x += step


@njit(cache=True, nogil=True)
def line_rows(
    xa: int, ya: int, xb: int, yb: int, width: int, height: int, rows: np.ndarray, corners: np.ndarray
) -> tuple[int, int]:
    """Rows of the line of thickness 2 with round ends from (xa, ya) to (xb, yb), whole numbers.

    The line is first cut to the canvas and 2 px around it, as OpenCV does since 4.13 (before that a line
    over the edge could differ by a pixel).
    """
    visible, xa, ya, xb, yb = _clip(
        width + 2 * THICK, height + 2 * THICK, xa + THICK, ya + THICK, xb + THICK, yb + THICK
    )
    if not visible:
        return 0, -1
    xa, ya, xb, yb = xa - THICK, ya - THICK, xb - THICK, yb - THICK
    px, py = corners[0], corners[1]
    dx = float(xa - xb)
    dy = float(yb - ya)
    square = dx * dx + dy * dy
    n = 0
    ox = oy = 0
    if square > 0:
        reach = ONE / math.sqrt(square)
        ox = int(np.rint(dy * reach))
        oy = int(np.rint(dx * reach))
        n = 4
    px[0], py[0] = (xa << SHIFT) + ox, (ya << SHIFT) + oy
    px[1], py[1] = (xa << SHIFT) - ox, (ya << SHIFT) - oy
    px[2], py[2] = (xb << SHIFT) - ox, (yb << SHIFT) - oy
    px[3], py[3] = (xb << SHIFT) + ox, (yb << SHIFT) + oy
    first, last = _open_rows(min(ya, yb) - 2, max(ya, yb) + 2, height, rows)
    if n:
        for i in range(4):
            j = (i + 3) % 4
            _mark_fixed_line(int(px[j]), int(py[j]), int(px[i]), int(py[i]), width, height, rows)
        _mark_inside(px, py, 4, SHIFT, width, height, rows)
    for x, y in ((xa, ya), (xb, yb)):
        _mark_run(x, x, y - 1, width, height, rows)
        _mark_run(x - 1, x + 1, y, width, height, rows)
        _mark_run(x, x, y + 1, width, height, rows)
    return first, last


@njit(cache=True, nogil=True)
def disc_rows(x: int, y: int, radius: int, width: int, height: int, rows: np.ndarray) -> tuple[int, int]:
    """Rows of the filled disc of ``radius`` 3 or 4 around (x, y)."""
    first, last = max(y - radius, 0), min(y + radius, height - 1)
    for row in range(first, last + 1):
        reach = DISCS[radius, abs(row - y)]
        rows[row, 0] = max(x - reach, 0)
        rows[row, 1] = min(x + reach, width - 1)
    return first, last


@njit(cache=True, nogil=True)
def _open_rows(low: int, high: int, height: int, rows: np.ndarray) -> tuple[int, int]:
    """Empty the rows from ``low`` to ``high`` that are on the canvas; the first and last of them."""
    first, last = max(low, 0), min(high, height - 1)
    for y in range(first, last + 1):
        rows[y, 0] = EMPTY
        rows[y, 1] = -1
    return first, last


@njit(cache=True, nogil=True, inline="always")
def _mark(x: int, y: int, rows: np.ndarray) -> None:
    rows[y, 0] = min(rows[y, 0], x)
    rows[y, 1] = max(rows[y, 1], x)


@njit(cache=True, nogil=True)
def _mark_run(xa: int, xb: int, y: int, width: int, height: int, rows: np.ndarray) -> None:
    if 0 <= y < height and xb >= 0 and xa < width:
        _mark(max(xa, 0), y, rows)
        _mark(min(xb, width - 1), y, rows)


@njit(cache=True, nogil=True)
def _quotient(a: int, b: int) -> int:
    """a / b cut toward zero, b > 0, as C divides."""
    return a // b if a >= 0 else -(-a // b)


@njit(cache=True, nogil=True)
def _code(x: int, y: int, right: int, bottom: int) -> int:
    return (x < 0) + (x > right) * 2 + (y < 0) * 4 + (y > bottom) * 8


@njit(cache=True, nogil=True)
def _clip(width: int, height: int, xa: int, ya: int, xb: int, yb: int) -> tuple[bool, int, int, int, int]:
    """Cut a line to the canvas, moving its ends by whole units; False if nothing is left."""
    right, bottom = width - 1, height - 1
    a = _code(xa, ya, right, bottom)
    b = _code(xb, yb, right, bottom)
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


@njit(cache=True, nogil=True)
def _mark_line(xa: int, ya: int, xb: int, yb: int, width: int, height: int, rows: np.ndarray) -> None:
    """The pixels of a thin line between whole pixels, by the midpoint rule from left to right."""
    visible, xa, ya, xb, yb = _clip(width, height, xa, ya, xb, yb)
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
            _mark(xa, ya, rows)
            ya += step
            if error < 0:
                xa += 1
                error += 2 * dy
            error -= 2 * dx
        return
    error = dx - 2 * dy
    for _ in range(dx + 1):
        _mark(xa, ya, rows)
        xa += 1
        if error < 0:
            ya += step
            error += 2 * dx
        error -= 2 * dy


@njit(cache=True, nogil=True)
def _mark_fixed_line(xa: int, ya: int, xb: int, yb: int, width: int, height: int, rows: np.ndarray) -> None:
    """The pixels of a thin line between points with 16 fractional bits."""
    visible, xa, ya, xb, yb = _clip(width << SHIFT, height << SHIFT, xa, ya, xb, yb)
    if not visible:
        return
    dx, dy = xb - xa, yb - ya
    flat = abs(dx) > abs(dy)
    if (flat and dx < 0) or (not flat and dy < 0):
        xa, ya, xb, yb = xb, yb, xa, ya
        dx, dy = -dx, -dy
    _mark_run((xb + HALF) >> SHIFT, (xb + HALF) >> SHIFT, (yb + HALF) >> SHIFT, width, height, rows)
    if flat:
        step = _quotient(dy << SHIFT, dx | 1)
        x, y = (xa + HALF) >> SHIFT, ya + HALF
        for _ in range((dx >> SHIFT) + 1):
            _mark_run(x, x, y >> SHIFT, width, height, rows)
            x += 1
            y += step
        return
    step = _quotient(dx << SHIFT, dy | 1)
    x, y = xa + HALF, (ya + HALF) >> SHIFT
    for _ in range((dy >> SHIFT) + 1):
        _mark_run(x >> SHIFT, x >> SHIFT, y, width, height, rows)
        x += step
        y += 1


@njit(cache=True, nogil=True)
def _mark_inside(
    px: np.ndarray, py: np.ndarray, n: int, shift: int, width: int, height: int, rows: np.ndarray
) -> None:
    """The inside of a convex polygon: two chains walked down from its top corner, x rounded in each row."""
    delta = 1 << shift >> 1
    top = 0
    bottom_y = int(py[0])
    for i in range(1, n):
        if py[i] < py[top]:
            top = i
        bottom_y = max(bottom_y, int(py[i]))
    y = (int(py[top]) + delta) >> shift
    last = min((bottom_y + delta) >> shift, height - 1)
    if n < 3 or last < 0 or y >= height:
        return
    left_at = right_at = top
    left_end = right_end = y
    left_x = right_x = -ONE
    left_dx = right_dx = 0
    edges = n
    while y <= last:
        if y >= left_end:
            left_at, left_end, left_x, left_dx, edges = _next_edge(
                px, py, n, shift, left_at, 1, y, left_end, left_x, left_dx, edges
            )
        if y >= right_end:
            right_at, right_end, right_x, right_dx, edges = _next_edge(
                px, py, n, shift, right_at, n - 1, y, right_end, right_x, right_dx, edges
            )
        if edges < 0:
            return
        low, high = min(left_x, right_x), max(left_x, right_x)
        _mark_run((low + HALF) >> SHIFT, (high + HALF) >> SHIFT, y, width, height, rows)
        left_x += left_dx
        right_x += right_dx
        y += 1


@njit(cache=True, nogil=True)
def _next_edge(
    px: np.ndarray, py: np.ndarray, n: int, shift: int, at: int, way: int, y: int, end: int, x: int, dx: int,
    edges: int,
) -> tuple[int, int, int, int, int]:  # fmt: skip
    """The chain's next edge that goes below row ``y``: corner, last row, x, x step, edges left."""
    delta = 1 << shift >> 1
    start, to = at, (at + way) % n
    while edges > 0:
        edges -= 1
        row = (int(py[to]) + delta) >> shift
        if row > y:
            x = int(px[start]) << (SHIFT - shift)
            span = row - y
            dx = _quotient(2 * ((int(px[to]) << (SHIFT - shift)) - x) + span, 2 * span)
            return to, row, x, dx, edges
        start, to = to, (to + way) % n
    return at, end, x, dx, -1

"""Anti-aliased strokes with round ends: each pixel is covered as far as it lies inside the stroke.

A stroke is the set of points within a radius of a segment. Its coverage of a pixel is taken as the depth of
the pixel's centre inside that set, from half a pixel outside (0) to half a pixel inside (1).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from signgen.render.kernels.fill import fill_run, pattern

# Sums may be reordered and fused: no infinity and no NaN gets here. A level of a pixel may depend on the machine.
FAST = {"reassoc", "contract", "arcp", "nnan", "nsz"}
FAINT, CLEAR = 0.1, 0.4  # confidence at which a stroke starts to show, and from which it is opaque
FAR = 1 << 15  # farthest coordinate that is drawn [px]


@njit(cache=True, nogil=True, fastmath=FAST)
def draw_strokes(
    frame: np.ndarray, points: np.ndarray, strokes: np.ndarray, unit: float, background: np.ndarray
) -> None:
    """Fill ``frame`` with ``background``, unless it is empty, and draw the strokes between keypoints in order.

    Args:
        frame: (H, W, 3) uint8, overwritten or drawn upon.
        points: (128, 3) float32 x, y [px], confidence.
        strokes: (n, 8) float32: two keypoints, radius [units], red, green, blue, opacity, and the keypoint
            in whose presence the stroke is left out (-1: none).
        unit: length of the unit [px].
        background: (3,) uint8, or (0,) to draw over what is there.
    """
    if len(background):
        _fill(frame, background)
    for i in range(strokes.shape[0]):
        a, b = points[int(strokes[i, 0])], points[int(strokes[i, 1])]
        seen = (min(a[2], b[2]) - FAINT) / (CLEAR - FAINT)
        instead = int(strokes[i, 7])
        if instead >= 0 and points[instead, 2] > FAINT:
            continue
        if seen > 0 and max(abs(a[0]), abs(a[1]), abs(b[0]), abs(b[1])) < FAR:
            radius = max(strokes[i, 2] * unit, 0.5)
            _stroke(frame, a[0], a[1], b[0], b[1], radius, strokes[i, 3:6], strokes[i, 6] * min(seen, 1.0))


@njit(cache=True, nogil=True, fastmath=FAST)
def _fill(frame: np.ndarray, background: np.ndarray) -> None:
    """One row pixel by pixel, then that row over all others."""
    for x in range(frame.shape[1]):
        frame[0, x, 0], frame[0, x, 1], frame[0, x, 2] = background[0], background[1], background[2]
    flat = frame.reshape(frame.shape[0], -1)
    for y in range(1, frame.shape[0]):
        flat[y] = flat[0]


@njit(cache=True, nogil=True, fastmath=FAST)
def _stroke(
    frame: np.ndarray,
    xa: float,
    ya: float,
    xb: float,
    yb: float,
    radius: float,
    colour: np.ndarray,
    opacity: float,
) -> None:
    """Blend one stroke into the frame, row by row: left edge, inside, right edge."""
    height, width = frame.shape[:2]
    flat = frame.reshape(-1)
    length = math.sqrt((xb - xa) * (xb - xa) + (yb - ya) * (yb - ya))
    ux, uy = ((xb - xa) / length, (yb - ya) / length) if length > 1e-3 else (1.0, 0.0)
    reach, solid = radius + 0.5, radius - 0.5
    red, green, blue, share = int(colour[0]), int(colour[1]), int(colour[2]), int(opacity * 256)
    solid_colour = pattern(red, green, blue)
    per_x, per_y = 1 / _not_zero(ux), 1 / _not_zero(uy)
    ends = min(-reach * per_x, (length + reach) * per_x), max(-reach * per_x, (length + reach) * per_x)
    caps = min(0.0, length * per_x), max(0.0, length * per_x)
    first = max(math.floor(min(ya, yb) - reach), 0)
    last = min(math.ceil(max(ya, yb) + reach), height - 1)
    for y in range(first, last + 1):
        dy = y + 0.5 - ya
        middle, foot = xa - 0.5 + dy * ux * per_y, xa - 0.5 - dy * uy * per_x
        half = reach * abs(per_y)
        left = max(math.ceil(max(middle - half, foot + ends[0])), 0)
        right = min(math.floor(min(middle + half, foot + ends[1])), width - 1)
        inner = outer = right + 1
        if solid >= 1:
            half = solid * abs(per_y)
            inner = min(max(math.ceil(max(middle - half, foot + caps[0])), left), right + 1)
            outer = max(min(math.floor(min(middle + half, foot + caps[1])), right) + 1, inner)
        _blend_edge(
            flat, y * width, left, inner, left + 0.5 - xa, dy, ux, uy, length, reach, red, green, blue, share
        )
        if share == 256:
            fill_run(flat, y * width + inner, outer - inner, solid_colour)
        else:
            for x in range(inner, outer):
                _blend(flat, 3 * (y * width + x), red, green, blue, share)
        _blend_edge(
            flat,
            y * width,
            outer,
            right + 1,
            outer + 0.5 - xa,
            dy,
            ux,
            uy,
            length,
            reach,
            red,
            green,
            blue,
            share,
        )


@njit(cache=True, nogil=True, fastmath=FAST)
def _not_zero(value: float) -> float:
    return math.copysign(max(abs(value), 1e-6), value)


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _blend_edge(
    flat: np.ndarray, row: int, start: int, end: int, dx: float, dy: float, ux: float, uy: float, length: float,
    reach: float, red: int, green: int, blue: int, share: int,
) -> None:  # fmt: skip
    """Pixels of a row that may be covered in part; ``dx``, ``dy``: the first one's centre from the stroke's start."""
    along, off = dx * ux + dy * uy, dx * uy - dy * ux
    for x in range(start, end):
        past = max(-along, along - length)
        depth = reach - (abs(off) if past <= 0 else math.sqrt(off * off + past * past))
        cover = int(max(min(depth, 1.0), 0.0) * share)
        _blend(flat, 3 * (row + x), red, green, blue, cover)
        along += ux
        off += uy


@njit(cache=True, nogil=True, fastmath=FAST)
def _blend(flat: np.ndarray, at: int, red: int, green: int, blue: int, share: int) -> None:
    """Move the pixel that starts at ``at`` by share / 256 towards a colour."""
    place = np.uint64(at)  # unsigned: no check for negative indices
    flat[place] += ((red - flat[place]) * share) >> 8
    flat[place + np.uint64(1)] += ((green - flat[place + np.uint64(1)]) * share) >> 8
    flat[place + np.uint64(2)] += ((blue - flat[place + np.uint64(2)]) * share) >> 8

"""A list of shapes to pixels: straight onto a frame, or seen through a bilinear downscale of a big canvas.

MimicMotion draws on a canvas of 2160 px and resizes the picture. A bilinear resize looks at four pixels of
the big canvas for each of its own, so only those are kept here, as one byte a pixel (the number of the shape
that covers it), and only what a shape touched is worked out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from signgen.render.kernels.disc import disc_rows
from signgen.render.kernels.fill import fill_run, pattern
from signgen.render.kernels.limb import limb_rows
from signgen.render.kernels.line import line_rows
from signgen.render.kernels.rows import EMPTY
from signgen.render.kernels.shapes import BONE, LIMB, LIMBS, MAX_SHAPES, SIZES

MOST_PARTS = MAX_SHAPES + 2 * len(LIMBS)  # a limb may come in three
LANE = (1 << 15) - 1  # one channel of a packed colour, after the first weighting


@njit(cache=True, nogil=True)
def shape_rows(
    shape: np.ndarray,
    sizes: tuple[int, int, int, int, int],
    part: int,
    width: int,
    height: int,
    rows: np.ndarray,
    corners: np.ndarray,
) -> tuple[int, int, int]:
    """Rows of one part of a shape: first row, last row, number of parts; see `rows`."""
    kind = int(shape[0])
    size = sizes[kind]
    if kind == LIMB:
        return limb_rows(shape[1], shape[2], shape[3], shape[4], size, part, width, height, rows, corners)
    xa, ya = int(shape[1]), int(shape[2])
    if kind == BONE:
        first, last = line_rows(xa, ya, int(shape[3]), int(shape[4]), size, width, height, rows)
    else:
        first, last = disc_rows(xa, ya, size, width, height, rows)
    return first, last, 1


@njit(cache=True, nogil=True)
def paint(
    frame: np.ndarray, shapes: np.ndarray, n: int, sizes: tuple[int, int, int, int, int], rows: np.ndarray,
    corners: np.ndarray,
) -> None:  # fmt: skip
    """Clear ``frame`` (H, W, 3) uint8 and fill the first ``n`` shapes, as wide as ``sizes`` says of their kinds."""
    height, width = frame.shape[:2]
    flat = frame.reshape(-1)
    flat[:] = 0
    for i in range(n):
        shape = shapes[i]
        part, parts = 0, 1
        while part < parts:
            first, last, parts = shape_rows(shape, sizes, part, width, height, rows, corners)
            _fill_rows(flat, width, first, last, rows, shape)
            part += 1


@njit(cache=True, nogil=True)
def _fill_rows(
    flat: np.ndarray, width: int, first: int, last: int, rows: np.ndarray, shape: np.ndarray
) -> None:
    colour = pattern(int(shape[5]), int(shape[6]), int(shape[7]))
    for y in range(first, last + 1):
        fill_run(flat, y * width + rows[y, 0], rows[y, 1] - rows[y, 0] + 1, colour)


class Axis(NamedTuple):
    """How one axis of the big canvas is sampled: output pixel i looks at coordinates 2i and 2i + 1 of the kept.

    Attributes:
        coordinates: (2 out,) int32 the kept coordinates, in order; one may be kept twice.
        before: (size + 1,) int32 how many of the kept lie before each coordinate.
        weights: (out, 2) int64 weights of the two, 2048 together.
    """

    coordinates: np.ndarray
    before: np.ndarray
    weights: np.ndarray


def sample_axis(size: int, out: int, *, clamp: bool) -> Axis:
    """The axis of a bilinear resize from ``size`` to ``out`` <= ``size`` pixels with OpenCV's 11-bit weights.

    Args:
        size: length of the big canvas [px].
        out: length of the picture [px].
        clamp: give the whole weight to a sample at the border (OpenCV does so along x only).
    """
    scale = 1.0 / (out / size)
    place = ((np.arange(out) + 0.5) * scale - 0.5).astype(np.float32)
    low = np.floor(place).astype(np.int64)
    part = place - low.astype(np.float32)
    if clamp:
        part[low >= size - 1] = 0
    weights = np.rint(np.stack([np.float32(1) - part, part], axis=1) * np.float32(2048))
    coordinates = np.clip(np.stack([low, low + 1], axis=1), 0, size - 1).reshape(-1)
    before = np.searchsorted(coordinates, np.arange(size + 1))
    return Axis(coordinates.astype(np.int32), before.astype(np.int32), weights.astype(np.int64))


class Sampled(NamedTuple):
    """The big canvas as far as the picture looks at it; empty between frames.

    Attributes:
        across: sampling of x.
        down: sampling of y.
        numbers: (2 height, 2 width) uint8 number of the shape that covers each kept pixel, 0: none.
        runs: (n, 3) int32 row, first and last pixel of the picture that a shape touches.
        colours: (256,) int64 colour of each shape: red, green and blue 21 bits apart.
    """

    across: Axis
    down: Axis
    numbers: np.ndarray
    runs: np.ndarray
    colours: np.ndarray


def sampled_canvas(width: int, height: int, out_width: int, out_height: int) -> Sampled:
    """A canvas of width x height pixels that is seen resized to out_width x out_height, no larger."""
    across, down = sample_axis(width, out_width, clamp=True), sample_axis(height, out_height, clamp=False)
    numbers = np.zeros((2 * out_height, 2 * out_width), dtype=np.uint8)
    runs = np.empty((MOST_PARTS * out_height, 3), dtype=np.int32)  # most of it is never touched
    return Sampled(across, down, numbers, runs, np.zeros(256, dtype=np.int64))


@njit(cache=True, nogil=True)
def paint_sampled(
    frame: np.ndarray, shapes: np.ndarray, n: int, rows: np.ndarray, corners: np.ndarray, canvas: Sampled
) -> None:
    """Clear ``frame`` and fill the first ``n`` shapes, drawn on the big canvas and resized."""
    frame.reshape(-1)[:] = 0
    width, height = len(canvas.across.before) - 1, len(canvas.down.before) - 1
    count = 0
    for i in range(n):
        canvas.colours[i + 1] = int(shapes[i, 5]) | int(shapes[i, 6]) << 21 | int(shapes[i, 7]) << 42
        part, parts = 0, 1
        while part < parts:
            first, last, parts = shape_rows(shapes[i], SIZES, part, width, height, rows, corners)
            if first <= last:
                count = _keep_rows(canvas, first, last, rows, i + 1, count)
            part += 1
    _resize(frame, canvas, count)


@njit(cache=True, nogil=True, inline="always")
def _keep_rows(canvas: Sampled, first: int, last: int, rows: np.ndarray, number: int, count: int) -> int:
    """Note that shape ``number`` covers these rows, where they are kept; returns the number of runs so far.

    Two kept rows make a row of the picture; of the first and the last one may not be the shape's.
    """
    before, numbers, runs, coordinates = (
        canvas.across.before,
        canvas.numbers,
        canvas.runs,
        canvas.down.coordinates,
    )
    for out in range(canvas.down.before[first] >> 1, (canvas.down.before[last + 1] + 1) >> 1):
        left, right = EMPTY, -1
        for row in range(2 * out, 2 * out + 2):
            y = coordinates[row]
            if y < first or y > last or rows[y, 1] < rows[y, 0]:
                continue
            start, end = before[rows[y, 0]], before[rows[y, 1] + 1] - 1
            if start > end:
                continue
            # Most runs are 1 to 5 pixels: writing one twice is cheaper than a loop of unknown length.
            for i in range(4):
                numbers[row, min(start + i, end)] = number
            for column in range(start + 4, end + 1):
                numbers[row, column] = number
            left, right = min(left, start), max(right, end)
        if right >= 0:
            runs[count, 0], runs[count, 1], runs[count, 2] = out, left >> 1, right >> 1
            count += 1
    return count


@njit(cache=True, nogil=True)
def _resize(frame: np.ndarray, canvas: Sampled, count: int) -> None:
    """The pixels of the picture in the first ``count`` runs, each once; the canvas is left empty.

    A pixel is the bilinear mean of two kept pixels of each of two rows, in OpenCV's fixed point: weights of 11
    bits, four bits dropped between the two directions.
    """
    colours, weights, runs = canvas.colours, canvas.across.weights, canvas.runs
    pairs = canvas.numbers.view(np.uint16)
    for run in range(count):
        y = runs[run, 0]
        high, low = canvas.down.weights[y, 0], canvas.down.weights[y, 1]
        for x in range(runs[run, 1], runs[run, 2] + 1):
            up, down = pairs[2 * y, x], pairs[2 * y + 1, x]
            if up | down:
                pairs[2 * y, x] = pairs[2 * y + 1, x] = 0
                near, far = weights[x, 0], weights[x, 1]
                above = (colours[up & 255] * near + colours[up >> 8] * far) >> 4
                below = (colours[down & 255] * near + colours[down >> 8] * far) >> 4
                for channel in range(3):
                    over, under = above >> 21 * channel & LANE, below >> 21 * channel & LANE
                    frame[y, x, channel] = (high * over >> 16) + (low * under >> 16) + 2 >> 2

"""A list of shapes to pixels: straight onto a frame, or seen through a bilinear downscale of a big canvas.

MimicMotion draws on a canvas of 2160 px and resizes the picture. A bilinear resize looks at four pixels of
the big canvas for each of its own, so only the rows and columns it looks at are kept here, as one byte a
pixel (the number of the shape that covers it), and only the tiles that a shape touched are worked out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from signgen.render.kernels.raster import disc_rows, limb_rows, line_rows
from signgen.render.kernels.shapes import BONE, DOT, LIMB

TILE = 8  # side of the squares in which touched pixels are tracked [px]


@njit(cache=True, nogil=True)
def shape_rows(
    shape: np.ndarray, part: int, width: int, height: int, rows: np.ndarray, corners: np.ndarray
) -> tuple[int, int, int]:
    """Rows of one part of a shape: first row, last row, number of parts; see `raster`."""
    kind = shape[0]
    if kind == LIMB:
        return limb_rows(shape[1], shape[2], shape[3], shape[4], part, width, height, rows, corners)
    xa, ya = int(shape[1]), int(shape[2])
    if kind == BONE:
        first, last = line_rows(xa, ya, int(shape[3]), int(shape[4]), width, height, rows, corners)
    else:
        first, last = disc_rows(xa, ya, 4 if kind == DOT else 3, width, height, rows)
    return first, last, 1


@njit(cache=True, nogil=True)
def paint(frame: np.ndarray, shapes: np.ndarray, n: int, rows: np.ndarray, corners: np.ndarray) -> None:
    """Clear ``frame`` (H, W, 3) uint8 and fill the first ``n`` shapes."""
    height, width = frame.shape[:2]
    flat = frame.reshape(-1)
    flat[:] = 0
    for i in range(n):
        shape = shapes[i]
        part, parts = 0, 1
        while part < parts:
            first, last, parts = shape_rows(shape, part, width, height, rows, corners)
            _fill_rows(flat, width, first, last, rows, shape)
            part += 1


@njit(cache=True, nogil=True)
def _fill_rows(
    flat: np.ndarray, width: int, first: int, last: int, rows: np.ndarray, shape: np.ndarray
) -> None:
    red, green, blue = np.uint8(shape[5]), np.uint8(shape[6]), np.uint8(shape[7])
    for y in range(first, last + 1):
        at = np.uint64(3 * (y * width + rows[y, 0]))  # unsigned: no check for negative indices
        for _ in range(rows[y, 0], rows[y, 1] + 1):
            flat[at] = red
            flat[at + np.uint64(1)] = green
            flat[at + np.uint64(2)] = blue
            at += np.uint64(3)


class Axis(NamedTuple):
    """How one axis of the big canvas is sampled.

    Attributes:
        samples: (out, 2) int64 numbers of the two kept coordinates that each output pixel looks at.
        weights: (out, 2) int64 their weights, 2048 together.
        kept: (size + 1,) int64 how many of the kept coordinates lie before each coordinate.
        coordinates: (number kept,) int64 the kept coordinates.
        users: (number kept, 2) int64 first and last output pixel that looks at each kept coordinate.
    """

    samples: np.ndarray
    weights: np.ndarray
    kept: np.ndarray
    coordinates: np.ndarray
    users: np.ndarray


def sample_axis(size: int, out: int, *, clamp: bool) -> Axis:
    """The axis of a bilinear resize from ``size`` to ``out`` pixels with OpenCV's 11-bit weights.

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
        part[(low < 0) | (low >= size - 1)] = 0
    weights = np.stack([np.float32(1) - part, part], axis=1) * np.float32(2048)
    looked_at = np.clip(np.stack([low, low + 1], axis=1), 0, size - 1)
    coordinates, samples = np.unique(looked_at, return_inverse=True)
    samples = samples.reshape(out, 2).astype(np.int64)
    kept = np.searchsorted(coordinates, np.arange(size + 1)).astype(np.int64)
    order = np.arange(len(coordinates))
    users = np.stack(
        [np.searchsorted(samples[:, 1], order), np.searchsorted(samples[:, 0], order, side="right") - 1],
        axis=1,
    )
    return Axis(samples, np.rint(weights).astype(np.int64), kept, coordinates, users.astype(np.int64))


def sampled_scratch(across: Axis, down: Axis) -> tuple[np.ndarray, np.ndarray]:
    """Kept pixels of the big canvas, and one flag a tile of the picture; uint8, all zero."""
    kept = np.zeros((len(down.users), len(across.users)), dtype=np.uint8)
    tiles = np.zeros((-(-len(down.samples) // TILE), -(-len(across.samples) // TILE)), dtype=np.uint8)
    return kept, tiles


@njit(cache=True, nogil=True)
def paint_sampled(
    frame: np.ndarray, shapes: np.ndarray, n: int, rows: np.ndarray, corners: np.ndarray,
    across: Axis, down: Axis, kept: np.ndarray, tiles: np.ndarray,
) -> None:  # fmt: skip
    """Clear ``frame`` and fill the first ``n`` shapes, drawn on the big canvas and resized; leaves scratch zero."""
    frame.reshape(-1)[:] = 0
    width, height = len(across.kept) - 1, len(down.kept) - 1
    for i in range(n):
        part, parts = 0, 1
        while part < parts:
            first, last, parts = shape_rows(shapes[i], part, width, height, rows, corners)
            if first <= last:
                _keep_rows(kept, tiles, first, last, rows, across, down, i + 1)
            part += 1
    for ty in range(tiles.shape[0]):
        for tx in range(tiles.shape[1]):
            if tiles[ty, tx]:
                _resize_tile(frame, ty * TILE, tx * TILE, shapes, across, down, kept)
    for ty in range(tiles.shape[0]):
        for tx in range(tiles.shape[1]):
            if tiles[ty, tx]:
                tiles[ty, tx] = 0
                _clear_tile(ty * TILE, tx * TILE, across, down, kept)


@njit(cache=True, nogil=True)
def _keep_rows(
    kept: np.ndarray, tiles: np.ndarray, first: int, last: int, rows: np.ndarray, across: Axis, down: Axis,
    number: int,
) -> None:  # fmt: skip
    """Note that shape ``number`` covers these rows, where they are kept."""
    for row in range(down.kept[first], down.kept[last + 1]):
        y = down.coordinates[row]
        if rows[y, 1] >= rows[y, 0]:
            start, end = across.kept[rows[y, 0]], across.kept[rows[y, 1] + 1]
            for column in range(start, end):
                kept[row, column] = number
            if end > start:
                _touch(tiles, down.users[row], across.users[start, 0], across.users[end - 1, 1])


@njit(cache=True, nogil=True)
def _touch(tiles: np.ndarray, users: np.ndarray, left: int, right: int) -> None:
    for ty in range(users[0] // TILE, users[1] // TILE + 1):
        for tx in range(left // TILE, right // TILE + 1):
            tiles[ty, tx] = 1


@njit(cache=True, nogil=True)
def _resize_tile(
    frame: np.ndarray, top: int, left: int, shapes: np.ndarray, across: Axis, down: Axis, kept: np.ndarray
) -> None:
    """Bilinear means of four kept pixels each, in OpenCV's fixed point."""
    for y in range(top, min(top + TILE, frame.shape[0])):
        upper, lower = down.samples[y]
        upper_weight, lower_weight = down.weights[y]
        for x in range(left, min(left + TILE, frame.shape[1])):
            near, far = across.samples[x]
            a, b, c, d = kept[upper, near], kept[upper, far], kept[lower, near], kept[lower, far]
            if a or b or c or d:
                near_weight, far_weight = across.weights[x]
                for channel in range(3):
                    above = _shade(shapes, a, channel) * near_weight + _shade(shapes, b, channel) * far_weight
                    below = _shade(shapes, c, channel) * near_weight + _shade(shapes, d, channel) * far_weight
                    mean = (upper_weight * (above >> 4) >> 16) + (lower_weight * (below >> 4) >> 16) + 2 >> 2
                    frame[y, x, channel] = mean


@njit(cache=True, nogil=True)
def _shade(shapes: np.ndarray, number: int, channel: int) -> int:
    return int(shapes[number - 1, 5 + channel]) if number else 0


@njit(cache=True, nogil=True)
def _clear_tile(top: int, left: int, across: Axis, down: Axis, kept: np.ndarray) -> None:
    bottom, right = min(top + TILE, len(down.samples)) - 1, min(left + TILE, len(across.samples)) - 1
    for row in range(down.samples[top, 0], down.samples[bottom, 1] + 1):
        for column in range(across.samples[left, 0], across.samples[right, 1] + 1):
            kept[row, column] = 0

"""A rectangle of a picture, scaled to a network's input: what cv2.resize and cv2.warpAffine do there."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _taps(start: float, step: float, side: int, is_clamped: bool, at: np.ndarray, share: np.ndarray) -> None:
    """The two source pixels of each output pixel and how much of it each is; pixels outside are nothing.

    Args:
        start: place of the first output pixel in the source [px].
        step: from one output pixel to the next.
        side: length of the source [px].
        is_clamped: places outside are those on the edge.
        at: (n, 2) int64, filled; always inside the source.
        share: (n, 2) float32, filled.
    """
    for i in range(len(at)):
        place = start + step * i
        if is_clamped:
            place = min(max(place, 0.0), side - 1.0)
        # Far outside it is all the same, and a huge number would not fit an integer.
        place = min(max(place, -2.0), side + 1.0)
        floor = np.floor(place)
        first = int(floor)
        second = first + 1
        share[i, 0] = (1 - (place - floor)) if 0 <= first < side else 0
        share[i, 1] = (place - floor) if 0 <= second < side else 0
        at[i, 0], at[i, 1] = min(max(first, 0), side - 1), min(max(second, 0), side - 1)


@njit(cache=True, nogil=True)
def sample(
    frame: np.ndarray,
    start: tuple[float, float],
    step: tuple[float, float],
    is_clamped: bool,
    is_bgr: bool,
    mean: np.ndarray,
    scale: np.ndarray,
    out: np.ndarray,
) -> None:
    """Bilinear samples of ``frame``, each rounded to a whole level, then normalised.

    Args:
        frame: uint8 (H, W, 3) RGB.
        start: x, y [px] in the frame of the middle of the first output pixel.
        step: x, y [px] from one output pixel to the next.
        is_clamped: outside the frame is its edge (as in cv2.resize) and not black (as in cv2.warpAffine).
        is_bgr: blue first in ``out``.
        mean: (3,) float32 that is taken from each channel of ``out``.
        scale: (3,) float32 that each channel is then multiplied with.
        out: (3, h, w) float32, filled.
    """
    rows, columns = out.shape[1:]
    ys, down = np.empty((rows, 2), np.int64), np.empty((rows, 2), np.float32)
    xs, across = np.empty((columns, 2), np.int64), np.empty((columns, 2), np.float32)
    _taps(start[0], step[0], frame.shape[1], is_clamped, xs, across)
    _taps(start[1], step[1], frame.shape[0], is_clamped, ys, down)
    # Two rows become one first, which is done many values at a time; only what the columns need of them.
    low, high = xs[:, 0].min(), xs[:, 1].max() + 1
    row = np.empty((high - low) * 3, np.float32)
    swapped = 2 if is_bgr else 0
    half = np.float32(0.5)
    for i in range(rows):
        above, below = frame[ys[i, 0], low:high].reshape(-1), frame[ys[i, 1], low:high].reshape(-1)
        upper, lower = down[i, 0], down[i, 1]
        for k in range(len(row)):
            row[k] = upper * above[k] + lower * below[k]
        for j in range(columns):
            left, right = 3 * (xs[j, 0] - low), 3 * (xs[j, 1] - low)
            first, second = across[j, 0], across[j, 1]
            for channel in range(3):
                source = abs(swapped - channel)
                value = first * row[left + source] + second * row[right + source]
                out[channel, i, j] = (np.float32(np.int32(value + half)) - mean[channel]) * scale[channel]

"""A rectangle of a picture, scaled to a network's input: what cv2.resize and cv2.warpAffine do there."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _taps(start: float, step: float, side: int, is_clamped: bool, at: np.ndarray, share: np.ndarray) -> None:
    """First of the two source pixels of each output pixel, and the second one's share."""
    for i in range(len(at)):
        place = start + step * i
        if is_clamped:
            place = min(max(place, 0.0), side - 1.0)
        # Far outside it is all the same, and a huge number would not fit an integer.
        place = min(max(place, -2.0), side + 1.0)
        first = np.floor(place)
        at[i] = int(first)
        share[i] = place - first


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
    height, width = frame.shape[:2]
    rows, columns = out.shape[1:]
    ys, ys_share = np.empty(rows, np.int64), np.empty(rows, np.float32)
    xs, xs_share = np.empty(columns, np.int64), np.empty(columns, np.float32)
    _taps(start[0], step[0], width, is_clamped, xs, xs_share)
    _taps(start[1], step[1], height, is_clamped, ys, ys_share)
    for i in range(rows):
        top, bottom = ys[i], ys[i] + 1
        down = ys_share[i]
        # A row outside the frame counts as nothing; its number is then any that exists.
        has_top, has_bottom = np.float32(0 <= top < height), np.float32(0 <= bottom < height)
        above, below = min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)
        upper, lower = (np.float32(1) - down) * has_top, down * has_bottom
        for j in range(columns):
            left, right = xs[j], xs[j] + 1
            across = xs_share[j]
            first = (np.float32(1) - across) * np.float32(0 <= left < width)
            second = across * np.float32(0 <= right < width)
            before, after = min(max(left, 0), width - 1), min(max(right, 0), width - 1)
            for channel in range(3):
                source = 2 - channel if is_bgr else channel
                value = upper * (first * frame[above, before, source] + second * frame[above, after, source])
                value += lower * (first * frame[below, before, source] + second * frame[below, after, source])
                level = np.float32(int(value + np.float32(0.5)))
                out[channel, i, j] = (level - mean[channel]) * scale[channel]

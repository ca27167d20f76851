"""Compiled soft shadow of a model on the wall behind it."""

from __future__ import annotations

import numpy as np
from numba import njit

CELL = 8  # pixels of a cell of the coarse shadow along a side
CURVE_SIZE = 4096


@njit(cache=True, nogil=True)
def _blurred(grid: np.ndarray, reach: int, along: np.ndarray) -> None:
    """Mean over ``2 reach + 1`` cells along the rows of ``grid``; beyond its ends lies what the ends hold."""
    rows, columns = grid.shape
    scale = np.float32(1.0 / (2 * reach + 1))
    for y in range(rows):
        for x in range(columns):
            along[x] = grid[y, x]
        for x in range(columns):
            total = np.float32(0)
            for i in range(x - reach, x + reach + 1):
                total += along[min(max(i, 0), columns - 1)]
            grid[y, x] = total * scale


@njit(cache=True, nogil=True)
def coarse_shadow(ids: np.ndarray, scale: int, right: int, down: int, reach: int) -> np.ndarray:
    """Share of each cell that the shadow covers: the silhouette, moved and blurred.

    Args:
        ids: (H scale, W scale) int32 of `fill`.
        scale: samples of a pixel along a side.
        right: cells that the shadow lies to the right.
        down: cells that it lies below.
        reach: blur [cells].

    Returns:
        (h, w) float32, a cell more than the picture needs.
    """
    step = CELL * scale
    rows, columns = ids.shape[0] // step + 2, ids.shape[1] // step + 2
    grid = np.zeros((rows, columns), np.float32)
    for y in range(rows):
        for x in range(columns):
            covered = 0
            for j in range(2):
                for i in range(2):
                    row = min(max((y - down) * step + (2 * j + 1) * step // 4, 0), ids.shape[0] - 1)
                    column = min(max((x - right) * step + (2 * i + 1) * step // 4, 0), ids.shape[1] - 1)
                    covered += ids[row, column] >= 0
            grid[y, x] = covered * np.float32(0.25)
    line = np.empty(max(rows, columns), np.float32)
    for _ in range(2):
        _blurred(grid, reach, line)
        _blurred(grid.T, reach, line)
    return grid


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def throw(
    backdrop: np.ndarray,
    empty: np.ndarray,
    grid: np.ndarray,
    strength: float,
    curve: np.ndarray,
    frame: np.ndarray,
) -> None:
    """A backdrop darkened by a coarse shadow.

    Args:
        backdrop: (H, W, 3) float32 linear RGB.
        empty: (H, W, 3) uint8, the same in sRGB.
        grid: (h, w) float32 of `coarse_shadow`.
        strength: share of light that the full shadow takes.
        curve: (CURVE_SIZE,) uint8 linear light to bytes.
        frame: (H, W, 3) uint8, overwritten with the result in sRGB.
    """
    half = np.float32(0.5)
    width = frame.shape[1]
    for y in range(frame.shape[0]):
        v = max((y + half) / np.float32(CELL) - half, np.float32(0))
        row = int(v)
        fv = np.float32(v - row)
        # Between the middles of two columns of cells the shadow changes evenly.
        for column in range(grid.shape[1] - 1):
            first = 0 if column == 0 else column * CELL + CELL // 2
            last = min(column * CELL + CELL + CELL // 2, width)
            left = grid[row, column] * (1 - fv) + grid[row + 1, column] * fv
            right = grid[row, column + 1] * (1 - fv) + grid[row + 1, column + 1] * fv
            if left + right <= 0:
                for x in range(first, last):
                    for k in range(3):
                        frame[y, x, k] = empty[y, x, k]
                continue
            for x in range(first, last):
                fu = max((x + half) / np.float32(CELL) - half - column, np.float32(0))
                factor = np.float32(1 - strength * (left * (1 - fu) + right * fu))
                for k in range(3):
                    frame[y, x, k] = curve[min(int(backdrop[y, x, k] * factor * CURVE_SIZE), CURVE_SIZE - 1)]

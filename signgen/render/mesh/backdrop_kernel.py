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
    grid: np.ndarray,
    strength: float,
    curve: np.ndarray,
    lit: np.ndarray,
    frame: np.ndarray,
) -> None:
    """Darken a backdrop by a coarse shadow.

    Args:
        backdrop: (H, W, 3) float32 linear RGB.
        grid: (h, w) float32 of `coarse_shadow`.
        strength: share of light that the full shadow takes.
        curve: (CURVE_SIZE,) uint8 linear light to bytes.
        lit: (H, W, 3) float32, overwritten with the result.
        frame: (H, W, 3) uint8, overwritten with the result in sRGB.
    """
    half = np.float32(0.5)
    for y in range(frame.shape[0]):
        v = max((y + half) / np.float32(CELL) - half, np.float32(0))
        row = int(v)
        fv = np.float32(v - row)
        for x in range(frame.shape[1]):
            u = max((x + half) / np.float32(CELL) - half, np.float32(0))
            column = int(u)
            fu = np.float32(u - column)
            above = grid[row, column] * (1 - fu) + grid[row, column + 1] * fu
            below = grid[row + 1, column] * (1 - fu) + grid[row + 1, column + 1] * fu
            factor = np.float32(1 - strength * (above * (1 - fv) + below * fv))
            for k in range(3):
                light = backdrop[y, x, k] * factor
                lit[y, x, k] = light
                frame[y, x, k] = curve[min(int(light * CURVE_SIZE), CURVE_SIZE - 1)]

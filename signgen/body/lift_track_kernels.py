"""Kernels that tie the frames of a hand together: what its points' acceleration costs, and the banded solution."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def banded(
    points: np.ndarray,
    jacobians: np.ndarray,
    matrices: np.ndarray,
    slopes: np.ndarray,
    columns: np.ndarray,
    spread: float,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Cost of how the hand moves, and banded Gauss-Newton matrix (N, 3 n) and gradient (N,) of all frames.

    Every point is to move without jerks: its acceleration has deviation ``spread`` [m per frame²], and counts less
    where it is large, for hands do start and stop.

    Args:
        points: (T, 21, 3).
        jacobians: (T, 21, 3, n) by the n numbers of the state.
        matrices: (T, n, n) Gauss-Newton matrices of the frames by themselves.
        slopes: (T, n) their gradients.
        columns: (21, m) numbers of the state that move each point, -1 for none.
        spread: see above.
    """
    frames, size = slopes.shape
    band, gradient = np.zeros((frames * size, 3 * size)), slopes.copy().ravel()
    for t in range(frames):
        for j in range(size):
            for i in range(j, size):
                band[t * size + j, i - j] = matrices[t, i, j]
    share, jerk = (1.0, -2.0, 1.0), np.zeros(3)
    cost = 0.0
    for t in range(1, frames - 1):
        for p in range(21):
            far = 0.0
            for a in range(3):
                jerk[a] = points[t - 1, p, a] - 2 * points[t, p, a] + points[t + 1, p, a]
                far += (jerk[a] / spread) ** 2
            cost += 4.0 * math.log1p(far / 4.0)
            w = 1.0 / (spread * spread * (1.0 + far / 4.0))
            for first in range(3):
                for c in columns[p]:
                    if c < 0:
                        continue
                    column = (t - 1 + first) * size + c
                    for a in range(3):
                        value = w * share[first] * jacobians[t - 1 + first, p, a, c]
                        gradient[column] += value * jerk[a]
                        for second in range(first, 3):
                            for r in columns[p]:
                                row = (t - 1 + second) * size + r
                                if r >= 0 and row >= column:
                                    band[column, row - column] += (
                                        value * share[second] * jacobians[t - 1 + second, p, a, r]
                                    )
    return cost, band, gradient


@njit(cache=True, nogil=True)
def solve_banded(band: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The step of all frames, by Cholesky decomposition in the band (overwritten); LAPACK's threads make it wait."""
    n, rows = band.shape
    for j in range(n):
        root = math.sqrt(max(band[j, 0], 1e-12))
        last = min(rows, n - j)
        for i in range(last):
            band[j, i] /= root
        for k in range(1, last):
            factor = band[j, k]
            if factor != 0.0:
                for i in range(k, last):
                    band[j + k, i - k] -= factor * band[j, i]
    step = -gradient
    for j in range(n):
        step[j] /= band[j, 0]
        for i in range(1, min(rows, n - j)):
            step[j + i] -= band[j, i] * step[j]
    for j in range(n - 1, -1, -1):
        for i in range(1, min(rows, n - j)):
            step[j] -= band[j, i] * step[j + i]
        step[j] /= band[j, 0]
    return step

"""Smoothing over time that leaves alone what is well told: the less a frame says, the more its neighbours say.

Values ``x`` of a clip minimise ``sum w (x - given)^2 + bending``, where bending is the square of their second
differences, without delay in either direction (Whittaker's smoother with a weight for each frame). A frame with a
weight far above 16, the largest say of the bending, keeps its value; one with weight 0 goes evenly along with its
neighbours.
"""

from __future__ import annotations

import numpy as np

# Say of slow drifts beside bending: what nobody tells for long keeps its value and does not run on.
_DRIFT = 0.01
# Least weight, so that frames that tell nothing at all have a solution: what is given for them.
_LEAST = 1e-6


def steadied(given: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(T, C) values that follow the given ones as far as they are told.

    Args:
        given: (T, C) values of each frame, those of weight 0 too.
        weight: (T,) at least 0.

    >>> steadied(np.array([[1.0], [9.0], [1.0]]), np.array([1e6, 0.0, 1e6])).round(3).ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    weight = np.maximum(weight, _LEAST)
    return _solved(weight, weight[:, None] * given)


def steadied_step(
    curvature: np.ndarray, slope: np.ndarray, value: np.ndarray, stiffness: float
) -> np.ndarray:
    """(T, C) values after one Gauss-Newton step on the errors of all frames and the bending of the values.

    Args:
        curvature: (T, C) second derivative of the error of each frame, above 0.
        slope: (T, C) its first derivative.
        value: (T, C) where both were taken.
        stiffness: say of the bending.
    """
    columns = [
        _solved(curvature[:, i] / stiffness, (curvature * value - slope)[:, i, None] / stiffness)
        for i in range(value.shape[1])
    ]
    stepped: np.ndarray = np.concatenate(columns, axis=1)
    return stepped


def steadied_turns(rotations: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) that follow the given ones as far as they are told, smoothed as quaternions.

    Args:
        rotations: those of each frame, those of weight 0 too.
        weight: (T,) at least 0.
    """
    from scipy.spatial.transform import Rotation

    given = Rotation.from_matrix(rotations).as_quat()
    # Of the two quaternions of a rotation the one nearer to that of the last frame that is told well.
    told = np.flatnonzero(weight > 1)
    if len(told) == 0:
        return rotations
    last = told[np.maximum(np.searchsorted(told, np.arange(len(given))) - 1, 0)]
    flips = np.sign(np.sum(given * given[last], axis=1) + 1e-12)
    sign = np.ones(len(given))
    sign[told] = np.cumprod(flips[told])
    others = np.setdiff1d(np.arange(len(given)), told)
    sign[others] = flips[others] * sign[last[others]]
    turned: np.ndarray = Rotation.from_quat(steadied(given * sign[:, None], weight)).as_matrix()
    return turned


def cheapest_path(cost: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(T,) choices of each frame that together cost least, so that none flips between two that are as good (Viterbi).

    Args:
        cost: (T, N) of each choice in each frame.
        change: (N, N) from a choice, the row, to that of the next frame.

    >>> two = 1.0 - np.eye(2)
    >>> cheapest_path(np.array([[0.0, 5.0], [1.1, 1.0], [0.0, 5.0]]), two).tolist()
    [0, 0, 0]
    """
    best, came = cost[0], np.zeros(cost.shape, dtype=np.int64)
    for t in range(1, len(cost)):
        reached = best[:, None] + change
        came[t] = reached.argmin(axis=0)
        best = reached.min(axis=0) + cost[t]
    path = [int(best.argmin())]
    for t in range(len(cost) - 1, 0, -1):
        path.append(int(came[t, path[-1]]))
    return np.array(path[::-1])


def _solved(weight: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(T, C) solution of (weight + bending) x = right, a matrix of five diagonals."""
    from scipy.linalg import solveh_banded

    frames = len(weight)
    if frames == 1:
        single: np.ndarray = right / weight[:, None]
        return single
    bands = np.zeros((3, frames))
    bands[2] = weight
    if frames > 2:
        # Rows of the second differences are (1, -2, 1).
        for diagonal, step in ((2, (1.0, 4.0, 1.0)), (1, (-2.0, -2.0)), (0, (1.0,))):
            for k, value in enumerate(step):
                start = k + 2 - diagonal
                bands[diagonal, start : start + frames - 2] += value
    bands[2, :-1] += _DRIFT
    bands[2, 1:] += _DRIFT
    bands[1, 1:] -= _DRIFT
    solution: np.ndarray = solveh_banded(bands, right, check_finite=False)
    return solution

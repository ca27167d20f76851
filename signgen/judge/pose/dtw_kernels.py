"""Compiled dynamic time warping: costs of frame pairs, the best path, and Ham2Pose's rule for missing keypoints."""

from __future__ import annotations

import numpy as np
from numba import njit

# Ways to measure two frames: mean distance of their keypoints; Euclidean norm of the whole difference; its absolute
# sum.
MEAN, NORM, ABSOLUTE = 0, 1, 2
# No NaN enters, and the sign of zero does not matter: then a minimum is one instruction.
_MATHS = {"contract", "nnan", "nsz"}


@njit(cache=True, nogil=True, fastmath=_MATHS)
def _add_plane(x: np.ndarray, rows: np.ndarray, seen: np.ndarray, is_squared: bool, cost: np.ndarray) -> None:
    """Add what one keypoint at ``x`` (2,) costs against all frames of the other sequence, ``rows`` (2, T2)."""
    x0, x1, y0, y1 = x[0], x[1], rows[0], rows[1]
    if is_squared:
        for j in range(cost.size):
            dx, dy = x0 - y0[j], x1 - y1[j]
            cost[j] += seen[j] * (dx * dx + dy * dy)
    else:
        for j in range(cost.size):
            dx, dy = x0 - y0[j], x1 - y1[j]
            cost[j] += seen[j] * np.sqrt(dx * dx + dy * dy)


@njit(cache=True, nogil=True, fastmath=_MATHS)
def _add_space(x: np.ndarray, rows: np.ndarray, seen: np.ndarray, is_squared: bool, cost: np.ndarray) -> None:
    """The same in space."""
    x0, x1, x2, y0, y1, y2 = x[0], x[1], x[2], rows[0], rows[1], rows[2]
    if is_squared:
        for j in range(cost.size):
            dx, dy, dz = x0 - y0[j], x1 - y1[j], x2 - y2[j]
            cost[j] += seen[j] * (dx * dx + dy * dy + dz * dz)
    else:
        for j in range(cost.size):
            dx, dy, dz = x0 - y0[j], x1 - y1[j], x2 - y2[j]
            cost[j] += seen[j] * np.sqrt(dx * dx + dy * dy + dz * dz)


@njit(cache=True, nogil=True, fastmath=_MATHS)
def _add_absolute(x: np.ndarray, rows: np.ndarray, seen: np.ndarray, cost: np.ndarray) -> None:
    for d in range(x.size):
        at, row = x[d], rows[d]
        for j in range(cost.size):
            cost[j] += seen[j] * abs(at - row[j])


@njit(cache=True, nogil=True)
def frame_costs(
    first: np.ndarray, first_seen: np.ndarray, second: np.ndarray, second_seen: np.ndarray, kind: int
) -> np.ndarray:
    """How much each frame of one sequence differs from each of the other, summed over keypoints that both show.

    Args:
        first: (T1, K, D) float32, D = 2 or 3.
        first_seen: (T1, K) float32, 1 where seen and 0 where not.
        second: (K, D, T2) float32, frames innermost.
        second_seen: (K, T2) float32.
        kind: ``MEAN`` sums distances, ``NORM`` squared distances, ``ABSOLUTE`` absolute differences.

    Returns:
        (T1, T2) float32.
    """
    length, keypoints, dims = first.shape
    costs = np.zeros((length, second_seen.shape[1]), np.float32)
    for k in range(keypoints):
        rows, seen = second[k], second_seen[k]
        for i in range(length):
            if first_seen[i, k] == 0:
                continue
            if kind == ABSOLUTE:
                _add_absolute(first[i, k], rows, seen, costs[i])
            elif dims == 2:
                _add_plane(first[i, k], rows, seen, kind == NORM, costs[i])
            else:
                _add_space(first[i, k], rows, seen, kind == NORM, costs[i])
    return costs


@njit(cache=True, nogil=True, fastmath=_MATHS)
def _add(seen: np.ndarray, count: np.ndarray) -> None:
    for j in range(count.size):
        count[j] += seen[j]


@njit(cache=True, nogil=True)
def frame_counts(first_seen: np.ndarray, second_seen: np.ndarray) -> np.ndarray:
    """(T1, T2) float32 keypoints that two frames both show, from (T1, K) and (K, T2) float32.

    A matrix product, but BLAS wakes threads for it, which takes longer than the sums on a machine that is in use.
    """
    counts = np.zeros((first_seen.shape[0], second_seen.shape[1]), np.float32)
    for i in range(first_seen.shape[0]):
        for k in range(first_seen.shape[1]):
            if first_seen[i, k] > 0:
                _add(second_seen[k], counts[i])
    return counts


@njit(cache=True, nogil=True)
def best_path(costs: np.ndarray) -> tuple[float, np.ndarray]:
    """The monotone path from the first cell to the last with the least sum of costs, in steps (1,1), (1,0), (0,1).

    Of equally good predecessors the diagonal one is taken, then the one with the lower first index.

    Args:
        costs: (T1, T2) float32, T1 and T2 > 0; infinite cells cannot be passed.

    Returns:
        The sum, infinite if there is no path; (P, 2) int64 path, empty if there is none.
    """
    length, other = costs.shape
    came = np.zeros((length, other), np.uint8)
    row = np.full(other, np.inf)
    for i in range(length):
        diagonal, left = (0.0 if i == 0 else np.inf), np.inf
        for j in range(other):
            above = row[j]
            best, step = diagonal, 0
            if above < best:
                best, step = above, 1
            if left < best:
                best, step = left, 2
            left = best + costs[i, j]
            came[i, j] = step
            diagonal = above
            row[j] = left
    path = np.empty((length + other, 2), np.int64)
    if not row[other - 1] < np.inf:
        return row[other - 1], path[:0]
    i, j, at = length - 1, other - 1, length + other
    while i >= 0 and j >= 0:
        at -= 1
        path[at, 0], path[at, 1] = i, j
        step = came[i, j]
        i -= 1 if step != 2 else 0
        j -= 1 if step != 1 else 0
    return row[other - 1], path[at:]


@njit(cache=True, nogil=True)
def warp_punished(
    first: np.ndarray, first_seen: np.ndarray, second: np.ndarray, second_seen: np.ndarray
) -> np.ndarray:
    """Exact DTW of each keypoint by Ham2Pose's rule for what is missing.

    A frame pair costs the distance if both show the keypoint, nothing if the reference lacks it, and half the
    reference's distance from the origin if only the hypothesis lacks it.

    Args:
        first: (T1, K, D) float32, the hypothesis.
        first_seen: (T1, K) bool.
        second: (T2, K, D) float32, the reference.
        second_seen: (T2, K) bool.

    Returns:
        (K,) float64 sums of costs along the paths.
    """
    length, keypoints, dims = first.shape
    other = second.shape[0]
    sums = np.empty(keypoints)
    row = np.empty(other)
    for k in range(keypoints):
        row[:] = np.inf
        for i in range(length):
            diagonal, left = (0.0 if i == 0 else np.inf), np.inf
            for j in range(other):
                cost = 0.0
                if second_seen[j, k]:
                    for d in range(dims):
                        at = first[i, k, d] if first_seen[i, k] else np.float32(0)
                        cost += (at - second[j, k, d]) ** 2
                    cost = np.sqrt(cost) * (1.0 if first_seen[i, k] else 0.5)
                above = row[j]
                left = cost + min(diagonal, above, left)
                diagonal = above
                row[j] = left
        sums[k] = row[other - 1]
    return sums

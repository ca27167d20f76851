"""Compiled dynamic time warping: costs of frame pairs, the best path, and each keypoint on a path of its own."""

from __future__ import annotations

import numpy as np
from numba import njit

# Ways to measure two frames: mean distance of their keypoints; Euclidean norm of the whole difference; its absolute
# sum.
MEAN, NORM, ABSOLUTE = 0, 1, 2
_LARGE = np.float32(1e30)
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


@njit(cache=True, nogil=True, fastmath=_MATHS, error_model="numpy")
def _front_plane(
    x0: np.ndarray, x1: np.ndarray, y0: np.ndarray, y1: np.ndarray, last: np.ndarray,
    before: np.ndarray, now: np.ndarray, here: np.uint64, there: np.uint64, below: np.uint64, count: np.uint64,
    is_squared: bool,
) -> None:  # fmt: skip
    """One anti-diagonal of cells of trajectories in the plane: no cell depends on another, so all go side by side."""
    if is_squared:
        for q in range(count):
            d0, d1 = x0[q + here] - y0[q + there], x1[q + here] - y1[q + there]
            best = last[q + here] if last[q + here] < last[q + below] else last[q + below]
            best = before[q + here] if before[q + here] < best else best
            now[q + below] = best + (d0 * d0 + d1 * d1)
    else:
        for q in range(count):
            d0, d1 = x0[q + here] - y0[q + there], x1[q + here] - y1[q + there]
            best = last[q + here] if last[q + here] < last[q + below] else last[q + below]
            best = before[q + here] if before[q + here] < best else best
            now[q + below] = best + np.sqrt(d0 * d0 + d1 * d1)


@njit(cache=True, nogil=True, fastmath=_MATHS, error_model="numpy")
def _front_space(
    x0: np.ndarray, x1: np.ndarray, x2: np.ndarray, y0: np.ndarray, y1: np.ndarray, y2: np.ndarray, last: np.ndarray,
    before: np.ndarray, now: np.ndarray, here: np.uint64, there: np.uint64, below: np.uint64, count: np.uint64,
    is_squared: bool,
) -> None:  # fmt: skip
    """The same in space."""
    if is_squared:
        for q in range(count):
            d0, d1, d2 = (
                x0[q + here] - y0[q + there],
                x1[q + here] - y1[q + there],
                x2[q + here] - y2[q + there],
            )
            best = last[q + here] if last[q + here] < last[q + below] else last[q + below]
            best = before[q + here] if before[q + here] < best else best
            now[q + below] = best + (d0 * d0 + d1 * d1 + d2 * d2)
    else:
        for q in range(count):
            d0, d1, d2 = (
                x0[q + here] - y0[q + there],
                x1[q + here] - y1[q + there],
                x2[q + here] - y2[q + there],
            )
            best = last[q + here] if last[q + here] < last[q + below] else last[q + below]
            best = before[q + here] if before[q + here] < best else best
            now[q + below] = best + np.sqrt(d0 * d0 + d1 * d1 + d2 * d2)


@njit(cache=True, nogil=True, error_model="numpy")
def _warp_block(
    first: np.ndarray, first_lengths: np.ndarray, second: np.ndarray, second_lengths: np.ndarray, is_squared: bool
) -> np.ndarray:  # fmt: skip
    """`warp_each` of one block: (D, T1 * L), (L,), (D, T2 * L) in reverse order of time, (L,) -> (L,)."""
    dims, lanes = first.shape[0], first_lengths.size
    length, other = first.shape[1] // lanes, second.shape[1] // lanes
    x0, x1, x2 = first[0], first[1], first[dims - 1]
    y0, y1, y2 = second[0], second[1], second[dims - 1]
    ends = first_lengths + second_lengths - 2
    sums = np.full(lanes, np.nan)
    # Cell i of an anti-diagonal lies at i + 1; nothing comes before the first.
    last = np.full((length + 1) * lanes, _LARGE, np.float32)
    before, now = last.copy(), last.copy()
    before[:lanes] = 0
    for front in range(length + other - 1):
        start, stop = max(0, front - other + 1) * lanes, min(front + 1, length) * lanes
        # Unsigned: an index that might be negative would be looked at one by one.
        here, below, count = np.uint64(start), np.uint64(start + lanes), np.uint64(stop - start)
        there = np.uint64(start + (other - 1 - front) * lanes)
        if dims == 2:
            _front_plane(x0, x1, y0, y1, last, before, now, here, there, below, count, is_squared)
        else:
            _front_space(x0, x1, x2, y0, y1, y2, last, before, now, here, there, below, count, is_squared)
        for k in range(lanes):
            if ends[k] == front and first_lengths[k] > 0 and second_lengths[k] > 0:
                sums[k] = now[first_lengths[k] * lanes + k]
        before[:lanes] = _LARGE
        last, before, now = now, last, before
    return sums


@njit(cache=True, nogil=True)
def pack(
    points: np.ndarray, seen: np.ndarray, lanes: int, is_reversed: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Trajectories in blocks as `warp_each` takes them, each with its seen frames first.

    Args:
        points: (T, K, D) float32.
        seen: (T, K) bool.
        lanes: keypoints to a block; the last is filled with keypoints that have no frames.
        is_reversed: whether time runs backwards.

    Returns:
        (B, D, T * lanes) float32, (B * lanes,) int64 frames of each.
    """
    length, keypoints, dims = points.shape
    blocks = -(-keypoints // lanes)
    packed = np.zeros((blocks, dims, length * lanes), np.float32)
    lengths = np.zeros(blocks * lanes, np.int64)
    for t in range(length):
        for k in range(keypoints):
            if seen[t, k]:
                at = length - 1 - lengths[k] if is_reversed else lengths[k]
                lengths[k] += 1
                for d in range(dims):
                    packed[k // lanes, d, at * lanes + k % lanes] = points[t, k, d]
    return packed, lengths


@njit(cache=True, nogil=True)
def warp_each(
    first: np.ndarray, first_lengths: np.ndarray, second: np.ndarray, second_lengths: np.ndarray, is_squared: bool
) -> np.ndarray:  # fmt: skip
    """Exact DTW of K trajectories with K others, each pair on a path of its own.

    The cells of an anti-diagonal are computed side by side, for a block of L trajectories, few enough for what is in
    use to stay in the first-level cache. A trajectory that is shorter than the array may be followed by any numbers:
    no cell before its end depends on them.

    Args:
        first: (B, D, T1 * L) float32, B blocks, D = 2 or 3, keypoints innermost.
        first_lengths: (B * L,) int64 frames of each, 0 to T1.
        second: (B, D, T2 * L) float32, in reverse order of time.
        second_lengths: (B * L,) int64 frames of each, 0 to T2.
        is_squared: whether a step costs the squared distance instead of the distance.

    Returns:
        (B * L,) float64 sums of costs along the paths, NaN where a trajectory has no frame.
    """
    lanes = first_lengths.size // first.shape[0]
    sums = np.empty(first_lengths.size)
    for b in range(first.shape[0]):
        own = slice(b * lanes, (b + 1) * lanes)
        sums[own] = _warp_block(first[b], first_lengths[own], second[b], second_lengths[own], is_squared)
    return sums


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

"""Compiled loops of `signgen.pose.motion` and of the stitcher, over frames x keypoints x coordinates.

All take (T, K, D) float64 coordinates (x, y and, where there is depth, z) and (T, K) float64 confidences;
a confidence of 0 marks a missing keypoint, whose coordinates are 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TWO_PI = 2.0 * math.pi


@njit(cache=True, nogil=True)
def working_arrays(keypoints: np.ndarray, depth: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(T, K, 2 or 3) float64 coordinates and (T, K) float64 confidences of float32 (T, K, 3) and (T, K)."""
    frames, count = keypoints.shape[:2]
    points = np.empty((frames, count, 2 if depth is None else 3))
    confidence = np.empty((frames, count))
    for t in range(frames):
        for k in range(count):
            points[t, k, 0], points[t, k, 1] = keypoints[t, k, 0], keypoints[t, k, 1]
            if depth is not None:
                points[t, k, 2] = depth[t, k]
            confidence[t, k] = keypoints[t, k, 2]
    return points, confidence


@njit(cache=True, nogil=True)
def shoulder_medians(keypoints: np.ndarray, left: int, right: int, neck: int) -> tuple[float, float, float]:
    """Median x and y of the neck and distance of the shoulders over the frames of (T, K, 3) that show both shoulders.

    A missing neck is taken to be in the middle between them. NaN if there are no such frames.
    """
    x, y, width = np.empty(len(keypoints)), np.empty(len(keypoints)), np.empty(len(keypoints))
    count = 0
    for t in range(len(keypoints)):
        if not (keypoints[t, left, 2] > 0 and keypoints[t, right, 2] > 0):
            continue
        ax, ay = np.float64(keypoints[t, left, 0]), np.float64(keypoints[t, left, 1])
        bx, by = np.float64(keypoints[t, right, 0]), np.float64(keypoints[t, right, 1])
        width[count] = math.sqrt((ax - bx) * (ax - bx) + (ay - by) * (ay - by))
        has_neck = keypoints[t, neck, 2] > 0
        x[count] = keypoints[t, neck, 0] if has_neck else (ax + bx) / 2
        y[count] = keypoints[t, neck, 1] if has_neck else (ay + by) / 2
        count += 1
    return _median(x[:count]), _median(y[:count]), _median(width[:count])


@njit(cache=True, nogil=True)
def _median(values: np.ndarray) -> float:
    ordered, count = np.sort(values), len(values)
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2 if count else np.nan


@njit(cache=True, nogil=True)
def sample(
    points: np.ndarray, confidence: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Frames at fractional ``positions`` (n,): linear between two seen neighbours, else the nearer frame's state."""
    count, keypoints, dims = len(positions), points.shape[1], points.shape[2]
    out = np.zeros((count, keypoints, dims))
    out_confidence = np.zeros((count, keypoints))
    last = len(points) - 1
    for i in range(count):
        position = min(max(positions[i], 0.0), float(last))
        a = int(position)
        b = min(a + 1, last)
        s = position - a
        near = a if s <= 0.5 else b
        for k in range(keypoints):
            if confidence[near, k] == 0:
                continue
            if confidence[a, k] > 0 and confidence[b, k] > 0:
                for d in range(dims):
                    out[i, k, d] = (1 - s) * points[a, k, d] + s * points[b, k, d]
                out_confidence[i, k] = min(confidence[a, k], confidence[b, k]) if s > 0 else confidence[a, k]
            else:
                for d in range(dims):
                    out[i, k, d] = points[near, k, d]
                out_confidence[i, k] = confidence[near, k]
    return out, out_confidence


@njit(cache=True, nogil=True)
def middles(frames: int, count: int) -> np.ndarray:
    """Middles of ``count`` equal spans of a clip, as positions among its ``frames``: neither end is favoured."""
    out = np.empty(count)
    for i in range(count):
        out[i] = min(max((i + 0.5) * (frames / count) - 0.5, 0.0), frames - 1.0)
    return out


@njit(cache=True, nogil=True)
def values_at(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(n,) ``values`` (T,) at fractional ``positions`` (n,), between two neighbours on the straight line."""
    out = np.empty(len(positions))
    last = len(values) - 1
    for i in range(len(positions)):
        position = min(max(positions[i], 0.0), float(last))
        a = int(position)
        out[i] = values[a]
        if position > a:
            out[i] += (values[a + 1] - values[a]) * (position - a)
    return out


@njit(cache=True, nogil=True)
def clear_missing(points: np.ndarray, confidence: np.ndarray) -> None:
    """Put missing keypoints at 0, in place."""
    for t in range(points.shape[0]):
        for k in range(points.shape[1]):
            if confidence[t, k] == 0:
                points[t, k] = 0


@njit(cache=True, nogil=True)
def shortest_turn(angle: float) -> float:
    """An angle [rad] brought into [-pi, pi)."""
    return (angle + math.pi) % TWO_PI - math.pi


@njit(cache=True, nogil=True)
def fill(
    points: np.ndarray,
    confidence: np.ndarray,
    max_gap: int,
    parents: np.ndarray,
    order: np.ndarray,
    is_rigid: np.ndarray,
) -> None:
    """Fill gaps of at most ``max_gap`` frames in place: bones turn by the shortest arc about a seen parent."""
    frames, dims = points.shape[0], points.shape[2]
    for k in order:
        parent = parents[k]
        t = 0
        while t < frames:
            if confidence[t, k] > 0:
                t += 1
                continue
            start = t
            while t < frames and confidence[t, k] == 0:
                t += 1
            gap = t - start
            if start == 0 or t == frames or gap > max_gap:
                continue
            polar = parent >= 0 and not is_rigid[k]
            if polar:
                for i in range(start - 1, t + 1):
                    polar = polar and confidence[i, parent] > 0
            _bridge(points, start - 1, t, k, parent if polar else -1, dims)
            seen = min(confidence[start - 1, k], confidence[t, k])
            for i in range(start, t):
                confidence[i, k] = seen


@njit(cache=True, nogil=True)
def _bridge(points: np.ndarray, a: int, b: int, k: int, parent: int, dims: int) -> None:
    if parent < 0:
        for i in range(a + 1, b):
            s = (i - a) / (b - a)
            for d in range(dims):
                points[i, k, d] = (1 - s) * points[a, k, d] + s * points[b, k, d]
        return
    xa, ya = points[a, k, 0] - points[a, parent, 0], points[a, k, 1] - points[a, parent, 1]
    xb, yb = points[b, k, 0] - points[b, parent, 0], points[b, k, 1] - points[b, parent, 1]
    angle = math.atan2(ya, xa)
    turn = shortest_turn(math.atan2(yb, xb) - angle)
    la, lb = math.hypot(xa, ya), math.hypot(xb, yb)
    for i in range(a + 1, b):
        s = (i - a) / (b - a)
        length = (1 - s) * la + s * lb
        points[i, k, 0] = points[i, parent, 0] + length * math.cos(angle + s * turn)
        points[i, k, 1] = points[i, parent, 1] + length * math.sin(angle + s * turn)
        for d in range(2, dims):
            za, zb = points[a, k, d] - points[a, parent, d], points[b, k, d] - points[b, parent, d]
            points[i, k, d] = points[i, parent, d] + (1 - s) * za + s * zb


@njit(cache=True, nogil=True)
def scale_bones(
    points: np.ndarray, confidence: np.ndarray, factors: np.ndarray, parents: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Points with each bone's length multiplied by ``factors`` (K,); a bone without a seen parent keeps its place."""
    out = points.copy()
    frames, dims = points.shape[0], points.shape[2]
    for t in range(frames):
        for k in order:
            parent = parents[k]
            if parent < 0 or confidence[t, k] == 0 or confidence[t, parent] == 0:
                continue
            for d in range(dims):
                out[t, k, d] = out[t, parent, d] + factors[k] * (points[t, k, d] - points[t, parent, d])
    return out


@njit(cache=True, nogil=True)
def impose_lengths(
    points: np.ndarray,
    lengths: np.ndarray,
    confidence: np.ndarray,
    parents: np.ndarray,
    order: np.ndarray,
    is_rigid: np.ndarray,
    dims: int,
) -> None:
    """Give the bones of ``points`` their ``lengths`` (T, K) back in place, from the root outwards.

    Lengths are those in the first ``dims`` coordinates: 2 for the picture, whatever the depth, 3 for space.
    """
    frames = points.shape[0]
    shift, bone = np.zeros((points.shape[1], dims)), np.empty(dims)
    for t in range(frames):
        shift[:] = 0.0
        for k in order:
            parent = parents[k]
            if parent < 0 or confidence[t, k] == 0 or confidence[t, parent] == 0:
                continue
            square = 0.0
            for d in range(dims):
                bone[d] = points[t, k, d] - (points[t, parent, d] - shift[parent, d])
                square += bone[d] * bone[d]
            now, scale = math.sqrt(square), 1.0
            if not is_rigid[k] and now > 1e-12:
                scale = lengths[t, k] / now
            for d in range(dims):
                shift[k, d] = points[t, parent, d] + scale * bone[d] - points[t, k, d]
                points[t, k, d] += shift[k, d]


@njit(cache=True, nogil=True)
def lengths_to_parents(points: np.ndarray, parents: np.ndarray, dims: int) -> np.ndarray:
    """(T, K) distance of each keypoint from its parent in the first ``dims`` coordinates; 0 for the root."""
    out = np.zeros(points.shape[:2])
    for t in range(points.shape[0]):
        for k in range(points.shape[1]):
            p = parents[k]
            if p >= 0:
                square = 0.0
                for d in range(dims):
                    square += (points[t, k, d] - points[t, p, d]) ** 2
                out[t, k] = math.sqrt(square)
    return out


@njit(cache=True, nogil=True)
def hang_hand(
    points: np.ndarray,
    smoothed: np.ndarray,
    relative: np.ndarray,
    confidence: np.ndarray,
    wrist: int,
    first: int,
) -> None:
    """Put filtered ``relative`` (T, 21, D) back on the smoothed wrist, in place; as it was where that is missing."""
    for t in range(points.shape[0]):
        for j in range(relative.shape[1]):
            for d in range(points.shape[2]):
                if confidence[t, wrist] > 0:
                    smoothed[t, first + j, d] = smoothed[t, wrist, d] + relative[t, j, d]
                else:
                    smoothed[t, first + j, d] = points[t, first + j, d]

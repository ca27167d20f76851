"""Compiled loops of the stitcher: motion figures of a clip, the Viterbi search over joins, arms put at rest."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Numbers per frame and hand in `motion_figures`: presence, wrist x, y, wrist velocity x, y, hand x, y of 21 keypoints.
FEATURES = 47


@njit(cache=True, nogil=True)
def drop_giant_hands(points: np.ndarray, confidence: np.ndarray, hands: np.ndarray, longest: float) -> None:
    """Mark hands as missing, in place, whose palm is longer than any palm: the detector lost its scale."""
    for first in hands:
        for t in range(len(points)):
            x = points[t, first + 9, 0] - points[t, first, 0]
            y = points[t, first + 9, 1] - points[t, first, 1]
            if math.sqrt(x * x + y * y) > longest:
                confidence[t, first : first + 21] = 0
                points[t, first : first + 21] = 0


@njit(cache=True, nogil=True)
def centre_and_scale(points: np.ndarray, confidence: np.ndarray, x: float, y: float, unit: float) -> None:
    """Move the origin of points to ``x``, ``y`` and measure them in ``unit``, in place; missing ones stay 0."""
    points[..., 0] -= x
    points[..., 1] -= y
    # Divided in one row, several at a time.
    flat = points.reshape(-1)
    for i in range(len(flat)):
        flat[i] /= unit
    for t in range(len(points)):
        for k in range(points.shape[1]):
            if confidence[t, k] == 0:
                points[t, k] = 0


@njit(cache=True, nogil=True)
def keeps_lengths(
    points: np.ndarray, confidence: np.ndarray, bones: np.ndarray, parents: np.ndarray, share: float
) -> bool:
    """Whether all ``bones`` are seen and keep their length in space to a ``share`` of it; one frame tells nothing."""
    if points.shape[2] < 3 or len(points) < 2:
        return False
    for k in bones:
        shortest, longest = np.inf, 0.0
        for t in range(len(points)):
            square = 0.0
            for d in range(3):
                square += (points[t, k, d] - points[t, parents[k], d]) ** 2
            shortest, longest = min(shortest, math.sqrt(square)), max(longest, math.sqrt(square))
            if confidence[t, k] == 0 or longest - shortest > share * longest:
                return False
    return True


@njit(cache=True, nogil=True)
def on_canvas(
    points: np.ndarray, confidence: np.ndarray, unit: float, x: float, y: float, above: float
) -> tuple[np.ndarray, np.ndarray]:
    """Float32 keypoints (T, K, 3) and depth (T, K) in pixels: a shoulder width is ``unit``, the neck ``above`` x, y."""
    keypoints = np.zeros((*confidence.shape, 3), np.float32)
    depth = np.zeros(confidence.shape, np.float32)
    for t in range(len(points)):
        for k in range(points.shape[1]):
            if np.float32(confidence[t, k]) > 0:
                keypoints[t, k, 0] = points[t, k, 0] * unit + x
                keypoints[t, k, 1] = points[t, k, 1] * unit + y - above
                keypoints[t, k, 2] = confidence[t, k]
            if points.shape[2] == 3:
                depth[t, k] = points[t, k, 2] * unit
    return keypoints, depth


@njit(cache=True, nogil=True)
def settle_below(
    points: np.ndarray, confidence: np.ndarray, root: int, chosen: np.ndarray, least: float
) -> None:
    """Keep each of the ``chosen`` keypoints at its median place below ``root`` and its median confidence, in place.

    One that is never seen with the root, or whose median confidence is less than ``least``, is missing throughout.
    """
    count, dims = len(points), points.shape[2]
    offset, values = np.zeros(dims), np.empty(count)
    for k in chosen:
        typical = np.median(confidence[:, k])
        seen = 0
        for d in range(dims):
            seen = 0
            for t in range(count):
                if confidence[t, k] > 0 and confidence[t, root] > 0:
                    values[seen] = points[t, k, d] - points[t, root, d]
                    seen += 1
            if seen:
                offset[d] = np.median(values[:seen])
        is_kept = seen > 0 and typical >= least
        for t in range(count):
            is_there = is_kept and confidence[t, root] > 0
            confidence[t, k] = typical if is_there else 0.0
            for d in range(dims):
                points[t, k, d] = points[t, root, d] + offset[d] if is_there else 0.0


@njit(cache=True, nogil=True)
def motion_figures(
    points: np.ndarray, confidence: np.ndarray, fps: float, wrists: np.ndarray, hands: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What joins, crops and seams ask of a clip, in one pass.

    Args:
        points: (T, K, D) coordinates.
        confidence: (T, K).
        fps: rate.
        wrists: (2,) keypoints of the wrists.
        hands: (2,) first keypoints of the hands.

    Returns:
        (2, T) wrist speeds [1/s], 0 where unknown; (T, 2, 47) features; (3, T) size of the larger wrist's
        velocity, acceleration and jerk by central differences, NaN where unknown.
    """
    count = len(points)
    speeds = np.zeros((2, count))
    features = np.zeros((count, 2, FEATURES))
    derived = np.full((3, count), np.nan)
    track = np.empty((count, 2))
    for side in range(2):
        wrist, first = wrists[side], hands[side]
        for t in range(count):
            seen = confidence[t, wrist] > 0
            track[t, 0] = points[t, wrist, 0] if seen else np.nan
            track[t, 1] = points[t, wrist, 1] if seen else np.nan
        for t in range(1, count):
            step = math.hypot(track[t, 0] - track[t - 1, 0], track[t, 1] - track[t - 1, 1])
            speeds[side, t] = 0.0 if math.isnan(step) else step * fps
        if count > 1:
            speeds[side, 0] = speeds[side, 1]
        for t in range(count):
            a, b = max(t - 1, 0), min(t + 1, count - 1)
            features[t, side, 0] = 1.0 if confidence[t, first] > 0 else 0.0
            for d in range(2):
                features[t, side, 1 + d] = points[t, wrist, d]
                features[t, side, 3 + d] = (points[b, wrist, d] - points[a, wrist, d]) * fps / max(b - a, 1)
            for j in range(21):
                for d in range(2):
                    features[t, side, 5 + 2 * j + d] = points[t, first + j, d] - points[t, first, d]
        current = track.copy()
        for order in range(3):
            current = _gradient(current, fps)
            for t in range(count):
                size = math.hypot(current[t, 0], current[t, 1])
                if not math.isnan(size) and not (derived[order, t] >= size):
                    derived[order, t] = size
    return speeds, features, derived


@njit(cache=True, nogil=True)
def _gradient(track: np.ndarray, fps: float) -> np.ndarray:
    out = np.full_like(track, np.nan)
    count = len(track)
    for t in range(count):
        a, b = max(t - 1, 0), min(t + 1, count - 1)
        for d in range(2):
            if b > a:
                out[t, d] = (track[b, d] - track[a, d]) * fps / (b - a)
    return out


@njit(cache=True, nogil=True)
def join_cost(a: np.ndarray, b: np.ndarray, weights: np.ndarray, absent: float) -> float:
    """Weighted distance of two frames' features (2, 47); ``absent`` for each hand that only one frame has."""
    cost = 0.0
    for side in range(2):
        if a[side, 0] == 0 and b[side, 0] == 0:
            continue
        if a[side, 0] == 0 or b[side, 0] == 0:
            cost += absent
            continue
        squared = 0.0
        for j in range(1, a.shape[1]):
            squared += weights[j] * (a[side, j] - b[side, j]) ** 2
        cost += math.sqrt(squared)
    return cost


@njit(cache=True, nogil=True)
def cheapest_path(
    features: np.ndarray,
    variant: np.ndarray,
    frame: np.ndarray,
    lost: np.ndarray,
    bounds: np.ndarray,
    weights: np.ndarray,
    absent: float,
) -> np.ndarray:
    """Viterbi over layers of options: entry of sign 0, exit of sign 0, entry of sign 1, ...

    Args:
        features: (N, 2, 47) of all options.
        variant: (N,) variant of each option.
        frame: (N,) its frame in the variant.
        lost: (N,) its own cost.
        bounds: (L + 1,) where each layer's options begin; L is even.
        weights: (47,) of the join cost.
        absent: cost of a hand that only one side has.

    Returns:
        (L,) the option chosen in each layer.
    """
    layers = len(bounds) - 1
    cost = lost.copy()
    back = np.zeros(len(lost), dtype=np.int64)
    for layer in range(1, layers):
        inside = layer % 2 == 1
        for j in range(bounds[layer], bounds[layer + 1]):
            best, best_i = np.inf, bounds[layer - 1]
            for i in range(bounds[layer - 1], bounds[layer]):
                if inside:
                    if variant[i] != variant[j] or frame[i] > frame[j]:
                        continue
                    step = cost[i]
                else:
                    step = cost[i] + join_cost(features[i], features[j], weights, absent)
                if step < best:
                    best, best_i = step, i
            cost[j] += best
            back[j] = best_i
    path = np.zeros(layers, dtype=np.int64)
    path[-1] = bounds[layers - 1] + np.argmin(cost[bounds[layers - 1] : bounds[layers]])
    for layer in range(layers - 1, 0, -1):
        path[layer - 1] = back[path[layer]]
    return path


@njit(cache=True, nogil=True)
def rest_arm(
    points: np.ndarray,
    confidence: np.ndarray,
    arm: np.ndarray,
    rest: np.ndarray,
    presence: np.ndarray,
    parents: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Copies of ``points``, ``confidence`` with the keypoints ``arm`` at ``rest`` (k, D) from their parents."""
    points, confidence = points.copy(), confidence.copy()
    for t in range(len(points)):
        for j in range(len(arm)):
            keypoint, parent = arm[j], parents[arm[j]]
            seen = presence[j] > 0 and confidence[t, parent] > 0
            confidence[t, keypoint] = presence[j] if seen else 0.0
            for d in range(points.shape[2]):
                points[t, keypoint, d] = points[t, parent, d] + rest[j, d] if seen else 0.0
    return points, confidence


@njit(cache=True, nogil=True)
def is_idle(
    points: np.ndarray,
    confidence: np.ndarray,
    wrist: int,
    elbow: int,
    first: int,
    least_seen: float,
    drop: float,
) -> bool:
    """Whether a hand is seen in less than ``least_seen`` of the frames, or its wrist hangs ``drop`` below the elbow."""
    seen, hanging = 0, 0
    for t in range(len(points)):
        seen += confidence[t, first] > 0
        both = confidence[t, wrist] > 0 and confidence[t, elbow] > 0
        hanging += both and points[t, wrist, 1] > points[t, elbow, 1] + drop
    return seen < least_seen * len(points) or hanging > 0.7 * len(points)


@njit(cache=True, nogil=True)
def furthest_travel(
    points: np.ndarray, confidence: np.ndarray, start: int, stop: int, chosen: np.ndarray
) -> float:
    """Furthest that one of the ``chosen`` keypoints gets from its place at ``start``."""
    away = 0.0
    for k in chosen:
        if confidence[start, k] > 0:
            for t in range(start + 1, stop):
                if confidence[t, k] > 0:
                    x, y = points[t, k, 0] - points[start, k, 0], points[t, k, 1] - points[start, k, 1]
                    away = max(away, math.hypot(x, y))
    return away


@njit(cache=True, nogil=True)
def seam_figures(
    points: np.ndarray,
    confidence: np.ndarray,
    motion: np.ndarray,
    spans: np.ndarray,
    bones: np.ndarray,
    parents: np.ndarray,
) -> np.ndarray:
    """Figures of transitions.

    Args:
        points: (T, K, D).
        confidence: (T, K).
        motion: (3, T) wrist speed, acceleration, jerk.
        spans: (n, 2) first frame and one past the last of each transition.
        bones: end keypoints of the finger bones.
        parents: (K,) kinematic tree.

    Returns:
        (n, 4) peak speed, acceleration and jerk from one frame before to one after, and the mean length of the finger
        bones in the middle over the mean of the two ends; NaN where nothing is seen.
    """
    out = np.full((len(spans), 4), np.nan)
    for i in range(len(spans)):
        start, end = spans[i]
        for order in range(3):
            for t in range(max(start - 1, 0), min(end + 1, len(points))):
                if not (motion[order, t] <= out[i, order]) and not math.isnan(motion[order, t]):
                    out[i, order] = motion[order, t]
        if start > 0 and end < len(points) and end > start:
            out[i, 3] = _finger_ratio(
                points, confidence, start - 1, (start + end - 1) // 2, end, bones, parents
            )
    return out


@njit(cache=True, nogil=True)
def _finger_ratio(
    points: np.ndarray, confidence: np.ndarray, a: int, m: int, b: int, bones: np.ndarray, parents: np.ndarray
) -> float:
    """Mean over ``bones`` of the length at frame ``m`` over the mean of frames ``a`` and ``b``; NaN if none is seen."""
    total, count = 0.0, 0
    for k in bones:
        p = parents[k]
        seen = True
        for t in (a, m, b):
            seen = seen and confidence[t, k] > 0 and confidence[t, p] > 0
        if not seen:
            continue
        la = math.hypot(points[a, k, 0] - points[a, p, 0], points[a, k, 1] - points[a, p, 1])
        lm = math.hypot(points[m, k, 0] - points[m, p, 0], points[m, k, 1] - points[m, p, 1])
        lb = math.hypot(points[b, k, 0] - points[b, p, 0], points[b, k, 1] - points[b, p, 1])
        if la + lb > 0:
            total += 2 * lm / (la + lb)
            count += 1
    return total / count if count else np.nan

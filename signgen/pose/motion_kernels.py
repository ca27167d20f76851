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
) -> None:
    """Give the bones of ``points`` their image-plane ``lengths`` (T, K) back, in place, from the root outwards."""
    frames = points.shape[0]
    shift = np.zeros((points.shape[1], 2))
    for t in range(frames):
        shift[:] = 0.0
        for k in order:
            parent = parents[k]
            if parent < 0 or confidence[t, k] == 0 or confidence[t, parent] == 0:
                continue
            x = points[t, k, 0] - (points[t, parent, 0] - shift[parent, 0])
            y = points[t, k, 1] - (points[t, parent, 1] - shift[parent, 1])
            scale = 1.0
            now = math.hypot(x, y)
            if not is_rigid[k] and now > 1e-12:
                scale = lengths[t, k] / now
            shift[k, 0] = points[t, parent, 0] + scale * x - points[t, k, 0]
            shift[k, 1] = points[t, parent, 1] + scale * y - points[t, k, 1]
            points[t, k, 0] += shift[k, 0]
            points[t, k, 1] += shift[k, 1]


@njit(cache=True, nogil=True)
def _quintic(start: float, end: float, v0: float, v1: float, u: float) -> float:
    """Quintic Hermite curve with velocities ``v0``, ``v1`` (per unit of u) and no acceleration at its ends."""
    gap = end - start
    return (
        start
        + v0 * u
        + u
        * u
        * u
        * (
            (10 * gap - 6 * v0 - 4 * v1)
            + u * ((8 * v0 + 7 * v1 - 15 * gap) + u * (6 * gap - 3 * v0 - 3 * v1))
        )
    )


@njit(cache=True, nogil=True)
def _limited(velocity: float, limit: float) -> float:
    return min(max(velocity, -limit), limit)


@njit(cache=True, nogil=True)
def transition(
    before: np.ndarray,
    before_confidence: np.ndarray,
    after: np.ndarray,
    after_confidence: np.ndarray,
    count: int,
    lead: np.ndarray,
    moving: np.ndarray,
    parents: np.ndarray,
    order: np.ndarray,
    is_rigid: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` frames between two poses in which every bone turns by the shortest arc.

    Args:
        before: (2, K, D) the last two frames on the way in; the movement starts at the second.
        before_confidence: (2, K).
        after: (2, K, D) the first two frames on the way out; the movement ends at the first.
        after_confidence: (2, K).
        count: number of frames to make.
        lead: (K,) share of the time after which the bone's turn is complete (1 = uses all of it).
        moving: (K,) whether the bone takes over the speed of the neighbouring frames.
        parents: (K,) kinematic tree.
        order: (K,) keypoints, parents first.
        is_rigid: (K,) keypoints that keep offset instead of turning.

    Returns:
        (count, K, D) points and (count, K) confidences. A keypoint that only one side has is kept on its half.
    """
    keypoints, dims = before.shape[1], before.shape[2]
    out = np.zeros((count, keypoints, dims))
    confidence = np.zeros((count, keypoints))
    for k in order:
        parent = parents[k]
        has_a, has_b = before_confidence[1, k] > 0, after_confidence[0, k] > 0
        if not (has_a or has_b):
            continue
        seen = min(before_confidence[1, k], after_confidence[0, k])
        if not (has_a and has_b):
            seen = max(before_confidence[1, k], after_confidence[0, k])
        bone = parent >= 0
        if bone and has_a:
            bone = before_confidence[1, parent] > 0
        if bone and has_b:
            bone = after_confidence[0, parent] > 0
        turns = bone and has_a and has_b and not is_rigid[k]
        if turns:
            polar = _polar(before, before_confidence, after, after_confidence, k, parent, count, moving[k])
        for i in range(count):
            u = (i + 1) / (count + 1)
            if not (has_a and has_b) and has_a != (u < 0.5):
                continue
            on_parent = bone and confidence[i, parent] > 0
            confidence[i, k] = seen
            ease = u * u * u * (10 - 15 * u + 6 * u * u)
            for d in range(dims):
                a = before[1, k, d] - (before[1, parent, d] if on_parent else 0.0)
                b = after[0, k, d] - (after[0, parent, d] if on_parent else 0.0)
                value = (1 - ease) * a + ease * b if has_a and has_b else (a if has_a else b)
                out[i, k, d] = (out[i, parent, d] if on_parent else 0.0) + value
            if turns and on_parent:
                _turn(out, i, k, parent, u, ease, polar, lead[k], moving[k])
    return out, confidence


@njit(cache=True, nogil=True)
def _polar(
    before: np.ndarray,
    before_confidence: np.ndarray,
    after: np.ndarray,
    after_confidence: np.ndarray,
    k: int,
    parent: int,
    count: int,
    moving: bool,
) -> tuple[float, float, float, float, float, float, float, float]:
    """Angle, turn and the two lengths of a bone, and the rates of angle and length at both ends (per transition)."""
    xa, ya = before[1, k, 0] - before[1, parent, 0], before[1, k, 1] - before[1, parent, 1]
    xb, yb = after[0, k, 0] - after[0, parent, 0], after[0, k, 1] - after[0, parent, 1]
    la, lb = math.hypot(xa, ya), math.hypot(xb, yb)
    angle = math.atan2(ya, xa)
    turn = shortest_turn(math.atan2(yb, xb) - angle)
    v0 = v1 = w0 = w1 = 0.0
    if moving and before_confidence[0, k] > 0 and before_confidence[0, parent] > 0:
        x, y = before[0, k, 0] - before[0, parent, 0], before[0, k, 1] - before[0, parent, 1]
        v0 = shortest_turn(angle - math.atan2(y, x)) * (count + 1)
        w0 = (la - math.hypot(x, y)) * (count + 1)
    if moving and after_confidence[1, k] > 0 and after_confidence[1, parent] > 0:
        x, y = after[1, k, 0] - after[1, parent, 0], after[1, k, 1] - after[1, parent, 1]
        v1 = shortest_turn(math.atan2(y, x) - math.atan2(yb, xb)) * (count + 1)
        w1 = (math.hypot(x, y) - lb) * (count + 1)
    # Keep the overshoot that a fast sign would cause within a few degrees and a few per cent.
    limit = abs(turn) + 0.3
    reach = abs(lb - la) + 0.1 * (la + lb)
    return (
        angle,
        turn,
        la,
        lb,
        _limited(v0, limit),
        _limited(v1, limit),
        _limited(w0, reach),
        _limited(w1, reach),
    )


@njit(cache=True, nogil=True)
def _turn(
    out: np.ndarray,
    i: int,
    k: int,
    parent: int,
    u: float,
    ease: float,
    polar: tuple[float, float, float, float, float, float, float, float],
    lead: float,
    moving: bool,
) -> None:
    angle, turn, la, lb, v0, v1, w0, w1 = polar
    theta = angle + _quintic(0.0, turn, v0, v1 if lead == 1.0 else 0.0, min(1.0, u / lead))
    if moving:
        length = _quintic(la, lb, w0, w1, u)
        length = min(max(length, 0.8 * min(la, lb)), 1.2 * max(la, lb))
    else:
        length = (1 - ease) * la + ease * lb
    out[i, k, 0] = out[i, parent, 0] + length * math.cos(theta)
    out[i, k, 1] = out[i, parent, 1] + length * math.sin(theta)

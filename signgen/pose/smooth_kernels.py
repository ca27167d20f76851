"""Compiled smoothness: zero-phase filtering of tracks with gaps, and transitions as long as their jerk asks for.

The filter does what ``scipy.signal.sosfiltfilt`` (odd padding) and ``savgol_filter`` (mode "interp") do to each
run of seen frames, in one call for all keypoints; the tests hold it against them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TWO_PI = 2.0 * math.pi


@njit(cache=True, nogil=True)
def filter_runs(
    tracks: np.ndarray,
    confidence: np.ndarray,
    sos: np.ndarray,
    zi: np.ndarray,
    pad: int,
    projection: np.ndarray,
) -> np.ndarray:
    """Smoothed copy of ``tracks``.

    Args:
        tracks: (T, K, D) values.
        confidence: (T, K); a run is a stretch of frames above 0.
        sos: (2, 6) second-order sections, run forwards and backwards over runs longer than ``pad``.
        zi: (2, 2) their state for a step input of 1.
        pad: length of the odd extension at both ends.
        projection: (n, n) least-squares polynomial fit to n frames, for runs of n to ``pad`` frames; shorter runs
            are left alone.

    Returns:
        (T, K, D).
    """
    frames, keypoints, dims = tracks.shape
    out = tracks.copy()
    work = np.empty(frames + 2 * pad)
    for k in range(keypoints):
        stop = 0
        while stop < frames:
            start = stop
            while start < frames and confidence[start, k] <= 0:
                start += 1
            stop = start
            while stop < frames and confidence[stop, k] > 0:
                stop += 1
            count = stop - start
            for d in range(dims):
                if count > pad:
                    _both_ways(tracks, out, start, stop, k, d, sos, zi, pad, work)
                elif count >= len(projection):
                    _local_fit(tracks, out, start, stop, k, d, projection)
    return out


@njit(cache=True, nogil=True)
def _both_ways(
    tracks: np.ndarray,
    out: np.ndarray,
    start: int,
    stop: int,
    k: int,
    d: int,
    sos: np.ndarray,
    zi: np.ndarray,
    pad: int,
    work: np.ndarray,
) -> None:
    count = stop - start
    first, last = tracks[start, k, d], tracks[stop - 1, k, d]
    for i in range(pad):
        work[i] = 2 * first - tracks[start + pad - i, k, d]
        work[pad + count + i] = 2 * last - tracks[stop - 2 - i, k, d]
    for i in range(count):
        work[pad + i] = tracks[start + i, k, d]
    total = count + 2 * pad
    for _ in range(2):
        _forwards(work, total, sos, zi)
        _reverse(work, total)
    for i in range(count):
        out[start + i, k, d] = work[pad + i]


@njit(cache=True, nogil=True)
def _forwards(work: np.ndarray, total: int, sos: np.ndarray, zi: np.ndarray) -> None:
    """Both sections in one pass, so that the processor works on two steps at a time."""
    b0, b1, b2, a1, a2 = sos[0, 0], sos[0, 1], sos[0, 2], sos[0, 4], sos[0, 5]
    d0, d1, d2, c1, c2 = sos[1, 0], sos[1, 1], sos[1, 2], sos[1, 4], sos[1, 5]
    # Each section starts in the state it would have reached had its input always been the first value.
    z0, z1 = zi[0, 0] * work[0], zi[0, 1] * work[0]
    first = b0 * work[0] + z0
    w0, w1 = zi[1, 0] * first, zi[1, 1] * first
    for i in range(total):
        x = work[i]
        y = b0 * x + z0
        z0 = b1 * x - a1 * y + z1
        z1 = b2 * x - a2 * y
        out = d0 * y + w0
        w0 = d1 * y - c1 * out + w1
        w1 = d2 * y - c2 * out
        work[i] = out


@njit(cache=True, nogil=True)
def _reverse(work: np.ndarray, total: int) -> None:
    for i in range(total // 2):
        work[i], work[total - 1 - i] = work[total - 1 - i], work[i]


@njit(cache=True, nogil=True)
def _local_fit(
    tracks: np.ndarray, out: np.ndarray, start: int, stop: int, k: int, d: int, projection: np.ndarray
) -> None:
    size = len(projection)
    half = size // 2
    for t in range(start, stop):
        base = min(max(t - half, start), stop - size)
        value = 0.0
        for i in range(size):
            value += projection[t - base, i] * tracks[base + i, k, d]
        out[t, k, d] = value


@njit(cache=True, nogil=True)
def bridge(
    before: np.ndarray,
    before_confidence: np.ndarray,
    after: np.ndarray,
    after_confidence: np.ndarray,
    count: int,
    wanted: float,
    limit: float,
    longest: float,
    fps: float,
    filters: tuple[np.ndarray, np.ndarray, int, np.ndarray],
    wrists: np.ndarray,
    lead: np.ndarray,
    moving: np.ndarray,
    parents: np.ndarray,
    order: np.ndarray,
    arms: np.ndarray,
    is_rigid: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """A `transition` of ``count`` frames, or of more if the wrists' jerk would be above ``limit`` after smoothing.

    Args:
        before: (n, K, D) the last frames before it, as many as the smoothing sees.
        before_confidence: (n, K).
        after: (m, K, D) the first frames after it.
        after_confidence: (m, K).
        count: number of frames to begin with.
        wanted: the number of frames, not rounded, that it should have.
        limit: largest jerk.
        longest: a transition with this many frames is not made longer.
        fps: frame rate.
        filters: arguments of `filter_runs` from ``sos`` on.
        wrists: keypoints whose jerk counts.
        lead: as for `transition`, and all that follow.
        moving: (K,).
        parents: (K,).
        order: (K,).
        arms: the part of ``order`` that carries the wrists.
        is_rigid: (K,).

    Returns:
        Points and confidences of the transition, and ``wanted``, larger if it was made longer.
    """
    last = len(before) - 2
    ends = _pair(before, last), _pair(before_confidence, last), _pair(after, 0), _pair(after_confidence, 0)
    while count < longest:
        points, _ = transition(*ends, count, lead, moving, parents, arms, is_rigid)
        jerk = 0.0
        for wrist in wrists:
            if before_confidence[-1, wrist] > 0 and after_confidence[0, wrist] > 0:
                track = np.concatenate((before[:, wrist, :2], points[:, wrist, :2], after[:, wrist, :2]))
                jerk = max(jerk, peak_jerk(track, fps, filters, len(before) - 1, len(before) + count + 1))
        if jerk <= limit:
            break
        # The jerk of a movement falls with the cube of its time.
        wanted = max(wanted, (count + 1) * (jerk / limit) ** (1 / 3) - 1)
        count = max(count + 2, 2 * round((wanted - 1) / 2) + 1)
    points, confidence = transition(*ends, count, lead, moving, parents, order, is_rigid)
    return points, confidence, wanted


@njit(cache=True, nogil=True)
def _pair(frames: np.ndarray, first: int) -> np.ndarray:
    """The frames ``first`` and ``first`` + 1, or the nearest there are."""
    pair = np.empty((2,) + frames.shape[1:])  # noqa: RUF005 - numba knows no unpacking here
    pair[0], pair[1] = frames[max(first, 0)], frames[min(first + 1, len(frames) - 1)]
    return pair


@njit(cache=True, nogil=True)
def peak_jerk(
    track: np.ndarray,
    fps: float,
    filters: tuple[np.ndarray, np.ndarray, int, np.ndarray],
    start: int,
    stop: int,
) -> float:
    """Largest jerk of the smoothed (T, 2) ``track`` in frames ``start`` to ``stop`` - 1, by central differences."""
    count = len(track)
    current = filter_runs(track.reshape(count, 1, 2), np.ones((count, 1)), *filters)
    for _ in range(3):
        previous = current.copy()
        for t in range(count):
            a, b = max(t - 1, 0), min(t + 1, count - 1)
            for d in range(2):
                current[t, 0, d] = (previous[b, 0, d] - previous[a, 0, d]) * fps / (b - a)
    peak = 0.0
    for t in range(start, min(stop, count)):
        peak = max(peak, math.hypot(current[t, 0, 0], current[t, 0, 1]))
    return peak


@njit(cache=True, nogil=True)
def _shortest_turn(angle: float) -> float:
    """An angle [rad] brought into [-pi, pi)."""
    return (angle + math.pi) % TWO_PI - math.pi


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
    turn = _shortest_turn(math.atan2(yb, xb) - angle)
    v0 = v1 = w0 = w1 = 0.0
    if moving and before_confidence[0, k] > 0 and before_confidence[0, parent] > 0:
        x, y = before[0, k, 0] - before[0, parent, 0], before[0, k, 1] - before[0, parent, 1]
        v0 = _shortest_turn(angle - math.atan2(y, x)) * (count + 1)
        w0 = (la - math.hypot(x, y)) * (count + 1)
    if moving and after_confidence[1, k] > 0 and after_confidence[1, parent] > 0:
        x, y = after[1, k, 0] - after[1, parent, 0], after[1, k, 1] - after[1, parent, 1]
        v1 = _shortest_turn(math.atan2(y, x) - math.atan2(yb, xb)) * (count + 1)
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

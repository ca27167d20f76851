"""Zero-phase filtering of tracks with gaps, compiled: each run of seen frames is filtered by itself.

Does what ``scipy.signal.sosfiltfilt`` (odd padding) and ``savgol_filter`` (mode "interp") do to each run, in one
call for all keypoints; the tests hold it against them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


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
def lengths_to_parents(points: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """(T, K) image-plane distance of each keypoint from its parent; 0 for the root."""
    out = np.zeros(points.shape[:2])
    for t in range(points.shape[0]):
        for k in range(points.shape[1]):
            p = parents[k]
            if p >= 0:
                out[t, k] = math.hypot(points[t, k, 0] - points[t, p, 0], points[t, k, 1] - points[t, p, 1])
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

"""Copy the arrays that a scan found into one array, and turn what SignVerse stores into clean keypoints."""

from __future__ import annotations

import numpy as np
from numba import njit

from signgen.data.signverse_scan_values import BODY, F2, F4, F8, PERSON

# First keypoint and number of keypoints of body, left hand, right hand, face: the order of the tokens.
_FIRST = np.array([0, 18, 39, 60], np.int64)
_COUNT = np.array([18, 21, 21, 68], np.int64)


@njit(cache=True, nogil=True)
def _fits(part: int, columns: int, arrays: np.ndarray, row: int) -> bool:
    return bool(arrays[row, 1] == _COUNT[part] and arrays[row, 2] == columns)


@njit(cache=True, nogil=True)
def measure(
    frames: np.ndarray, dicts: np.ndarray, items: np.ndarray, arrays: np.ndarray, people: np.ndarray
) -> int:
    """Type of the arrays; 0 if shapes are wrong or types differ.

    Args:
        frames: (T,) int64, as `signverse_scan_kernel.scan` fills it.
        dicts: (D, 2) int64, likewise.
        items: (N, 2) int64, likewise.
        arrays: (A, 4) int64, likewise.
        people: (T,) int64 of zeros, filled with the number of people in each frame.
    """
    dtype = -1
    for t in range(frames.shape[0]):
        frame = frames[t]
        for i in range(dicts[frame, 0], dicts[frame, 1]):
            person, slot = (items[i, 0] - PERSON) // 16, (items[i, 0] - PERSON) % 16
            if items[i, 0] < PERSON:
                continue
            people[t] = max(people[t], person + 1)
            first, end, inside = i, i + 1, False
            if slot == 0:
                first, end, inside = dicts[items[i, 1], 0], dicts[items[i, 1], 1], True
            for j in range(first, end):
                row = items[j, 1]
                if inside and items[j, 0] >= PERSON:
                    continue
                part = items[j, 0] - BODY if inside else (slot - 1) // 2
                columns = 3 if inside else (2 if slot % 2 else 0)
                if not _fits(part, columns, arrays, row) or (dtype >= 0 and dtype != arrays[row, 0]):
                    return 0
                dtype = arrays[row, 0]
    known = dtype in (-1, F2, F4, F8)
    return (F4 if dtype == -1 else dtype) if known else 0


@njit(cache=True, nogil=True)
def _copy(data: np.ndarray, out: np.ndarray, count: int, width: int, pitch: int) -> None:
    """Copy ``count`` runs of ``width`` bytes to places ``pitch`` bytes apart."""
    if width == pitch:
        for k in range(count * width):
            out[k] = data[k]
    elif width == 8:
        for k in range(count):
            for j in range(8):
                out[pitch * k + j] = data[8 * k + j]
    elif width == 4:
        for k in range(count):
            for j in range(4):
                out[pitch * k + j] = data[4 * k + j]
    else:
        for k in range(count):
            for j in range(width):
                out[pitch * k + j] = data[width * k + j]


@njit(cache=True, nogil=True)
def gather(
    data: np.ndarray, frames: np.ndarray, dicts: np.ndarray, items: np.ndarray, arrays: np.ndarray,
    size: int, out: np.ndarray,
) -> None:  # fmt: skip
    """Copy the arrays, which `measure` has checked, to their places.

    Args:
        data: the bytes that were scanned.
        frames: (T,) int64, as `signverse_scan_kernel.scan` fills it.
        dicts: (D, 2) int64, likewise.
        items: (N, 2) int64, likewise.
        arrays: (A, 4) int64, likewise.
        size: bytes of one number.
        out: (P, T, 128 * 3 * size) uint8 of zeros, filled with x, y, score.
    """
    pitch = 3 * size
    for t in range(frames.shape[0]):
        for i in range(dicts[frames[t], 0], dicts[frames[t], 1]):
            if items[i, 0] < PERSON:
                continue
            person, slot = (items[i, 0] - PERSON) // 16, (items[i, 0] - PERSON) % 16
            first, end = i, i + 1
            if slot == 0:
                first, end = dicts[items[i, 1], 0], dicts[items[i, 1], 1]
            for j in range(first, end):
                if slot == 0 and items[j, 0] >= PERSON:
                    continue
                part, width, to = items[j, 0] - BODY, pitch, 0
                if slot:
                    part = (slot - 1) // 2
                    width, to = (2 * size, 0) if slot % 2 else (size, 2 * size)
                start, to = arrays[items[j, 1], 3], to + _FIRST[part] * pitch
                _copy(data[start:], out[person, t, to:], _COUNT[part], width, pitch)


@njit(cache=True, nogil=True)
def _are_indices(body: np.ndarray, first: int) -> bool:
    """Whether the scores of a body are numbers of keypoints, -1 where missing, as DWPose's drawing uses."""
    for k in range(18):
        score = body[k, 2]
        if score != -1 and score != k and score != first + k:
            return False
    return True


@njit(cache=True, nogil=True)
def finish(points: np.ndarray, scale_x: float, scale_y: float) -> None:
    """Make keypoints of what is stored, in place.

    Body scores that are keypoint numbers become 1. Then a keypoint is missing, all zero, if its score is not
    above zero, a value is not finite, or both coordinates are -1; other scores are capped at 1.

    Args:
        points: (P, T, 128, 3) float32: x, y, score.
        scale_x: factor to pixels.
        scale_y: factor to pixels.
    """
    sx, sy, one, zero = np.float32(scale_x), np.float32(scale_y), np.float32(1), np.float32(0)
    for p in range(points.shape[0]):
        for t in range(points.shape[1]):
            frame = points[p, t]
            if _are_indices(frame[:18], 18 * p):
                for k in range(18):
                    frame[k, 2] = one if frame[k, 2] >= 0 else zero
            for k in range(frame.shape[0]):
                x, y, score = frame[k, 0], frame[k, 1], frame[k, 2]
                is_there = score > 0 and not (x == -1 and y == -1)
                x, y = x * sx, y * sy
                # A value minus itself is zero unless it is infinite or not a number.
                is_there = is_there and (x - x) + (y - y) + (score - score) == 0
                frame[k, 0] = x if is_there else zero
                frame[k, 1] = y if is_there else zero
                frame[k, 2] = min(score, one) if is_there else zero


@njit(cache=True, nogil=True)
def deal_hands(points: np.ndarray, people: np.ndarray) -> None:
    """Give each person their own hands back, in place.

    DWPose lists the left hands of all people and then the right hands; SignVerse's extraction takes two in a
    row for each person. With one person that is the same; with more it mixes them up.

    Args:
        points: (P, T, 128, 3).
        people: (T,) number of people in each frame.
    """
    stored = np.empty((2 * points.shape[0], 21, 3), points.dtype)
    for t in range(points.shape[1]):
        count = people[t]
        if count < 2:
            continue
        for p in range(count):
            stored[2 * p] = points[p, t, 18:39]
            stored[2 * p + 1] = points[p, t, 39:60]
        for p in range(count):
            points[p, t, 18:39] = stored[p]
            points[p, t, 39:60] = stored[count + p]

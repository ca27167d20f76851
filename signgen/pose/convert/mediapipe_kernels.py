"""MediaPipe's points gathered and their z turned into depth in pixels from the neck, within what bones allow.

MediaPipe's z is smaller when closer to the camera, as ours, but has three origins (body: hips; each hand: its
wrist; face: its middle), is stored as a fraction of the picture's width which tools then often scaled along with
x and y, and exaggerates the reach of the arms two- to fourfold. So the unit is found from the face, hands hang on
the body's wrists, the face sits with its ears above the neck, and each arm bone goes no deeper than its length
leaves room for; from files whose wrists were overwritten with the hands' (z and all) it takes just that, forwards.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from signgen.pose import layout
from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

_BODY = layout.BODY.stop
_FIRST_OF_HANDS, _FACE, _ALL = layout.LEFT_HAND.start, layout.FACE.start, layout.NUM_KEYPOINTS
_JAW_STOP = _FACE + 17
_HANDS = ((LEFT_WRIST, layout.LEFT_HAND.start), (RIGHT_WRIST, layout.RIGHT_HAND.start))
_HAND_SIZE = 21
# The line of the shoulders, then parent and child of each bone of the arms.
_LINES = np.array(
    [(LEFT_SHOULDER, RIGHT_SHOULDER),
     (NECK, LEFT_SHOULDER), (LEFT_SHOULDER, LEFT_ELBOW), (LEFT_ELBOW, LEFT_WRIST),
     (NECK, RIGHT_SHOULDER), (RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST)]
)  # fmt: skip
# Least lengths of those in shoulder widths.
_LEAST = np.array([0, 0.5, 0.7, 0.6, 0.5, 0.7, 0.6], np.float32)
# Where on the face (iBUG-68) the body's nose, eyes and ears are.
_HEAD = np.array([0, 14, 14, 14, 14, 15, 15, 15, 15, 16, 17])
_ON_FACE = _FACE + np.array([30, 37, 38, 40, 41, 43, 44, 46, 47, 0, 16])
_SHARE = np.array([1, *[0.25] * 8, 1, 1], np.float32)
_JAW_DEPTH = np.float32(0.5)
_TRUNK_DEPTH = np.float32(0.5)
_SEEN = np.float32(0.1)
_EQUAL = np.float32(1e-4)
_TWO = np.float32(2)


@njit(cache=True, nogil=True)
def gather(
    coordinates: np.ndarray,
    confidence: np.ndarray,
    columns: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Targets as the means of their sources, tidy: what is missing or bad is zero in all columns.

    Args:
        coordinates: (T, K, D) float32; any memory layout, so that a mapped file is read where it lies.
        confidence: (T, K) float32.
        columns: columns of x, y and, if there, z.
        starts: (N + 1,) the sources of target i are ``members[starts[i]:starts[i + 1]]``.
        members: source points.

    Returns:
        (T, N, 3) float32 x, y and the lowest confidence of the sources cut to 1; (T, N) float32 z, 0 if not there.
    """
    count, has_z = len(starts) - 1, len(columns) == 3
    keypoints = np.zeros((len(coordinates), count, 3), np.float32)
    z = np.zeros((len(coordinates), count), np.float32)
    for t in range(len(coordinates)):
        for i in range(count):
            lowest = np.float32(np.inf)
            px = py = pz = np.float32(0)
            for j in range(starts[i], starts[i + 1]):
                k = members[j]
                c = confidence[t, k]
                if c < lowest or c != c:
                    lowest = c
                px += coordinates[t, k, columns[0]]
                py += coordinates[t, k, columns[1]]
                if has_z:
                    pz += coordinates[t, k, columns[2]]
            size = np.float32(starts[i + 1] - starts[i])
            if size > 1:
                px, py, pz = px / size, py / size, pz / size
            if 0 < lowest < np.inf and math.isfinite(px) and math.isfinite(py) and math.isfinite(pz):
                keypoints[t, i, 0] = px
                keypoints[t, i, 1] = py
                keypoints[t, i, 2] = min(lowest, np.float32(1))
                z[t, i] = pz
    return keypoints, z


@njit(cache=True, nogil=True)
def give_depth(keypoints: np.ndarray, z: np.ndarray, width: int) -> None:
    """Turn MediaPipe's ``z`` (T, 128) of tidy float32 keypoints (T, 128, 3) into depth [px], in place."""
    copied = (_is_copied(keypoints, z, *_HANDS[0]), _is_copied(keypoints, z, *_HANDS[1]))
    z *= np.float32(depth_unit(keypoints, z, width))
    typical = _typical_neck(keypoints, z)
    offsets, lengths = _bones(keypoints)
    depth = np.empty(_BODY, np.float32)
    for t in range(len(z)):
        row = z[t]
        row[:_BODY] -= row[NECK] if keypoints[t, NECK, 2] > 0 else typical
        _reach(row, depth, offsets[t], lengths, copied)
        row[:_BODY] = depth
        for wrist, first in _HANDS:
            row[first : first + _HAND_SIZE] += row[wrist] - row[first]
        _seat_face(row, keypoints[t, _FACE, 2] > 0)
        for k in range(_ALL):
            if keypoints[t, k, 2] == 0 or not math.isfinite(row[k]):
                keypoints[t, k] = 0
                row[k] = 0


@njit(cache=True, nogil=True)
def depth_unit(keypoints: np.ndarray, z: np.ndarray, width: int) -> float:
    """What one unit of the stored z is in pixels.

    The jaw line of a face is about half as deep as wide. If the picture's width, which is the unit of z in
    untouched files, fits that within 25 %, it is taken; if z is in pixels already, 1 is; else the file was
    rescaled and the face decides. Without a face, z is in widths if it is small.
    """
    wide, deep = np.empty(len(z), np.float32), np.empty(len(z), np.float32)
    count = 0
    for t in range(len(z)):
        jaw = slice(_FACE, _JAW_STOP)
        if keypoints[t, jaw, 2].min() > 0:
            wide[count] = keypoints[t, jaw, 0].max() - keypoints[t, jaw, 0].min()
            deep[count] = z[t, jaw].max() - z[t, jaw].min()
            count += 1
    if count == 0:
        largest = np.float32(0)
        for t in range(len(z)):
            for k in range(_FIRST_OF_HANDS, _FACE):
                largest = max(largest, abs(z[t, k]))
        return float(width) if largest < 10 else 1.0
    typical = np.sort(deep[:count])[count // 2]
    if not typical > 0:
        return 1.0
    unit = float(_JAW_DEPTH * np.sort(wide[:count])[count // 2] / typical)
    for candidate in (float(width), 1.0):
        if 0.8 < unit / candidate < 1.25:
            return candidate
    return unit


@njit(cache=True, nogil=True)
def _is_copied(keypoints: np.ndarray, z: np.ndarray, wrist: int, first: int) -> bool:
    """Whether z of the body's wrist is that of the hand in nearly all frames that have both."""
    count, equal = 0, 0
    for t in range(len(z)):
        if keypoints[t, wrist, 2] > 0 and z[t, first] != 0:
            count += 1
            equal += abs(z[t, wrist] - z[t, first]) < _EQUAL
    return count > 0 and equal > 0.9 * count


@njit(cache=True, nogil=True)
def _typical_neck(keypoints: np.ndarray, z: np.ndarray) -> np.float32:
    """Median z of the neck where it is found; 0 if nowhere."""
    found = np.sort(z[:, NECK][keypoints[:, NECK, 2] > 0])
    count = len(found)
    return (found[(count - 1) // 2] + found[count // 2]) / _TWO if count else np.float32(0)


@njit(cache=True, nogil=True)
def _bones(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths in the picture of the line of the shoulders and of the arm bones.

    Returns:
        (T, 7) lengths [px], and (7,) the least that the true ones can be: the 95th percentiles over time.
    """
    count = len(keypoints)
    lengths, longest = np.empty((count, len(_LINES)), np.float32), np.zeros(len(_LINES), np.float32)
    for j in range(len(_LINES)):
        a, b = _LINES[j]
        ordered, seen = np.zeros(count, np.float32), 0
        for t in range(count):
            lengths[t, j] = math.hypot(
                keypoints[t, b, 0] - keypoints[t, a, 0], keypoints[t, b, 1] - keypoints[t, a, 1]
            )
            if min(keypoints[t, a, 2], keypoints[t, b, 2]) > _SEEN:
                ordered[t] = lengths[t, j]
                seen += 1
        if count:
            longest[j] = np.sort(ordered)[count - 1 - int(0.05 * max(seen - 1, 0))]
        longest[j] = max(longest[j], _LEAST[j] * longest[0])
    return lengths, longest


@njit(cache=True, nogil=True)
def _reach(
    z: np.ndarray, depth: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, copied: tuple[bool, bool]
) -> None:
    """The body's ``depth`` from its ``z``: little for the trunk, for each arm bone what its length has room for."""
    trunk = _TRUNK_DEPTH * lengths[0]
    for k in range(_BODY):
        depth[k] = min(max(z[k], -trunk), trunk)
    for j in range(1, len(_LINES)):
        parent, child = _LINES[j]
        room = math.sqrt(max(lengths[j] * lengths[j] - offsets[j] * offsets[j], np.float32(0)))
        step = min(max(z[child] - z[parent], -room), room)
        if (child == LEFT_WRIST and copied[0]) or (child == RIGHT_WRIST and copied[1]):
            step = -room
        depth[child] = depth[parent] + step


@njit(cache=True, nogil=True)
def _seat_face(z: np.ndarray, is_seen: bool) -> None:
    """Put the ends of the jaw at the depth of the neck, and nose, eyes and ears of the body on the face."""
    z[_FACE:] -= (z[_FACE] + z[_JAW_STOP - 1]) / _TWO
    if is_seen:
        z[_HEAD] = 0
        for i in range(len(_HEAD)):
            z[_HEAD[i]] += _SHARE[i] * z[_ON_FACE[i]]

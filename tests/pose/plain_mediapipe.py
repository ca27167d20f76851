"""The conversion of MediaPipe's z written plainly, frame-parallel with numpy: what the compiled one must equal."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import (
    BODY,
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

JAW = slice(60, 77)
_JAW_DEPTH = 0.5
_TRUNK_DEPTH = 0.5
_HANDS = ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST))
# Parent and child of each bone of the arms, and its least length in shoulder widths.
_ARMS = (
    (NECK, LEFT_SHOULDER), (LEFT_SHOULDER, LEFT_ELBOW), (LEFT_ELBOW, LEFT_WRIST),
    (NECK, RIGHT_SHOULDER), (RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST),
)  # fmt: skip
_LEAST = np.array([0.5, 0.7, 0.6] * 2, np.float32)
_STARTS, _ENDS = np.array([(LEFT_SHOULDER, RIGHT_SHOULDER), *_ARMS]).T
# Where on the face (iBUG-68) the body's nose, right and left eye, right and left ear are.
_HEAD = [NOSE, 14, 15, 16, 17]
_PLACES: tuple[tuple[int, ...], ...] = ((30,), (37, 38, 40, 41), (43, 44, 46, 47), (0,), (16,))
_ON_FACE = np.zeros((68, 5), np.float32)
for _column, _places in enumerate(_PLACES):
    _ON_FACE[list(_places), _column] = 1 / len(_places)


def give_depth(points: np.ndarray, width: int) -> None:
    """Turn column 3 of (T, 128, 4) points from MediaPipe's z into depth [px], in place."""
    z, found = points[..., 3], points[..., 2] > 0
    unknown = {wrist for hand, wrist in _HANDS if _equals(z[:, wrist], z[:, hand.start], found[:, wrist])}
    z *= np.float32(depth_unit(points, width))
    z[:, BODY] -= _typical(z[:, NECK], found[:, NECK])[:, None]
    offsets, lengths = _bones(points)
    trunk = np.float32(_TRUNK_DEPTH * lengths[0])
    depth = np.minimum(np.maximum(z[:, BODY], -trunk), trunk)
    lengths = np.maximum(lengths[1:], _LEAST * lengths[0])
    room = np.sqrt(np.maximum(lengths**2 - offsets[:, 1:] ** 2, 0))
    for (parent, child), most in zip(_ARMS, room.T, strict=True):
        step = -most if child in unknown else np.minimum(np.maximum(z[:, child] - z[:, parent], -most), most)
        depth[:, child] = depth[:, parent] + step
    z[:, BODY] = depth
    for hand, wrist in _HANDS:
        z[:, hand] += (z[:, wrist] - z[:, hand.start])[:, None]
    _seat_face(points)


def depth_unit(points: np.ndarray, width: int) -> float:
    """What one unit of the stored z is in pixels.

    The jaw line of a face is about half as deep as wide. If the picture's width, which is the unit of z in
    untouched files, fits that within 25 %, it is taken; if z is in pixels already, 1 is; else the file was
    rescaled and the face decides. Without a face, z is in widths if it is small.
    """
    jaw = points[:, JAW]
    seen = jaw[jaw[..., 2].min(axis=1) > 0] if len(jaw) else jaw
    if not len(seen):
        z = np.abs(points[:, LEFT_HAND.start : RIGHT_HAND.stop, 3])
        return float(width) if not z.size or z.max() < 10 else 1.0
    extents = np.sort(seen.max(axis=1) - seen.min(axis=1), axis=0)
    wide, deep = extents[len(extents) // 2, [0, 3]]
    if not deep > 0:
        return 1.0
    unit = float(_JAW_DEPTH * wide / deep)
    for candidate in (float(width), 1.0):
        if 0.8 < unit / candidate < 1.25:
            return candidate
    return unit


def _seat_face(points: np.ndarray) -> None:
    """Put the ends of the jaw at the depth of the neck, and nose, eyes and ears of the body on the face."""
    z = points[..., 3]
    seen = points[:, JAW.start, 2] > 0
    z[:, FACE] -= ((z[:, JAW.start] + z[:, JAW.stop - 1]) / 2)[:, None]
    z[:, _HEAD] = np.where(seen[:, None], z[:, FACE] @ _ON_FACE, z[:, _HEAD])


def _equals(a: np.ndarray, b: np.ndarray, found: np.ndarray) -> bool:
    """Whether two tracks are the same in nearly all frames in which the first is found and the second is set."""
    where = found & (b != 0)
    return bool(where.any()) and float((np.abs(a - b)[where] < 1e-4).mean()) > 0.9


def _typical(track: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The track, with its median where it is not found."""
    if found.all():
        return track
    typical = np.float32(np.median(track[found])) if found.any() else np.float32(0)
    return np.where(found, track, typical)


def _bones(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths in the picture of the line of the shoulders and of the arm bones.

    Returns:
        (T, 7) lengths [px], and (7,) their 95th percentiles over time, which near the true lengths.
    """
    starts, ends = points[:, _STARTS], points[:, _ENDS]
    lengths = np.hypot(ends[..., 0] - starts[..., 0], ends[..., 1] - starts[..., 1])
    seen = np.minimum(starts[..., 2], ends[..., 2]) > 0.1
    ordered = np.sort(np.where(seen, lengths, np.float32(0)), axis=0)
    if not len(ordered):
        return lengths, np.zeros(len(_STARTS), np.float32)
    place = len(ordered) - 1 - (0.05 * np.maximum(seen.sum(axis=0) - 1, 0)).astype(np.intp)
    return lengths, ordered[place, np.arange(len(_STARTS))]

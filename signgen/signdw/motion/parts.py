"""Poses as a text-to-pose model sees them: four parts from roots of their own, in shoulder widths, and the way back.

The body lies from the neck, and each hand from its wrist, the face from the nose, so that what a hand does is apart
from where it is:

==================  ==========================================================================================
keypoint            its value is where it lies from ...
==================  ==========================================================================================
body                the signer's neck over the whole clip (`ShoulderFrame`), so movement of the trunk stays
wrist of a hand     the wrist of the body on that side
other of a hand     the wrist of that hand
face                the nose of the body
==================  ==========================================================================================

A root that is missing in a frame is replaced by what lies in a straight line between the nearest frames that have
it (held before the first and after the last); the wrist of a hand through its value, so that it follows the body. If no
frame has it: the place in `REST`; a hand's wrist: the body's. That depends on nothing but the values that are
there, so the way back is exact with any keypoints missing, and one dropped wrist does not move its hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import PoseError
from signgen.pose.geometry import ShoulderFrame, shoulder_frame
from signgen.pose.layout import (
    FACE,
    LEFT_HAND,
    LEFT_WRIST,
    NOSE,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.pose.layout import PARTS as SLICES
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence

FPS = 24.0
PARTS = tuple(SLICES)
# Where a root is that no frame of a clip shows, in shoulder widths from the neck: hands before the belly.
REST = {NOSE: (0.0, -0.55), LEFT_WRIST: (0.35, 1.1), RIGHT_WRIST: (-0.35, 1.1)}
# Root on the body and wrist of each hand, and the hand.
_HANDS = (
    (LEFT_WRIST, LEFT_HAND.start, LEFT_HAND),
    (RIGHT_WRIST, RIGHT_HAND.start, RIGHT_HAND),
)
# Neck and shoulders of a signer on a canvas: 164 px of 512 from shoulder to shoulder, as lexicons place them.
_SHOULDERS, _NECK_DOWN = 0.32, 0.42


@dataclass(frozen=True, eq=False)
class Parts:
    """A clip in parts.

    Attributes:
        values: (T, 128, 2 or 3) float32 x right, y down [shoulder widths] and depth, positive away from the camera;
            see the table above. 0 where hidden.
        visible: (T, 128) bool whether a keypoint is there.
        frame: where the signer stands and how large [px].
        fps: frames per second.
    """

    values: np.ndarray
    visible: np.ndarray
    frame: ShoulderFrame
    fps: float = FPS

    def __len__(self) -> int:
        return len(self.values)


def to_parts(poses: PoseSequence, fps: float = FPS, depth: bool = False) -> Parts:
    """Poses in parts.

    Args:
        poses: at any rate, on any canvas.
        fps: frames per second of the parts; poses of another rate are resampled.
        depth: whether the third coordinate is wanted.

    Raises:
        PoseError: no frames, no frame with both shoulders, or depth is wanted and there is none.
    """
    if len(poses) == 0:
        raise PoseError("poses: no frames")
    if depth and poses.depth is None:
        raise PoseError("poses: have no depth; lift them first, or do without depth")
    frame = shoulder_frame(poses)
    at_rate = resample(poses, fps)
    seen = at_rate.confidence > 0
    places = (at_rate.xy.astype(np.float64) - (frame.x, frame.y)) / frame.width
    if depth and at_rate.depth is not None:
        places = np.concatenate([places, at_rate.depth[..., None] / frame.width], axis=-1)
    values = places - _from_places(places, seen)
    return Parts(np.where(seen[..., None], values, 0).astype(np.float32), seen, frame, float(fps))


def to_poses(
    parts: Parts,
    width: int = 512,
    height: int = 512,
    frame: ShoulderFrame | None = None,
    *,
    is_complete: bool = False,
) -> PoseSequence:
    """Parts on a canvas; the exact inverse of `to_parts` but for its confidences, which are 0 and 1.

    Args:
        parts: what to show.
        width: of the canvas [px].
        height: of the canvas [px].
        frame: where the signer is to stand; None: where the signer of the parts stood.
        is_complete: whether values of hidden keypoints hold too, as a decoder gives them, so that they serve as roots.

    Raises:
        PoseError: values that are not finite.
    """
    frame = frame or parts.frame
    seen = parts.visible
    places = places_of(parts.values, np.ones_like(seen) if is_complete else seen)
    keypoints = np.zeros((*seen.shape, 3), np.float32)
    keypoints[..., :2] = places[..., :2] * frame.width + (frame.x, frame.y)
    keypoints[..., 2] = seen
    keypoints[~seen] = 0
    depth = np.where(seen, places[..., 2] * frame.width, 0) if places.shape[-1] == 3 else None
    return PoseSequence(keypoints, parts.fps, width, height, depth)


def places_of(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Where keypoints lie from the neck.

    Args:
        values: (T, 128, C) of `Parts`.
        seen: (T, 128) bool which of them hold.

    Returns:
        (T, 128, C) float64 [shoulder widths].
    """
    places = values.astype(np.float64)
    for body, wrist, hand in _HANDS:
        places[:, wrist] += _filled(places, seen, body)
        rest = slice(wrist + 1, hand.stop)
        places[:, rest] += (_filled(places, seen, body) + _offset(values[:, wrist], seen[:, wrist]))[:, None]
    places[:, FACE] += _filled(places, seen, NOSE)[:, None]
    return places


def centred(width: int, height: int) -> ShoulderFrame:
    """Where a signer stands who fills a canvas in the usual way."""
    side = min(width, height)
    return ShoulderFrame(width / 2, height / 2 - (0.5 - _NECK_DOWN) * side, _SHOULDERS * side)


def _from_places(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T, 128, C) the root of every keypoint."""
    roots = np.zeros_like(places)
    for body, wrist, hand in _HANDS:
        base = _filled(places, seen, body)
        roots[:, wrist] = base
        offset = _offset(places[:, wrist] - base, seen[:, wrist])
        roots[:, wrist + 1 : hand.stop] = (base + offset)[:, None]
    roots[:, FACE] = _filled(places, seen, NOSE)[:, None]
    return roots


def _filled(places: np.ndarray, seen: np.ndarray, root: int) -> np.ndarray:
    """(T, C) where a root of the body is, or must be taken to be."""
    rest = np.zeros(places.shape[-1])
    rest[:2] = REST[root]
    return _interpolated(places[:, root], seen[:, root], rest)


def _offset(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T, C) of a hand's wrist from the body's."""
    return _interpolated(values, seen, np.zeros(values.shape[-1]))


def _interpolated(track: np.ndarray, seen: np.ndarray, default: np.ndarray) -> np.ndarray:
    """(T, C) float64: the track where it is seen, straight lines between, the default if it never is."""
    if not seen.any():
        return np.broadcast_to(default, track.shape).astype(np.float64)
    times, known = np.arange(len(track)), np.flatnonzero(seen)
    columns = [np.interp(times, known, track[known, i]) for i in range(track.shape[-1])]
    return np.stack(columns, axis=-1)

"""Keypoints that leap away for a few frames and come back, and bones that no hand has."""

from __future__ import annotations

import numpy as np

from signgen.pose.bones import bone_lengths
from signgen.pose.layout import BODY, LEFT_HAND, PARENTS, RIGHT_HAND

# A leap is an outlier if it is this long [shoulder widths], at least this many times as long as the way between
# the frames around it, and over after this many frames.
LEAP_BODY, LEAP_HAND, TIMES, LONGEST = 0.18, 0.12, 3.0, 2
# A bone of a hand that is longer than this many times the clip's own is an error.
LONG_BONE = 2.2
# Fewer bones than that say nothing about the clip's own.
LEAST_FRAMES = 8


def leaps(xy: np.ndarray, confidence: np.ndarray, width: float) -> np.ndarray:
    """(T, 128) which keypoints leap away for up to `LONGEST` frames and come back; the face's are not judged.

    Fingers are judged relative to their wrist, so that a fast hand is none.

    Args:
        xy: (T, 128, 2) keypoints [px].
        confidence: (T, 128).
        width: of the shoulders [px].
    """
    relative = xy / width
    for hand in (LEFT_HAND, RIGHT_HAND):
        fingers = slice(hand.start + 1, hand.stop)
        relative[:, fingers] = relative[:, fingers] - relative[:, [hand.start]]
    least = np.full(xy.shape[1], np.inf)
    least[BODY], least[LEFT_HAND], least[RIGHT_HAND] = LEAP_BODY, LEAP_HAND, LEAP_HAND
    least[[LEFT_HAND.start, RIGHT_HAND.start]] = LEAP_BODY
    seen = confidence > 0
    found = np.zeros(seen.shape, np.bool_)
    for length in range(1, LONGEST + 1):
        _mark(relative, seen, least, length, found)
    return found


def long_bones(xy: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(T, 128) which keypoints of the hands end a bone that is far longer than it is in most frames of the clip."""
    lengths = bone_lengths(xy, confidence)
    found = np.zeros(confidence.shape, np.bool_)
    for hand in (LEFT_HAND, RIGHT_HAND):
        for keypoint in range(hand.start + 1, hand.stop):
            known = (confidence[:, keypoint] > 0) & (confidence[:, PARENTS[keypoint]] > 0)
            if known.sum() >= LEAST_FRAMES:
                usual = np.percentile(lengths[known, keypoint], 80)
                found[:, keypoint] = known & (lengths[:, keypoint] > LONG_BONE * usual) & (usual > 0)
    return found


def _mark(relative: np.ndarray, seen: np.ndarray, least: np.ndarray, length: int, found: np.ndarray) -> None:
    """Mark runs of ``length`` frames that are far from the frames on both sides, which are near each other."""
    if len(relative) < length + 2:
        return
    before, after = relative[: -length - 1], relative[length + 1 :]
    around = np.linalg.norm(after - before, axis=2)
    known = seen[: -length - 1] & seen[length + 1 :]
    for step in range(1, length + 1):
        inside = relative[step : step + len(before)]
        away = np.minimum(np.linalg.norm(inside - before, axis=2), np.linalg.norm(inside - after, axis=2))
        known = known & (away > least) & (away > TIMES * around)
    for step in range(1, length + 1):
        found[step : step + len(before)] |= known & seen[step : step + len(before)]

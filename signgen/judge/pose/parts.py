"""The groups of keypoints that are measured apart, and what their positions are relative to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.judge.pose.tracks import Tracks
from signgen.pose.layout import (
    FACE,
    LEFT_EAR,
    LEFT_EYE,
    LEFT_HAND,
    LEFT_WRIST,
    NUM_KEYPOINTS,
    RIGHT_EAR,
    RIGHT_EYE,
    RIGHT_HAND,
    RIGHT_WRIST,
)

# iBUG-68 has the tip of the nose at 30.
_NOSE_TIP = FACE.start + 30
_TIPS = (4, 8, 12, 16, 20)


@dataclass(frozen=True, eq=False)
class Part:
    """Some keypoints.

    Attributes:
        keypoints: (K,) their indices in the layout.
        roots: (K,) the keypoint that each is measured from, or None for the neck.
    """

    keypoints: np.ndarray
    roots: np.ndarray | None = None


def _hands(places: tuple[int, ...]) -> Part:
    """Keypoints of both hands, each measured from the wrist of its hand."""
    keypoints = np.array([hand.start + i for hand in (LEFT_HAND, RIGHT_HAND) for i in places])
    return Part(keypoints, np.repeat([LEFT_HAND.start, RIGHT_HAND.start], len(places)))


# Hips and legs do not sign, and most recordings cut them off: what an extractor says of them is guessed.
_BODY = np.array([*range(8), RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR])
_BOTH_HANDS = np.arange(LEFT_HAND.start, RIGHT_HAND.stop)
_FACE = np.arange(FACE.start, FACE.stop)
_OTHER_FACE = _FACE[_FACE != _NOSE_TIP]
PARTS = {
    "all": Part(np.concatenate([_BODY, _BOTH_HANDS, _FACE])),
    "body": Part(_BODY),
    "hands": Part(_BOTH_HANDS),
    "hands-wrist": _hands(tuple(range(1, 21))),
    "face": Part(_FACE),
    "face-nose": Part(_OTHER_FACE, np.full(len(_OTHER_FACE), _NOSE_TIP)),
    "wrists": Part(np.array([LEFT_WRIST, RIGHT_WRIST])),
    "fingertips": _hands(_TIPS),
    "body8+hands": Part(np.concatenate([np.arange(8), _BOTH_HANDS])),
    "layout": Part(np.arange(NUM_KEYPOINTS)),
}


def part_of(tracks: Tracks, name: str) -> Tracks:
    """The tracks of one part; a keypoint counts as missing where what it is measured from is missing.

    Args:
        tracks: of all 128 keypoints.
        name: a key of `PARTS`.
    """
    part = PARTS[name]
    points, seen = tracks.points[:, part.keypoints], tracks.seen[:, part.keypoints]
    if part.roots is not None:
        points, seen = points - tracks.points[:, part.roots], seen & tracks.seen[:, part.roots]
        points[~seen] = 0
    return Tracks(points, seen, tracks.fps)

"""Simple features of a sequence, for distances between sets where no trained encoder is at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.judge.pose.parts import part_of
from signgen.judge.pose.tracks import Tracks, tracks_of
from signgen.pose.sequence import PoseSequence

# Name of these features in signatures; the figure changes when they do.
NAME = "simple-20"
NUM_FEATURES = 20


def pose_features(poses: PoseSequence, *, min_confidence: float = 0.0) -> np.ndarray:
    """(20,) where the wrists are, how they move and how the hands are shaped; NaN where a hand is never seen.

    Of each wrist: mean and standard deviation of x and y and mean speed. Of each hand: mean and standard deviation
    of the fingertips' distance from the wrist, mean speed of the fingertips about it, and the mean direction of the
    middle finger's base. In shoulder widths and seconds.

    Raises:
        PoseError: as `tracks_of`.
    """
    tracks = tracks_of(poses, min_confidence=min_confidence)
    wrists, tips = part_of(tracks, "wrists"), part_of(tracks, "fingertips")
    bases = part_of(tracks, "hands-wrist")
    features: list[float] = []
    for side in range(2):
        of_hand = slice(5 * side, 5 * side + 5)
        seen = wrists.points[wrists.seen[:, side], side].astype(np.float64)
        features += [*_mean(seen), *_spread(seen), _speed(wrists, slice(side, side + 1))]
        reach = np.linalg.norm(tips.points[:, of_hand].astype(np.float64), axis=2)[tips.seen[:, of_hand]]
        features += [*_mean(reach[:, None]), *_spread(reach[:, None]), _speed(tips, of_hand)]
        middle = 20 * side + 8
        features += _mean(bases.points[bases.seen[:, middle], middle].astype(np.float64)).tolist()
    return np.array(features)


def complete_features(
    sequences: Sequence[PoseSequence], *, min_confidence: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """(n, 20) features of the sequences that have all, and the (n,) indices of those sequences."""
    features = np.array([pose_features(poses, min_confidence=min_confidence) for poses in sequences])
    features = features.reshape(len(sequences), NUM_FEATURES)
    kept = np.flatnonzero(np.isfinite(features).all(axis=1))
    return features[kept], kept


def _mean(points: np.ndarray) -> np.ndarray:
    return points.mean(axis=0) if len(points) else np.full(points.shape[1], np.nan)


def _spread(points: np.ndarray) -> np.ndarray:
    return points.std(axis=0) if len(points) else np.full(points.shape[1], np.nan)


def _speed(tracks: Tracks, keypoints: slice) -> float:
    """Mean speed over steps with both ends seen [shoulder widths per second]."""
    points, seen = tracks.points[:, keypoints].astype(np.float64), tracks.seen[:, keypoints]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=2)[seen[1:] & seen[:-1]]
    return float(steps.mean()) * tracks.fps if len(steps) else np.nan

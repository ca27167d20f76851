"""By how many frames one track of poses runs behind another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose.parts import part_of
from signgen.judge.pose.tracks import Tracks, tracks_of
from signgen.pose.sequence import PoseSequence

# What the sequences share at a lag must be at least this part of the shorter one.
_LEAST_SHARED = 0.5


@dataclass(frozen=True)
class Offset:
    """The best lag.

    Attributes:
        frames: the hypothesis shows at ``t + frames`` what the reference shows at ``t``.
        distance: mean distance of keypoints at that lag [shoulder widths].
        distance_at_zero: without a lag, NaN if nothing can be compared there.
    """

    frames: int
    distance: float
    distance_at_zero: float


def best_offset(
    hypothesis: PoseSequence, reference: PoseSequence, max_frames: int = 12, part: str = "all"
) -> Offset:
    """The lag with the least mean distance of keypoints that both show; of equal ones the smallest.

    Raises:
        ConfigError: ``max_frames`` is negative.
        PoseError: different rates, nothing to compare, or as `tracks_of`.
    """
    if max_frames < 0:
        raise ConfigError(f"max_frames: expected at least 0, got {max_frames}")
    if hypothesis.fps != reference.fps:
        raise PoseError(
            f"offset: rates {hypothesis.fps:g} and {reference.fps:g} fps differ; resample one first"
        )
    first, second = (part_of(tracks_of(poses), part) for poses in (hypothesis, reference))
    lags = sorted(range(-max_frames, max_frames + 1), key=lambda lag: (abs(lag), lag))
    found = np.array([_distance(first, second, lag) for lag in lags])
    if not np.isfinite(found).any():
        raise PoseError("offset: the sequences share no keypoint at any lag")
    best = int(np.nanargmin(found))
    return Offset(lags[best], float(found[best]), float(found[0]))


def _distance(first: Tracks, second: Tracks, lag: int) -> float:
    """Mean distance with the first advanced by ``lag`` frames; NaN if too little is shared."""
    a, b = max(lag, 0), max(-lag, 0)
    shared = min(len(first) - a, len(second) - b)
    if shared < max(1, _LEAST_SHARED * min(len(first), len(second))):
        return np.nan
    both = first.seen[a : a + shared] & second.seen[b : b + shared]
    steps = np.linalg.norm(first.points[a : a + shared] - second.points[b : b + shared], axis=2)
    return float(steps[both].mean(dtype=np.float64)) if both.any() else np.nan

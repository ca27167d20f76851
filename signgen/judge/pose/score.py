"""Score hypothesis poses against reference poses: `score_poses`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose.comparisons import Comparison, Found, Matched
from signgen.judge.pose.profiles import Profile, profile_of
from signgen.judge.pose.tally import checked_resamples, tallied, with_interval
from signgen.judge.pose.tracks import tracks_of
from signgen.judge.score import Score
from signgen.judge.text.measure import Measure, sign
from signgen.pose.sequence import PoseSequence

Pair = tuple[PoseSequence, PoseSequence]


def score_poses(
    pairs: Sequence[Pair],
    profile: str = "signgen",
    *,
    fps: float | None = None,
    dims: int = 2,
    min_confidence: float | None = None,
    resamples: np.ndarray | None = None,
) -> list[Score]:
    """All measures of a profile over a corpus; see `pose_measures`.

    Args:
        pairs: (hypothesis, reference) of each sample.
        profile: a name of `signgen.judge.pose.profiles.PROFILES`.
        fps: as `pose_measures`.
        dims: likewise.
        min_confidence: likewise.
        resamples: (B, n) indices of samples from which to take the 95 % intervals, such as `resample_indices`; None
            for no intervals. The same array for all scores of a report gives intervals of the same resamples.

    Raises:
        PoseError: a pair that cannot be measured, named by its number from 0.
        ConfigError: no pairs, an unknown profile or a setting out of range.
    """
    if resamples is not None:
        resamples = checked_resamples(resamples, len(pairs))
    measures = pose_measures(pairs, profile, fps=fps, dims=dims, min_confidence=min_confidence)
    return [with_interval(measure, resamples) for measure in measures]


def pose_measures(
    pairs: Sequence[Pair],
    profile: str = "signgen",
    *,
    fps: float | None = None,
    dims: int = 2,
    min_confidence: float | None = None,
) -> list[Measure]:
    """All measures of a profile, before they are summed up: to be resampled together with those of texts.

    Where keypoints can be missing, a measure is followed by the share of what could not be compared for that
    reason, under its name and "masked".

    Args:
        pairs: (hypothesis, reference) of each sample.
        profile: a name of `signgen.judge.pose.profiles.PROFILES`.
        fps: rate at which to compare; None takes pairs as they are and refuses those of two rates.
        dims: 3 to compare in space, which takes poses with depth.
        min_confidence: keypoints at or below are missing; None takes the profile's.

    Raises:
        PoseError: a pair that cannot be measured, named by its number from 0.
        ConfigError: no pairs, an unknown profile or a setting out of range.
    """
    chosen = profile_of(profile)
    _check(pairs, dims)
    if min_confidence is None:
        min_confidence = chosen.min_confidence
    common = {
        "profile": profile, **chosen.recipe, "norm": "median-neck+shoulders", "dims": str(dims),
        "confidence": f">{min_confidence:g}", "fps": "own" if fps is None else f"{fps:g}",
    }  # fmt: skip
    found = [_measured(number, pair, chosen, fps, dims, min_confidence) for number, pair in enumerate(pairs)]
    measures = []
    for comparison, column in zip(chosen.comparisons, zip(*found, strict=True), strict=True):
        measures += _tallied(comparison, column, sign(**comparison.recipe, **common))
    return measures


def _measured(
    number: int, pair: Pair, profile: Profile, fps: float | None, dims: int, min_confidence: float
) -> list[Found]:
    """What each comparison finds in one pair."""
    which = ""
    try:
        poses = profile.prepare(*pair, fps)
        which = "hypothesis: "
        first = tracks_of(poses[0], dims=dims, min_confidence=min_confidence)
        which = "reference: "
        second = tracks_of(poses[1], dims=dims, min_confidence=min_confidence)
    except PoseError as error:
        raise PoseError(f"pair {number}: {which}{error}") from None
    ready = Matched(poses, first, second)
    return [comparison.find(ready) for comparison in profile.comparisons]


def _tallied(comparison: Comparison, column: Sequence[Found], recipe: str) -> list[Measure]:
    """The measure of a comparison, and that of what it could not see."""
    over, under = (np.array([getattr(found, side) for found in column]) for side in ("over", "under"))
    measures = [tallied(comparison.name, over, under, recipe, comparison.is_better_high)]
    if all(found.masked is not None for found in column):
        masked = np.array([[found.masked] for found in column], dtype=np.float64)
        measures.append(tallied(f"{comparison.name} masked", masked, np.ones_like(masked), recipe, False))
    return measures


def _check(pairs: Sequence[Pair], dims: int) -> None:
    if not pairs:
        raise ConfigError("pairs: there are none to score")
    if dims not in (2, 3):
        raise ConfigError(f"dims: expected 2 or 3, got {dims}")
    for number, pair in enumerate(pairs):
        for which, poses in zip(("hypothesis", "reference"), pair, strict=True):
            if not isinstance(poses, PoseSequence):
                raise PoseError(
                    f"pair {number}: {which}: expected a PoseSequence (128 keypoints, a rate, a canvas), got "
                    f"{type(poses).__name__}; read or convert it first"
                )
            if not len(poses):
                raise PoseError(f"pair {number}: {which}: no frames; leave the pair out, and say so")

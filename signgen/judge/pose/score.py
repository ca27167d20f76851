"""Score hypothesis poses against reference poses: `score_poses`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose.measures import Found, Matched, Measure
from signgen.judge.pose.profiles import Profile, profile_of
from signgen.judge.pose.tally import checked_resamples, signature, tally
from signgen.judge.pose.tracks import tracks_of
from signgen.judge.score import Score
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
    """All measures of a profile over a corpus.

    Where keypoints can be missing, a measure is followed by the share of what could not be compared for that
    reason, under its name and "masked".

    Args:
        pairs: (hypothesis, reference) of each sample.
        profile: a name of `signgen.judge.pose.profiles.PROFILES`.
        fps: rate at which to compare; None takes pairs as they are and refuses those of two rates.
        dims: 3 to compare in space, which takes poses with depth.
        min_confidence: keypoints at or below are missing; None takes the profile's.
        resamples: (B, n) indices of samples from which to take the 95 % intervals; None for no intervals. Give the
            same array to the scores of texts, and all intervals are of the same resamples.

    Raises:
        PoseError: a pair that cannot be measured, named by its number from 0.
        ConfigError: no pairs, an unknown profile or a setting out of range.
    """
    chosen = profile_of(profile)
    _check(pairs, dims)
    if resamples is not None:
        resamples = checked_resamples(resamples, len(pairs))
    if min_confidence is None:
        min_confidence = chosen.min_confidence
    common = {
        "profile": profile, **chosen.recipe, "norm": "median-neck+shoulders", "dims": str(dims),
        "confidence": f">{min_confidence:g}", "fps": "own" if fps is None else f"{fps:g}",
    }  # fmt: skip
    found: list[list[Found]] = [
        _measured(number, pair, chosen, fps, dims, min_confidence) for number, pair in enumerate(pairs)
    ]
    scores = []
    for measure, column in zip(chosen.measures, zip(*found, strict=True), strict=True):
        scores += _scores(measure, list(column), {**measure.recipe, **common}, resamples)
    return scores


def _measured(
    number: int, pair: Pair, profile: Profile, fps: float | None, dims: int, min_confidence: float
) -> list[Found]:
    """What each measure finds in one pair."""
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
    return [measure.find(ready) for measure in profile.measures]


def _scores(
    measure: Measure, column: list[Found], recipe: dict[str, str], resamples: np.ndarray | None
) -> list[Score]:
    """The score of a measure, and that of what it could not see."""
    text = signature(recipe)
    over, under = (np.array([getattr(found, side) for found in column]) for side in ("over", "under"))
    scores = [
        tally(measure.name, over, under, text, resamples=resamples, is_better_high=measure.is_better_high)
    ]
    masked = np.array([np.nan if found.masked is None else found.masked for found in column])
    if np.isfinite(masked).all():
        name = f"{measure.name} masked"
        scores.append(
            tally(name, masked, np.ones_like(masked), text, resamples=resamples, is_better_high=False)
        )
    return scores


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

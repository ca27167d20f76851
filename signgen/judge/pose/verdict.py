"""Scores that are right at a certain value, judged in both directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.score import Score


@dataclass(frozen=True)
class Target:
    """Where a score should lie.

    Attributes:
        low: least value that passes.
        high: largest value that passes.
        below: what a lower value says.
        above: what a higher value says.
    """

    low: float
    high: float
    below: str
    above: str


# Ratios that differ by less than a quarter pass; jerk and arc length vary more between two recordings of one
# sentence: docs/pose-metrics.md says by how much.
_MOTION = Target(0.8, 1.25, "too little motion", "too much motion")
_JERK = Target(0.67, 1.5, "too smooth", "too rough")
TARGETS = {
    "duration ratio": Target(0.8, 1.25, "too short", "too long"),
    "Average Duration": Target(0.8, 1.25, "too short", "too long"),
    "Total Distance": _MOTION,
    "Total Distance wrists": _MOTION,
    "Total Distance fingertips": _MOTION,
    "jerk ratio wrists": _JERK,
    "jerk ratio fingertips": _JERK,
    "SPARC difference wrists": Target(-0.5, 0.5, "too rough", "too smooth"),
    "diversity ratio": Target(0.8, 1.25, "too uniform", "too scattered"),
    "hand confidence ratio": Target(0.9, 1.1, "hands hard to find", "hands easier to find"),
}


def verdict(score: Score, target: Target | None = None) -> str:
    """``ok``, what is wrong, ``unclear`` if the interval reaches across a limit, ``unknown`` without a value.

    Args:
        score: of a measure that is right at a certain value.
        target: where it should lie; None takes that of `TARGETS`.

    Raises:
        ConfigError: no target is known for the score.
    """
    if target is None:
        if score.name not in TARGETS:
            raise ConfigError(f"{score.name}: no target is known; it is not a score to be judged both ways")
        target = TARGETS[score.name]
    if not np.isfinite(score.value):
        return "unknown"
    low, high = score.interval or (score.value, score.value)
    if high < target.low:
        return target.below
    if low > target.high:
        return target.above
    return "ok" if target.low <= low and high <= target.high else "unclear"

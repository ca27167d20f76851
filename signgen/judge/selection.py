"""Which made clips are good enough to learn from: thresholds from clips known to be good and bad, and decisions.

All measures are put on one scale, the rank among good clips, so that one number, the level, says how strict a choice
is. Moving it gives the acceptance curve; the clip's worst measure decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.rate import Rate

LOG_LIKELIHOOD, GLOSS_WER, PCK = "log-likelihood", "gloss WER", "PCK"
# Whether more is better.
MEASURES: Mapping[str, bool] = MappingProxyType({LOG_LIKELIHOOD: True, GLOSS_WER: False, PCK: True})
DEFAULT_KEEP_SHARE = 0.9
DEFAULT_BAD_SHARE = 0.5
# Fewer good clips say nothing about the tail that thresholds are taken from.
FEWEST_GOOD = 8

# Measure -> (n,) values; NaN where a clip cannot be measured so.
Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Rule:
    """How strict to be; at most one of the first three.

    Attributes:
        keep_share: share of good clips that must be kept; as strict as that allows.
        precision: share of kept clips that must be good; as lenient as that allows.
        thresholds: measure -> value, by hand.
        bad_share: share of clips taken to be bad before the choice, for ``precision``.
    """

    keep_share: float | None = None
    precision: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    bad_share: float = DEFAULT_BAD_SHARE

    def __post_init__(self) -> None:
        if sum((self.keep_share is not None, self.precision is not None, bool(self.thresholds))) > 1:
            raise ConfigError(
                "selection: give one of a share to keep, a precision and thresholds by hand, not several"
            )
        shares = {"keep share": self.keep_share, "precision": self.precision, "bad share": self.bad_share}
        for name, value in shares.items():
            if value is not None and not 0 < value < 1:
                raise ConfigError(f"{name} {value!r}: must lie between 0 and 1")
        for name, value in self.thresholds.items():
            if name not in MEASURES or not math.isfinite(value):
                raise ConfigError(f"threshold of {name!r}: {value!r} is no number or no such measure")


@dataclass(frozen=True, eq=False)
class Curve:
    """Shares kept at every level, from lenient to strict.

    Attributes:
        levels: (m,) rank among good clips that a clip needs in all its measures.
        good: (m,) share of good clips kept.
        bad: kind -> (m,) share kept.
        areas: kind -> probability that a good clip ranks above a bad one; 0.5 where they cannot be told apart.
    """

    levels: np.ndarray
    good: np.ndarray
    bad: Mapping[str, np.ndarray]
    areas: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is known of a judge's measures before the choice.

    Attributes:
        curve: acceptance at all levels.
        thresholds: measure -> value, the operating point.
        level: of the operating point; None for thresholds by hand.
        good: good clips kept there.
        bad: kind -> bad clips kept there.
        single: measure -> kind -> area of that measure alone.
    """

    curve: Curve
    thresholds: Mapping[str, float]
    level: float | None
    good: Rate
    bad: Mapping[str, Rate]
    single: Mapping[str, Mapping[str, float]]


def calibrate(good: Values, bad: Mapping[str, Values], rule: Rule) -> Calibration:
    """Thresholds from good and bad clips.

    Args:
        good: measures of clips known to be good.
        bad: kind -> measures of clips known to be bad in that way; a kind without a measure is not bad in it.
        rule: how strict to be; without any goal `DEFAULT_KEEP_SHARE` of good clips are kept.

    Raises:
        ConfigError: too few good clips, or a precision that no threshold reaches.
    """
    count = len(next(iter(good.values()), ()))
    if count < FEWEST_GOOD or not bad:
        raise ConfigError(
            f"calibration: {count} good clips; at least {FEWEST_GOOD}, and bad ones, are needed"
        )
    known = {name: values for name, values in good.items() if np.isfinite(values).any()}
    ranks = combined(known, known)
    spoiled = {kind: combined(values, known) for kind, values in bad.items()}
    curve = acceptance(ranks, spoiled)
    level = None if rule.thresholds else operating_level(curve, rule)
    thresholds = dict(rule.thresholds) if level is None else _thresholds(known, bad, level)
    return Calibration(
        curve,
        thresholds,
        level,
        kept_rate(good, thresholds),
        {kind: kept_rate(values, thresholds) for kind, values in bad.items()},
        {name: _areas_of(name, known, bad) for name in known},
    )


def rank_among(values: np.ndarray, good: np.ndarray) -> np.ndarray:
    """(n,) share of good clips that are no better, made strictly rising between and beyond them; inf for NaN.

    Args:
        values: (n,), more is better.
        good: (m,), at least one finite.
    """
    known, counts = np.unique(good[np.isfinite(good)], return_counts=True)
    shares = np.cumsum(counts) / counts.sum()
    spread = float(known[-1] - known[0]) or 1.0
    beyond = np.clip(values - known[-1], 0, None) / spread
    short = np.clip(known[0] - values, 0, None) / spread
    found = np.interp(values, known, shares) + beyond / (1 + beyond)
    found = np.where(short > 0, shares[0] / (1 + short), found)
    return np.where(np.isnan(values), np.inf, found)


def combined(values: Values, good: Values) -> np.ndarray:
    """(n,) lowest rank of each clip over all measures that good clips have."""
    ranks = [
        rank_among(_upward(name, values[name]), _upward(name, good[name])) for name in good if name in values
    ]
    found: np.ndarray = np.min(ranks, axis=0)
    return found


def acceptance(good: np.ndarray, bad: Mapping[str, np.ndarray]) -> Curve:
    """The curve of (n,) good and (m,) bad ranks."""
    levels = np.unique(np.concatenate([good, *bad.values()]))
    levels = levels[np.isfinite(levels)]
    return Curve(
        levels,
        _kept(good, levels),
        {kind: _kept(ranks, levels) for kind, ranks in bad.items()},
        {kind: area(good, ranks) for kind, ranks in bad.items()},
    )


def area(good: np.ndarray, bad: np.ndarray) -> float:
    """Probability that a random good value lies above a random bad one, ties counting half (Mann and Whitney)."""
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, "left") + np.searchsorted(ordered, good, "right")
    return float(below.mean() / 2 / len(bad))


def operating_level(curve: Curve, rule: Rule) -> float:
    """The level that a rule asks for.

    Raises:
        ConfigError: no level is precise enough.
    """
    if rule.precision is None:
        wanted = DEFAULT_KEEP_SHARE if rule.keep_share is None else rule.keep_share
        # Where shares are ninths of a rounding error apart they are the same share.
        return float(curve.levels[np.flatnonzero(curve.good >= wanted - 1e-9)[-1]])
    # The kind that is hardest to see counts: what comes may be all of that kind.
    worst = np.max(list(curve.bad.values()), axis=0)
    kept = (1 - rule.bad_share) * curve.good
    precision = kept / np.maximum(kept + rule.bad_share * worst, 1e-300)
    enough = np.flatnonzero((precision >= rule.precision) & (curve.good > 0))
    if not len(enough):
        best = float(precision[curve.good > 0].max())
        raise ConfigError(
            f"precision {rule.precision:g}: no threshold reaches it (at best {best:.2f}); ask for less, or use a judge "
            "that sees more"
        )
    return float(curve.levels[enough[0]])


def reasons(values: Mapping[str, float], thresholds: Mapping[str, float]) -> tuple[str, ...]:
    """Why a clip is rejected; empty if it is kept.

    A measure that the clip lacks says nothing about it, but a clip with no measure at all is not kept.
    """
    tested = {name: value for name in thresholds if not math.isnan(value := values.get(name, math.nan))}
    if not tested:
        return ("nothing about it could be measured",)
    return tuple(
        f"{name} {value:.4g} {'below' if MEASURES[name] else 'above'} {thresholds[name]:.4g}"
        for name, value in tested.items()
        if not _passes(name, value, thresholds[name])
    )


def kept_rate(values: Values, thresholds: Mapping[str, float]) -> Rate:
    """How many of (n,) clips pass all thresholds."""
    count = len(next(iter(values.values()), ()))
    rows = [{name: float(each[row]) for name, each in values.items()} for row in range(count)]
    return Rate(sum(not reasons(row, thresholds) for row in rows), count)


def _upward(name: str, values: np.ndarray) -> np.ndarray:
    """The same with more being better."""
    return values if MEASURES[name] else -values


def _passes(name: str, value: float, threshold: float) -> bool:
    return value >= threshold if MEASURES[name] else value <= threshold


def _kept(ranks: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(m,) share of ranks at or above each level."""
    return 1 - np.searchsorted(np.sort(ranks), levels, "left") / len(ranks)


def _thresholds(good: Values, bad: Mapping[str, Values], level: float) -> dict[str, float]:
    """Of each measure the worst value seen that still has the rank, so that seen clips fare exactly as on the curve."""
    found = {}
    for name, values in good.items():
        seen = np.concatenate([values, *(kind[name] for kind in bad.values() if name in kind)])
        seen = _upward(name, seen[np.isfinite(seen)])
        passing = seen[rank_among(seen, _upward(name, values)) >= level]
        # A level above all values of this measure was reached by clips that lack it.
        worst = float(passing.min() if len(passing) else seen.max())
        found[name] = worst if MEASURES[name] else -worst
    return found


def _areas_of(name: str, good: Values, bad: Mapping[str, Values]) -> dict[str, float]:
    """Area of one measure alone, for each kind that has it."""
    ours = _upward(name, good[name][np.isfinite(good[name])])
    theirs = {kind: values[name] for kind, values in bad.items() if name in values}
    return {
        kind: area(ours, _upward(name, values[np.isfinite(values)]))
        for kind, values in theirs.items()
        if np.isfinite(values).any()
    }


def check_other_judge(own: Mapping[str, str], reporting: Sequence[tuple[str, str]]) -> None:
    """Raise ConfigError if a judge that selects also reports: it would confirm its own taste.

    Args:
        own: id -> name of the selecting judges.
        reporting: (id, where it reports) of the others.
    """
    for identity, where in reporting:
        if identity in own:
            raise ConfigError(
                f"judge {own[identity]}: also reports in {where}; select with another judge, for one that does both "
                "confirms itself"
            )

"""`Measure`: a score in parts that add up over texts, so that any resample of a corpus can be scored at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signgen.data.sidecar import package_version
from signgen.judge.score import Score

# One set of resamples serves all measures, so that they can be compared and told apart.
ValuesOf = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Measure:
    """One measure over one corpus, before it is summed up.

    Attributes:
        name: of the measure, such as ``BLEU-4``.
        signature: as in `Score`.
        statistics: (n, k) float64, what each text contributes; the measure depends on their sum alone.
        values_of: (m, k) sums -> (m,) values.
        has_each: whether the value of a single text means anything.
        is_better_high: as in `Score`.
    """

    name: str
    signature: str
    statistics: np.ndarray
    values_of: ValuesOf
    has_each: bool = True
    is_better_high: bool | None = True

    @property
    def value(self) -> float:
        """Over the whole corpus."""
        return float(self.values_of(self.statistics.sum(axis=0, keepdims=True))[0])

    def score(self, interval: tuple[float, float] | None = None) -> Score:
        """The same, summed up."""
        each = self.values_of(self.statistics) if self.has_each else None
        return Score(self.name, self.value, self.signature, each, interval, self.is_better_high)


def ratio(scale: float = 1.0) -> ValuesOf:
    """``scale`` times the first of two sums over the second; NaN where the second is 0."""

    def values(sums: np.ndarray) -> np.ndarray:
        nothing = np.full(len(sums), np.nan)
        found: np.ndarray = scale * np.divide(sums[:, 0], sums[:, 1], out=nothing, where=sums[:, 1] != 0)
        return found

    return values


def mean_of(name: str, signature: str, each: np.ndarray, is_better_high: bool | None = True) -> Measure:
    """The measure whose value is the mean of ``each`` (n,)."""
    statistics = np.column_stack([each, np.ones(len(each))])
    return Measure(name, signature, statistics, ratio(), is_better_high=is_better_high)


def sign(**parts: object) -> str:
    """A signature of our own measures: ``key:value`` joined by ``|``, our version last."""
    return "|".join(
        f"{key}:{value}" for key, value in {**parts, "signgen": package_version("signgen")}.items()
    )

"""Is one system better than another on the same texts, and how large must a difference be to be seen at all?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.score import check_comparable
from signgen.judge.text.measure import Measure
from signgen.judge.text.resample import Resampling, bootstrap, percentiles, swap


@dataclass(frozen=True)
class Difference:
    """One measure of two systems on the same texts.

    Attributes:
        name: of the measure.
        signature: of the measure.
        first: value of the first system.
        second: value of the second system.
        interval: 95 % interval of first - second.
        sd: standard deviation of first - second over resamples.
        p_bootstrap: of no difference, by paired bootstrap, two-sided.
        p_randomised: of no difference, by approximate randomisation, two-sided; the one to trust.
        detectable: least difference between two systems this much alike that a test of this size would find.
    """

    name: str
    signature: str
    first: float
    second: float
    interval: tuple[float, float]
    sd: float
    p_bootstrap: float
    p_randomised: float
    detectable: float

    @property
    def difference(self) -> float:
        """First - second."""
        return self.first - self.second


def paired_difference(first: Measure, second: Measure, how: Resampling | None = None) -> Difference:
    """Compare two systems by one measure.

    Args:
        first: of one system.
        second: the same measure of the other, over the same texts in the same order.
        how: to draw resamples.

    Raises:
        ConfigError: the measures have different signatures.
        DataError: the measures are of different numbers of texts.
    """
    return paired_differences([first], [second], how)[0]


def paired_differences(
    first: Sequence[Measure], second: Sequence[Measure], how: Resampling | None = None
) -> list[Difference]:
    """The same for several measures, over resamples that all of them share."""
    if len(first) != len(second):
        raise ConfigError(f"{len(first)} measures against {len(second)}; score both systems the same way")
    for one, other in zip(first, second, strict=True):
        check_comparable(one.score(), other.score())
    drawn = bootstrap([*first, *second], how)
    pairs = zip(first, second, drawn, drawn[len(first) :], swap(first, second, how), strict=False)
    return [_difference(one, other, ours - theirs, mixed) for one, other, ours, theirs, mixed in pairs]


def _difference(
    first: Measure, second: Measure, drawn: np.ndarray, mixed: tuple[np.ndarray, np.ndarray]
) -> Difference:
    found, sd = abs(first.value - second.value), float(drawn.std(ddof=1))
    sizes = np.abs(drawn)
    return Difference(
        name=first.name,
        signature=first.signature,
        first=first.value,
        second=second.value,
        interval=percentiles(drawn),
        sd=sd,
        p_bootstrap=_p_value(sizes - sizes.mean(), found),
        p_randomised=_p_value(np.abs(mixed[0] - mixed[1]), found),
        detectable=minimum_detectable(sd),
    )


def _p_value(by_chance: np.ndarray, found: float) -> float:
    # Ties count as chance, or a system would differ from itself with the least p there is, as in sacrebleu, and
    # measures of few values (hits, errors) would find too much. Without ties the p values are sacrebleu's.
    return (int(np.count_nonzero(by_chance >= found - 1e-9)) + 1) / (len(by_chance) + 1)


def minimum_detectable(
    sd: float, *, n: int | None = None, at: int | None = None, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Least true difference that a two-sided test finds with probability ``power``.

    Args:
        sd: standard deviation of the difference over resamples of ``n`` texts.
        n: texts that ``sd`` was measured on.
        at: texts of the test that is planned; the same as ``n`` if None.
        alpha: level of the test.
        power: wanted.

    Raises:
        ConfigError: a value out of range, or ``at`` without ``n``.

    >>> round(minimum_detectable(0.8), 2), round(minimum_detectable(0.8, n=642, at=2568), 2)
    (2.24, 1.12)
    """
    if not (np.isfinite(sd) and sd >= 0 and 0 < alpha < 1 and 0 < power < 1):
        raise ConfigError(
            "minimum detectable difference: sd must be 0 or more, alpha and power between 0 and 1"
        )
    if at is not None and (n is None or n < 1 or at < 1):
        raise ConfigError("minimum detectable difference: give n, the number of texts of sd, with at")
    shrink = (n / at) ** 0.5 if n is not None and at is not None else 1.0
    normal = NormalDist()
    return float(sd * shrink * (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)))

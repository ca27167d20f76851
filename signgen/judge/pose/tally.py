"""From figures of pairs to scores of a corpus: sums that can be resampled, shared resamples, signatures."""

from __future__ import annotations

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.score import Score
from signgen.judge.text.measure import Measure
from signgen.judge.text.resample import DEFAULT_RESAMPLES, DEFAULT_SEED, percentiles


def resample_indices(count: int, samples: int = DEFAULT_RESAMPLES, seed: int = DEFAULT_SEED) -> np.ndarray:
    """(samples, count) int64 indices of bootstrap resamples: those that scores of texts are resampled by."""
    return np.random.default_rng(seed).choice(count, size=(samples, count), replace=True)


def checked_resamples(resamples: np.ndarray, count: int) -> np.ndarray:
    """The same array, (B, n) indices of samples.

    Raises:
        ConfigError: it has another shape or type, or indices out of range.
    """
    resamples = np.asarray(resamples)
    is_shaped = resamples.ndim == 2 and len(resamples) and resamples.shape[1] == count
    if not (is_shaped and np.issubdtype(resamples.dtype, np.integer)):
        raise ConfigError(
            f"resamples: expected (B, {count}) whole numbers, one row per resample of {count} samples, "
            f"got {resamples.dtype} {resamples.shape}"
        )
    if resamples.min() < 0 or resamples.max() >= count:
        raise ConfigError(f"resamples: indices must lie in 0 to {count - 1}")
    return resamples


def tallied(
    name: str, over: np.ndarray, under: np.ndarray, recipe: str, is_better_high: bool | None
) -> Measure:
    """A corpus measure from fractions of samples; it can be resampled together with measures of texts.

    Its value is sum of ``over`` / sum of ``under``, averaged over columns. With ``under`` 1 that is the mean over
    samples; a sample without a value has 0 in both.

    Args:
        name: of the measure.
        over: (n, m).
        under: (n, m).
        recipe: the signature.
        is_better_high: as in `Score`.
    """
    return Measure(
        name, recipe, np.concatenate([over, under], axis=1), _fractions, is_better_high=is_better_high
    )


def with_interval(measure: Measure, resamples: np.ndarray | None) -> Score:
    """The score of a measure with its 95 % interval over (B, n) resamples, or without one."""
    if resamples is None or not np.isfinite(measure.value):
        return measure.score()
    drawn = measure.values_of(measure.statistics[resamples].sum(axis=1))
    return measure.score(percentiles(drawn[np.isfinite(drawn)]))


def _fractions(sums: np.ndarray) -> np.ndarray:
    """(m, 2c) numerators and denominators -> (m,) mean of the fractions that have something below the line."""
    over, under = np.split(sums, 2, axis=1)
    is_known = under > 0
    fractions = np.divide(over, under, out=np.zeros_like(over), where=is_known)
    counts = is_known.sum(axis=1)
    found: np.ndarray = np.where(counts > 0, fractions.sum(axis=1) / np.maximum(counts, 1), np.nan)
    return found

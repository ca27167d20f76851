"""From figures of samples to a `Score`: means over the corpus, intervals from shared resamples, signatures."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from signgen import __version__
from signgen.errors import ConfigError
from signgen.judge.score import Score

_INTERVAL = (2.5, 97.5)


def resample_indices(count: int, samples: int = 1000, seed: int = 12345) -> np.ndarray:
    """(samples, count) int64 indices of bootstrap resamples; share one array between all scores of a report."""
    return np.random.default_rng(seed).integers(0, count, (samples, count))


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


def signature(fields: Mapping[str, str]) -> str:
    """``key:value`` joined by ``|``, ending with the version.

    >>> signature({"part": "hands", "dtw": "exact"}).startswith("part:hands|dtw:exact|version:")
    True
    """
    return "|".join(f"{key}:{value}" for key, value in {**fields, "version": __version__}.items())


def tally(
    name: str,
    over: np.ndarray,
    under: np.ndarray,
    recipe: str,
    *,
    resamples: np.ndarray | None = None,
    is_better_high: bool | None = True,
) -> Score:
    """The score of a corpus from fractions of samples.

    Its value is sum of ``over`` / sum of ``under``, averaged over columns. With ``under`` 1 that is the mean over
    samples; a sample without a value has 0 in both.

    Args:
        name: of the measure.
        over: (n, m) or (n,).
        under: the same shape.
        recipe: the signature.
        resamples: (B, n) indices of samples for the interval, or None for no interval.
        is_better_high: as in `Score`.
    """
    over, under = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (over, under))
    each = _fractions(over, under)
    value = _fractions(over.sum(axis=0), under.sum(axis=0))
    interval = None
    if resamples is not None and np.isfinite(value):
        drawn = _fractions(over[resamples].sum(axis=1), under[resamples].sum(axis=1))
        low, high = np.nanpercentile(drawn, _INTERVAL)
        interval = float(low), float(high)
    return Score(name, float(value), recipe, each, interval, is_better_high)


def _fractions(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """``over / under`` averaged over the last axis, over the columns that have something below the line."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        fractions: np.ndarray = np.nanmean(np.where(under > 0, over / under, np.nan), axis=-1)
    return fractions

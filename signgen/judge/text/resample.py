"""Resamples of a corpus, the same for every measure: bootstrap and approximate randomisation.

Seeds, draws and percentiles are those of sacrebleu's significance tests, so that intervals and p values are equal
to its own. Whole documents are drawn where texts of one source belong together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.judge.score import Score
from signgen.judge.text.checks import check_documents
from signgen.judge.text.measure import Measure

DEFAULT_RESAMPLES = 1000
DEFAULT_TRIALS = 10_000
DEFAULT_SEED = 12345
# Drawn at a time, so that memory stays small however large the corpus; a multiple of 32 keeps the random bits of
# blocks equal to those of one draw.
_BLOCK_NUMBERS = 1 << 22
_BITS = 32


@dataclass(frozen=True)
class Resampling:
    """How resamples are drawn.

    Attributes:
        resamples: of the bootstrap; at least 40, for the outermost 2.5 % of them bound an interval.
        trials: of approximate randomisation.
        seed: of the draws.
        documents: (n,) id of the source of each text; drawn as wholes. None if texts are independent.
    """

    resamples: int = DEFAULT_RESAMPLES
    trials: int = DEFAULT_TRIALS
    seed: int = DEFAULT_SEED
    documents: Sequence[Hashable] | None = None

    def __post_init__(self) -> None:
        if self.resamples < 40 or self.trials < 1:
            raise ConfigError("resampling: at least 40 resamples and 1 trial are needed; leave the defaults")


def _blocks(rows: int, columns: int) -> Iterator[int]:
    most = max(_BITS, _BLOCK_NUMBERS // max(columns, 1) // _BITS * _BITS)
    for start in range(0, rows, most):
        yield min(most, rows - start)


def _by_document(statistics: np.ndarray, documents: Sequence[Hashable] | None) -> np.ndarray:
    """(n, k) of texts -> (d, k) of documents, in order of their first text."""
    if documents is None:
        return statistics
    check_documents(documents, len(statistics))
    number = {document: index for index, document in enumerate(dict.fromkeys(documents))}
    summed = np.zeros((len(number), statistics.shape[1]))
    np.add.at(summed, [number[document] for document in documents], statistics)
    return summed


def _joined(measures: Sequence[Measure]) -> np.ndarray:
    lengths = {len(measure.statistics) for measure in measures}
    if len(lengths) != 1:
        raise DataError(f"measures: of {sorted(lengths)} texts; resample measures of the same texts together")
    return np.concatenate([measure.statistics for measure in measures], axis=1)


def _values(measures: Sequence[Measure], sums: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum([measure.statistics.shape[1] for measure in measures])
    parts = np.split(sums, ends[:-1], axis=1)
    return [measure.values_of(part) for measure, part in zip(measures, parts, strict=True)]


def bootstrap(measures: Sequence[Measure], how: Resampling | None = None) -> list[np.ndarray]:
    """Values of every measure over the same resamples.

    Args:
        measures: of the same texts in the same order.
        how: to draw.

    Returns:
        (resamples,) values of each.

    Raises:
        DataError: measures of different numbers of texts, or documents that do not fit them.
    """
    how = how or Resampling()
    statistics = _by_document(_joined(measures), how.documents)
    rng, n = np.random.default_rng(how.seed), len(statistics)
    sums = []
    for rows in _blocks(how.resamples, n):
        drawn = rng.choice(n, size=(rows, n), replace=True)
        drawn += np.arange(rows)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        sums.append(times.astype(np.float64) @ statistics)
    return _values(measures, np.concatenate(sums))


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """The interval that holds all but the outermost 2.5 % on either side."""
    ordered, outside = np.sort(values), len(values) // 40
    return float(ordered[outside]), float(ordered[len(values) - outside - 1])


def with_intervals(measures: Sequence[Measure], how: Resampling | None = None) -> list[Score]:
    """Scores with 95 % intervals from resamples that all of them share."""
    drawn = bootstrap(measures, how)
    return [measure.score(percentiles(values)) for measure, values in zip(measures, drawn, strict=True)]


def swap(
    first: Sequence[Measure], second: Sequence[Measure], how: Resampling | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Values after the answers of two systems were swapped at random, text by text or document by document.

    Args:
        first: measures of one system.
        second: the same measures of the other.
        how: to draw.

    Returns:
        for each measure (trials,) values of the two mixed systems.
    """
    how = how or Resampling()
    ours, theirs = (_by_document(_joined(measures), how.documents) for measures in (first, second))
    rng, n = np.random.default_rng(how.seed), len(ours)
    together, mixed = ours.sum(0) + theirs.sum(0), []
    for rows in _blocks(how.trials, n):
        stays = rng.integers(2, size=(rows, n), dtype=bool).astype(np.float64)
        mixed.append(stays @ (ours - theirs) + theirs.sum(0))
    sums = np.concatenate(mixed)
    return list(zip(_values(first, sums), _values(second, together - sums), strict=True))

"""How far all clips of a system together lie from all true ones, by what a judge's encoder makes of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from signgen.judge.backtranslation import Judge
from signgen.judge.pose.frechet import MIN_PER_DIMENSION, frechet_distance
from signgen.judge.pose.sets import diversity_score, kernel_score
from signgen.judge.pose.tally import resample_indices
from signgen.judge.score import Score
from signgen.judge.text.measure import sign
from signgen.judge.text.resample import Resampling
from signgen.pose.sequence import PoseSequence

# Splits into halves that are averaged: one alone scatters by a tenth or so.
SPLITS = 10
# A distance in fewer directions than these says next to nothing.
FEWEST_DIRECTIONS = 8
# Kernels of all pairs, drawn a thousand times: seconds.
MOST_PAIRED = 2_000


@dataclass(frozen=True, eq=False)
class SetDistances:
    """What a judge's features say of two sets.

    Attributes:
        scores: kernel distance, diversity ratio and, with enough clips, FGD, FGD halves and FGD floor.
        notes: one line for each figure that is not there, and why.
    """

    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()


def set_distances(
    judge: Judge,
    hypotheses: Sequence[PoseSequence],
    references: Sequence[PoseSequence],
    how: Resampling | None = None,
) -> SetDistances:
    """Compare clips of a system with true ones as sets.

    Args:
        judge: whose encoder's features are compared.
        hypotheses: (n,) of the system.
        references: (n,) true ones, in the same order.
        how: to draw resamples and halves; clips of one document stay in one half.

    Raises:
        PoseError: a clip that cannot be read.
    """
    how = how or Resampling()
    made, true = judge.features(hypotheses), judge.features(references)
    name = f"judge-{judge.card.id}"
    return compare_features(made, true, name, how)


def compare_features(made: np.ndarray, true: np.ndarray, name: str, how: Resampling) -> SetDistances:
    """The same from features.

    Args:
        made: (n, d) of the system.
        true: (n, d) of true clips, in the same order.
        name: of the features, for signatures.
        how: as in `set_distances`.
    """
    if not (np.isfinite(made).all() and np.isfinite(true).all()):
        return SetDistances((), ("FGD, kernel distance, diversity: the judge's features are not finite",))
    made, true = np.asarray(made, np.float64), np.asarray(true, np.float64)
    splits = _splits(len(true), how)
    paired, notes = _paired(made, true, name, how)
    # Half of a half's least size per direction, so that all three figures are of the same directions.
    count = min(true.shape[1], min(len(part) for split in splits for part in split) // MIN_PER_DIMENSION)
    if count < FEWEST_DIRECTIONS:
        least = 2 * MIN_PER_DIMENSION * FEWEST_DIRECTIONS
        notes += (f"FGD: {len(true)} clips are too few, it takes {least}; the kernel distance stands in",)
        return SetDistances(paired, notes)
    if count < true.shape[1]:
        notes += (
            f"FGD: in the {count} directions in which true clips differ most, of {true.shape[1]}; more clips, more "
            "directions",
        )
    return SetDistances((*_frechet(made, true, splits, count, name), *paired), notes)


def _frechet(
    made: np.ndarray, true: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]], count: int, name: str
) -> list[Score]:
    """FGD of all; of halves, each against true clips of other sentences; and of true halves, the floor of these."""
    directions = _directions(true, count)
    made, true = made @ directions, true @ directions
    halves = [frechet_distance(made[a], true[b]) for pair in splits for a, b in (pair, pair[::-1])]
    floor = [frechet_distance(true[a], true[b]) for a, b in splits]
    recipe = {"features": name, "covariance": "ledoit-wolf", "dims": f"{count}/{directions.shape[0]}"}
    values = {
        "FGD": (frechet_distance(made, true), {}),
        "FGD halves": (float(np.mean(halves)), {"splits": SPLITS}),
        "FGD floor": (float(np.mean(floor)), {"splits": SPLITS}),
    }
    return [
        Score(label, value, sign(**recipe, **more), is_better_high=False)
        for label, (value, more) in values.items()
    ]


def _paired(
    made: np.ndarray, true: np.ndarray, name: str, how: Resampling
) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Kernel distance and diversity; of clips drawn once where all pairs would be too many."""
    notes: tuple[str, ...] = ()
    if len(true) > MOST_PAIRED:
        drawn = np.random.default_rng(how.seed).choice(len(true), MOST_PAIRED, replace=False)
        made, true = made[drawn], true[drawn]
        notes = (f"kernel distance, diversity: of {MOST_PAIRED:,} clips drawn from all",)
    resamples = None if how.documents is not None else resample_indices(len(made), how.resamples, how.seed)
    kernel = kernel_score(made, true, name, resamples, is_paired=True)
    return (kernel, diversity_score(made, true, name, resamples)), notes


def _directions(true: np.ndarray, count: int) -> np.ndarray:
    """(d, count) orthonormal directions in which ``true`` (n, d) varies most; all of them change nothing."""
    if count == true.shape[1]:
        return np.eye(count)
    _, vectors = np.linalg.eigh(np.cov(true, rowvar=False))
    directions: np.ndarray = vectors[:, ::-1][:, :count]
    return directions


def _splits(count: int, how: Resampling) -> list[tuple[np.ndarray, np.ndarray]]:
    """Numbers of clips in two halves, several times; a document is not torn."""
    documents: Sequence[Hashable] = how.documents if how.documents is not None else range(count)
    number = {document: place for place, document in enumerate(dict.fromkeys(documents))}
    of_clip = np.array([number[document] for document in documents])
    sizes = np.bincount(of_clip)
    rng = np.random.default_rng(how.seed)
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(len(sizes))
        first = order[: int(np.abs(np.cumsum(sizes[order]) - count / 2).argmin()) + 1]
        is_first = np.isin(of_clip, first)
        found.append((np.flatnonzero(is_first), np.flatnonzero(~is_first)))
    return found

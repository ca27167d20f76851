"""Scores of a set of hypotheses against a set of references, by features: distances and diversity."""

from __future__ import annotations

import numpy as np

from signgen.judge.pose.feature_sets import checked_sets, standardised
from signgen.judge.pose.frechet import MIN_PER_DIMENSION, frechet_distance
from signgen.judge.pose.kernel_distance import kernels, mean_discrepancy
from signgen.judge.pose.tally import checked_resamples
from signgen.judge.score import Score
from signgen.judge.text.measure import sign


def score_sets(
    hypothesis: np.ndarray,
    reference: np.ndarray,
    *,
    floor: np.ndarray | None = None,
    features: str,
    resamples: np.ndarray | None = None,
) -> list[Score]:
    """What two sets of features say of a generator: FGD where there are enough samples, kernel distance, diversity.

    Args:
        hypothesis: (n, d) features of generated sequences.
        reference: (m, d) of real ones.
        floor: (k, d) of other real ones, such as the training set: FGD(floor, reference) is the best that any
            generator can be expected to reach.
        features: what made them, for the signature.
        resamples: (B, n) indices of hypotheses for the intervals of diversity and, if m = n, of the kernel
            distance, in which pairs are then drawn together.

    Raises:
        ConfigError: as the single functions, but too few samples for FGD leave FGD out.
    """
    hypothesis, reference = checked_sets(hypothesis, reference)
    if resamples is not None:
        resamples = checked_resamples(resamples, len(hypothesis))
    scores = [kernel_score(hypothesis, reference, features, resamples)]
    scores.append(diversity_score(hypothesis, reference, features, resamples))
    least = MIN_PER_DIMENSION * reference.shape[1]
    recipe = sign(features=features, covariance="ledoit-wolf", dims=reference.shape[1])
    if min(len(hypothesis), len(reference)) >= least:
        value = frechet_distance(hypothesis, reference)
        scores.append(Score("FGD", value, recipe, is_better_high=False))
    if floor is not None and min(len(floor), len(reference)) >= least:
        scores.append(Score("FGD floor", frechet_distance(floor, reference), recipe, is_better_high=False))
    return scores


def diversity(samples: np.ndarray) -> float:
    """Mean distance of two different samples of (n, d), n > 1; 0 if all are the same."""
    return float(_mean_distances(samples).mean())


def kernel_score(
    hypothesis: np.ndarray,
    reference: np.ndarray,
    features: str,
    resamples: np.ndarray | None,
    *,
    is_paired: bool = False,
) -> Score:
    """Unbiased kernel distance; arguments as in `score_sets`, ``is_paired`` as in `mean_discrepancy`."""
    first, second = standardised(hypothesis, reference)
    found = kernels(first, second)
    value = mean_discrepancy(*found, np.ones(len(first)), np.ones(len(second)), is_paired=is_paired)
    interval = None
    if resamples is not None and len(first) == len(second):
        weights = [np.bincount(row, minlength=len(first)).astype(np.float64) for row in resamples]
        drawn = [
            mean_discrepancy(*found, w, w, is_paired=is_paired) for w in weights if np.count_nonzero(w) > 1
        ]
        low, high = np.percentile(drawn, (2.5, 97.5))
        interval = float(low), float(high)
    estimate = "unbiased, without pairs" if is_paired else "unbiased"
    recipe = sign(features=features, kernel="cubic", estimate=estimate, scale="reference")
    return Score("kernel distance", value, recipe, None, interval, is_better_high=False)


def diversity_score(
    hypothesis: np.ndarray, reference: np.ndarray, features: str, resamples: np.ndarray | None
) -> Score:
    """Mean distance between hypotheses over that between references; arguments as in `score_sets`."""
    first, second = standardised(hypothesis, reference)
    usual = diversity(second)
    each = _mean_distances(first) / usual if usual > 0 else np.full(len(first), np.nan)
    interval = None
    if resamples is not None and np.isfinite(each).all():
        low, high = np.percentile(each[resamples].mean(axis=1), (2.5, 97.5))
        interval = float(low), float(high)
    recipe = sign(features=features, distance="euclidean", scale="reference")
    return Score("diversity ratio", float(each.mean()), recipe, each, interval, is_better_high=None)


def _mean_distances(samples: np.ndarray) -> np.ndarray:
    """(n,) mean distance of each sample from the others."""
    from scipy.spatial.distance import cdist

    distances: np.ndarray = cdist(samples, samples).sum(axis=1) / (len(samples) - 1)
    return distances

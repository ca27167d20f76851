"""Unbiased kernel distance between two sets of feature vectors, which takes few samples."""

from __future__ import annotations

import numpy as np

from signgen.judge.pose.feature_sets import standardised


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with the cubic kernel (x.y / d + 1)^3; can be below 0.

    Features are first centred and scaled by mean and standard deviation of the second set.

    Args:
        first: (n, d).
        second: (m, d).

    Raises:
        ConfigError: as `standardised`.
    """
    first, second = standardised(first, second)
    return mean_discrepancy(*kernels(first, second), np.ones(len(first)), np.ones(len(second)))


def kernels(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cubic kernels within the first set, within the second, and between them."""
    dims = first.shape[1]
    a, b, c = ((x @ y.T / dims + 1) ** 3 for x, y in ((first, first), (second, second), (first, second)))
    return a, b, c


def mean_discrepancy(
    within_first: np.ndarray,
    within_second: np.ndarray,
    across: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    is_paired: bool = False,
) -> float:
    """The unbiased estimate with samples counted so often; a sample is never compared with itself.

    With ``is_paired`` not with its counterpart in the other set either: such sets are not drawn apart, and alike
    counterparts would bring them nearer than the distributions are (Gretton et al. 2012, lemma 6).
    """

    def within(kernel: np.ndarray, weights: np.ndarray) -> float:
        pairs = weights.sum() ** 2 - np.sum(weights**2)
        return float((weights @ kernel @ weights - weights**2 @ np.diag(kernel)) / pairs)

    if is_paired:
        pairs = first.sum() * second.sum() - first @ second
        mixed = float((first @ across @ second - (first * second) @ np.diag(across)) / pairs)
    else:
        mixed = float(first @ across @ second / (first.sum() * second.sum()))
    return within(within_first, first) + within(within_second, second) - 2 * mixed

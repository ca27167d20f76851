"""Fréchet distance between two sets of feature vectors, with shrunk covariances."""

from __future__ import annotations

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.pose.feature_sets import checked_sets

# Below this many samples per dimension a covariance is mostly noise, shrunk or not.
MIN_PER_DIMENSION = 5


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared Fréchet distance of two normal distributions fitted with Ledoit-Wolf shrinkage.

    Args:
        first: (n, d).
        second: (m, d).

    Raises:
        ConfigError: not finite, different dimensions, or fewer than 5 d samples on a side.
    """
    first, second = checked_sets(first, second)
    for side in (first, second):
        least = MIN_PER_DIMENSION * side.shape[1]
        if len(side) < least:
            raise ConfigError(
                f"FGD: {len(side)} samples are too few for {side.shape[1]} dimensions, it takes {least}; give more "
                "samples or fewer dimensions, or use the kernel distance"
            )
    covariances = [shrunk_covariance(side) for side in (first, second)]
    root = _root(covariances[0])
    cross = np.linalg.eigvalsh(root @ covariances[1] @ root)
    mean = first.mean(axis=0) - second.mean(axis=0)
    traces = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(max(0.0, mean @ mean + traces - 2 * np.sqrt(np.maximum(cross, 0)).sum()))


def shrunk_covariance(samples: np.ndarray) -> np.ndarray:
    """(d, d) covariance pulled towards a multiple of the identity, as far as Ledoit and Wolf 2004 estimate is best."""
    count, dims = samples.shape
    centred = samples - samples.mean(axis=0)
    covariance = centred.T @ centred / count
    target = np.trace(covariance) / dims
    distance = np.sum((covariance - target * np.eye(dims)) ** 2)
    squares = centred**2
    noise = (np.sum(squares.T @ squares) / count - np.sum(covariance**2)) / count
    share = 0.0 if distance == 0 else min(1.0, max(0.0, noise) / distance)
    shrunk: np.ndarray = (1 - share) * covariance + share * target * np.eye(dims)
    return shrunk


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    root: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root

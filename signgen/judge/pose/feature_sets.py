"""Two sets of feature vectors, checked and on one scale."""

from __future__ import annotations

import numpy as np

from signgen.errors import ConfigError

# Kernel distance and diversity compare all pairs: three arrays of 200 MB.
MAX_SAMPLES = 5_000


def checked_sets(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64.

    Args:
        first: (n, d).
        second: (m, d).

    Raises:
        ConfigError: not finite, of other shapes, or fewer than 2 samples.
    """
    sides = tuple(np.asarray(side, dtype=np.float64) for side in (first, second))
    for side in sides:
        if side.ndim != 2 or len(side) < 2 or not side.shape[1]:
            raise ConfigError(
                f"features: expected (n, d), one row for each of 2 or more samples, got shape {side.shape}"
            )
        if not np.isfinite(side).all():
            raise ConfigError("features: values must be finite; leave out sequences that have none")
    if sides[0].shape[1] != sides[1].shape[1]:
        raise ConfigError(
            f"features: {sides[0].shape[1]} and {sides[1].shape[1]} dimensions cannot be compared"
        )
    return sides[0], sides[1]


def standardised(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both by mean and standard deviation of the second; a feature that never changes in it is only centred.

    Args:
        first: (n, d).
        second: (m, d).

    Raises:
        ConfigError: as `checked_sets`, or more than `MAX_SAMPLES` samples.
    """
    first, second = checked_sets(first, second)
    if max(len(first), len(second)) > MAX_SAMPLES:
        raise ConfigError(
            f"features: {max(len(first), len(second))} samples are too many to compare all pairs; draw {MAX_SAMPLES}"
        )
    mean, scale = second.mean(axis=0), second.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    return (first - mean) / scale, (second - mean) / scale

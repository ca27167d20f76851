"""Error of the hands' shape: what is left after the best similarity maps one hand onto the other."""

from __future__ import annotations

import numpy as np

from signgen.judge.pose.dtw import Alignment
from signgen.judge.pose.tracks import Tracks


def procrustes_errors(points: np.ndarray, targets: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Mean distance after the rotation, scale and shift that map points onto targets with the least squared error.

    Reflections are not allowed: a left hand is no right hand.

    Args:
        points: (N, K, D).
        targets: (N, K, D).
        both: (N, K) bool, keypoints to use.

    Returns:
        (N,) float64 in the unit of the targets; NaN where fewer than D + 1 keypoints can be used or points or targets
        coincide.
    """
    weights = both[..., None].astype(np.float64)
    counts = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    centred = [_centred(np.asarray(array, np.float64), weights, counts) for array in (points, targets)]
    spread = [np.sum(array**2, axis=(1, 2)) for array in centred]
    is_usable = (both.sum(axis=1) > points.shape[2]) & (spread[0] > 0) & (spread[1] > 0)
    errors = np.full(len(points), np.nan)
    if is_usable.any():
        a, b, w = centred[0][is_usable], centred[1][is_usable], weights[is_usable]
        distances = np.linalg.norm(_mapped(a, b) - b, axis=2)
        errors[is_usable] = (distances * w[..., 0]).sum(axis=1) / counts[is_usable, 0, 0]
    return errors


def hand_errors(hypothesis: Tracks, reference: Tracks, path: Alignment) -> tuple[np.ndarray, float]:
    """Errors of both hands at each step of an alignment, and the share that could not be measured.

    Args:
        hypothesis: of the 42 keypoints of the hands, left then right.
        reference: likewise.
        path: what aligns them.

    Returns:
        (M,) errors [shoulder widths] and the share of hands that the reference shows that have none.
    """
    errors, expected = [], 0
    for hand in (slice(0, 21), slice(21, 42)):
        i, j = path.path[:, 0], path.path[:, 1]
        both = hypothesis.seen[i, hand] & reference.seen[j, hand]
        found = procrustes_errors(hypothesis.points[i, hand], reference.points[j, hand], both)
        errors.append(found[np.isfinite(found)])
        expected += int(reference.seen[j, hand].any(axis=1).sum())
    measured = np.concatenate(errors)
    return measured, 1 - len(measured) / expected if expected else 1.0


def _centred(points: np.ndarray, weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    centre = (points * weights).sum(axis=1, keepdims=True) / counts
    centred: np.ndarray = (points - centre) * weights
    return centred


def _mapped(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Centred points after the best rotation and scale (Umeyama 1991)."""
    u, singular, vt = np.linalg.svd(np.swapaxes(targets, 1, 2) @ points)
    sign = np.ones_like(singular)
    sign[:, -1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = (u * sign[:, None]) @ vt
    scale = (singular * sign).sum(axis=1) / np.sum(points**2, axis=(1, 2))
    mapped: np.ndarray = scale[:, None, None] * (points @ np.swapaxes(rotation, 1, 2))
    return mapped

"""Structural similarity of two pictures (Wang et al. 2004), and shrinking to a small square."""

from __future__ import annotations

import numpy as np

_SIGMA = 1.5
_RADIUS = 5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def similarity(first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean structural similarity of two (H, W) pictures of levels 0 to 255, with Gaussian windows of 11 pixels.

    Args:
        first: (H, W).
        second: (H, W).
        mask: (H, W) bool, the pixels over which to take the mean; None leaves out a border of half a window.

    Returns:
        1 for the same picture; NaN if no pixel is left.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread_a, spread_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    shared = _blurred(a * b) - mean_a * mean_b
    each = (2 * mean_a * mean_b + _C1) * (2 * shared + _C2)
    each /= (mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2)
    kept = each[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].ravel() if mask is None else each[mask]
    return float(kept.mean()) if kept.size else np.nan


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3) uint8 of an (H, W, 3) uint8 picture, each pixel the mean of the area it covers."""
    rows, columns = (_shares(length, side) for length in picture.shape[:2])
    mixed = np.einsum("ah,hwc,bw->abc", rows, picture.astype(np.float32), columns, optimize=True)
    small: np.ndarray = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return small


def _blurred(picture: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    blurred: np.ndarray = gaussian_filter(picture, _SIGMA, truncate=_RADIUS / _SIGMA)
    return blurred


def _shares(length: int, side: int) -> np.ndarray:
    """(side, length) float32 share of each input pixel in each output pixel; rows sum to 1."""
    edges = np.arange(side + 1) * length / side
    low, high = edges[:-1, None], edges[1:, None]
    cells = np.arange(length)
    covered = np.clip(np.minimum(high, cells + 1) - np.maximum(low, cells), 0, None)
    shares: np.ndarray = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares

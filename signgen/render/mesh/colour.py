"""sRGB bytes and linear light: pictures are mixed in light and stored in sRGB."""

from __future__ import annotations

import functools

import numpy as np

CURVE_SIZE = 4096


def to_linear(srgb: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """sRGB in [0, 1] to linear light, IEC 61966-2-1; float32 of the same shape."""
    values = np.asarray(srgb, dtype=np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB in [0, 1], IEC 61966-2-1; float32 of the same shape."""
    values = np.clip(np.asarray(linear, dtype=np.float64), 0, 1)
    low = values <= 0.0031308
    return np.where(low, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055).astype(np.float32)


@functools.cache
def curve() -> np.ndarray:
    """(CURVE_SIZE,) uint8: sRGB bytes of linear light in steps of 1 / CURVE_SIZE."""
    bytes_ = np.rint(255 * to_srgb((np.arange(CURVE_SIZE) + 0.5) / CURVE_SIZE)).astype(np.uint8)
    bytes_.setflags(write=False)
    return np.asarray(bytes_)

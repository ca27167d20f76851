"""Parts of a picture cut out and resized, at places and scales that need not be whole pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Box:
    """A part of a picture, edges in pixels; pixel i reaches from i to i + 1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width [px]."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height [px]."""
        return self.bottom - self.top


def resample(picture: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """What a box shows, at another size: linear between pixels, averaged where it shrinks.

    Args:
        picture: (H, W, C) of any type of number.
        box: may leave the picture, whose border goes on outside.
        width: of the result [px].
        height: of the result [px].

    Returns:
        (height, width, C) float32.
    """
    high, wide, channels = picture.shape
    rows = _weights(high, box.top, box.bottom, height)
    columns = _weights(wide, box.left, box.right, width)
    tall = rows @ np.asarray(picture, np.float32).reshape(high, wide * channels)
    turned = np.ascontiguousarray(tall.reshape(height, wide, channels).transpose(1, 0, 2))
    both = columns @ turned.reshape(wide, height * channels)
    return np.ascontiguousarray(both.reshape(width, height, channels).transpose(1, 0, 2))


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """uint8 of a picture from 0 to 255."""
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def covering(width: int, height: int, wide: int, high: int, middle: tuple[float, float] | None = None) -> Box:
    """The largest box of the shape ``wide`` x ``high`` in a picture of ``width`` x ``height``.

    Args:
        width: of the picture [px].
        height: of the picture [px].
        wide: width of the shape.
        high: height of the shape.
        middle: x and y that the box would have in its middle, as far as the picture reaches; its middle if None.
    """
    scale = min(width / wide, height / high)
    x, y = middle or (width / 2, height / 2)
    left = float(np.clip(x - scale * wide / 2, 0, width - scale * wide))
    top = float(np.clip(y - scale * high / 2, 0, height - scale * high))
    return Box(left, top, left + scale * wide, top + scale * high)


def _weights(length: int, first: float, last: float, count: int):  # type: ignore[no-untyped-def]
    """(count, length) sparse float32 shares of pixels in samples.

    A sample is the mean of the line between pixels over the part of its width that exceeds a pixel: one point
    where a picture grows or keeps its size, so that it then stays as it is.
    """
    from scipy.sparse import csr_matrix

    step = (last - first) / count
    half = max(step - 1, 1e-4) / 2
    centres = first + (np.arange(count) + 0.5) * step - 0.5
    taps = int(np.ceil(2 * half)) + 3
    at = np.floor(centres - half).astype(np.int64)[:, None] + np.arange(taps)
    away = centres[:, None] - at
    share = (_below(away + half) - _below(away - half)) / (2 * half)
    rows = np.repeat(np.arange(count), taps)
    columns = np.clip(at, 0, length - 1).ravel()
    return csr_matrix((share.ravel().astype(np.float32), (rows, columns)), shape=(count, length))


def _below(x: np.ndarray) -> np.ndarray:
    """Integral of the triangle of height 1 from -1 to ``x``."""
    x = np.clip(x, -1, 1)
    return np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)

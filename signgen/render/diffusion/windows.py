"""Which frames a video model sees together: overlapping windows that leave no frame out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Window:
    """Frames that a model sees at once, and how much its word counts for each.

    Attributes:
        frames: numbers of the latent frames, in the order in which the model sees them.
        weights: (len(frames),) float32, above 0; least at the ends, where a model knows least.
    """

    frames: tuple[int, ...]
    weights: np.ndarray


def plan_windows(
    count: int, size: int, overlap: int, *, reference: bool = False, original: bool = False
) -> tuple[Window, ...]:
    """Windows that hold every frame at least once, the last of which ends with the last frame.

    Args:
        count: frames of the clip, 0 or more.
        size: frames of a window; a clip that is not longer has one window, of its own length.
        overlap: frames that neighbours share, besides the reference; the last two may share more.
        reference: frame 0 shows the appearance and stands first in every window.
        original: windows of MimicMotion's own pipeline, which shares one frame less than asked. Implies
            ``reference``.

    Raises:
        ConfigError: a window of no frame, an overlap that leaves nothing new in a window, or one at which
            the original leaves frames out.
    """
    reference = reference or original
    if size < 1 + reference:
        raise ConfigError(f"window: {size} frames are too few; use {1 + reference} or more")
    if count <= size:
        return (_window(tuple(range(count))),) if count else ()
    length = size - reference
    _check_overlap(overlap, count, length, original)
    stride = length - overlap + original
    starts = [*range(reference, count - length, stride), count - length]
    lead = (0,) if reference else ()
    return tuple(_window((*lead, *range(start, start + length))) for start in starts)


def triangle(size: int) -> np.ndarray:
    """(size,) float32 weights that rise to the middle and fall again: min(x, 2 - x), x = (k + 1/2) 2 / size."""
    places = (np.arange(size) + 0.5) * 2 / size
    return np.minimum(places, 2 - places).astype(np.float32)


def _window(frames: tuple[int, ...]) -> Window:
    return Window(frames, triangle(len(frames)))


def _check_overlap(overlap: int, count: int, length: int, original: bool) -> None:
    if not 0 <= overlap < length + original:
        raise ConfigError(f"overlap: {overlap} of {length} new frames of a window; use 0 to {length - 1}")
    # Without an overlap the original steps over one frame between two windows, and divides 0 by 0 there.
    if original and overlap == 0 and count > 2 * length + 1:
        raise ConfigError("overlap: the original's windows leave frames out at 0; use 1 or more")

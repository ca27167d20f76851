"""`Repair`: what cleaning changed, where and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Repair:
    """One thing that was mended over a run of frames.

    Attributes:
        kind: ``swapped sides``, ``wrong hand``, ``one hand twice``, ``stray hand``, ``outlier`` or ``gap``.
        part: ``body``, ``left_hand``, ``right_hand``, ``hands`` or ``face``.
        start: first frame.
        end: one past the last.
    """

    kind: str
    part: str
    start: int
    end: int


def repairs(kind: str, part: str, frames: np.ndarray) -> list[Repair]:
    """One repair for each run of a mask (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(frames, np.int8), [0]])))
    return [Repair(kind, part, int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]

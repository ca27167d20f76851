"""The figures of a training between two looks: mean losses, and how fast it goes."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor


class Figures:
    """What is gathered between two looks; nothing is fetched from the device before it is asked for."""

    def __init__(self) -> None:
        self.updates = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, float] = {}
        self._frames: Tensor | float = 0.0
        self._started = time.perf_counter()
        self._spent = time.process_time()

    def add(self, losses: Mapping[str, Tensor], frames: Tensor | int, share: float) -> None:
        """Take in the losses of a batch of so many frames that is this share of an update."""
        for name, value in losses.items():
            before = self._sums.get(name, torch.zeros((), device=value.device))
            self._sums[name] = before + value.detach() * share
            # Not every batch has every loss.
            self._counts[name] = self._counts.get(name, 0.0) + share
        self._frames = self._frames + frames

    def means(self) -> dict[str, Tensor]:
        """Mean losses of the updates."""
        return {name: value / self._counts[name] for name, value in self._sums.items()}

    def pace(self, processes: int) -> dict[str, float]:
        """Seconds, updates a second, and frames a second of all processes."""
        seconds = time.perf_counter() - self._started
        return {
            "seconds": seconds,
            "updates_per_second": self.updates / seconds,
            "frames_per_second": float(self._frames) * processes / seconds,
        }

    def processor_seconds(self) -> float:
        """Seconds that the processor has worked, on all its cores together."""
        return time.process_time() - self._spent

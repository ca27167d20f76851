"""The figures of a training: means since the last look, and throughput."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor

from signgen.signdw.batch import Batch
from signgen.signdw.coder import STRIDE


class Figures:
    """What is gathered between two looks; nothing is fetched from the device before it is asked for."""

    def __init__(self) -> None:
        self.updates = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, float] = {}
        self._steps: Tensor | float = 0.0
        self._started = time.perf_counter()

    def add(self, losses: Mapping[str, Tensor], batch: Batch, share: float) -> None:
        """Take in the losses of a batch that is this share of an update."""
        for name, value in losses.items():
            self._sums[name] = (
                self._sums.get(name, torch.zeros((), device=value.device)) + value.detach() * share
            )
            self._counts[name] = self._counts.get(name, 0.0) + share
        self._steps = self._steps + batch.mask.sum()

    def means(self) -> dict[str, Tensor]:
        """Mean losses of the updates."""
        return {name: value / self._counts[name] for name, value in self._sums.items()}

    def pace(self, processes: int = 1) -> dict[str, float]:
        """Seconds, updates a second, and frames a second of all processes."""
        frames = float(self._steps) * STRIDE * processes
        seconds = time.perf_counter() - self._started
        return {
            "seconds": seconds,
            "updates_per_second": self.updates / seconds,
            "frames_per_second": frames / seconds,
        }

"""The figures of a training: means since the last look, throughput and memory, to a file and to TensorBoard."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.errors import DependencyError
from signgen.nn.log import Log
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


class Metrics:
    """Where figures are written.

    Args:
        folder: of the training.
        name: of the file of JSON lines.
        total: updates that are kept of an earlier run.
        is_tensorboard: also write event files, into ``tensorboard/``.

    Raises:
        DependencyError: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, name: str, total: int, is_tensorboard: bool) -> None:
        self._writer = _writer(folder / "tensorboard", total) if is_tensorboard else None
        self._log = Log(folder / name, total)

    def add(self, total: int, figures: Mapping[str, Any]) -> None:
        """Write the figures of a look."""
        self._log.add({"total": total, **figures})
        if self._writer is not None:
            for name, value in _flat(figures).items():
                self._writer.add_scalar(name, value, total)
            self._writer.flush()


def _writer(folder: Path, total: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise DependencyError(
            "train.tensorboard: needs tensorboard; run: pip install tensorboard, or leave it false"
        ) from None
    return SummaryWriter(str(folder), purge_step=total + 1)


def _flat(figures: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}/")
        elif value is not None:
            found[f"{prefix}{name}"] = float(value)
    return found


def peak_memory(device: torch.device) -> float:
    """Most memory used so far [MB]: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    return most / 1e6 if sys.platform == "darwin" else most / 1e3

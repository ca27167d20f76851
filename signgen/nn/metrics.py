"""Where the figures of a training are written, a file and TensorBoard, and the most memory it used."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from signgen.errors import DependencyError
from signgen.nn.log import Log


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

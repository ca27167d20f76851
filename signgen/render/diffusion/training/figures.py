"""The figures of a training between two looks, and the keys by which it is told from others."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

import torch
from torch import Tensor

from signgen.data.strict_json import plain, to_json
from signgen.render.diffusion.training.task import Run, Task

# Settings that change no weight.
_FREE = {
    "data": ("sources", "poses", "cache", "readers"),
    "model": ("base", "weights", "controlnet", "download"),
    "train": ("samples", "sample_steps", "sample_guidance", "tensorboard", "checkpointing"),
}


class Figures:
    """What is gathered between two looks; nothing is fetched from the device before it is asked for."""

    def __init__(self) -> None:
        self.updates, self._frames = 0, 0
        self._sums: dict[str, Tensor] = {}
        self._started = time.perf_counter()

    def add(self, losses: Mapping[str, Tensor], frames: int, share: float) -> None:
        """Take in the losses of a batch that is this share of an update."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value.detach() * share
        self._frames += frames

    def means(self) -> dict[str, Tensor]:
        """Mean losses of the updates."""
        return {name: value / self.updates for name, value in self._sums.items()}

    def pace(self, processes: int) -> dict[str, float]:
        """Seconds, updates a second, and frames a second of all processes."""
        seconds = time.perf_counter() - self._started
        return {
            "seconds": seconds,
            "updates_per_second": self.updates / seconds,
            "frames_per_second": self._frames * processes / seconds,
        }


def fingerprint(run: Run, task: Task, processes: int) -> str:
    """What must be equal for a training to be continued; folders may have moved, samples do not matter."""
    values = plain(run)
    for section, names in _FREE.items():
        values[section] = {name: value for name, value in values[section].items() if name not in names}
    origin = {name: fact["sha256"] for name, fact in task.facts().items() if isinstance(fact, Mapping)}
    footage = task.reader.footage
    found = {"run": values, "origin": origin, "data": footage.id, "size": [footage.width, footage.height]}
    return hashlib.sha256(to_json({**found, "processes": processes}).encode()).hexdigest()


def mixed(key: list[int]) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=7).digest())


def line_of(
    total: int,
    means: Mapping[str, float],
    dev: Mapping[str, float],
    pace: float,
    memory: float,
    is_best: bool,
) -> str:
    """What is said of a look."""
    held_out = f"  held out {dev['total']:.4f}, hands and face {dev['parts']:.4f}" if dev else ""
    return (
        f"update {total}  loss {means['total']:.4f}{held_out}  {pace:.1f} frames/s  {memory:.0f} MB"
        f"{'  *' if is_best else ''}"
    )

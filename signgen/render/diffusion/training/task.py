"""What ControlNet's and PoseNet's trainings have in common: footage, batches, losses, cards and samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from signgen.data.atomic import write_text
from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, to_json
from signgen.data.video import SYNTHETIC_MARK
from signgen.errors import ConfigError, DataError
from signgen.nn.chance import seed
from signgen.nn.crew import Crew
from signgen.nn.device import in_precision
from signgen.nn.task import Look, Task
from signgen.nn.training_state import Progress
from signgen.render.diffusion.training.batches import Batch, Reader
from signgen.render.diffusion.training.encoding import Encoder
from signgen.render.diffusion.training.footage import Clip, Footage, Studio, look_at, open_footage, size_of
from signgen.render.diffusion.training.losses import NAMES
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.samples import write_samples
from signgen.render.diffusion.training.settings import ControlNetRun, PoseNetRun

CARD, ENCODED, SAMPLES = "training.json", "encoded", "samples"
Run = ControlNetRun | PoseNetRun


class DiffusionTask(Task):
    """Networks that learn how videos look from poses.

    Attributes:
        name: of the folder that gets the result.
        run: everything about the training.
        folder: of the training.
        crew: the processes that train together.
        reader: what windows come from.
    """

    name: ClassVar[str]
    run: Run
    folder: Path
    crew: Crew
    reader: Reader

    @abstractmethod
    def save(self, learned: nn.Module, folder: Path) -> None:
        """Write what was learned."""

    @abstractmethod
    def draw(self, learned: nn.Module, clip: Clip, numbers: Sequence[int]) -> np.ndarray:
        """(n, H, W, 3) uint8 frames of a clip as the network draws them."""

    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """What it started from: weights with hashes and licences."""

    @property
    def result(self) -> Path:
        """The folder for the renderer."""
        return self.folder / self.name

    @cached_property
    def held_out(self) -> list[Batch]:
        """Windows that are looked at."""
        return self.reader.looked_at(self.run.train.dev_windows)

    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Batch]:
        """See `Task`."""
        return self.reader.batches(iter(range(place.total, place.total + count)), parts)

    def losses(
        self, lesson: Any, batch: Batch, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], int]:
        """See `Task`."""
        here = batch.to(self.crew.device)
        seed(self.run.seed, place.total, part)
        with in_precision(self.crew.device, self.run.train.precision):
            return lesson(here), batch.latents.shape[0] * batch.latents.shape[1]

    def look(self, network: nn.Module, total: int) -> dict[str, float]:
        """Mean losses of held-out windows, with the same noise at each look; empty if nothing is held out."""
        lesson, sums = self.lesson(network), dict.fromkeys(NAMES, 0.0)
        for number, batch in enumerate(self.held_out):
            seed(self.run.seed, number)
            with torch.no_grad(), in_precision(self.crew.device, self.run.train.precision):
                losses = lesson(batch.to(self.crew.device))
            for name in NAMES:
                sums[name] += float(losses[name]) / len(self.held_out)
        return sums if self.held_out else {}

    def score(self, found: Mapping[str, float]) -> float | None:
        """See `Task`."""
        return -found["total"] if found else None

    def keep(self, network: nn.Module, look: Look) -> None:
        """See `Task`."""
        self.save(network, self.result)
        write_text(self.result / CARD, to_json(self._card(look), indent=2) + "\n")

    def line(self, look: Look) -> str:
        """See `Task`."""
        dev, pace = look.found, look.pace["frames_per_second"]
        held_out = f"  held out {dev['total']:.4f}, hands and face {dev['parts']:.4f}" if dev else ""
        return (
            f"update {look.total}  loss {look.losses['total']:.4f}{held_out}  {pace:.1f} frames/s  "
            f"{look.memory_mb:.0f} MB{'  *' if look.is_best else ''}"
        )

    def show(self, network: nn.Module, look: Look) -> None:
        """Draw some held-out clips."""
        train = self.run.train
        if train.samples:
            with in_precision(self.crew.device, train.precision):
                path = self.folder / SAMPLES / f"{look.total:07d}.png"
                write_samples(self.reader, partial(self.draw, network), train.samples, path)

    def _card(self, look: Look) -> dict[str, Any]:
        return {
            "kind": self.name,
            "step": look.total,
            "seed": self.run.seed,
            "dev": dict(look.found),
            **self.facts(),
            "data": described(self.reader.footage),
            "focus": plain(self.run.focus),
            "train": plain(self.run.train),
            "versions": {
                name: package_version(name) for name in ("signgen", "torch", "diffusers", "transformers")
            },
        }


def prepare_footage(run: Run, pairs: Sequence[Pair], folder: Path, encoder: Encoder, crew: Crew) -> Footage:
    """Clips of the pairs, encoded by all processes together.

    Raises:
        ConfigError: no sources.
        DataError: no clips, or damaged ones.
    """
    if not pairs:
        raise ConfigError("data.sources: name at least one folder of videos with poses")
    least = max(1, window_of(run) - 1)
    raws = look_at(pairs, least)
    if not raws:
        raise DataError(
            f"{pairs[0].source}: no clip has {least} frames; use a shorter data.window, or longer clips"
        )
    if len(raws) < len(pairs) and crew.is_first:
        crew.report(
            f"{len(pairs) - len(raws)} of {len(pairs)} clips have fewer than {least} frames: left out"
        )
    size = size_of(raws, run.data, encoder.cell)
    studio = Studio(encoder, run.data, run.data.cache or folder / ENCODED, size, crew.report)
    studio.encode(raws[crew.index :: crew.count])
    crew.wait()
    encoder.leave()
    return open_footage(raws, studio)


def window_of(run: Run) -> int:
    """Frames that a network sees at once."""
    return run.data.window if isinstance(run, PoseNetRun) else 1


def reader_of(run: Run, footage: Footage, profile: str) -> Reader:
    """What reads batches."""
    has_picture = isinstance(run, PoseNetRun)
    return Reader(
        footage, profile, window_of(run), has_picture, run.train.batch, run.focus, run.seed, run.data.readers
    )


def described(footage: Footage) -> dict[str, Any]:
    """What a card says of the clips."""
    clips = (*footage.train, *footage.held_out)
    made = [str(clip.video.metadata.get("comment", "")).startswith(SYNTHETIC_MARK) for clip in clips]
    return {
        "id": footage.id,
        "clips": len(footage.train),
        "frames": sum(map(len, footage.train)),
        "held_out": len(footage.held_out),
        "marked_synthetic": sum(made),
        "width": footage.width,
        "height": footage.height,
    }

"""Train tiny-flow from scratch: what is learned from, what is judged, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.data.checkpoints import hash_of
from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain
from signgen.errors import ConfigError
from signgen.nn.chance import seed
from signgen.nn.checkpoint import load_into, load_tensors
from signgen.nn.crew import Report, crew_on
from signgen.nn.device import in_precision
from signgen.nn.task import Look, Task
from signgen.nn.training import Course, Leg, train
from signgen.nn.training_state import Progress, fingerprint_of
from signgen.render.diffusion.tiny.batches import PROFILE, Batch, Reader
from signgen.render.diffusion.tiny.folder import WEIGHTS, TinyCard, facts_of, save_tiny
from signgen.render.diffusion.tiny.loss import losses_of, noised
from signgen.render.diffusion.tiny.material import Material, open_material
from signgen.render.diffusion.tiny.network import TinyFlowNet, fast
from signgen.render.diffusion.tiny.samples import Samples
from signgen.render.diffusion.tiny.settings import TinyRun

CHECKPOINT, SAMPLES, FRAMES = "tiny-flow", "samples", "frames"
SHARED_FRAMES = 2  # of neighbouring windows when painting, at most a quarter of a window


@dataclass(frozen=True)
class TrainedTiny:
    """What a training left.

    Attributes:
        checkpoint: folder for the renderer.
        steps: updates in all.
        error: mean absolute error of painted pixels of held-out clips at the last look, of 255; None if not looked.
    """

    checkpoint: Path
    steps: int
    error: float | None


def train_tiny(
    run: TinyRun,
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> TrainedTiny:
    """Train, or go on with a training that was stopped; the result is the same to the bit however often it was.

    Args:
        run: everything about it.
        folder: gets ``tiny-flow/`` for the renderer, ``metrics.jsonl``, ``samples/`` and the state to go on from.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at what was held out.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: no sources, settings that do not fit the folder, or a loss that is no number.
        DataError: sources that cannot be learned from.
        CheckpointError: a damaged state.
    """
    if not run.data.sources:
        raise ConfigError("data.sources: name at least one folder with poses/ and videos/")
    crew = crew_on(device, report)
    task = TinyTask(run, folder, crew.device)
    settings = run.train
    course = Course(
        settings,
        (Leg(settings.steps),),
        settings.validate_every,
        _fingerprint(run, task.material.id, task.start_id),
        average=settings.average,
        head_start=1,
    )
    progress, last = train(task, course, folder, crew, stop_after)
    return TrainedTiny(folder / CHECKPOINT, progress.total, last.found["error"] if last else None)


class TinyTask(Task):
    """A tiny-flow that learns from windows of videos.

    Args:
        run: everything about it.
        folder: of the training.
        device: where to compute.
    """

    network: TinyFlowNet

    def __init__(self, run: TinyRun, folder: Path, device: torch.device) -> None:
        self.run, self.folder, self.device = run, folder, device
        torch.manual_seed(run.seed)
        self.network = fast(TinyFlowNet(run.model), device)
        self.start_id = _begin_with(self.network, run.train.start)
        data, train = run.data, run.train
        self.material = open_material(
            data.sources, data.cache or folder / FRAMES, window=data.window, held_out=data.held_out,
            multiple=self.network.multiple,
        )  # fmt: skip
        _check_crop(data.crop, self.material, self.network.multiple)
        self.reader = Reader(
            self.material, data.window, train.batch, data.crop, data.whole, run.model.cell, train.hands, train.face,
            run.seed, data.readers,
        )  # fmt: skip
        self.samples = Samples(self.reader, folder / SAMPLES, train.sample_steps, train.shift, run.seed)

    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Batch]:
        """See `Task`."""
        return self.reader.batches(place.total)

    def losses(
        self, lesson: Any, batch: Batch, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], int]:
        """See `Task`."""
        train = self.run.train
        seed(self.run.seed, place.total)
        task = noised(batch.to(self.device), train, self.network.cell)
        with in_precision(self.device, train.precision):
            return losses_of(lesson, task, train), task.clean.shape[0] * task.clean.shape[1]

    def look(self, network: TinyFlowNet, total: int) -> dict[str, float]:
        """Paint what was held out."""
        return self.samples.paint(network.eval(), total)

    def keep(self, network: TinyFlowNet, look: Look) -> None:
        """See `Task`."""
        save_tiny(network, self._card(look), self.folder / CHECKPOINT)

    def figures(self, look: Look) -> dict[str, Any]:
        """See `Task`."""
        named = {"loss" if name == "total" else name: value for name, value in look.losses.items()}
        seconds = {"seconds": look.pace["seconds"], "processor_seconds": look.processor_seconds}
        return {**named, "painted": look.found, **seconds}

    def line(self, look: Look) -> str:
        """See `Task`."""
        return (
            f"update {look.total}  loss {look.losses['total']:.4f}  painted: off by {look.found['error']:.2f} of 255, "
            f"hands and face {look.found['error_parts']:.2f}"
        )

    def _card(self, look: Look) -> TinyCard:
        data, train = self.run.data, self.run.train
        facts = {
            "step": look.total,
            "seed": self.run.seed,
            "painted": look.found,
            "train": {**plain(train), "start": self.start_id},
            "sources": [source.name for source in data.sources],
            "frames": sum(len(clip) for clip in self.material.train),
            "data": self.material.id,
            "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
        }
        shared = min(SHARED_FRAMES, data.window // 4)
        size = self.material.width, self.material.height
        return TinyCard(
            PROFILE, *size, data.window, shared, train.shift, self.run.model, facts=facts_of(facts)
        )


def _check_crop(crop: int, material: Material, multiple: int) -> None:
    side = min(material.width, material.height)
    if crop % multiple or crop > side:
        raise ConfigError(f"data.crop: a multiple of {multiple} up to {side} is needed, got {crop}")


def _begin_with(model: TinyFlowNet, start: Path | None) -> str | None:
    """Give a network the weights to begin with; the hash of their file, None if there are none."""
    if start is None:
        return None
    tensors, _ = load_tensors(start / WEIGHTS)
    load_into(model, tensors, str(start / WEIGHTS))
    return hash_of(start / WEIGHTS)


def _fingerprint(run: TinyRun, data: str, start: str | None) -> str:
    """What must be equal for a training to be continued; folders may have moved, threads do not matter."""
    values = plain(run)
    for name in ("sources", "cache", "readers"):
        del values["data"][name]
    values["train"]["start"] = start
    return fingerprint_of({"run": values, "data": data})

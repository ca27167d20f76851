"""Train what a `Task` learns, on one device or many, to go on bit for bit where it stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, broadcast_object_list
from torch import Tensor, nn

from signgen.data.atomic import write_text
from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, to_json
from signgen.errors import ConfigError
from signgen.nn.device import device_named, in_precision
from signgen.nn.metrics import Metrics, peak_memory
from signgen.nn.moving_average import copy_of, follow
from signgen.nn.optimizer import make_optimizer, rate_at, set_rate
from signgen.nn.processes import check_agreement, mean_over_processes
from signgen.nn.training_state import (
    FILE,
    Progress,
    read_progress,
    restore_model,
    restore_optimizer,
    save_state,
)
from signgen.render.diffusion.training.figures import Figures, fingerprint, line_of, mixed
from signgen.render.diffusion.training.losses import NAMES
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.samples import write_samples
from signgen.render.diffusion.training.task import Crew, Report, Run, Task, described

LOG, CARD, SAMPLES = "metrics.jsonl", "training.json", "samples"
# Encoding a large data set takes hours, during which faster processes wait.
PATIENCE = timedelta(hours=24)
Make = Callable[[Any, Sequence[Pair], Path, Crew], Task]


@dataclass(frozen=True)
class TrainedDiffusion:
    """What a training left.

    Attributes:
        folder: for the renderer.
        steps: updates in all.
        loss: of held-out windows, of the weights in the folder; None if nothing was held out.
        learned: numbers that were learned.
        frames_per_second: that were learned from, since the last look before the end; 0 if nothing was done.
        memory_mb: most memory used, of the GPU or of this process.
    """

    folder: Path
    steps: int
    loss: float | None
    learned: int
    frames_per_second: float
    memory_mb: float


def train_diffusion(
    make: Make,
    run: Run,
    pairs: Sequence[Pair],
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> TrainedDiffusion:
    """Train, or go on with a training that was stopped; on one device the result is the same to the bit.

    Of several processes, as ``torchrun`` starts them, each takes its part of every update.

    Args:
        make: `ControlNetTask` or `PoseNetTask`.
        run: everything about it.
        pairs: what is learned from.
        folder: gets the result in a folder for the renderer, ``metrics.jsonl``, ``samples/`` and the state.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at what was held out.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: sources that cannot be learned from.
        CheckpointError: weights or a state that are missing or damaged.
    """
    training = _Training(make, run, pairs, folder, device, report)
    training.resume()
    training.go_on(run.train.steps if stop_after is None else min(stop_after, run.train.steps))
    return training.left()


class _Training:
    """One training in progress."""

    def __init__(
        self, make: Make, run: Run, pairs: Sequence[Pair], folder: Path, device: str, report: Report
    ) -> None:
        self.run, self.folder, self.report = run, folder, report
        self.device = device_named(device)
        self.accelerator = Accelerator(
            cpu=self.device.type == "cpu", device_placement=False,
            kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
        )  # fmt: skip
        accelerator = self.accelerator
        if accelerator.num_processes > 1:
            self.device = accelerator.device
        crew = Crew(
            accelerator.process_index, accelerator.num_processes, accelerator.wait_for_everyone, self.device, report
        )  # fmt: skip
        self.task = make(run, pairs, folder, crew)
        self.model = self.task.learned
        self.average = copy_of(self.model) if run.train.average else self.model
        self.dev_batches = (
            self.task.reader.looked_at(run.train.dev_windows) if accelerator.is_main_process else []
        )
        self.progress = Progress()
        self.fingerprint = fingerprint(run, self.task, accelerator.num_processes)
        self.pace = 0.0
        self._restored: dict[str, Tensor] = {}

    @property
    def result(self) -> Path:
        """The folder for the renderer."""
        return self.folder / self.task.name

    def resume(self) -> None:
        """Take up what an earlier run left, if it left something."""
        state = self.folder / FILE
        if state.is_file():
            self._restored, self.progress = read_progress(state, self.fingerprint)
            restore_model(self._restored, self._both(), str(state))
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.metrics = Metrics(self.folder, LOG, self.progress.total, self.run.train.tensorboard)

    def go_on(self, until: int) -> None:
        """Train up to an update."""
        train, progress = self.run.train, self.progress
        optimizer = make_optimizer(self.model, train)
        if progress.total:
            restore_optimizer(self._restored, optimizer)
        self._restored = {}
        lesson, optimizer = self.accelerator.prepare(self.task.lesson(self.model), optimizer)
        batches, figures = self._batches(until), Figures()
        while progress.total < until:
            set_rate(optimizer, rate_at(train, progress.total, train.steps))
            self._step(lesson, optimizer, batches, figures)
            progress.step += 1
            progress.total += 1
            if progress.total % train.validate_every == 0 or progress.total == train.steps:
                self._look(optimizer, figures)
                figures = Figures()
        if figures.updates:
            # Stopped between looks: what is logged at the next look counts from here.
            self._save(optimizer)
        self._finish()

    def left(self) -> TrainedDiffusion:
        """What there is now."""
        count = sum(weight.numel() for weight in self.model.parameters())
        loss = None if self.progress.best is None else -self.progress.best
        memory = peak_memory(self.device)
        return TrainedDiffusion(self.result, self.progress.total, loss, count, self.pace, memory)

    def _batches(self, until: int) -> Iterator[Any]:
        """The batches of this process, in order."""
        turns, index = self.run.train.accumulate, self.accelerator.process_index
        parts = range(index * turns, (index + 1) * turns)
        return self.task.reader.batches(iter(range(self.progress.total, until)), parts)

    def _step(self, lesson: Any, optimizer: Any, batches: Iterator[Any], figures: Figures) -> None:
        """One update; parts of it are added up before gradients go from process to process."""
        train, accelerator = self.run.train, self.accelerator
        optimizer.zero_grad(set_to_none=True)
        for turn in range(train.accumulate):
            batch = next(batches).to(self.device)
            part = accelerator.process_index * train.accumulate + turn
            torch.manual_seed(mixed([self.run.seed, self.progress.total, part]))
            is_last = turn == train.accumulate - 1
            with nullcontext() if is_last else accelerator.no_sync(lesson):
                with in_precision(self.device, train.precision):
                    losses = lesson(batch)
                accelerator.backward(losses["total"] / train.accumulate)
            figures.add(losses, batch.latents.shape[0] * batch.latents.shape[1], 1 / train.accumulate)
        if train.clip:
            accelerator.clip_grad_norm_(self.model.parameters(), train.clip)
        optimizer.step()
        figures.updates += 1
        if train.average:
            follow(self.average, self.model, train.average, self.progress.total)

    def _look(self, optimizer: Any, figures: Figures) -> None:
        """Losses of held-out windows, what is best, samples, the log, the state."""
        progress, main = self.progress, self.accelerator.is_main_process
        means = {name: float(mean_over_processes(value)) for name, value in figures.means().items()}
        check_agreement(self.model)
        found = [self._dev_losses() if main else {}]
        broadcast_object_list(found)
        dev = found[0]
        if not math.isfinite(means["total"] + dev.get("total", 0.0)):
            raise ConfigError(
                f"train.rate: the loss is no number after update {progress.total}; use a lower rate"
            )
        is_best = not dev or progress.best is None or -dev["total"] > progress.best
        if is_best and dev:
            progress.best = -dev["total"]
        pace = figures.pace(self.accelerator.num_processes)
        self.pace = pace["frames_per_second"]
        if main:
            if is_best:
                self.task.save(self.average, self.result)
                write_text(self.result / CARD, to_json(self._card(dev), indent=2) + "\n")
            memory = peak_memory(self.device)
            line = {"loss": means, "dev": dev, **pace, "memory_mb": memory, "is_best": is_best}
            self.metrics.add(progress.total, line)
            self.report(line_of(progress.total, means, dev, self.pace, memory, is_best))
            self._draw()
        self._save(optimizer)

    def _dev_losses(self) -> dict[str, float]:
        """Mean losses of held-out windows, with the same noise at each look; empty if nothing is held out."""
        lesson, sums = self.task.lesson(self.average), dict.fromkeys(NAMES, 0.0)
        for number, batch in enumerate(self.dev_batches):
            torch.manual_seed(mixed([self.run.seed, number]))
            with torch.no_grad(), in_precision(self.device, self.run.train.precision):
                losses = lesson(batch.to(self.device))
            for name in NAMES:
                sums[name] += float(losses[name]) / len(self.dev_batches)
        return sums if self.dev_batches else {}

    def _draw(self) -> None:
        if self.run.train.samples:
            with in_precision(self.device, self.run.train.precision):
                path = self.folder / SAMPLES / f"{self.progress.total:07d}.png"
                write_samples(self.task, self.average, self.run.train.samples, path)

    def _both(self) -> nn.ModuleDict:
        networks: dict[str, nn.Module] = {"live": self.model}
        return nn.ModuleDict(
            networks if self.average is self.model else {**networks, "average": self.average}
        )

    def _save(self, optimizer: Any) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            inner = getattr(optimizer, "optimizer", optimizer)
            save_state(self.folder / FILE, self._both(), inner, self.progress, self.fingerprint)
        self.accelerator.wait_for_everyone()

    def _finish(self) -> None:
        """After the last update, make the result complete."""
        if self.progress.total == self.run.train.steps and self.accelerator.is_main_process:
            self.task.finish(self.result)
        self.accelerator.wait_for_everyone()

    def _card(self, dev: Mapping[str, float]) -> dict[str, Any]:
        return {
            "kind": self.task.name,
            "step": self.progress.total,
            "seed": self.run.seed,
            "dev": dict(dev),
            **self.task.facts(),
            "data": described(self.task.reader.footage),
            "focus": plain(self.run.focus),
            "train": plain(self.run.train),
            "versions": {
                name: package_version(name) for name in ("signgen", "torch", "diffusers", "transformers")
            },
        }

"""Train a SignDW Transformer, on one device or many, to go on bit for bit where it stopped."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list
from torch import nn

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain
from signgen.data.trained_on import save_trained_on
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
from signgen.pose.sequence import PoseSequence
from signgen.signdw.batch import Batch
from signgen.signdw.card import SignDWCard
from signgen.signdw.checkpoint import save_checkpoint, save_vocabularies
from signgen.signdw.dev_losses import dev_losses, used_loss
from signgen.signdw.examples import Order, collate
from signgen.signdw.fingerprint import fingerprint
from signgen.signdw.material import Material, load_material
from signgen.signdw.metrics import Figures
from signgen.signdw.samples import sample_poses
from signgen.signdw.settings import LANGUAGES
from signgen.signdw.task import make_task
from signgen.signdw.training_settings import SignDWRun
from signgen.signdw.windows import Windows

BEST, LOG = "best", "metrics.jsonl"
Report = Callable[[str], None]
# Poses of dev sentences by name, and the update after which they were made.
Show = Callable[[int, Mapping[str, PoseSequence]], None]


@dataclass(frozen=True)
class TrainedSignDW:
    """What a training left.

    Attributes:
        checkpoint: folder of the best weights.
        loss: their dev loss.
        steps: updates in all.
    """

    checkpoint: Path
    loss: float
    steps: int


def train_signdw(
    run: SignDWRun,
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    show: Show | None = None,
    stop_after: int | None = None,
) -> TrainedSignDW:
    """Train, or go on with a training that was stopped; on one device the result is the same to the bit.

    Of several processes, as ``torchrun`` starts them, each takes its part of every batch.

    Args:
        run: everything about it.
        folder: gets ``best/``, ``metrics.jsonl`` and the state to go on from.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at the dev set.
        show: gets poses of dev sentences at each look.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: a folder without usable clips.
        CheckpointError: a damaged state or tokenizer.
    """
    training = _Training(run, folder, device, report, show)
    training.resume()
    training.go_on(run.train.steps if stop_after is None else min(stop_after, run.train.steps))
    return TrainedSignDW(folder / BEST, -(training.progress.best or 0.0), training.progress.total)


class _Training:
    """One training in progress."""

    def __init__(self, run: SignDWRun, folder: Path, device: str, report: Report, show: Show | None) -> None:
        self.run, self.folder, self.report, self.show = run, folder, report, show
        self.device = device_named(device)
        # A batch without glosses leaves the planner of glosses out.
        kwargs = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(
            cpu=self.device.type == "cpu", device_placement=False, kwargs_handlers=[kwargs]
        )
        if self.accelerator.num_processes > 1:
            self.device = self.accelerator.device
        self.material: Material = load_material(run)
        self.task = make_task(run, self.material)
        self.model = self.task.network.to(self.device)
        self.material.motion.to(self.device)
        # Without an average the two are one.
        self.average = copy_of(self.model) if run.train.average else self.model
        self.progress = Progress()
        processes = self.accelerator.num_processes
        self.fingerprint = fingerprint(run, self.material, processes)
        batches = run.train.batch * processes * run.train.accumulate
        self.order = Order(
            list(self.material.sources.values()), self.material.shares, batches, run.data.pool, run.seed
        )
        plans = run.train.plan_batch * processes * run.train.accumulate
        self.plans = self._plan_order(plans) if plans else None
        self._restored: dict[str, torch.Tensor] = {}

    def _plan_order(self, batch: int) -> Order:
        """Which further sentences come when: those without poses, or else clips."""
        seed, texts = _mixed([self.run.seed, 1]), self.material.texts
        if texts is None:
            return replace(self.order, batch=batch, seed=seed)
        return Order([texts], [1.0], batch, self.run.data.pool, seed)

    def resume(self) -> None:
        """Take up what an earlier run left, if it left something."""
        state = self.folder / FILE
        if state.is_file():
            self._restored, self.progress = read_progress(state, self.fingerprint)
            restore_model(self._restored, self._both(), str(state))
        elif self.accelerator.is_main_process:
            material = self.material
            save_vocabularies(
                self.folder / BEST, material.tokenizer, material.glosses, material.words, material.signs
            )
            save_trained_on(self.folder / BEST, *material.names_and_texts())
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
        model, optimizer = self.accelerator.prepare(self.task.lesson(self.model), optimizer)
        model.train()
        figures = Figures()
        while progress.total < until and not self._is_over():
            set_rate(optimizer, rate_at(train, progress.total, train.steps))
            self._step(model, optimizer, figures)
            progress.step += 1
            progress.total += 1
            if progress.total % train.validate_every == 0 or progress.total == train.steps:
                self._look(optimizer, figures)
                figures = Figures()
                model.train()
        if figures.updates:
            # Stopped between looks: what is logged at the next look counts from here.
            self._save(optimizer)

    def _step(self, model: Any, optimizer: Any, figures: Figures) -> None:
        """One update."""
        train = self.run.train
        optimizer.zero_grad(set_to_none=True)
        for turn in range(train.accumulate):
            batch, further = self._batches(turn)
            with in_precision(self.device, train.precision):
                losses = model(batch, further)
            self.accelerator.backward(losses["total"] / train.accumulate)
            figures.add(losses, batch, 1 / train.accumulate)
        if train.clip:
            self.accelerator.clip_grad_norm_(model.parameters(), train.clip)
        optimizer.step()
        figures.updates += 1
        if train.average:
            follow(self.average, self.model, train.average, self.progress.total)

    def _batches(self, turn: int) -> tuple[Batch, Batch | Windows | None]:
        """A batch of this update for this process, and what else the task wants; network chance is decided here."""
        total, accelerator = self.progress.total, self.accelerator
        part = accelerator.process_index * self.run.train.accumulate + turn
        torch.manual_seed(_mixed([self.run.seed, total, part]))
        # Every so many examples of the whole, so that all parts are about equally long.
        every = slice(part, None, accelerator.num_processes * self.run.train.accumulate)
        chosen = self.order[total][every]
        batch = collate(chosen).to(self.device)
        if self.task.truth is not None:
            return batch, self.task.truth(chosen).to(self.device)
        return batch, None if self.plans is None else collate(self.plans[total][every]).to(self.device)

    def _look(self, optimizer: Any, figures: Figures) -> None:
        """Losses of dev clips, what is best, samples, the log, the state."""
        progress, main = self.progress, self.accelerator.is_main_process
        means = {name: float(mean_over_processes(value)) for name, value in figures.means().items()}
        if not math.isfinite(means["total"]):
            raise ConfigError(
                f"train.rate: the loss is no number after update {progress.total}; use a lower rate"
            )
        check_agreement(self.model)
        found: list[dict[str, float] | None] = [None]
        if main:
            lesson, run = self.task.lesson(self.average), self.run
            found = [dev_losses(lesson, self.material.dev, run.train.batch, run.seed, self.task.truth)]
        broadcast_object_list(found)
        dev = found[0]
        assert isinstance(dev, dict)
        score = -used_loss(dev)
        is_best = progress.best is None or score > progress.best
        progress.best = score if is_best else progress.best
        progress.waited = 0 if is_best else progress.waited + 1
        if main:
            if is_best:
                save_checkpoint(self.folder / BEST, self.task.networks(self.average), self._card(dev))
            pace = figures.pace(self.accelerator.num_processes)
            self.metrics.add(
                progress.total,
                {
                    "loss": means,
                    "dev": dev,
                    **pace,
                    "memory_mb": peak_memory(self.device),
                    "is_best": is_best,
                },
            )
            self.report(_line(progress.total, means["total"], dev, pace["frames_per_second"], is_best))
            self._samples()
        self._save(optimizer)

    def _samples(self) -> None:
        if self.show is None or not self.run.train.samples:
            return
        networks = self.task.networks(self.average.eval())
        self.show(self.progress.total, sample_poses(networks, self.material, self.run.train.samples))

    def _is_over(self) -> bool:
        train = self.run.train
        return bool(train.patience and self.progress.waited >= train.patience)

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

    def _card(self, dev: Mapping[str, float]) -> SignDWCard:
        material = self.material
        return SignDWCard(
            head=self.run.head,
            model=self.run.model,
            refiner=None if self.run.head == "token" else self.run.refiner,
            motion=material.motion.settings,
            words=len(material.tokenizer),
            glosses=len(material.glosses or ()),
            languages=LANGUAGES,
            licence=material.licence,
            facts={
                "step": self.progress.total,
                "seed": self.run.seed,
                "clips": material.clip_count,
                "dev": dict(dev),
                "train": plain(replace(self.run.train, start=None)),
                "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
            },
        )


def _mixed(key: list[int]) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=7).digest())


def _line(total: int, loss: float, dev: Mapping[str, float], pace: float, is_best: bool) -> str:
    parts = "  ".join(f"{name} {value:.3f}" for name, value in dev.items())
    return f"update {total}  loss {loss:.3f}  dev {parts}  {pace:.0f} frames/s{'  *' if is_best else ''}"

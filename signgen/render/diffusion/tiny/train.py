"""Train tiny-flow from scratch, to go on bit for bit where it stopped."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from signgen.data.checkpoints import hash_of
from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, to_json
from signgen.errors import ConfigError
from signgen.nn.checkpoint import load_into, load_tensors
from signgen.nn.device import device_named, in_precision
from signgen.nn.log import Log
from signgen.nn.moving_average import copy_of, follow
from signgen.nn.optimizer import make_optimizer, rate_at, set_rate
from signgen.nn.training_state import (
    FILE,
    Progress,
    read_progress,
    restore_model,
    restore_optimizer,
    save_state,
)
from signgen.render.diffusion.tiny.batches import PROFILE, Batch, Reader
from signgen.render.diffusion.tiny.folder import WEIGHTS, TinyCard, facts_of, save_tiny
from signgen.render.diffusion.tiny.loss import NAMES, losses_of, task_of
from signgen.render.diffusion.tiny.material import Material, open_material
from signgen.render.diffusion.tiny.network import TinyFlowNet, fast
from signgen.render.diffusion.tiny.samples import Samples
from signgen.render.diffusion.tiny.settings import TinyRun

CHECKPOINT, LOG, SAMPLES, FRAMES = "tiny-flow", "metrics.jsonl", "samples", "frames"
SHARED_FRAMES = 2  # of neighbouring windows when painting, at most a quarter of a window
Report = Callable[[str], None]


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
    training = _Training(run, folder, device, report)
    training.resume()
    training.go_on(run.train.steps if stop_after is None else min(stop_after, run.train.steps))
    return TrainedTiny(folder / CHECKPOINT, training.progress.total, training.error)


class _Training:
    """One training in progress."""

    def __init__(self, run: TinyRun, folder: Path, device: str, report: Report) -> None:
        self.run, self.folder, self.report = run, folder, report
        self.device = device_named(device)
        torch.manual_seed(run.seed)
        self.model = fast(TinyFlowNet(run.model), self.device)
        self.start_id = _begin_with(self.model, run.train.start)
        data, train = run.data, run.train
        self.material = open_material(
            data.sources, data.cache or folder / FRAMES, window=data.window, held_out=data.held_out,
            multiple=self.model.multiple,
        )  # fmt: skip
        _check_crop(data.crop, self.material, self.model.multiple)
        self.reader = Reader(
            self.material, data.window, train.batch, data.crop, data.whole, run.model.cell, train.hands, train.face,
            run.seed, data.readers,
        )  # fmt: skip
        self.average = copy_of(self.model)
        self.optimizer = make_optimizer(self.model, train)
        self.progress = Progress()
        self.error: float | None = None
        self.data_id = self.material.id
        self.fingerprint = _fingerprint(run, self.data_id, self.start_id)
        self.samples = Samples(self.reader, folder / SAMPLES, train.sample_steps, train.shift, run.seed)

    @property
    def networks(self) -> nn.ModuleDict:
        """All that has weights: what learns and the average that paints."""
        return nn.ModuleDict({"model": self.model, "average": self.average})

    def resume(self) -> None:
        """Take up what an earlier run left."""
        state = self.folder / FILE
        if state.is_file():
            tensors, self.progress = read_progress(state, self.fingerprint)
            restore_model(tensors, self.networks, str(state))
            restore_optimizer(tensors, self.optimizer)
            _lay_out(self.optimizer)
        self.log = Log(self.folder / LOG, self.progress.total)

    def go_on(self, until: int) -> None:
        """Train up to an update."""
        progress, train = self.progress, self.run.train
        self.model.train()
        sums = torch.zeros(len(NAMES), device=self.device)
        since, started, spent = progress.total, time.perf_counter(), time.process_time()
        batches = self.reader.batches(progress.total)
        while progress.total < until:
            sums += self._step(next(batches).to(self.device))
            progress.step += 1
            progress.total += 1
            if progress.total % train.validate_every == 0 or progress.total == train.steps:
                seconds = time.perf_counter() - started, time.process_time() - spent
                self._look((sums / (progress.total - since)).tolist(), seconds)
                sums.zero_()
                since, started, spent = progress.total, time.perf_counter(), time.process_time()
        if progress.total > since:
            # Stopped between looks: what is logged at the next look counts from here.
            self._save()

    def _step(self, batch: Batch) -> Tensor:
        """One update; gives the losses."""
        train, step = self.run.train, self.progress.total
        torch.manual_seed(_mixed([self.run.seed, step]))
        set_rate(self.optimizer, rate_at(train, step, train.steps))
        task = task_of(batch, train, self.model.cell)
        with in_precision(self.device, train.precision):
            losses = losses_of(self.model, task, train)
        self.optimizer.zero_grad(set_to_none=True)
        losses[0].backward()  # type: ignore[no-untyped-call]
        if train.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), train.clip)
        self.optimizer.step()
        follow(self.average, self.model, train.average, step + 1)
        return losses.detach()

    def _look(self, means: list[float], seconds: tuple[float, float]) -> None:
        """Paint what was held out, log, and save."""
        total = self.progress.total
        if not math.isfinite(means[0]):
            raise ConfigError(f"train.rate: the loss is no number after update {total}; use a lower rate")
        painted = self.samples.paint(self.average, total)
        self.error = painted["error"]
        figures = dict(zip(NAMES, means, strict=True))
        wall, processor = seconds
        self.log.add(
            {"total": total, **figures, "painted": painted, "seconds": wall, "processor_seconds": processor}
        )
        self.report(
            f"update {total}  loss {means[0]:.4f}  painted: off by {painted['error']:.2f} of 255, "
            f"hands and face {painted['error_parts']:.2f}"
        )
        save_tiny(self.average, self._card(painted), self.folder / CHECKPOINT)
        self._save()

    def _card(self, painted: dict[str, float]) -> TinyCard:
        data, train = self.run.data, self.run.train
        facts = {
            "step": self.progress.total,
            "seed": self.run.seed,
            "painted": painted,
            "train": {**plain(train), "start": self.start_id},
            "sources": [source.name for source in data.sources],
            "frames": sum(len(clip) for clip in self.material.train),
            "data": self.data_id,
            "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
        }
        shared = min(SHARED_FRAMES, data.window // 4)
        size = self.material.width, self.material.height
        return TinyCard(
            PROFILE, *size, data.window, shared, train.shift, self.run.model, facts=facts_of(facts)
        )

    def _save(self) -> None:
        save_state(self.folder / FILE, self.networks, self.optimizer, self.progress, self.fingerprint)


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Lay what an optimiser remembers of each weight out as the weight is; fused ones take that for granted."""
    for weights, state in optimizer.state.items():
        for name, value in state.items():
            if value.shape == weights.shape:
                state[name] = torch.empty_like(weights).copy_(value)


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
    return hashlib.sha256(to_json({"run": values, "data": data}).encode()).hexdigest()


def _mixed(key: list[int]) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=7).digest())

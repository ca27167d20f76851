"""Train a translator: stage by stage, on one device or many, to go on bit for bit where it stopped."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, to_json
from signgen.errors import ConfigError
from signgen.nn.device import device_named, in_precision
from signgen.nn.log import Log
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
from signgen.slt.batches import Batch, FrameReader, Order, collate
from signgen.slt.card import Card, save_vocabularies, save_weights
from signgen.slt.dev_scores import DevScores, dev_scores, outputs
from signgen.slt.features import LAYOUT
from signgen.slt.loss import losses
from signgen.slt.material import Material, data_id, load_material, stage_order
from signgen.slt.model import Translator
from signgen.slt.schedules import Schedule
from signgen.slt.settings import SltSettings
from signgen.slt.video_frames import frame_reader

BEST, LOG = "best", "log.jsonl"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        checkpoint: folder of the best weights.
        score: their dev score.
        steps: updates in all.
    """

    checkpoint: Path
    score: float
    steps: int


def train(
    settings: SltSettings,
    folder: Path,
    schedule: Schedule | None = None,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> Trained:
    """Train, or go on with a training that was stopped.

    On one device the result is the same to the bit however often it was stopped. Of several processes, as ``torchrun``
    starts them, each takes its part of every batch: together they do what one does with all of it, but for what is
    dropped out and for rounding.

    Args:
        settings: everything about it.
        folder: gets ``best/``, ``log.jsonl`` and the state to go on from.
        schedule: which sources are learned from when; None: all of them by size.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at the dev set.
        stop_after: stop after so many updates in all, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: a folder without usable clips.
        CheckpointError: a damaged state.
    """
    run = _Run(settings, folder, schedule or Schedule("all"), device, report)
    run.resume()
    run.go_on(math.inf if stop_after is None else stop_after)
    return Trained(folder / BEST, run.progress.best or 0.0, run.progress.total)


def stage_steps(schedule: Schedule, steps: int) -> list[int]:
    """Updates of each stage; together ``steps``, at least one each."""
    total = sum(stage.steps for stage in schedule.stages)
    ends, done = [], 0.0
    for stage in schedule.stages:
        done += stage.steps
        ends.append(round(steps * done / total))
    return [max(1, end - start) for start, end in zip([0, *ends], ends, strict=False)]


class _Run:
    """One training in progress."""

    def __init__(
        self, settings: SltSettings, folder: Path, schedule: Schedule, device: str, report: Report
    ) -> None:
        self.settings, self.folder, self.schedule, self.report = settings, folder, schedule, report
        self.device = device_named(device)
        # What lies where is decided here, so that one process can use any device.
        self.accelerator = Accelerator(cpu=self.device.type == "cpu", device_placement=False)
        if self.accelerator.num_processes > 1:
            self.device = self.accelerator.device
        self.material: Material = load_material(settings, schedule)
        self.reader: FrameReader = frame_reader(settings)
        torch.manual_seed(settings.seed)
        facts = self.material.facts
        self.model = Translator(settings.model, facts["words"], facts["glosses"], facts["tags"]).to(
            self.device
        )
        self.steps = stage_steps(schedule, settings.train.steps)
        self.progress = Progress()
        self.fingerprint = _fingerprint(settings, schedule, self.material, self.accelerator.num_processes)
        self._restored: dict[str, torch.Tensor] = {}

    @property
    def state_file(self) -> Path:
        return self.folder / FILE

    def resume(self) -> None:
        """Take up what an earlier run left, if it left something."""
        if self.state_file.is_file():
            self._restored, self.progress = read_progress(self.state_file, self.fingerprint)
            restore_model(self._restored, self.model, str(self.state_file))
        elif self.accelerator.is_main_process:
            save_vocabularies(
                self.folder / BEST, self.material.tokenizer, self.material.glosses, self.material.clips
            )
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.log = Log(self.folder / LOG, self.progress.total)

    def go_on(self, stop_after: float) -> None:
        """Run the stages that are left, up to an update."""
        while not self.progress.is_done and self.progress.total < stop_after:
            stage = self.progress.stage
            optimizer = make_optimizer(self.model, self.settings.train)
            if self.progress.step:
                restore_optimizer(self._restored, optimizer)
            self._restored = {}
            model, optimizer = self.accelerator.prepare(self.model, optimizer)
            if not self._run_stage(model, optimizer, stop_after):
                return
            ended = stage + 1 == len(self.steps)
            self.progress = Progress(
                stage + 1, total=self.progress.total, best=self.progress.best, is_done=ended
            )
            self._save(optimizer)

    def _run_stage(self, model: Any, optimizer: Any, stop_after: float) -> bool:
        """Train one stage; false if it was left before its end."""
        train, progress = self.settings.train, self.progress
        steps, processes = self.steps[progress.stage], self.accelerator.num_processes
        stage = self.schedule.stages[progress.stage]
        order = stage_order(self.material, stage, self.settings, progress.stage, steps, processes)
        model.train()
        sums, started = torch.zeros(3, device=self.device), time.perf_counter()
        since = progress.step
        while progress.step < steps and not self._is_over():
            if progress.total >= stop_after:
                return False
            rate = rate_at(train, progress.step, steps) * stage.rate * progress.rate
            set_rate(optimizer, rate)
            sums += self._step(model, optimizer, self._batch(order))
            progress.step += 1
            progress.total += 1
            if progress.step % train.validate_every == 0 or progress.step == steps:
                means = mean_over_processes(sums / (progress.step - since)).tolist()
                self._look(optimizer, means, rate, time.perf_counter() - started)
                sums.zero_()
                since, started = progress.step, time.perf_counter()
        return True

    def _batch(self, order: Order) -> Batch:
        """The batch of this step for this process; what is random in the step is decided here."""
        step, share = self.progress.step, (self.accelerator.process_index, self.accelerator.num_processes)
        key = [self.settings.seed, self.progress.stage]
        torch.manual_seed(_mixed([*key, step * share[1] + share[0]]))
        chosen = order[step]
        return collate(chosen, self.settings.augment, [*key, step], self.reader, share=share).to(self.device)

    def _step(self, model: Any, optimizer: Any, batch: Batch) -> torch.Tensor:
        """One update; gives (3,) losses: total, words, glosses."""
        with in_precision(self.device, self.settings.train.precision):
            words, glosses = model(batch)
        found = losses(words, glosses, batch, self.settings.train)
        optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(found.total)
        if self.settings.train.clip:
            self.accelerator.clip_grad_norm_(model.parameters(), self.settings.train.clip)
        optimizer.step()
        return torch.stack([found.total.detach(), found.words.detach(), found.glosses.detach()])

    def _look(self, optimizer: Any, means: list[float], rate: float, seconds: float) -> None:
        """Score the dev set, keep what is best, log, and save the state."""
        progress, train = self.progress, self.settings.train
        if not math.isfinite(means[0]):
            raise ConfigError(
                f"train.rate: the loss is no number after update {progress.total}; use a lower rate"
            )
        check_agreement(self.model)
        scores = self._dev_scores()
        score = scores.bleu if train.score == "bleu" else scores.log_likelihood
        is_best = progress.best is None or score > progress.best
        progress.best = score if is_best else progress.best
        progress.waited = 0 if is_best else progress.waited + 1
        progress.stalled = 0 if is_best else progress.stalled + 1
        if train.schedule == "plateau" and progress.stalled > train.plateau:
            progress.rate, progress.stalled = progress.rate * train.factor, 0
        if self.accelerator.is_main_process:
            if is_best:
                save_weights(self.folder / BEST, self.model.state_dict(), self._card(scores))
            figures = {
                "loss": means[0],
                "words": means[1],
                "glosses": means[2],
                "rate": rate,
                "seconds": seconds,
            }
            place = {"stage": progress.stage, "step": progress.step, "total": progress.total}
            self.log.add({**place, **figures, **asdict(scores), "is_best": is_best})
            self.report(_line(progress, means[0], scores, is_best))
        self._save(optimizer)

    def _dev_scores(self) -> DevScores:
        found: list[DevScores | None] = [None]
        if self.accelerator.is_main_process:
            greedy = replace(self.settings.decode, beam=1)
            made = outputs(
                self.model, self.material.dev, self.material.tokenizer, greedy, self.settings.train.batch,
                self.device, self.reader,
            )  # fmt: skip
            found = [dev_scores(made, self.material.dev, self.settings.train.bleu_tokenizer)]
        broadcast_object_list(found)
        scores = found[0]
        assert isinstance(scores, DevScores)
        return scores

    def _is_over(self) -> bool:
        """Whether patience has run out, or the learning rate."""
        train = self.settings.train
        is_slow = train.schedule == "plateau" and train.rate * self.progress.rate < train.lowest
        return is_slow or bool(train.patience and self.progress.waited >= train.patience)

    def _save(self, optimizer: Any) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            inner = getattr(optimizer, "optimizer", optimizer)
            save_state(self.state_file, self.model, inner, self.progress, self.fingerprint)
        self.accelerator.wait_for_everyone()

    def _card(self, scores: DevScores) -> Card:
        return Card(
            fps=self.settings.data.fps,
            layout=LAYOUT,
            **self.material.facts,
            seed=self.settings.seed,
            step=self.progress.total,
            dev=asdict(scores),
            schedule=plain(self.schedule),
            settings=plain(self.settings),
            versions={"signgen": package_version("signgen"), "torch": torch.__version__},
        )


def _fingerprint(settings: SltSettings, schedule: Schedule, material: Material, processes: int) -> str:
    """What must be equal for a training to be continued; folders may have moved, and batches be divided otherwise."""
    values = plain(settings)
    values["train"]["batch"] *= processes
    for name in ("sources", "cache"):
        del values["data"][name]
    text = to_json({"settings": values, "schedule": schedule, "data": data_id(material)})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _mixed(key: list[int]) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=7).digest())


def _line(progress: Progress, loss: float, scores: DevScores, is_best: bool) -> str:
    glosses = "" if scores.gloss_errors is None else f"  gloss WER {scores.gloss_errors:.1f}"
    return (
        f"update {progress.total}  loss {loss:.3f}  dev BLEU {scores.bleu:.2f}  "
        f"log-likelihood {scores.log_likelihood:.3f}{glosses}{'  *' if is_best else ''}"
    )

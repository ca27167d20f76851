"""The loop of every training, on one device or many: to the bit the same however often it is stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from signgen.errors import ConfigError
from signgen.nn.crew import Crew
from signgen.nn.figures import Figures
from signgen.nn.metrics import Metrics, peak_memory
from signgen.nn.moving_average import copy_of, follow
from signgen.nn.optimizer import Plateau, make_optimizer, rate_at, set_rate
from signgen.nn.processes import check_agreement, mean_over_processes
from signgen.nn.settings import OptimizerSettings
from signgen.nn.task import Look, Task
from signgen.nn.training_state import (
    FILE,
    Progress,
    read_progress,
    restore_model,
    restore_optimizer,
    save_state,
)

LOG = "metrics.jsonl"


@dataclass(frozen=True)
class Leg:
    """A part of a training with an optimiser of its own.

    Attributes:
        steps: updates.
        rate: times the learning rate of the settings.
    """

    steps: int
    rate: float = 1.0


@dataclass(frozen=True)
class Course:
    """How a training goes.

    Attributes:
        optimizer: how weights change.
        legs: one after another.
        validate_every: updates of a leg between looks; its last is always looked at.
        accumulate: batches of an update of one process.
        average: share of the moving average of weights that an update keeps; 0: the weights themselves are judged.
        head_start: updates that the average has on the training: the more, the less it forgets in the beginning.
        patience: looks without a better score that end a leg; 0: any number.
        plateau: when the learning rate falls; None: never but by its schedule.
        log: name of the file of figures.
        is_tensorboard: also write them for TensorBoard.
        fingerprint: of what must be equal for a training to be continued.
    """

    optimizer: OptimizerSettings
    legs: tuple[Leg, ...]
    validate_every: int
    fingerprint: str
    accumulate: int = 1
    average: float = 0.0
    head_start: int = 0
    patience: int = 0
    plateau: Plateau | None = None
    log: str = LOG
    is_tensorboard: bool = False


def train(
    task: Task, course: Course, folder: Path, crew: Crew, stop_after: int | None = None
) -> tuple[Progress, Look | None]:
    """Train, or go on with a training that was stopped; on one device the result is the same to the bit.

    Args:
        task: what is trained.
        course: how.
        folder: gets the figures and the state to go on from, beside what the task keeps there.
        crew: the processes; each takes its part of every update.
        stop_after: stop after so many updates, to be continued.

    Returns:
        How far it has come, and the last look of this run, None if there was none.

    Raises:
        ConfigError: the folder holds another training, or a loss is no number.
        CheckpointError: a damaged state.
        DependencyError: TensorBoard is wanted and not installed.
    """
    training = _Training(task, course, folder, crew)
    steps = sum(leg.steps for leg in course.legs)
    training.go_on(steps if stop_after is None else min(stop_after, steps))
    return training.progress, training.last


class _Training:
    """One training in progress."""

    def __init__(self, task: Task, course: Course, folder: Path, crew: Crew) -> None:
        self.task, self.course, self.folder, self.crew = task, course, folder, crew
        self.progress = Progress()
        self.last: Look | None = None
        self._restored: dict[str, Tensor] = {}
        self._take_up()
        if crew.is_first:
            self.metrics = Metrics(folder, course.log, self.progress.total, course.is_tensorboard)

    def go_on(self, until: int) -> None:
        """Train up to an update."""
        for number, leg in enumerate(self.course.legs):
            if number > self.progress.stage:
                self.progress = Progress(number, total=self.progress.total, best=self.progress.best)
            if number == self.progress.stage and not self._has_ended(leg):
                self._train(leg, until)
                if not self._has_ended(leg):
                    return
        if self.crew.is_first:
            self.task.finish()
        self.crew.wait()

    def _take_up(self) -> None:
        """Go on from what an earlier run left, or begin."""
        state = self.folder / FILE
        is_new = not state.is_file()
        if is_new:
            self.task.begin()
        else:
            self._restored, self.progress = read_progress(state, self.course.fingerprint)
        network = self.task.network
        # Without an average the two are one.
        self.average = copy_of(network) if self.course.average else network
        if not is_new:
            restore_model(self._restored, self._networks(), str(state))
        self.crew.wait()

    def _has_ended(self, leg: Leg) -> bool:
        return self.progress.step >= leg.steps or self._is_over()

    def _is_over(self) -> bool:
        """Whether patience has run out, or the learning rate."""
        course, progress = self.course, self.progress
        is_slow = course.plateau and course.optimizer.rate * progress.rate < course.plateau.lowest
        return bool(is_slow or (course.patience and progress.waited >= course.patience))

    def _train(self, leg: Leg, until: int) -> None:
        """Train a leg to its end, or up to an update."""
        course, crew, progress = self.course, self.crew, self.progress
        count = min(leg.steps - progress.step, until - progress.total)
        if count <= 0:
            return
        optimizer = make_optimizer(self.task.network, course.optimizer)
        if progress.step:
            restore_optimizer(self._restored, optimizer)
        self._restored = {}
        lesson, optimizer = crew.accelerator.prepare(self.task.lesson(self.task.network), optimizer)
        parts = range(crew.index * course.accumulate, (crew.index + 1) * course.accumulate)
        batches, figures = self.task.batches(replace(progress), count, parts), Figures()
        lesson.train()
        while progress.step < leg.steps and progress.total < until and not self._is_over():
            rate = rate_at(course.optimizer, progress.step, leg.steps) * leg.rate * progress.rate
            set_rate(optimizer, rate)
            self._update(lesson, optimizer, batches, parts, figures)
            progress.step += 1
            progress.total += 1
            if progress.step % course.validate_every == 0 or progress.step == leg.steps:
                self._look(optimizer, figures, rate)
                figures = Figures()
                lesson.train()
        if figures.updates:
            # Stopped between looks: what is logged at the next look counts from here.
            self._save(optimizer)

    def _update(
        self, lesson: Any, optimizer: Any, batches: Iterator[Any], parts: range, figures: Figures
    ) -> None:
        """One update; its parts are added up before gradients go from process to process."""
        course, accelerator = self.course, self.crew.accelerator
        optimizer.zero_grad(set_to_none=True)
        for part in parts:
            with nullcontext() if part == parts[-1] else accelerator.no_sync(lesson):
                losses, frames = self.task.losses(lesson, next(batches), self.progress, part)
                accelerator.backward(losses["total"] / len(parts))
            figures.add(losses, frames, 1 / len(parts))
        if course.optimizer.clip:
            accelerator.clip_grad_norm_(lesson.parameters(), course.optimizer.clip)
        optimizer.step()
        figures.updates += 1
        if course.average:
            updates = course.head_start + self.progress.total
            follow(self.average, self.task.network, course.average, updates)

    def _look(self, optimizer: Any, figures: Figures, rate: float) -> None:
        """Judge the network, keep the best, log, show, save the state."""
        losses = {name: float(mean_over_processes(value)) for name, value in figures.means().items()}
        pace, spent = figures.pace(self.crew.count), figures.processor_seconds()
        self._check(losses["total"])
        check_agreement(self.task.network)
        found = [self.task.look(self.average, self.progress.total) if self.crew.is_first else None]
        broadcast_object_list(found)
        is_best = self._judge(self.task.score(found[0]))
        memory = peak_memory(self.crew.device)
        look = Look(replace(self.progress), losses, found[0], is_best, rate, pace, spent, memory)
        if self.crew.is_first:
            self._tell(look)
        self.last = look
        self._save(optimizer)

    def _check(self, value: float) -> None:
        if not math.isfinite(value):
            raise ConfigError(
                f"train.rate: the loss is no number after update {self.progress.total}; use a lower rate"
            )

    def _judge(self, score: float | None) -> bool:
        """Whether a score is the best so far; after too many others the learning rate falls."""
        progress, plateau = self.progress, self.course.plateau
        self._check(0.0 if score is None else score)
        is_best = score is None or progress.best is None or score > progress.best
        progress.best = score if is_best else progress.best
        progress.waited = 0 if is_best else progress.waited + 1
        progress.stalled = 0 if is_best else progress.stalled + 1
        if plateau and progress.stalled > plateau.looks:
            progress.rate, progress.stalled = progress.rate * plateau.factor, 0
        return is_best

    def _tell(self, look: Look) -> None:
        if look.is_best:
            self.task.keep(self.average, look)
        self.metrics.add(look.total, self.task.figures(look))
        self.crew.report(self.task.line(look))
        self.task.show(self.average, look)

    def _networks(self) -> nn.ModuleDict:
        networks = {"live": self.task.network}
        is_one = self.average is self.task.network
        return nn.ModuleDict(networks if is_one else {**networks, "average": self.average})

    def _save(self, optimizer: Any) -> None:
        self.crew.wait()
        if self.crew.is_first:
            state = self._networks(), optimizer.optimizer, self.progress, self.course.fingerprint
            save_state(self.folder / FILE, *state)
        self.crew.wait()

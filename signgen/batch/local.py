"""Run a plan on this machine: shards go to a pool of processes, which stop after the sample under way when told to."""

from __future__ import annotations

import math
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import Array, c_longlong
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from types import FrameType
from typing import Any

from signgen.batch.claim import claimed
from signgen.batch.outcome import Failed, Ok
from signgen.batch.plan import Plan, read_plan, read_samples
from signgen.batch.shard import Commit, Make, Unfinished, read_commit, run_shard
from signgen.batch.spool import Spool
from signgen.batch.stages import Maker
from signgen.dataset.pool import Lost, work
from signgen.errors import ConfigError, SignGenError
from signgen.workflow.progress import Progress, silent

MAX_FAILURES = "5%"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass
class Counts:
    """What all processes of a run know of each other, without locks: a killed process would not give them back.

    Attributes:
        made: samples made, by shard; only who has the shard writes its number.
        failed: samples failed, by shard.
        stop: one number; not 0 when everybody is to stop.
        allowed: how many samples may fail.
    """

    made: Array[c_longlong]
    failed: Array[c_longlong]
    stop: Array[c_longlong]
    allowed: int

    @property
    def is_over(self) -> bool:
        """Whether more samples failed than may."""
        return sum(self.failed[:]) > self.allowed

    @property
    def is_stopped(self) -> bool:
        """Whether no sample is to be begun any more."""
        return bool(self.stop[0]) or self.is_over


@dataclass
class Ran:
    """What a run did.

    Attributes:
        planned: samples of the plan.
        made: of them are there.
        failed: of them could not be made.
        is_stopped: a signal ended the run.
        is_over: too many samples failed.
        held: shards that other processes were making.
    """

    planned: int
    made: int = 0
    failed: int = 0
    is_stopped: bool = False
    is_over: bool = False
    held: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every sample is settled."""
        return self.made + self.failed == self.planned and not self.held


def allowed_failures(text: str, planned: int) -> int:
    """How many samples may fail: a number, or a share of all such as ``5%``, rounded up.

    Raises:
        ConfigError: neither.
    """
    digits = text.removesuffix("%")
    try:
        value = float(digits) if text.endswith("%") else int(digits)
    except ValueError:
        value = -1
    if not (0 <= value <= 100 if text.endswith("%") else value >= 0):
        raise ConfigError(f"--max-failures: expected a number or a share such as 5%, got {text!r}")
    return math.ceil(planned * value / 100) if text.endswith("%") else int(value)


def run_batch(
    folder: Path,
    *,
    workers: int = 1,
    max_failures: str = MAX_FAILURES,
    progress: Progress = silent,
    maker: Callable[[Plan], Make] = Maker,
) -> Ran:
    """Make every shard of a plan that is not there yet; the same call goes on after any stop.

    Args:
        folder: of the plan.
        workers: processes; 0 works in this one.
        max_failures: see `allowed_failures`.
        progress: told how many samples are settled.
        maker: called once in each worker, to which it must be able to travel.

    Raises:
        SignGenError: what would hit every sample: no disk, no weights, a damaged plan.
    """
    plan = read_plan(folder)
    shards = range(len(plan.shards))
    counts = Counts(
        made=RawArray(c_longlong, len(shards)),
        failed=RawArray(c_longlong, len(shards)),
        stop=RawArray(c_longlong, 1),
        allowed=allowed_failures(max_failures, plan.samples),
    )
    todo = [number for number in shards if not _is_done(folder, plan, number, counts)]
    ran = Ran(plan.samples)
    with _stopped_by_signals(counts), _watched(counts, plan.samples, progress):
        while todo and not counts.is_stopped:
            todo = list(
                _unlucky(folder, plan, todo, partial(_ShardRunner, folder, counts, maker), workers, ran)
            )
    ran.made, ran.failed = sum(counts.made[:]), sum(counts.failed[:])
    ran.is_stopped, ran.is_over = bool(counts.stop[0]), counts.is_over
    return ran


class _ShardRunner:
    """What a worker does with the number of a shard."""

    def __init__(self, folder: Path, counts: Counts, maker: Callable[[Plan], Make]) -> None:
        if multiprocessing.parent_process() is not None:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # whoever started us decides when to stop
        self.counts, self._folder = counts, folder
        self._plan = read_plan(folder)
        self._make = maker(self._plan)

    def __call__(self, number: int) -> Commit | Unfinished | SignGenError:
        counts = self.counts
        counts.made[number] = counts.failed[number] = 0

        def told(outcome: Ok | Failed) -> None:
            of_its_kind = counts.failed if isinstance(outcome, Failed) else counts.made
            of_its_kind[number] += 1

        try:
            return run_shard(
                self._plan,
                number,
                self._folder,
                self._make,
                is_stopped=lambda: counts.is_stopped,
                told=told,
            )
        except SignGenError as error:
            return error


def _is_done(folder: Path, plan: Plan, number: int, counts: Counts) -> bool:
    commit = read_commit(folder, plan, plan.shards[number].name)
    if commit is None:
        return False
    counts.made[number] = commit.planned - len(commit.failed)
    counts.failed[number] = len(commit.failed)
    return True


def _unlucky(
    folder: Path, plan: Plan, todo: Sequence[int], runner: partial[_ShardRunner], workers: int, ran: Ran
) -> Iterator[int]:
    """Make shards; those are given back whose worker died twice, with the sample at fault marked as failed."""
    counts: Counts = runner.args[1]
    for number, outcome in work(
        todo, runner, workers=workers, seconds=math.inf, is_stopped=lambda: counts.is_stopped
    ):
        if isinstance(outcome, SignGenError):
            raise outcome
        if isinstance(outcome, Lost):
            _blame(folder, plan, number, outcome)
            yield number
        elif isinstance(outcome, Unfinished) and outcome.is_held:
            ran.held.append(outcome.name)


def _blame(folder: Path, plan: Plan, number: int, lost: Lost) -> None:
    """Mark the sample that was under way when the worker of a shard died: the first that is not settled."""
    with claimed(folder, number) as is_ours:
        if not is_ours:
            return
        spool = Spool(folder, plan.shards[number].name)
        for sample in read_samples(folder, plan, number):
            if spool.outcome(sample.id) is None:
                spool.note(Failed(sample.id, "worker", "Died", f"the worker {lost.how}, twice in this shard"))
                return


@contextmanager
def _stopped_by_signals(counts: Counts) -> Iterator[None]:
    """The signals that ask a run to end set ``counts.stop``; a second Ctrl-C does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if counts.stop[0] and number == signal.SIGINT:
            raise KeyboardInterrupt
        counts.stop[0] = 1

    before: Sequence[Any] = [signal.signal(number, stop) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _watched(counts: Counts, total: int, progress: Progress) -> Iterator[None]:
    """Tell how far all processes are together, now and then."""
    is_over = threading.Event()

    def look(wait: Callable[[float], bool]) -> None:
        while not wait(SECONDS_BETWEEN_LOOKS):
            progress("samples", sum(counts.made[:]) + sum(counts.failed[:]), total)

    progress("samples", sum(counts.made[:]) + sum(counts.failed[:]), total)
    watcher = threading.Thread(target=look, args=(is_over.wait,), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
        progress("samples", sum(counts.made[:]) + sum(counts.failed[:]), total)

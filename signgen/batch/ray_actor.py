"""What a Ray actor does: it has one process make shards, as a local run has, and answers questions meanwhile.

The actor itself works at nothing, so it outlives what a sample does to its process and can tell what it was at.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.launcher import Ended, MakerOf, Turn
from signgen.batch.local import Local
from signgen.batch.plan import read_plan
from signgen.batch.shard import Unfinished
from signgen.batch.watch import Tally, Watch
from signgen.data.sidecar import package_version
from signgen.dataset.lock import BEACON, Locks
from signgen.errors import ConfigError, SignGenError


@dataclass(frozen=True)
class Task:
    """What actors are hired for.

    Attributes:
        folder: of the plan, by the same name on every machine.
        plan_sha256: of the plan that the driver read there.
        version: of the driver's signgen.
        maker: see `signgen.batch.worker.ShardWorker`.
        time_limit: of a sample [s].
    """

    folder: Path
    plan_sha256: str
    version: str
    maker: MakerOf
    time_limit: float


class ShardActor:
    """One worker; `make` is called in one thread, `answer` in another."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._shard, self._watch = -1, _WatchOfOne()
        self._endings: Iterator[tuple[Turn, Ended]] = iter(())
        # Processes that are spawned run the main module again, which is Ray's here and of no use to them.
        sys.modules["__main__"].__file__ = None

    def join(self, task: Task) -> SignGenError | None:
        """Make ready to work; the error says what is not as it is where the driver runs."""
        try:
            _check(task)
            local = Local(1, task.maker, time_limit=task.time_limit)
        except SignGenError as error:
            return error
        self._endings = local(task.folder, _Drawn(self._turns), self._watch)
        return None

    def make(self, turn: Turn) -> tuple[Ended, Tally]:
        """Make a shard; how that ended, and how far the shard is."""
        self._watch.tell(turn.shard, Tally())
        self._shard = turn.shard
        self._turns.append(turn)
        try:
            _, ended = next(self._endings, (turn, Unfinished("", is_held=False)))  # none: told to stop before
        except SignGenError as error:
            ended = error
        return ended, self._watch.total

    def answer(self, is_stopped: bool) -> tuple[int, Tally]:
        """Which shard is under way, and how far it is; told whether the run is stopped."""
        if is_stopped:
            self._watch.stop()
        shard, tally = self._shard, self._watch.total
        return (shard if shard == self._shard else -1), tally


class _WatchOfOne(Watch):
    """The watch of one shard after the other; how many samples may fail is known to the driver alone."""

    def __init__(self) -> None:
        super().__init__(1, sys.maxsize)

    def tell(self, shard: int, tally: Tally) -> None:
        """Say how far the shard under way is."""
        super().tell(0, tally)


class _Drawn(Iterator[Turn]):
    """Turns that are there when they are asked for; more may come after it ran dry."""

    def __init__(self, turns: list[Turn]) -> None:
        self._turns = turns

    def __next__(self) -> Turn:
        if not self._turns:
            raise StopIteration
        return self._turns.pop()


def _check(task: Task) -> None:
    """Whether this machine has the same signgen and sees the driver's folder, with its locks.

    The driver holds a lock there that is not to be had. Who can have it sees another folder of that name, a copy
    perhaps, or one whose locks do not reach over machines, where shards would be made twice.

    Raises:
        SignGenError: one of these is not so.
    """
    host, folder = socket.gethostname(), task.folder
    if package_version("signgen") != task.version:
        raise ConfigError(
            f"{host}: has signgen {package_version('signgen')}, not {task.version}; install the same"
        )
    if not folder.is_dir() or read_plan(folder).sha256 != task.plan_sha256:
        raise ConfigError(
            f"{folder}: not the same folder on {host}; put the batch where all machines share it"
        )
    with Locks.of(folder).tried(BEACON) as is_ours:
        if is_ours:
            raise ConfigError(
                f"{folder}: {host} has another folder of this name, or locks that others do not see"
            )

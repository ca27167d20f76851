"""Shards made on this machine, by a pool of processes or in this one."""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signgen.batch.launcher import Ended, Lost, MakerOf, Turn
from signgen.batch.shard import Commit, Unfinished
from signgen.batch.stages import Maker
from signgen.batch.watch import Watch
from signgen.batch.worker import ShardWorker
from signgen.dataset import pool
from signgen.errors import SignGenError


@dataclass(frozen=True)
class Local:
    """Launches shards on this machine.

    Attributes:
        workers: processes; 0 works in this one.
        maker: see `ShardWorker`.
    """

    workers: int = 1
    maker: MakerOf = Maker

    def __call__(self, folder: Path, turns: Iterator[Turn], watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """Make shards and say how each ended."""
        watch.employ(max(1, self.workers))
        make = partial(_Served, folder, self.maker, watch)
        for turn, ended in pool.work(
            turns, make, workers=self.workers, seconds=math.inf, is_stopped=lambda: watch.is_stopped
        ):
            yield turn, Lost(ended.how) if isinstance(ended, pool.Lost) else ended
        watch.employ(0)


class _Served:
    """A worker of the pool."""

    def __init__(self, folder: Path, maker: MakerOf, watch: Watch) -> None:
        if multiprocessing.parent_process() is not None:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # whoever started us decides when to stop
        self._watch = watch
        self._worker = ShardWorker(folder, maker)

    def __call__(self, turn: Turn) -> Commit | Unfinished | SignGenError:
        watch = self._watch
        return self._worker(
            turn, is_stopped=lambda: watch.is_stopped, tell=lambda tally: watch.tell(turn.shard, tally)
        )

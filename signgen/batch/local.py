"""Shards made on this machine, by a pool of processes or in this one."""

from __future__ import annotations

import math
import multiprocessing
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signgen.batch.launcher import Ended, Lost, MakerOf, Turn
from signgen.batch.plan import read_plan
from signgen.batch.pulse import Pulses
from signgen.batch.shard import Commit, Unfinished
from signgen.batch.stages import Maker
from signgen.batch.watch import Watch
from signgen.batch.worker import ShardWorker
from signgen.dataset import pool
from signgen.errors import ConfigError, SignGenError

# A number, or the uuid of a GPU or of a part of one.
_GPU = re.compile(r"[0-9]{1,4}|(GPU|MIG)-[A-Za-z0-9/-]{1,80}")


def parse_gpus(text: str) -> tuple[str, ...]:
    """GPUs as ``CUDA_VISIBLE_DEVICES`` has them.

    >>> parse_gpus("0,1")
    ('0', '1')

    Raises:
        ConfigError: not a list of different GPUs.
    """
    gpus = tuple(word.strip() for word in text.split(","))
    if not all(map(_GPU.fullmatch, gpus)) or len(set(gpus)) < len(gpus):
        raise ConfigError(f"--gpus: expected different GPUs as 0,1 or their uuids, got {text[:80]!r}")
    return gpus


@dataclass(frozen=True)
class Local:
    """Launches shards on this machine.

    Attributes:
        workers: processes; 0 works in this one; None: one, or one for each GPU.
        maker: see `ShardWorker`.
        gpus: each worker sees one of them alone; none: all see all.
        time_limit: of a sample [s].

    Raises:
        ConfigError: these contradict each other.
    """

    workers: int | None = None
    maker: MakerOf = Maker
    gpus: tuple[str, ...] = ()
    time_limit: float = math.inf

    def __post_init__(self) -> None:
        if self.gpus and self.workers not in (None, len(self.gpus)):
            raise ConfigError(
                f"--workers {self.workers}: there is one worker for each of the {len(self.gpus)} --gpus; "
                "leave --workers out"
            )
        if not self.time_limit > 0:
            raise ConfigError(f"--time-limit: expected seconds above 0, got {self.time_limit:g}")
        if self.workers == 0 and self.time_limit < math.inf:
            raise ConfigError("--time-limit: needs a process that can be ended; use --workers 1")

    @property
    def processes(self) -> int:
        """How many workers there are at most; 0 for none but this process."""
        return len(self.gpus) or 1 if self.workers is None else self.workers

    def __call__(self, folder: Path, turns: Iterator[Turn], watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """Make shards and say how each ended."""
        pulses = Pulses(len(read_plan(folder).shards))
        watch.employ(int(self.processes == 0))
        answers = pool.work(
            turns,
            partial(_Served, folder, self.maker, watch, pulses),
            workers=self.processes,
            seconds=math.inf,
            is_stopped=lambda: watch.is_stopped,
            retries=0,
            late=partial(_late, pulses, self.time_limit) if self.time_limit < math.inf else None,
            environments=[{"CUDA_VISIBLE_DEVICES": gpu} for gpu in self.gpus],
            employed=watch.employ,
        )
        for turn, ended in answers:
            if isinstance(ended, pool.Lost):
                limit = self.time_limit if ended.is_late else 0.0
                yield turn, Lost(ended.how, pulses.under_way(turn.shard, limit), ended.is_late)
                pulses.clear(turn.shard)
            else:
                yield turn, ended


class _Served:
    """A worker of the pool."""

    def __init__(self, folder: Path, maker: MakerOf, watch: Watch, pulses: Pulses) -> None:
        if multiprocessing.parent_process() is not None:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # whoever started us decides when to stop
        self._watch, self._pulses = watch, pulses
        self._worker = ShardWorker(folder, maker)

    def __call__(self, turn: Turn) -> Commit | Unfinished | SignGenError:
        watch = self._watch
        return self._worker(
            turn,
            is_stopped=lambda: watch.is_stopped,
            tell=lambda tally: watch.tell(turn.shard, tally),
            pulse=self._pulses.of(turn.shard),
        )


def _late(pulses: Pulses, limit: float, turn: Turn) -> str:
    return f"took longer than {limit:g} s" if pulses.under_way(turn.shard, limit) else ""

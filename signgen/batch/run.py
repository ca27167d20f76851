"""Run a plan until all of it is settled or somebody says stop, whoever makes the shards."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from signgen.batch.at_work import among_others
from signgen.batch.blame import Blame
from signgen.batch.launcher import Launcher, Lost, Turn
from signgen.batch.local import Local
from signgen.batch.plan import Plan, read_plan
from signgen.batch.shard import Unfinished, read_commit
from signgen.batch.spool import SPOOL
from signgen.batch.watch import Watch, allowed_failures
from signgen.batch.worker import tally_of
from signgen.errors import SignGenError
from signgen.workflow.progress import Progress, silent

MAX_FAILURES = "5%"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SECONDS_BETWEEN_LOOKS = 0.5


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


def run_batch(
    folder: Path,
    *,
    launcher: Launcher | None = None,
    max_failures: str = MAX_FAILURES,
    progress: Progress = silent,
) -> Ran:
    """Make every shard of a plan that is not there yet; the same call goes on after any stop.

    Args:
        folder: of the plan.
        launcher: where shards are made; None: by one process of this machine.
        max_failures: see `allowed_failures`.
        progress: told how many samples are settled.

    Raises:
        SignGenError: what would hit every sample: no disk, no weights, a damaged plan.
    """
    plan = read_plan(folder)
    watch = Watch(len(plan.shards), allowed_failures(max_failures, plan.samples))
    turns = _Turns(
        Turn(shard) for shard in range(len(plan.shards)) if not _is_done(folder, plan, shard, watch)
    )
    ran, blame, launcher = Ran(plan.samples), Blame(folder, plan), launcher or Local()
    held: list[int] = []
    with among_others(folder), _stopped_by_signals(watch), _watched(watch, plan.samples, progress):
        while turns.are_left and not watch.is_stopped:
            for turn, ended in launcher(folder, turns, watch):
                if isinstance(ended, SignGenError):
                    raise ended
                if isinstance(ended, Lost):
                    turns.append(blame.after(turn, ended))
                elif isinstance(ended, Unfinished) and ended.is_held:
                    held.append(turn.shard)
        ran.held = [plan.shards[shard].name for shard in held if not _is_done(folder, plan, shard, watch)]
    total = watch.total
    ran.made, ran.failed = total.made, total.failed
    ran.is_stopped, ran.is_over = watch.is_told_to_stop, watch.is_over
    return ran


class _Turns(Iterator[Turn]):
    """Turns in their order; what is given back is drawn again by whoever asks once more."""

    def __init__(self, turns: Iterator[Turn]) -> None:
        self._turns = deque(turns)

    @property
    def are_left(self) -> bool:
        return bool(self._turns)

    def append(self, turn: Turn) -> None:
        self._turns.append(turn)

    def __next__(self) -> Turn:
        if not self._turns:
            raise StopIteration
        return self._turns.popleft()


def _is_done(folder: Path, plan: Plan, number: int, watch: Watch) -> bool:
    """Whether a shard is committed and its spool, which a killed process may have left, is gone."""
    name = plan.shards[number].name
    commit = read_commit(folder, plan, name)
    if commit is None or (folder / SPOOL / name).exists():
        return False
    watch.tell(number, tally_of(commit))
    return True


@contextmanager
def _stopped_by_signals(watch: Watch) -> Iterator[None]:
    """The signals that ask a run to end stop the watch; a second Ctrl-C does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if watch.is_told_to_stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        watch.stop()

    before: Sequence[Any] = [signal.signal(number, stop) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _watched(watch: Watch, total: int, progress: Progress) -> Iterator[None]:
    """Tell how far all processes are together, now and then."""
    is_over = threading.Event()

    def tell() -> None:
        progress("samples", watch.total.made + watch.total.failed, total)

    def look(wait: Callable[[float], bool]) -> None:
        while not wait(SECONDS_BETWEEN_LOOKS):
            tell()

    tell()
    watcher = threading.Thread(target=look, args=(is_over.wait,), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
        tell()

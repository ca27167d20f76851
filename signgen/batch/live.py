"""How a run goes, looked at now and then from the process that started it."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.outcome import Failed, reason_of
from signgen.batch.plan import Plan
from signgen.batch.shard import Commit
from signgen.batch.spool import FAILED, SPOOL, read_failure
from signgen.batch.watch import Watch

SECONDS_BETWEEN_LOOKS = 0.5
# Rates are those of the last minute: long enough to be steady, short enough to follow what changes.
RATE_SECONDS = 60.0


@dataclass(frozen=True)
class Snapshot:
    """How a run goes.

    Attributes:
        planned: samples of its shards.
        made: of them are there.
        failed: of them could not be made.
        shards: how many.
        committed: of them are there to stay.
        workers: alive.
        elapsed: since the run began [s].
        rate: samples settled in a minute; 0 as long as there is none.
        signing: hours of signing made in an hour.
        left: time left at this rate [s]; None while it is unknown.
        reasons: how many samples failed, by reason, the most frequent first.
        is_stopping: no sample is begun any more.
    """

    planned: int
    made: int
    failed: int
    shards: int
    committed: int
    workers: int
    elapsed: float
    rate: float
    signing: float
    left: float | None
    reasons: Mapping[str, int]
    is_stopping: bool = False

    @property
    def settled(self) -> int:
        """Samples that need no more work."""
        return self.made + self.failed


Show = Callable[[Snapshot], None]


def hidden(snapshot: Snapshot) -> None:
    """The `Show` that shows nothing."""


class Lookout:
    """Sees a run from its watch, and reasons of failures from the folder, where workers leave them anyway.

    Args:
        folder: of the plan.
        plan: the plan.
        planned: samples of the shards of this run.
        shards: how many those are.
        watch: of the run.
    """

    def __init__(self, folder: Path, plan: Plan, planned: int, shards: int, watch: Watch) -> None:
        self._folder, self._plan, self._watch = folder, plan, watch
        self._planned, self._shards = planned, shards
        self._began = time.monotonic()
        self._new = self._last = (0, 0.0)
        self._past = deque([(self._began, *self._new)])
        self._committed: dict[str, tuple[Failed, ...]] = {}
        self._notes: dict[Path, Failed | None] = {}
        self._failed = -1

    def commit(self, commit: Commit) -> None:
        """Hear of a shard that is there to stay."""
        self._committed[commit.name] = commit.failed
        self._failed = -1

    def look(self) -> Snapshot:
        """How the run goes now."""
        total, now = self._watch.total, time.monotonic()
        settled = total.made + total.failed
        rate, signing = self._rates(now, settled - total.before, total.seconds)
        if total.failed != self._failed:
            self._failed, self._reasons = total.failed, self._read_reasons() if total.failed else {}
        return Snapshot(
            self._planned, total.made, total.failed, self._shards, len(self._committed), self._watch.workers,
            now - self._began, 60 * rate, signing,
            (self._planned - settled) / rate if rate else None, self._reasons, self._watch.is_stopped,
        )  # fmt: skip

    def _rates(self, now: float, settled: int, seconds: float) -> tuple[float, float]:
        """Samples, and seconds of signing, in a second; counts of a shard begin anew where its worker was lost."""
        last, self._last = self._last, (settled, seconds)
        self._new = self._new[0] + max(0, settled - last[0]), self._new[1] + max(0.0, seconds - last[1])
        self._past.append((now, *self._new))
        while now - self._past[1][0] > RATE_SECONDS:
            self._past.popleft()
        then, *before = self._past[0]
        span = max(now - then, 1e-9)
        return (self._new[0] - before[0]) / span, (self._new[1] - before[1]) / span

    def _read_reasons(self) -> Mapping[str, int]:
        """Of committed shards as their commits say, of others as their notes do; each note is read once."""
        found = [reason_of(failed) for each in list(self._committed.values()) for failed in each]
        for shard, failed in enumerate(self._watch.failed):
            name = self._plan.shards[shard].name
            if failed and name not in self._committed:
                for path in (self._folder / SPOOL / name).glob(f"[!.]*{FAILED}"):
                    note = self._notes.setdefault(path, read_failure(path))
                    found += [] if note is None else [reason_of(note)]
        return dict(Counter(found).most_common())


@contextmanager
def watched(lookout: Lookout, show: Show) -> Iterator[None]:
    """Show how the run goes while the block lasts, at its beginning and at its end."""
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(SECONDS_BETWEEN_LOOKS):
            show(lookout.look())

    show(lookout.look())
    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
        show(lookout.look())

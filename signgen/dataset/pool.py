"""Work in processes that may hang or die: each item has a time limit, and a worker is killed with all it started."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from signgen.errors import ResourceError

Item = TypeVar("Item")
Result = TypeVar("Result")

# How long a worker that has nothing left to do may take to end.
SECONDS_TO_END = 5.0
# How long to wait for an answer before looking at the clock again, and before asking whether an item is late.
SECONDS_TO_WAIT = 60.0
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Lost:
    """What became of an item whose worker was killed or died.

    Attributes:
        is_late: killed at a time limit; otherwise it died by itself.
        how: such as ``ended by signal 11``.
    """

    is_late: bool
    how: str


def work(
    items: Iterable[Item],
    make: Callable[[], Callable[[Item], Result]],
    *,
    workers: int,
    seconds: float,
    is_stopped: Callable[[], bool],
    retries: int = 1,
    late: Callable[[Item], str] | None = None,
    environments: Sequence[Mapping[str, str]] = (),
    employed: Callable[[int], None] = lambda alive: None,
) -> Iterator[tuple[Item, Result | Lost]]:
    """Each item with what the function made of it, as they come.

    An item whose worker dies is given to another ``retries`` times; after that it is `Lost`. When `is_stopped`, no
    item is begun any more and those under way are finished. Leaving early kills all workers.

    Args:
        items: drawn one by one, when a worker is free; asked again after each answer, even if there were no more.
        make: run once in each worker; makes the function, which must be able to travel to another process.
        workers: number of processes; 0 works in this one, without any time limit.
        seconds: time limit of an item.
        is_stopped: asked before each item.
        retries: how often an item whose worker died is tried again.
        late: asked of each item under way several times a second; a text ends its worker, and is how it is `Lost`.
        environments: variables of each worker, set before its process begins; none or one for each.
        employed: told how many workers there are.

    Raises:
        ResourceError: a worker ended before it could start.
    """
    if workers == 0:
        function = make()
        for item in items:
            if is_stopped():
                return
            yield item, function(item)
        return
    pool = _Pool[Item](make, seconds, retries, late, environments or [{}] * workers, employed)
    try:
        yield from pool.run(iter(items), workers, is_stopped)
    finally:
        pool.end()


@dataclass
class _Worker(Generic[Item]):
    process: BaseProcess
    pipe: Connection
    place: int
    item: Item | None = None
    tries: int = 0
    is_ready: bool = False
    deadline: float = float("inf")

    def give(self, item: Item, tries: int, seconds: float) -> None:
        self.item, self.tries = item, tries
        if self.is_ready:
            self.deadline = time.monotonic() + seconds
        with suppress(OSError):  # a worker that died is noticed where its answer is awaited
            self.pipe.send(item)

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()


class _Pool(Generic[Item]):
    def __init__(
        self,
        make: Callable[[], Callable[[Item], Any]],
        seconds: float,
        retries: int,
        late: Callable[[Item], str] | None,
        environments: Sequence[Mapping[str, str]],
        employed: Callable[[int], None],
    ) -> None:
        self._make, self._seconds, self._retries, self._late = make, seconds, retries, late
        self._environments, self._employed = environments, employed
        self._workers: list[_Worker[Item]] = []

    def run(
        self, items: Iterator[Item], count: int, is_stopped: Callable[[], bool]
    ) -> Iterator[tuple[Item, Any]]:
        again: list[tuple[Item, int]] = []
        while True:
            self._feed(items, again, count, is_stopped)
            busy = [worker for worker in self._workers if worker.item is not None]
            if not busy:
                return
            left = min(worker.deadline for worker in busy) - time.monotonic()
            patience = SECONDS_BETWEEN_LOOKS if self._late else SECONDS_TO_WAIT
            ready = wait([worker.pipe for worker in busy], min(max(left, 0.0), patience))
            for worker in busy:
                overdue = "" if worker.pipe in ready else self._overdue(worker)
                if worker.pipe in ready or overdue:
                    yield from self._settled(worker, overdue, again)

    def end(self) -> None:
        """Let idle workers go and kill the others."""
        idle = [worker for worker in self._workers if worker.item is None]
        for worker in idle:
            worker.pipe.close()
        for worker in idle:
            worker.process.join(SECONDS_TO_END)
        for worker in self._workers:
            worker.kill()
        self._employed(0)

    def _feed(
        self, items: Iterator[Item], again: list[tuple[Item, int]], count: int, is_stopped: Callable[[], bool]
    ) -> None:
        """Give work to idle workers, and start more while there is work for them."""
        while sum(worker.item is not None for worker in self._workers) < count and not is_stopped():
            item, tries = again.pop() if again else (next(items, None), 0)
            if item is None:
                return
            idle = next((worker for worker in self._workers if worker.item is None), None) or self._start()
            idle.give(item, tries, self._seconds)

    def _overdue(self, worker: _Worker[Item]) -> str:
        """Why an item is given up now; empty if it is not."""
        if worker.deadline <= time.monotonic():
            return f"took longer than {self._seconds:g} s"
        if self._late is None or worker.item is None or not worker.is_ready:
            return ""
        return self._late(worker.item)

    def _start(self) -> _Worker[Item]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._make), daemon=False)
        place = min(set(range(len(self._environments))) - {worker.place for worker in self._workers})
        with _environment(self._environments[place]):
            process.start()
        theirs.close()
        worker = _Worker[Item](process, ours, place)
        self._workers.append(worker)
        self._employed(len(self._workers))
        return worker

    def _settled(
        self, worker: _Worker[Item], overdue: str, again: list[tuple[Item, int]]
    ) -> Iterator[tuple[Item, Any]]:
        """The answer of a worker, or what became of the item if there is none."""
        item = worker.item
        if item is None:
            return
        if not overdue:
            try:
                answer = worker.pipe.recv()
            except (EOFError, OSError):
                pass
            else:
                if worker.is_ready:
                    worker.item, worker.deadline = None, float("inf")
                    yield item, answer
                else:  # it has started, which is no item's fault, and begins with the item now
                    worker.is_ready, worker.deadline = True, time.monotonic() + self._seconds
                return
        worker.kill()
        self._workers.remove(worker)
        self._employed(len(self._workers))
        if not worker.is_ready and (worker.process.exitcode or 0) >= 0:
            raise ResourceError(
                f"a worker {_ending(worker.process.exitcode)} before it could start; a script that builds needs "
                "`if __name__ == '__main__':` around the call, or workers=0"
            )
        if overdue:
            yield item, Lost(True, overdue)
        elif worker.tries >= self._retries:
            yield item, Lost(False, _ending(worker.process.exitcode))
        else:
            again.append((item, worker.tries + 1))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables that a process started meanwhile has from its first moment, before it loads anything."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _ending(code: int | None) -> str:
    return f"ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"


def _serve(pipe: Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """What a worker does, until its pipe closes; it leads a group of processes, so all of it can be killed."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the builder decides when to stop
    threading.Thread(target=_die_with_parent, daemon=True).start()
    function = make()
    pipe.send(None)
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(function(item))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)

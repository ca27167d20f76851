"""Work in processes that may hang or die: each item has a time limit, and a worker is killed with all it started."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from signgen.errors import ResourceError

Item = TypeVar("Item")
Result = TypeVar("Result")

# How long a worker that has nothing left to do may take to end.
SECONDS_TO_END = 5.0
# How long to wait for an answer before looking at the clock again.
SECONDS_TO_WAIT = 60.0


@dataclass(frozen=True)
class Lost:
    """What became of an item whose worker was killed or died.

    Attributes:
        is_late: killed at the time limit; otherwise it died by itself.
        how: such as ``signal 11``.
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
) -> Iterator[tuple[Item, Result | Lost]]:
    """Each item with what the function made of it, as they come.

    An item whose worker dies is given to another once; after that it is `Lost`. When `is_stopped`, no item is begun
    any more and those under way are finished. Leaving early kills all workers.

    Args:
        items: drawn one by one, when a worker is free.
        make: run once in each worker; makes the function, which must be able to travel to another process.
        workers: number of processes; 0 works in this one, without any time limit.
        seconds: time limit of an item.
        is_stopped: asked before each item.

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
    pool = _Pool[Item](make, seconds)
    try:
        yield from pool.run(iter(items), workers, is_stopped)
    finally:
        pool.end()


@dataclass
class _Worker(Generic[Item]):
    process: BaseProcess
    pipe: Connection
    item: Item | None = None
    is_retried: bool = False
    is_ready: bool = False
    deadline: float = float("inf")

    def give(self, item: Item, is_retried: bool, seconds: float) -> None:
        self.item, self.is_retried = item, is_retried
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
    def __init__(self, make: Callable[[], Callable[[Item], Any]], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._workers: list[_Worker[Item]] = []

    def run(
        self, items: Iterator[Item], count: int, is_stopped: Callable[[], bool]
    ) -> Iterator[tuple[Item, Any]]:
        again: list[Item] = []
        while True:
            self._feed(items, again, count, is_stopped)
            busy = [worker for worker in self._workers if worker.item is not None]
            if not busy:
                return
            left = min(worker.deadline for worker in busy) - time.monotonic()
            ready = wait([worker.pipe for worker in busy], min(max(left, 0.0), SECONDS_TO_WAIT))
            for worker in busy:
                if worker.pipe in ready or worker.deadline <= time.monotonic():
                    yield from self._settled(worker, worker.pipe in ready, again)

    def end(self) -> None:
        """Let idle workers go and kill the others."""
        idle = [worker for worker in self._workers if worker.item is None]
        for worker in idle:
            worker.pipe.close()
        for worker in idle:
            worker.process.join(SECONDS_TO_END)
        for worker in self._workers:
            worker.kill()

    def _feed(
        self, items: Iterator[Item], again: list[Item], count: int, is_stopped: Callable[[], bool]
    ) -> None:
        """Give work to idle workers, and start more while there is work for them."""
        while sum(worker.item is not None for worker in self._workers) < count and not is_stopped():
            is_retried = bool(again)
            item = again.pop() if again else next(items, None)
            if item is None:
                return
            idle = next((worker for worker in self._workers if worker.item is None), None) or self._start()
            idle.give(item, is_retried, self._seconds)

    def _start(self) -> _Worker[Item]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._make), daemon=False)
        process.start()
        theirs.close()
        worker = _Worker[Item](process, ours)
        self._workers.append(worker)
        return worker

    def _settled(
        self, worker: _Worker[Item], has_spoken: bool, again: list[Item]
    ) -> Iterator[tuple[Item, Any]]:
        """The answer of a worker, or what became of the item if there is none."""
        item = worker.item
        if item is None:
            return
        if has_spoken:
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
        if not worker.is_ready:
            raise ResourceError(
                f"a worker {_ending(worker.process.exitcode)} before it could start; a script that builds needs "
                "`if __name__ == '__main__':` around the call, or workers=0"
            )
        if not has_spoken:
            yield item, Lost(True, f"took longer than {self._seconds:g} s")
        elif worker.is_retried:
            yield item, Lost(False, _ending(worker.process.exitcode))
        else:
            again.append(item)


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

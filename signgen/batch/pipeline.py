"""Samples through stages, one after another or side by side: one is drawn while the next is signed.

Side by side each stage has a thread of its own and hands over through a queue of `DEPTH`, so that a slow stage stops
those before it. Samples keep their order either way.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

# Samples that wait between two stages. One would do for stages of even length; two also bridge a long sample.
DEPTH = 2
# How long a thread waits for a place in a queue before it asks whether anybody still wants what it has.
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Stage(Generic[Item]):
    """One of the things done to every sample.

    Attributes:
        name: such as ``draw``.
        do: does it.
        is_always_finished: what comes here is done even when no work is to be begun any more, for it cost a lot.
    """

    name: str
    do: Callable[[Item], Item]
    is_always_finished: bool = False


def one_by_one(
    items: Iterable[Item], stages: Sequence[Stage[Item]], is_stopped: Callable[[], bool]
) -> Iterator[Item]:
    """Each item after all stages; none is begun when stopped."""
    for item in items:
        if is_stopped():
            return
        for stage in stages:
            item = stage.do(item)
        yield item


def side_by_side(
    items: Iterable[Item],
    stages: Sequence[Stage[Item]],
    is_stopped: Callable[[], bool],
    depth: int = DEPTH,
) -> Iterator[Item]:
    """The same with the stages at work at the same time; when stopped, what waits for a costly stage is left out.

    An error of a stage is raised here, after what was finished before it. When the caller leaves early, stages finish
    what they are at, unless it leaves by Ctrl-C.
    """
    is_left = threading.Event()
    line = _HandOver.line(len(stages), depth, is_left)
    sources: list[Iterable[Item]] = [items, *line[:-1]]
    threads = [
        threading.Thread(target=_work, args=(stage, source, sink, is_stopped), daemon=True)
        for stage, source, sink in zip(stages, sources, line, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from line[-1]
    except KeyboardInterrupt:
        threads.clear()
        raise
    finally:
        is_left.set()
        for thread in threads:
            thread.join()


class _HandOver(Generic[Item]):
    """A bounded queue from one stage to the next, which also carries the end and errors."""

    def __init__(self, depth: int, is_left: threading.Event) -> None:
        self._queue: queue.Queue[tuple[Item] | BaseException | None] = queue.Queue(depth)
        self._is_left = is_left

    @classmethod
    def line(cls, count: int, depth: int, is_left: threading.Event) -> list[_HandOver[Any]]:
        return [cls(depth, is_left) for _ in range(count)]

    def put(self, what: tuple[Item] | BaseException | None) -> bool:
        """Hand over; False if nobody wants it any more."""
        while not self._is_left.is_set():
            try:
                self._queue.put(what, timeout=SECONDS_BETWEEN_LOOKS)
            except queue.Full:
                continue
            return True
        return False

    def __iter__(self) -> Iterator[Item]:
        while not self._is_left.is_set():
            try:
                what = self._queue.get(timeout=SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                continue
            if isinstance(what, BaseException):
                raise what
            if what is None:
                return
            yield what[0]


def _work(
    stage: Stage[Item], source: Iterable[Item], sink: _HandOver[Item], is_stopped: Callable[[], bool]
) -> None:
    """What the thread of a stage does."""
    try:
        for item in source:
            if is_stopped() and not stage.is_always_finished:
                continue
            if not sink.put((stage.do(item),)):
                return
    except BaseException as error:
        sink.put(error)
    else:
        sink.put(None)

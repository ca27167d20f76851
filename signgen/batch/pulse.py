"""Which sample of a shard is at which stage, and for how long: seen from outside, even after its worker died."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ctypes import Array, c_double, c_longlong
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawArray
from typing import Protocol

# A stand-in that does all at once is at `make`.
STAGES = ("make", "sign", "draw", "pack")


@dataclass(frozen=True)
class UnderWay:
    """A sample that somebody was at.

    Attributes:
        sample: its place in the shard.
        stage: such as ``draw``.
    """

    sample: int
    stage: str


class Pulse(Protocol):
    """Told what is worked on: ``with pulse(3, "draw"): ...``."""

    def __call__(self, sample: int, stage: str) -> AbstractContextManager[None]:
        """A block in which a sample, named by its place in the shard, is at a stage."""
        ...


def unfelt(sample: int, stage: str) -> AbstractContextManager[None]:
    """The `Pulse` that nobody feels."""
    return nullcontext()


class Pulses:
    """Pulses of all shards of a plan; shared memory without locks, as in `signgen.batch.watch.Watch`.

    A stage of a shard has two numbers, written by its worker: the sample, and since when, less what earlier stages
    took. The sample is cleared before the time changes, so a time read between two equal looks at the sample is its.

    Args:
        shards: of the plan.
    """

    def __init__(self, shards: int) -> None:
        self._samples: Array[c_longlong] = RawArray(c_longlong, shards * len(STAGES))
        self._since: Array[c_double] = RawArray(c_double, shards * len(STAGES))

    def of(self, shard: int) -> Pulse:
        """The pulse of a shard, from the beginning of a turn."""
        self.clear(shard)
        spent: dict[int, float] = {}

        @contextmanager
        def at(sample: int, stage: str) -> Iterator[None]:
            place = shard * len(STAGES) + STAGES.index(stage)
            since = time.monotonic() - spent.get(sample, 0.0)
            self._since[place] = since
            self._samples[place] = sample + 1
            try:
                yield
            finally:
                self._samples[place] = 0
                spent[sample] = time.monotonic() - since

        return at

    def clear(self, shard: int) -> None:
        """Forget what a dead worker was at."""
        for stage in range(len(STAGES)):
            self._samples[shard * len(STAGES) + stage] = 0

    def under_way(self, shard: int, seconds: float = 0.0) -> tuple[UnderWay, ...]:
        """The samples of a shard that somebody is at, or that have taken ``seconds`` without the time they waited."""
        found, now = [], time.monotonic()
        for number, stage in enumerate(STAGES):
            place = shard * len(STAGES) + number
            sample, since = self._samples[place], self._since[place]
            if sample and self._samples[place] == sample and now - since >= seconds:
                found.append(UnderWay(sample - 1, stage))
        return tuple(found)

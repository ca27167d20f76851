"""What all processes of a run know of each other, without locks: a killed process would not give them back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from ctypes import Array, c_double, c_longlong
from dataclasses import astuple, dataclass
from multiprocessing.sharedctypes import RawArray

from signgen.errors import ConfigError


@dataclass(frozen=True)
class Tally:
    """How far a shard is.

    Attributes:
        made: samples that are there.
        failed: samples that could not be made.
        before: of both, those that were settled before this turn.
        seconds: of signing made in this turn.
    """

    made: int = 0
    failed: int = 0
    before: int = 0
    seconds: float = 0.0


class Watch:
    """The run, as launchers and workers see it; shared memory, so a process spawned by this one can be handed it.

    Args:
        shards: of the plan.
        allowed: how many samples may fail.
    """

    def __init__(self, shards: int, allowed: int) -> None:
        self._allowed = allowed
        self._stop: Array[c_longlong] = RawArray(c_longlong, 1)
        self._workers: Array[c_longlong] = RawArray(c_longlong, 1)
        self._counts: Sequence[Array[c_longlong]] = [RawArray(c_longlong, shards) for _ in range(3)]
        self._seconds: Array[c_double] = RawArray(c_double, shards)

    @property
    def total(self) -> Tally:
        """How far all shards are together."""
        made, failed, before = (sum(counts[:]) for counts in self._counts)
        return Tally(made, failed, before, math.fsum(self._seconds[:]))

    @property
    def failed(self) -> list[int]:
        """How many samples failed, by shard."""
        return self._counts[1][:]

    @property
    def workers(self) -> int:
        """How many workers are alive."""
        return self._workers[0]

    @property
    def is_over(self) -> bool:
        """Whether more samples failed than may."""
        return sum(self.failed) > self._allowed

    @property
    def is_told_to_stop(self) -> bool:
        """Whether somebody asked the run to end."""
        return bool(self._stop[0])

    @property
    def is_stopped(self) -> bool:
        """Whether no sample is to be begun any more."""
        return self.is_told_to_stop or self.is_over

    def stop(self) -> None:
        """Ask the run to end."""
        self._stop[0] = 1

    def tell(self, shard: int, tally: Tally) -> None:
        """Say how far a shard is; only who makes it may."""
        *counts, seconds = astuple(tally)
        for array, count in zip(self._counts, counts, strict=True):
            array[shard] = count
        self._seconds[shard] = seconds

    def employ(self, workers: int) -> None:
        """Say how many workers are alive; only the launcher may."""
        self._workers[0] = workers


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

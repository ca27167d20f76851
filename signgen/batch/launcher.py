"""What a run and whoever makes its shards owe each other: turns one way, counts and endings the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from signgen.batch.plan import Plan
from signgen.batch.pulse import UnderWay
from signgen.batch.shard import Commit, Make, Unfinished
from signgen.batch.watch import Watch
from signgen.errors import SignGenError

# Called once in each worker, to which it must be able to travel.
MakerOf = Callable[[Plan], Make]


@dataclass(frozen=True)
class Turn:
    """A shard to be made.

    Attributes:
        shard: its number in the plan.
        is_careful: one sample at a time, for a worker died at this shard and the sample at fault is looked for.
    """

    shard: int
    is_careful: bool = False


@dataclass(frozen=True)
class Lost:
    """How a turn ended whose worker died, or was killed at the time limit.

    Attributes:
        how: such as ``ended by signal 9`` or ``took longer than 60 s``.
        under_way: the samples it was at; at the time limit that one alone which took too long.
        is_late: killed at the time limit.
    """

    how: str
    under_way: tuple[UnderWay, ...] = ()
    is_late: bool = False


Ended = Commit | Unfinished | SignGenError | Lost


class Launcher(Protocol):
    """Decides where shards are made, and nothing else; `signgen.batch.worker.ShardWorker` makes them.

    Called with the folder, the turns and the watch of a run; gives each turn back with how it ended. A turn that
    ended as `Lost` comes again from the same iterator, so it is asked again after each ending, even if it had run dry.
    When the watch is stopped, no turn is taken any more and those under way end soon.
    """

    def __call__(self, folder: Path, turns: Iterator[Turn], watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """Make shards and say how each ended."""
        ...

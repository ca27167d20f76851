"""A sample on its way through the stages, and what stages a maker has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from signgen.batch.outcome import Failed, Ok
from signgen.batch.pipeline import Stage
from signgen.batch.pulse import Pulse
from signgen.batch.sample import Sample
from signgen.batch.spool import Spool


@dataclass(frozen=True)
class Work:
    """A sample on its way.

    Attributes:
        place: of the sample in its shard.
        sample: what is to be made.
        outcome: what came of it; None before the last stage, unless it failed.
        carried: what a stage leaves for the next.
    """

    place: int
    sample: Sample
    outcome: Ok | Failed | None = None
    carried: Any = None

    def with_outcome(self, outcome: Ok | Failed) -> Work:
        """The same, settled."""
        return dataclasses.replace(self, outcome=outcome, carried=None)


@runtime_checkable
class Staged(Protocol):
    """A maker whose stages can be told apart."""

    @property
    def pays_side_by_side(self) -> bool:
        """Whether stages at work at the same time take less time than one after another."""
        ...

    def stages(self, spool: Spool) -> Sequence[Stage[Work]]:
        """What is done to each sample; the last settles it."""
        ...


@dataclass(frozen=True)
class _Whole:
    """A plain function as a maker of one stage."""

    make: Callable[[Sample, Spool], Ok | Failed]
    pays_side_by_side: bool = False

    def stages(self, spool: Spool) -> Sequence[Stage[Work]]:
        return [Stage("make", lambda work: work.with_outcome(self.make(work.sample, spool)))]


def staged(make: Callable[[Sample, Spool], Ok | Failed]) -> Staged:
    """A maker by its stages; a plain function has one."""
    return make if isinstance(make, Staged) else _Whole(make)


def felt(stage: Stage[Work], pulse: Pulse) -> Stage[Work]:
    """A stage that says when it is at work, and leaves alone what failed before it."""

    def do(work: Work) -> Work:
        if work.outcome is not None:
            return work
        with pulse(work.place, stage.name):
            return stage.do(work)

    return dataclasses.replace(stage, do=do)

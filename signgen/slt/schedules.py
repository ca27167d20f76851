"""Schedules: which sources of data are learned from when, from plain settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Gt, Le

from signgen.config import check, did_you_mean, setting
from signgen.errors import ConfigError

REAL, STITCHED = "real", "stitched"


@dataclass(frozen=True)
class Stage:
    """A part of a training, with an optimiser and a learning rate of its own."""

    shares: dict[str, float] = field(
        default_factory=dict, metadata={"doc": "share of each source; empty: by size"}
    )
    until: dict[str, float] = field(
        default_factory=dict, metadata={"doc": "shares at the end; empty: as before"}
    )
    steps: Annotated[float, Gt(0), Le(1)] = setting(1.0, "share of all updates")
    rate: Annotated[float, Gt(0), Le(10)] = setting(1.0, "times the learning rate")
    shuffled: tuple[str, ...] = setting((), "sources whose texts get the poses of other clips")

    def __post_init__(self) -> None:
        values = [*self.shares.values(), *self.until.values()]
        if any(not 0 <= value < float("inf") for value in values):
            raise ConfigError("schedule.stages.shares: a share is a number from 0")
        if self.until and set(self.until) != set(self.shares):
            raise ConfigError("schedule.stages.until: name the same sources as shares")
        for shares in (self.shares, self.until):
            if shares and not sum(shares.values()) > 0:
                raise ConfigError("schedule.stages.shares: all shares are 0; give one source more")


@dataclass(frozen=True)
class Schedule:
    """Stages one after another; in all of them together the model is updated ``train.steps`` times.

    Attributes:
        name: of the schedule.
        stages: what happens in order.
        is_tagged: whether the model is told which source a clip is from; what it translates later counts as the target.
    """

    name: str
    stages: tuple[Stage, ...] = (Stage(),)
    is_tagged: bool = False

    def sources(self, known: Sequence[str]) -> tuple[str, ...]:
        """Names of the sources it learns from, in the order of ``known``.

        Raises:
            ConfigError: it names one that there is not.
        """
        wanted = {name for stage in self.stages for name in (stage.shares or dict.fromkeys(known))}
        wanted |= {name for stage in self.stages for name in stage.shuffled}
        for name in sorted(wanted - set(known)):
            raise ConfigError(
                f"schedule {self.name}: no source {name!r} in data.sources{did_you_mean(name, known)}"
            )
        return tuple(name for name in known if name in wanted)


def shares_at(stage: Stage, sizes: Mapping[str, int], progress: float) -> dict[str, float]:
    """The share of each source at a progress from 0 to 1, falling or rising in a straight line."""
    first = stage.shares or {name: float(size) for name, size in sizes.items()}
    last = stage.until or first
    a, b = sum(first.values()), sum(last.values())
    return {name: (1 - progress) * first[name] / a + progress * last[name] / b for name in first}


BUILT_IN: dict[str, Schedule] = {
    schedule.name: schedule
    for schedule in (
        Schedule("all"),
        Schedule("real-only", (Stage({REAL: 1}),)),
        Schedule("stitched-only", (Stage({STITCHED: 1}),)),
        Schedule(
            "pretrain-finetune", (Stage({STITCHED: 1}, steps=0.6), Stage({REAL: 1}, steps=0.4, rate=0.3))
        ),
        Schedule("joint", (Stage({REAL: 1, STITCHED: 1}),)),
        Schedule("annealed", (Stage({REAL: 0.1, STITCHED: 0.9}, until={REAL: 1, STITCHED: 0}),)),
        Schedule("tagged-joint", (Stage({REAL: 1, STITCHED: 1}),), is_tagged=True),
        # The same new texts as joint, but their poses are those of other texts: what is gained is gained from text.
        Schedule("shuffled-joint", (Stage({REAL: 1, STITCHED: 1}, shuffled=(STITCHED,)),)),
    )
}


def schedule_named(name: str, own: Mapping[str, Any] | None = None) -> Schedule:
    """A schedule of a config's ``schedules``, or else a built-in one.

    Raises:
        ConfigError: there is none, or its settings are wrong.
    """
    if own and name in own:
        return schedule_of(name, own[name])
    if name not in BUILT_IN:
        raise ConfigError(f"--schedule: no schedule {name!r}{did_you_mean(name, [*BUILT_IN, *(own or {})])}")
    return BUILT_IN[name]


def schedule_of(name: str, values: Any) -> Schedule:
    """A schedule from plain values.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    where = f"schedules.{name}"
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected stages, got {values!r}")
    stages = values.get("stages", [{}])
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, Mapping) for stage in stages):
        raise ConfigError(f"{where}.stages: expected a list of stages")
    for key in values:
        if key not in ("stages", "is_tagged"):
            raise ConfigError(
                f"{where}.{key}: unknown setting{did_you_mean(str(key), ['stages', 'is_tagged'])}"
            )
    is_tagged = values.get("is_tagged", False)
    if not isinstance(is_tagged, bool):
        raise ConfigError(f"{where}.is_tagged: expected true or false, got {is_tagged!r}")
    return Schedule(name, tuple(check(Stage, stage, where=f"{where}.stages") for stage in stages), is_tagged)

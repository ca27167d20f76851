"""The settings of a loop: one YAML, all of it checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from signgen.config import check, did_you_mean, setting
from signgen.errors import ConfigError
from signgen.loop.schedules import BASE, DEFAULT_SCHEDULES


@dataclass(frozen=True)
class RealSettings:
    """The real set: a corpus at hand, or one made from a grammar."""

    folder: Path | None = setting(None, "corpus with train/, dev/ and test/; none: made from `grammar`")
    grammar: str = setting("", "file, or name of one of the package; see `signgen corpus list`")
    corpus: dict[str, Any] = field(
        default_factory=dict, metadata={"doc": "settings of `signgen corpus make`"}
    )

    def __post_init__(self) -> None:
        if (self.folder is None) == (not self.grammar):
            raise ConfigError("real: give one of folder and grammar")
        if self.folder is not None and self.corpus:
            raise ConfigError("real.corpus: only for a corpus that is made from a grammar; leave it out")


@dataclass(frozen=True)
class TextSettings:
    """Novel sentences."""

    file: Path | None = setting(None, "lines of a .txt, rows of a .csv or .jsonl; none: from `grammar`")
    grammar: str = setting("", "as in `real`")
    count: Annotated[int, Ge(1), Le(10_000_000)] = setting(1200, "sentences (at most, of a file)")
    seed: Annotated[int, Ge(0), Le((1 << 63) - 1)] = setting(0, "of the grammar's sentences")
    apart: Annotated[int, Ge(1), Le(2)] = setting(
        1, "words in which they differ from each dev and test sentence at least"
    )

    def __post_init__(self) -> None:
        if (self.file is None) == (not self.grammar):
            raise ConfigError("texts: give one of file and grammar")


@dataclass(frozen=True)
class MadeSettings:
    """How the novel sentences become poses."""

    settings: dict[str, Any] = field(default_factory=dict, metadata={"doc": "as in configs/generate.yaml"})
    vary: dict[str, list[Any]] = field(
        default_factory=dict,
        metadata={"doc": "settings with several values each, as in `signgen batch plan`"},
    )
    looks: Annotated[int, Ge(0), Le(4096)] = setting(
        1, "combinations of `vary` that are drawn for each text; 0: all of them"
    )
    seed: Annotated[int, Ge(0), Le((1 << 63) - 1)] = setting(0, "of that draw")
    shard_size: Annotated[int, Ge(1), Le(1_000_000)] = setting(500, "samples in a shard at most")
    max_failures: str = setting("5%", "end when more samples fail: a number, or a share of all")


@dataclass(frozen=True)
class ChosenSettings:
    """Which made poses are learned from; calibrated on the real dev set."""

    judge: tuple[str, ...] = setting(
        (), "who chooses: names or folders of judges; none: one trained on the real set"
    )
    keep_share: Annotated[float, Gt(0), Lt(1)] | None = setting(None, "share of true clips that are kept")
    precision: Annotated[float, Gt(0), Lt(1)] | None = setting(None, "share of kept clips that are good")
    thresholds: dict[str, float] = field(
        default_factory=dict, metadata={"doc": "measure: value, instead of these"}
    )
    seed: Annotated[int, Ge(0)] = setting(0, "of the bad clips of the calibration")


@dataclass(frozen=True)
class TrainedSettings:
    """What is trained: every schedule with every seed."""

    schedules: tuple[str, ...] = setting(DEFAULT_SCHEDULES, "see docs/loop.md; all have the same updates")
    seeds: tuple[Annotated[int, Ge(0)], ...] = setting((0, 1, 2), "of weights and of the order of clips")
    pretrain: Annotated[float, Gt(0), Lt(1)] = setting(0.6, "share of the updates before fine-tuning")
    finetune_rate: Annotated[float, Gt(0), Le(10)] = setting(
        0.3, "of fine-tuning, times that of pre-training"
    )
    slt: dict[str, Any] = field(
        default_factory=dict, metadata={"doc": "settings of `signgen train slt`, without sources"}
    )

    def __post_init__(self) -> None:
        for name, values in (("schedules", self.schedules), ("seeds", self.seeds)):
            if not values or len(set(values)) != len(values):
                raise ConfigError(f"trained.{name}: name at least one, and each once")
        for name in self.schedules:
            if name not in DEFAULT_SCHEDULES:
                raise ConfigError(
                    f"trained.schedules: no schedule {name!r}{did_you_mean(name, DEFAULT_SCHEDULES)}"
                )
        if self.schedules[0] != BASE:
            raise ConfigError(f"trained.schedules: {BASE} comes first; the others are compared with it")


@dataclass(frozen=True)
class ScoredSettings:
    """What is reported on."""

    split: Literal["dev", "test"] = setting("test", "dev while settings are chosen, test at the end, once")
    language: str = setting("en", "of the texts; it chooses how words are told apart")
    judge: tuple[str, ...] = setting((), "who scores the made poses; not who chose them; none: nobody")
    clips: Annotated[int, Ge(8)] = setting(200, "of each kind that this judge reads")


@dataclass(frozen=True)
class LoopSettings:
    """Everything that a loop depends on."""

    real: RealSettings
    texts: TextSettings
    made: MadeSettings = field(default_factory=MadeSettings)
    chosen: ChosenSettings = field(default_factory=ChosenSettings)
    trained: TrainedSettings = field(default_factory=TrainedSettings)
    scored: ScoredSettings = field(default_factory=ScoredSettings)


SECTIONS: Mapping[str, type[Any]] = {
    "real": RealSettings,
    "texts": TextSettings,
    "made": MadeSettings,
    "chosen": ChosenSettings,
    "trained": TrainedSettings,
    "scored": ScoredSettings,
}


def prepare(values: Mapping[str, Any]) -> LoopSettings:
    """Settings from plain values; each section is checked by itself, so that errors name it.

    Raises:
        ConfigError: an unknown setting, a wrong type, or a value out of range.
    """
    for name in values:
        if name not in SECTIONS:
            raise ConfigError(f"{name}: unknown setting{did_you_mean(name, SECTIONS)}")
    parts = {}
    for name, kind in SECTIONS.items():
        given = values.get(name) or {}
        if not isinstance(given, Mapping):
            raise ConfigError(f"{name}: expected a mapping of settings, got {given!r}")
        parts[name] = check(kind, given, where=name)
    return LoopSettings(**parts)

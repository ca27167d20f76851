"""The settings of a training of the SignDW Transformer: what is learned from, the network, and how it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Lt

from signgen.config import did_you_mean, setting
from signgen.errors import ConfigError
from signgen.nn.device import Precision
from signgen.nn.settings import OptimizerSettings, Seed, prepared
from signgen.signdw.flow_settings import REFINERS, RefinerSettings
from signgen.signdw.settings import PRESETS, Head, SignDWSettings

DEFAULT_PRESET = "signdw-tiny"


@dataclass(frozen=True)
class SignDWData:
    """What is learned from."""

    sources: Mapping[str, Path] = field(
        default_factory=dict, metadata={"doc": "folders with train/ and dev/ of columnar shards, by name"}
    )
    weights: Mapping[str, Annotated[float, Ge(0)]] = field(
        default_factory=dict,
        metadata={"doc": "how often clips of a source are drawn, by its name; without any: by size"},
    )
    texts: tuple[Path, ...] = setting(
        (), "corpora of texts and glosses alone (--no-poses), which the further plans of an update come from"
    )
    tokenizer: Path | None = setting(None, "folder of the trained motion tokenizer")
    signs: Path | None = setting(
        None, "folder of columnar shards of isolated signs with their gloss (model.is_retrieving)"
    )
    cache: Path | None = setting(None, "folder for codes, which are made once; none: made at each start")
    pool: Annotated[int, Ge(1)] = setting(32, "batches that are sorted by length together")


@dataclass(frozen=True)
class SignDWTraining(OptimizerSettings):
    """How it learns."""

    steps: Annotated[int, Ge(1)] = setting(5000, "updates")
    start: Path | None = setting(
        None, "checkpoint or training to take the first weights from; none: from chance"
    )
    batch: Annotated[int, Ge(1)] = setting(32, "clips in a batch of one process")
    plan_batch: Annotated[int, Ge(0)] = setting(
        0, "further clips in an update of one process of which texts and plans alone are learned"
    )
    accumulate: Annotated[int, Ge(1)] = setting(1, "batches in an update")
    warmup: Annotated[int, Ge(0)] = setting(200, "updates over which the learning rate rises")
    average: Annotated[float, Ge(0), Lt(1)] = setting(
        0.999, "share of the moving average of weights that an update keeps; 0: the weights themselves"
    )
    precision: Precision = setting("float32", "of matrix products: float32 or bf16")
    validate_every: Annotated[int, Ge(1)] = setting(500, "updates between looks at the dev set")
    patience: Annotated[int, Ge(0)] = setting(
        0, "looks without a better dev loss before it ends; 0: any number"
    )
    dev_clips: Annotated[int, Ge(1)] = setting(256, "dev clips that are looked at")
    samples: Annotated[int, Ge(0)] = setting(2, "dev sentences that are signed at each look")
    tensorboard: bool = setting(False, "also write the figures for TensorBoard")


@dataclass(frozen=True)
class SignDWRun:
    """Everything that a training depends on."""

    data: SignDWData = field(default_factory=SignDWData)
    model: SignDWSettings = field(default_factory=lambda: PRESETS[DEFAULT_PRESET])
    train: SignDWTraining = field(default_factory=SignDWTraining)
    refiner: RefinerSettings = field(default_factory=lambda: REFINERS[DEFAULT_PRESET])
    head: Head = "token"
    seed: Seed = 0


def prepare_signdw(values: Mapping[str, Any] | None = None) -> SignDWRun:
    """Settings from plain values; ``model.preset`` names one of `PRESETS` that the other values change.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range, or settings contradict each other.
    """
    head = (values or {}).get("head", "token")
    if head not in get_args(Head):
        raise ConfigError(f"head: expected {', '.join(get_args(Head))}, got {head!r}")
    presets = {name: {"model": PRESETS[name], "refiner": REFINERS[name]} for name in PRESETS}
    run = prepared(SignDWRun, values, presets, DEFAULT_PRESET)
    _check_weights(run.data)
    return run


def _check_weights(data: SignDWData) -> None:
    if not data.weights:
        return
    for name in data.weights:
        if name not in data.sources:
            raise ConfigError(f"data.weights: no source is called {name!r}{did_you_mean(name, data.sources)}")
    if not any(data.weights.values()):
        raise ConfigError("data.weights: all are 0; give at least one source a weight")

"""The settings of a corpus: how many sentences, how they are split, and how they are signed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from signgen.body.figure import SHOULDER_SHARE
from signgen.config import check, did_you_mean, setting
from signgen.errors import ConfigError

Range = tuple[float, float]
# What a range may lie in; beyond, the stitcher refuses or the body comes apart.
_LIMITS: Mapping[str, Range] = {
    "tempo": (0.25, 4.0), "amplitude": (0.1, 2.0), "transitions": (0.1, 5.0), "shoulders": (0.05, 0.8),
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How sentences are signed; ranges are drawn from evenly, once a sentence."""

    signers: Annotated[int, Ge(1), Le(100_000)] = setting(1, "made-up signers, shared by all splits")
    shape: Annotated[float, Ge(0), Le(0.2)] = setting(0.0, "sd of the log of a signer's bone lengths")
    left_handed: Annotated[float, Ge(0), Le(1)] = setting(0.0, "share of left-handed signers")
    tempo: Range = setting((1.0, 1.0), "range of the factor on the speed of everything")
    prosody: Annotated[float, Ge(0), Le(1)] = setting(0.0, "sd of the log of a sign's length in its sentence")
    amplitude: Range = setting((1.0, 1.0), "range of the factor on the movement of the hands within signs")
    transitions: Range = setting((1.0, 1.0), "range of the factor on the length of transitions")
    crop: Annotated[float, Ge(0), Le(0.4)] = setting(
        0.0, "largest share that a neighbour eats of either end of a sign"
    )
    retime: bool = setting(False, "signs as long as in continuous signing; else as long as citation forms")
    variants: Literal["first", "smooth", "random"] = setting(
        "first", "of several forms of a sign the first, the one that joins best, or any"
    )
    yaw: Annotated[float, Ge(0), Le(60)] = setting(0.0, "largest turn of the camera to either side [degrees]")
    pitch: Annotated[float, Ge(0), Le(45)] = setting(0.0, "largest tilt of the camera [degrees]")
    shoulders: Range = setting(
        (SHOULDER_SHARE, SHOULDER_SHARE), "range of the shoulder width, by short side of the canvas"
    )
    shift: Annotated[float, Ge(0), Le(0.3)] = setting(0.0, "largest way off the middle, by short side")
    noise: Annotated[float, Ge(0), Le(0.2)] = setting(0.0, "sd of keypoints [shoulder widths]")
    dropouts: Annotated[float, Ge(0), Le(10)] = setting(0.0, "times a second that each hand is lost")
    dropout_frames: Annotated[int, Ge(1), Le(100)] = setting(3, "mean length of such a loss in frames")
    missing: Annotated[float, Ge(0), Le(0.5)] = setting(0.0, "share of single keypoints that are missing")
    fps: Annotated[float, Ge(5), Le(60)] = setting(24.0, "frames per second")
    width: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas width in pixels")
    height: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas height in pixels")
    depth: bool = setting(False, "store depth too, 40 % more")

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            first, last = getattr(self, name)
            if not (math.isfinite(first) and math.isfinite(last) and low <= first <= last <= high):
                raise ConfigError(
                    f"style.{name}: expected two numbers from {low:g} to {high:g}, the smaller first, "
                    f"got {first:g} and {last:g}"
                )


# dictionary: clean citation forms one after another. real: everything that recordings of many people bring.
STYLES: Mapping[str, Style] = {
    "dictionary": Style(),
    "real": Style(
        signers=40, shape=0.06, left_handed=0.1, tempo=(0.8, 1.3), prosody=0.15, amplitude=(0.7, 1.15),
        transitions=(0.6, 1.1), crop=0.15, retime=True, variants="random", yaw=15.0, pitch=6.0,
        shoulders=(0.22, 0.34), shift=0.06, noise=0.012, dropouts=0.15, missing=0.002,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class CorpusSettings:
    """Everything that a corpus depends on, beside its grammar."""

    sentences: Annotated[int, Ge(1), Le(100_000_000)] = setting(1000, "in all splits together")
    dev: Annotated[float, Ge(0), Le(0.5)] = setting(0.1, "share of the sentences for dev")
    test: Annotated[float, Ge(0), Le(0.5)] = setting(0.1, "share of the sentences for test")
    disjoint: Literal["text", "none"] = setting(
        "text",
        "text: no two splits say the same, and dev and test say nothing twice; none: splits are drawn alike",
    )
    apart: Annotated[int, Ge(1), Le(2)] = setting(
        1, "words in which the texts of two splits differ at least, with disjoint=text"
    )
    seed: Annotated[int, Ge(0), Le((1 << 63) - 1)] = setting(0, "same seed, same bytes")
    poses: bool = setting(True, "make poses; else texts and glosses alone")
    lexicon: str = setting("", "where signs come from; empty: the grammar's")
    preset: Literal["dictionary", "real"] = setting("real", "style to start from")
    shard: Annotated[int, Ge(1), Le(100_000)] = setting(500, "sentences in a shard")
    style: Style = field(default_factory=lambda: STYLES["real"], metadata={"doc": "settings of the style"})

    def counts(self) -> dict[str, int]:
        """Sentences of each split; train gets what dev and test leave."""
        dev, test = (round(self.sentences * share) for share in (self.dev, self.test))
        return {"train": self.sentences - dev - test, "dev": dev, "test": test}


def prepare(values: Mapping[str, Any] | None = None) -> CorpusSettings:
    """Settings from plain values; ``style`` is laid over the preset.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    given = dict(values or {})
    style, preset = given.pop("style", None) or {}, given.get("preset", "real")
    if not isinstance(style, Mapping):
        raise ConfigError(f"style: expected settings by name, got {style!r:.80}")
    if preset not in STYLES:
        raise ConfigError(f"preset: {preset!r} is unknown{did_you_mean(str(preset), STYLES)}")
    settings = check(CorpusSettings, given)
    checked = check(Style, {**dataclasses.asdict(STYLES[preset]), **style}, where="style")
    return dataclasses.replace(settings, style=checked)

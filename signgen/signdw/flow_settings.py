"""The shape of a refiner and how it draws; one place for each default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Lt

from signgen.config import setting

Start = Literal["coarse", "noise"]


@dataclass(frozen=True)
class RefinerSettings:
    """The shape of a `Refiner` and what it is trained for. `REFINERS` has those of the presets of the network."""

    width: Annotated[int, Ge(8), Le(8192)] = setting(144, "features of all layers")
    layers: Annotated[int, Ge(1), Le(64)] = setting(6, "layers; their reach doubles twice, then begins anew")
    kernel: Annotated[int, Ge(1), Le(31)] = setting(5, "frames that a layer sees at once; odd")
    gloss_width: Annotated[int, Ge(1), Le(4096)] = setting(48, "features of a gloss")
    start: Start = setting(
        "noise", "what is learned: the whole pose, or (coarse) its difference from decoded codes"
    )
    code_noise: Annotated[float, Ge(0), Lt(1)] = setting(
        0.02, "share of codes replaced by chance in training"
    )
    code_dropout: Annotated[float, Ge(0), Le(1)] = setting(
        0.0, "share of clips trained without codes, by gloss and phase alone (start: noise)"
    )
    condition_dropout: Annotated[float, Ge(0), Lt(1)] = setting(
        0.1, "share of clips trained without any condition, for guidance"
    )
    known: Annotated[float, Ge(0), Le(1)] = setting(
        0.2, "share of clips trained with some frames given, for transitions"
    )
    bones: Annotated[float, Ge(0)] = setting(0.1, "weight of bone lengths, where there is little noise")
    visibility: Annotated[float, Ge(0)] = setting(0.1, "weight of telling which keypoints are there")


REFINERS = {
    "signdw-tiny": RefinerSettings(width=128),
    "signdw-40m": RefinerSettings(width=256, layers=7, gloss_width=96),
    "signdw-1.2b": RefinerSettings(width=832, layers=9, gloss_width=256),
}


@dataclass(frozen=True)
class RefineSettings:
    """How movements are refined."""

    steps: Annotated[int, Ge(1), Le(1000)] = setting(8, "steps from noise to poses")
    solver: Literal["euler", "heun"] = setting("euler", "one look at each step, or two")
    guidance: Annotated[float, Ge(0), Le(20)] = setting(
        1.0, "how much more codes and glosses count; 1: as learned, in one pass"
    )
    noise: Annotated[float, Ge(0), Le(2)] = setting(1.0, "size of the noise that is begun with")

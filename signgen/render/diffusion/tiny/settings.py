"""The settings of tiny-flow: the shape of its network, what a training reads and how it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.nn.device import Precision
from signgen.nn.settings import OptimizerSettings, Seed, prepared

Width = Annotated[int, Ge(8), Le(2048)]
Blocks = Annotated[int, Ge(1), Le(16)]
Preset = Literal["base", "smoke"]
GROUP = 8  # widths are multiples of it


@dataclass(frozen=True)
class TinyNetwork:
    """The shape of the network. From the second on, each stage halves the sides of the picture."""

    cell: Literal[4, 8] = setting(4, "side of the squares of pixels that the network takes as one place [px]")
    widths: tuple[Width, ...] = setting((48, 96, 192, 416), "channels of the stages, finest first")
    blocks: tuple[Blocks, ...] = setting((1, 1, 2, 2), "blocks of the stages, on the way down and up alike")
    attentive: Annotated[int, Ge(0), Le(8)] = setting(2, "how many of the coarsest stages have attention")
    head: Annotated[int, Ge(4), Le(256)] = setting(32, "channels of a head of attention")
    frequencies: Annotated[int, Ge(2), Le(512)] = setting(64, "waves that tell the level of noise; even")

    def __post_init__(self) -> None:
        """Check what needs more than a type."""
        if not 1 <= len(self.widths) <= 6 or len(self.blocks) != len(self.widths):
            raise ConfigError("model.blocks: one number for each of the widths, of which there are 1 to 6")
        if any(width % GROUP for width in self.widths):
            raise ConfigError(f"model.widths: multiples of {GROUP} are needed, got {list(self.widths)}")
        if self.frequencies % 2:
            raise ConfigError(f"model.frequencies: an even number is needed, got {self.frequencies}")
        if any(width % self.head for width in self.widths[max(0, len(self.widths) - self.attentive) :]):
            raise ConfigError(
                f"model.head: the widths with attention must be multiples of it, got {self.head}"
            )


NETWORKS: Mapping[str, TinyNetwork] = {
    "base": TinyNetwork(),
    "smoke": TinyNetwork(cell=8, widths=(64, 128, 192), blocks=(1, 1, 1), attentive=1),
}


@dataclass(frozen=True)
class TinyData:
    """What is learned from: folders with ``poses/`` and ``videos/`` of one signer each, see `material`."""

    sources: tuple[Path, ...] = setting((), "folders, one for each look of a signer")
    cache: Path | None = setting(None, "folder for the decoded frames; default: frames/ beside the training")
    window: Annotated[int, Ge(1), Le(256)] = setting(8, "frames of a training window")
    crop: Annotated[int, Ge(0), Le(4096)] = setting(
        0, "side of squares that windows are cut to, mostly about the signer [px]; 0: whole frames"
    )
    whole: Annotated[float, Ge(0), Le(1)] = setting(
        0.25, "share of batches of whole frames, where others are cut"
    )
    held_out: Annotated[int, Ge(0)] = setting(1, "last clips of each source that are only looked at")
    readers: Annotated[int, Ge(1), Le(64)] = setting(2, "threads that draw poses ahead of the network")


@dataclass(frozen=True)
class TinyTraining(OptimizerSettings):
    """How it learns."""

    start: Path | None = setting(
        None, "folder of a trained tiny-flow to begin with, of the same shape; default: from scratch"
    )
    steps: Annotated[int, Ge(1)] = setting(20000, "updates")
    batch: Annotated[int, Ge(1)] = setting(4, "windows in a batch")
    average: Annotated[float, Ge(0), Lt(1)] = setting(
        0.999, "share of the moving average of weights that stays"
    )
    shift: Annotated[float, Ge(1), Le(100)] = setting(
        3.0, "above 1 learns more of high noise; so do steps later"
    )
    floor: Annotated[float, Gt(0), Le(1)] = setting(
        0.3, "level of noise below which errors count no more than at it; above they count less"
    )
    hands: Annotated[float, Ge(1), Le(100)] = setting(6.0, "weight of a pixel near a hand")
    face: Annotated[float, Ge(1), Le(100)] = setting(3.0, "weight of a pixel of the face")
    unconditional: Annotated[float, Ge(0), Lt(1)] = setting(
        0.1, "share of windows without poses, so that guidance is possible"
    )
    colour: Annotated[float, Ge(0), Lt(1)] = setting(
        0.2, "how much red, green and blue of a window are scaled, reference alike: colours come from there"
    )
    precision: Precision = setting("float32", "of matrix products: float32 or bf16")
    validate_every: Annotated[int, Ge(1)] = setting(500, "updates between looks at what was held out")
    sample_steps: Annotated[int, Ge(1), Le(100)] = setting(4, "steps of the sample pictures")


@dataclass(frozen=True)
class TinyRun:
    """Everything that a training of tiny-flow depends on."""

    data: TinyData = field(default_factory=TinyData)
    model: TinyNetwork = field(default_factory=TinyNetwork)
    train: TinyTraining = field(default_factory=TinyTraining)
    seed: Seed = 0


def prepare_tiny(values: Mapping[str, Any] | None = None) -> TinyRun:
    """Settings from plain values; ``model.preset`` is one of `NETWORKS`, other settings are laid over it.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    return prepared(TinyRun, values, {name: {"model": network} for name, network in NETWORKS.items()}, "base")

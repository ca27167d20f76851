"""The settings of a motion tokenizer: its shape, what its training reads and how it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Lt

from signgen.config import setting
from signgen.nn.device import Precision
from signgen.nn.settings import OptimizerSettings, Seed, prepared

Levels = Annotated[int, Ge(1), Le(64)]
Size = Annotated[int, Ge(2), Le(65536)]


@dataclass(frozen=True)
class TokenizerSettings:
    """The shape of a `MotionTokenizer`."""

    parts: Literal["split", "single"] = setting(
        "split", "codes for body, hands and face, or for all together"
    )
    rvq: Levels = setting(2, "residual levels of each part")
    body_rvq: Levels | None = setting(None, "levels of the body; none: as rvq")
    hand_rvq: Levels | None = setting(None, "levels of each hand; none: as rvq")
    face_rvq: Levels | None = setting(None, "levels of the face; none: as rvq")
    body_size: Size = setting(64, "codes of a level of the body")
    hand_size: Size = setting(
        512, "codes of a level of a hand; both hands share them, the right one mirrored"
    )
    face_size: Size = setting(128, "codes of a level of the face")
    single_size: Size = setting(512, "codes of a level of all together (parts: single)")
    width: Annotated[int, Ge(8), Le(4096)] = setting(96, "features of convolutions")
    code_width: Annotated[int, Ge(2), Le(1024)] = setting(32, "features of a code")
    depth: bool = setting(False, "keypoints have a third coordinate")

    @property
    def channels(self) -> int:
        """Coordinates of a keypoint."""
        return 3 if self.depth else 2


@dataclass(frozen=True)
class TokenizerData:
    """What is learned from: folders with train/ and dev/ of columnar shards."""

    sources: tuple[Path, ...] = setting((), "folders of corpora")
    window: Annotated[int, Ge(4), Le(4096)] = setting(64, "frames of a training window, at 24 a second")


@dataclass(frozen=True)
class TokenizerTraining(OptimizerSettings):
    """How it learns."""

    steps: Annotated[int, Ge(1)] = setting(3000, "updates")
    batch: Annotated[int, Ge(1)] = setting(32, "windows in a batch")
    decay: Annotated[float, Ge(0)] = setting(1e-4, "weight decay")
    warmup: Annotated[int, Ge(0)] = setting(50, "updates over which the learning rate rises")
    begin: Annotated[int, Ge(1)] = setting(
        64, "batches that principal components and first codes are taken from"
    )
    velocity: Annotated[float, Ge(0)] = setting(0.1, "weight of movement between frames")
    bones: Annotated[float, Ge(0)] = setting(0.1, "weight of bone lengths")
    visibility: Annotated[float, Ge(0)] = setting(0.1, "weight of telling which keypoints are there")
    commitment: Annotated[float, Ge(0)] = setting(0.1, "weight of staying near codes")
    hide: Annotated[float, Ge(0), Lt(1)] = setting(
        0.2, "share of keypoints hidden from a window at most; they are to be found all the same"
    )
    vary: Annotated[float, Ge(0), Le(4)] = setting(
        0.0,
        "how much parts of windows are turned, scaled and reshaped; 1: about twice as much as people differ",
    )
    level_dropout: Annotated[float, Ge(0), Le(1)] = setting(
        0.1, "share of windows with fewer levels, so that first levels say most"
    )
    precision: Precision = setting("float32", "of matrix products: float32 or bf16")
    validate_every: Annotated[int, Ge(1)] = setting(500, "updates between looks at the dev set")


@dataclass(frozen=True)
class TokenizerRun:
    """Everything that the training of a tokenizer depends on."""

    data: TokenizerData = field(default_factory=TokenizerData)
    model: TokenizerSettings = field(default_factory=TokenizerSettings)
    train: TokenizerTraining = field(default_factory=TokenizerTraining)
    seed: Seed = 0


def prepare_tokenizer(values: Mapping[str, Any] | None = None) -> TokenizerRun:
    """Settings from plain values.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    return prepared(TokenizerRun, values)

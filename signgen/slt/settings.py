"""The settings of a training: what is read, the model, the optimiser, decoding; one strict check of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.nn.settings import OptimizerSettings, Seed, prepared
from signgen.slt.augment import Augmentation
from signgen.slt.features import FPS


@dataclass(frozen=True)
class DataSettings:
    """What is learned from; each source is a folder with train/, dev/ and test/ of columnar shards."""

    sources: dict[str, Path] = field(
        default_factory=dict, metadata={"doc": "folders by name, such as real: DIR"}
    )
    target: str = setting("", "source whose dev and test sets count; empty: the first")
    fps: Annotated[float, Gt(0), Le(120)] = setting(FPS, "frames per second that the model sees")
    max_frames: Annotated[int, Ge(1)] = setting(
        400, "longer training clips are left out, at the model's rate"
    )
    max_tokens: Annotated[int, Ge(1)] = setting(200, "training texts of more tokens are left out")
    is_lower: bool = setting(False, "make all texts lower case")
    videos: Path | None = setting(None, "folder of the videos that clips name (video models)")
    cache: Path | None = setting(None, "folder for normalised keypoints, to start faster the next time")


@dataclass(frozen=True)
class TokenSettings:
    """How texts become numbers."""

    kind: Literal["pieces", "words"] = setting("pieces", "sentencepiece units or whole words")
    size: Annotated[int, Ge(8)] | None = setting(1000, "largest number of units; none: all words")


# Front ends that look at pictures, where the others look at keypoints.
VIDEO_FRONTENDS = ("cnn", "pretrained")


@dataclass(frozen=True)
class ModelSettings:
    """The shape of a translator. `PRESETS` has complete ones."""

    frontend: Literal["linear", "temporal", "recurrent", "graph", "cnn", "pretrained"] = setting(
        "linear", "what looks at frames"
    )
    width: Annotated[int, Ge(8), Le(8192)] = setting(96, "features of transformer layers")
    heads: Annotated[int, Ge(1), Le(256)] = setting(4, "attention heads; divides width")
    inner: Annotated[int, Ge(8), Le(65536)] = setting(256, "features inside feed-forward layers")
    encoder_layers: Annotated[int, Ge(0), Le(64)] = setting(2, "layers over frames")
    decoder_layers: Annotated[int, Ge(1), Le(64)] = setting(2, "layers over words")
    dropout: Annotated[float, Ge(0), Lt(1)] = setting(0.1, "share of features that training leaves out")
    is_tied: bool = setting(True, "one matrix for words going in and coming out")
    is_word_normed: bool = setting(False, "batch norm and softsign on words, as on frames")
    is_in_parts: bool = setting(True, "hands and face from their own root, enlarged; else all from the neck")
    graph_width: Annotated[int, Ge(4), Le(1024)] = setting(24, "features of the first graph layer (graph)")
    video: Path | None = setting(
        None, "folder of an image encoder of transformers or a timm weight file (pretrained)"
    )
    is_frozen: bool = setting(True, "leave the image encoder as it is (pretrained)")
    image_size: Annotated[int, Ge(16), Le(512)] = setting(
        112, "height and width of images (cnn, pretrained) [px]"
    )

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width % 2:
            raise ConfigError(
                f"model.width: {self.width} must be even and divisible by model.heads ({self.heads})"
            )
        if self.frontend == "pretrained" and self.video is None:
            raise ConfigError("model.video: the pretrained front end needs the path of its weights")


PRESETS = {
    "tiny": ModelSettings(),
    "small": ModelSettings(width=192, inner=640, encoder_layers=3, decoder_layers=3),
    # The configuration of Sign Language Transformers (Camgoz et al., 2020), but for the size of the input.
    "slt": ModelSettings(
        width=512, heads=8, inner=2048, encoder_layers=3, decoder_layers=3,
        is_tied=False, is_word_normed=True, is_in_parts=False,
    ),
    "temporal": ModelSettings(frontend="temporal", encoder_layers=1),
    "recurrent": ModelSettings(frontend="recurrent", encoder_layers=0),
    "graph": ModelSettings(frontend="graph", encoder_layers=1),
    "video": ModelSettings(frontend="cnn"),
}  # fmt: skip


@dataclass(frozen=True)
class TrainSettings(OptimizerSettings):
    """How it is trained."""

    steps: Annotated[int, Ge(1)] = setting(2000, "updates at most")
    batch: Annotated[int, Ge(1)] = setting(32, "clips in a batch, on each device")
    schedule: Literal["cosine", "plateau", "constant"] = setting(  # type: ignore[assignment]  # one more
        "cosine", "how the learning rate falls"
    )
    factor: Annotated[float, Gt(0), Lt(1)] = setting(0.7, "fall of the learning rate at a plateau")
    plateau: Annotated[int, Ge(0)] = setting(8, "validations without a better score that are a plateau")
    lowest: Annotated[float, Ge(0)] = setting(1e-7, "learning rate at which a plateau ends the training")
    smoothing: Annotated[float, Ge(0), Lt(1)] = setting(0.1, "label smoothing")
    gloss_weight: Annotated[float, Ge(0)] = setting(0.3, "weight of the gloss loss; 0: gloss-free")
    per: Literal["token", "sentence"] = setting("token", "what the translation loss is averaged over")
    precision: Literal["float32", "bf16"] = setting("float32", "of matrix products")
    validate_every: Annotated[int, Ge(1)] = setting(200, "updates between two looks at the dev set")
    patience: Annotated[int, Ge(0)] = setting(
        0, "validations without a better score that end the training; 0: none"
    )
    score: Literal["bleu", "log_likelihood"] = setting("bleu", "what is best on the dev set")
    bleu_tokenizer: str = setting("13a", "sacrebleu's tokenizer of dev texts, such as 13a, none, zh, char")
    pool: Annotated[int, Ge(1)] = setting(16, "batches that are sorted by length together")


@dataclass(frozen=True)
class DecodeSettings:
    """How a text is found."""

    beam: Annotated[int, Ge(1), Le(64)] = setting(1, "texts that are followed side by side; 1: greedy")
    alpha: Annotated[float, Ge(0), Le(5)] = setting(1.0, "length penalty; 0: none")
    longest: Annotated[int, Ge(1), Le(1000)] = setting(60, "tokens of a text at most")


@dataclass(frozen=True)
class SltSettings:
    """Everything that a training depends on."""

    data: DataSettings = field(default_factory=DataSettings)
    augment: Augmentation = field(default_factory=Augmentation)
    tokens: TokenSettings = field(default_factory=TokenSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    seed: Seed = 0


def prepare(values: Mapping[str, Any] | None = None) -> SltSettings:
    """Settings from plain values; ``model.preset`` starts from one of `PRESETS`.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    return prepared(SltSettings, values, {name: {"model": model} for name, model in PRESETS.items()}, "tiny")

"""The settings of `signgen train controlnet` and `posenet`: what they read, start from, and how they learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from signgen.config import setting
from signgen.nn.device import Precision
from signgen.nn.settings import OptimizerSettings, Seed, prepared

Share = Annotated[float, Ge(0), Le(1)]
Side = Annotated[int, Ge(8), Le(4096)]


@dataclass(frozen=True)
class VideoData:
    """What is learned from: videos with poses; `signgen.render.diffusion.training.pairs` says how they lie."""

    sources: tuple[Path, ...] = setting(
        (), "folders of videos with poses, or manifests of data sets (.jsonl)"
    )
    poses: Path | None = setting(
        None, "folder of the data set that was built of the manifests, with the poses"
    )
    cache: Path | None = setting(
        None, "folder for what the frozen networks make of the videos; default: encoded/ beside the training"
    )
    width: Side | None = setting(None, "width of the frames [px]; default: that of the videos")
    height: Side | None = setting(None, "height of the frames [px]; default: that of the videos")
    held_out: Annotated[int, Ge(0)] = setting(1, "last clips of each source that are only looked at")
    readers: Annotated[int, Ge(1), Le(64)] = setting(2, "threads that draw poses ahead of the network")


@dataclass(frozen=True)
class WindowData(VideoData):
    """What PoseNet learns from: windows of frames, each with a picture of the same signer."""

    window: Annotated[int, Ge(2), Le(256)] = setting(
        16, "frames that the network sees at once, that of the picture included"
    )
    pictures: Annotated[int, Ge(1), Le(4096)] = setting(
        16, "frames of each clip, evenly spread, that can be the picture of the signer"
    )


@dataclass(frozen=True)
class Focus:
    """How much errors at hands and face count; see `signgen.render.diffusion.training.regions`."""

    hands: Annotated[float, Ge(0), Le(0.4)] = setting(
        0.2, "share of a frame's loss that lies in the box of each hand, where it is surely seen"
    )
    face: Annotated[float, Ge(0), Le(0.19)] = setting(0.1, "that of the face")
    margin: Annotated[float, Ge(0), Le(2)] = setting(
        0.25, "how far a box reaches beyond its keypoints, in its larger side"
    )
    most: Annotated[float, Ge(0), Le(1000)] = setting(
        25.0, "what a part adds at most to the weight of a latent: hands far away count less"
    )


@dataclass(frozen=True)
class DiffusionTraining(OptimizerSettings):
    """How it learns."""

    steps: Annotated[int, Ge(1)] = setting(20000, "updates")
    batch: Annotated[int, Ge(1)] = setting(4, "windows in a batch of one process")
    accumulate: Annotated[int, Ge(1)] = setting(1, "batches of an update, for less memory")
    rate: Annotated[float, Gt(0)] = setting(1e-5, "highest learning rate")
    betas: tuple[float, float] = setting((0.9, 0.999), "how fast the optimiser forgets")
    schedule: Literal["cosine", "constant"] = setting("constant", "how the learning rate falls")
    warmup: Annotated[int, Ge(0)] = setting(500, "updates over which the learning rate rises")
    average: Annotated[float, Ge(0), Lt(1)] = setting(
        0.0, "share of the moving average of weights that stays; 0: no average"
    )
    unconditional: Annotated[float, Ge(0), Lt(1)] = setting(
        0.1, "share of windows without words (controlnet), or picture and poses (posenet), for guidance"
    )
    precision: Precision = setting("float32", "of matrix products and of frozen weights: float32 or bf16")
    checkpointing: bool = setting(False, "compute parts twice instead of keeping them: less memory, slower")
    validate_every: Annotated[int, Ge(1)] = setting(500, "updates between looks at what was held out")
    dev_windows: Annotated[int, Ge(1), Le(1000)] = setting(16, "held-out windows that are looked at, at most")
    samples: Annotated[int, Ge(0), Le(16)] = setting(2, "held-out clips drawn as pictures at each look")
    sample_steps: Annotated[int, Ge(1), Le(1000)] = setting(20, "denoising steps of these pictures")
    sample_guidance: Annotated[float, Ge(1), Le(30)] = setting(2.0, "their guidance")
    tensorboard: bool = setting(False, "write figures as TensorBoard event files too")


@dataclass(frozen=True)
class PoseNetTraining(DiffusionTraining):
    """How PoseNet learns."""

    batch: Annotated[int, Ge(1)] = setting(1, "windows in a batch of one process")
    rate: Annotated[float, Gt(0)] = setting(1e-4, "highest learning rate")
    level_mean: Annotated[float, Ge(-10), Le(10)] = setting(
        0.7, "mean of the logarithm of the noise level, as Stable Video Diffusion is tuned"
    )
    level_spread: Annotated[float, Ge(0), Le(10)] = setting(1.6, "deviation of that logarithm")


@dataclass(frozen=True)
class ControlNetStart:
    """What a ControlNet starts from."""

    base: str = setting("sd-1.5", "Stable Diffusion 1.5, frozen: a card, a folder, or OWNER/NAME@COMMIT")
    controlnet: str = setting(
        "", "a ControlNet to go on with, likewise; default: a new one from the base's own layers"
    )
    download: bool = setting(False, "get weights that are missing from their hub; else nothing is downloaded")
    condition: tuple[Annotated[int, Ge(1), Le(4096)], ...] = setting(
        (16, 32, 96, 256),
        "channels through which a new one reads pose pictures; all but the first halve them",
    )
    prompt: str = setting(
        "a person using sign language, upper body, hands in view",
        "what frames show, in words; prompt.txt in a source says it for that source",
    )


@dataclass(frozen=True)
class PoseNetStart:
    """What PoseNet and the temporal layers start from."""

    base: str = setting(
        "svd-xt-1.1",
        "Stable Video Diffusion in diffusers' layout, frozen: a card, a folder, OWNER/NAME@COMMIT",
    )
    weights: str = setting(
        "", "MimicMotion's weights to go on with; default: the UNet of the base and a new PoseNet"
    )
    download: bool = setting(False, "get weights that are missing from their hub; else nothing is downloaded")
    rank: Annotated[int, Ge(0), Le(512)] = setting(
        16, "rank of what is learned on top of attention over time (LoRA); 0: PoseNet alone"
    )


@dataclass(frozen=True)
class ControlNetRun:
    """Everything that the training of a ControlNet depends on."""

    data: VideoData = field(default_factory=VideoData)
    model: ControlNetStart = field(default_factory=ControlNetStart)
    focus: Focus = field(default_factory=Focus)
    train: DiffusionTraining = field(default_factory=DiffusionTraining)
    seed: Seed = 0


@dataclass(frozen=True)
class PoseNetRun:
    """Everything that the training of a PoseNet depends on."""

    data: WindowData = field(default_factory=WindowData)
    model: PoseNetStart = field(default_factory=PoseNetStart)
    focus: Focus = field(default_factory=Focus)
    train: PoseNetTraining = field(default_factory=PoseNetTraining)
    seed: Seed = 0


def prepare_controlnet(values: Mapping[str, Any] | None = None) -> ControlNetRun:
    """Settings from plain values.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    return prepared(ControlNetRun, values)


def prepare_posenet(values: Mapping[str, Any] | None = None) -> PoseNetRun:
    """Settings from plain values.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    return prepared(PoseNetRun, values)

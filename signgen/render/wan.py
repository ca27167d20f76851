"""The `wan` renderer: poses as video by Wan-VACE or Wan-Animate, with the user's own weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.diffusion.settings import DiffusionSettings, Precision

Model = Literal["vace", "animate"]
# Weights, drawing profile, guidance and prompt of each model, as its publisher runs it.
OWN_WEIGHTS: dict[Model, str] = {"vace": "wan-vace-1.3b", "animate": "wan-animate-14b"}
OWN_GUIDANCE: dict[Model, float] = {"vace": 5.0, "animate": 1.0}
OWN_PROMPT: dict[Model, str] = {
    "vace": "a person using sign language, upper body, hands in view, plain grey wall, studio light",
    # "The people in the video are doing actions": what Wan-Animate was trained and is run with.
    "animate": "视频中的人在做动作",
}


@renderers.register("wan")
@dataclass(frozen=True)
class Wan(DiffusionSettings):
    """Poses as video by Wan 2.1 VACE (a prompt, with or without an appearance) or Wan 2.2 Animate (an appearance)."""

    model: Model = setting(
        "vace", "vace: looks from words and a picture; animate: from a picture, with its face"
    )
    weights: str = setting(
        "",
        "a name in `signgen show checkpoints`, a folder in diffusers' layout, or OWNER/NAME@REVISION of a hub; "
        "default: wan-vace-1.3b or wan-animate-14b",
    )
    guidance: Annotated[float, Ge(0), Le(30)] = setting(
        0.0, "how much the prompt counts; 1 halves the work; 0: 5 for vace, 1 for animate"
    )
    prompt: str = setting("", "what the video shows, in words; default: the model's own")
    negative: str = setting(
        "deformed hands, fused fingers, extra limbs, blurry, overexposed, subtitles, still picture",
        "what it does not show; without effect where guidance is 1",
    )
    solver: Literal["unipc", "euler"] = setting(
        "unipc", "steps along the flow; unipc, with which Wan is published, needs fewer"
    )
    shift: Annotated[float, Gt(0), Le(100)] | None = setting(
        None, "above 1: more of the steps among high noise, for larger frames; default: as the weights say"
    )
    control_scale: Annotated[float, Ge(0), Le(4)] = setting(
        1.0, "how firmly the poses hold the video; vace alone"
    )
    face_video: str = setting(
        "", "video of faces, one for each pose, for animate; default: the avatar's in the same poses"
    )
    background_video: str = setting(
        "",
        "footage that the signer is put into, one picture for each pose; with mask_video, and without retarget",
    )
    mask_video: str = setting(
        "", "video that is white where the footage is made anew and black where it stays"
    )
    precision: Precision = setting("auto", "of the network; auto: bf16 on a GPU, float32 on a CPU")

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        if 0 < self.guidance < 1:
            raise ConfigError(f"renderer.guidance: {self.guidance} is below 1; 1 is none, 0 the model's own")
        if bool(self.background_video) != bool(self.mask_video):
            given, missing = "background_video", "mask_video"
            if self.mask_video:
                given, missing = missing, given
            raise ConfigError(f"renderer.{missing}: needed with {given}; give both, or neither")
        if self.model == "vace" and self.face_video:
            raise ConfigError(
                "renderer.face_video: vace does not look at faces; use model=animate, or leave it out"
            )
        if self.model == "animate" and self.control_scale != 1:
            raise ConfigError(
                "renderer.control_scale: animate has no such scale; leave it out, or use model=vace"
            )
        if self.background_video:  # poses that belong to footage stay where the footage has them
            object.__setattr__(self, "retarget", False)
        if not self.weights:
            object.__setattr__(self, "weights", OWN_WEIGHTS[self.model])

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` goes before the setting.

        Raises:
            CheckpointError: weights that are missing, damaged or of another network.
            ConfigError: settings that the weights were not trained for, or footage too short.
            DataError: a portrait that nobody has consented to, or a file that cannot be read.
            DependencyError: the extra ``diffusion`` is not installed.
            RenderError: numbers overflowed.
            ResourceError: memory or disk run out.
        """
        return self.part(poses, range(len(poses)), appearance, seed=seed)

    def part(
        self, poses: PoseSequence, frames: range, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Some of the frames, with the proportions and the appearance of the whole clip."""
        if len(frames) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("wan")
        from signgen.render.diffusion.wan.setting_up import set_stage

        stage = set_stage(self, poses, appearance, frames)
        from signgen.render.diffusion.wan.film import film

        return film(stage, seed)

"""Settings that the renderers `controlnet` and `animatediff` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.render.diffusion.settings import DiffusionSettings, Profile

Share = Annotated[float, Ge(0), Le(1)]
Scale = Annotated[float, Ge(0), Le(4)]
Start = Literal["noise", "appearance", "avatar"]


@dataclass(frozen=True)
class StableSettings(DiffusionSettings):
    """What a Stable Diffusion with a ControlNet is told."""

    weights: str = setting(
        "sd-1.5",
        "Stable Diffusion as diffusers saves it: a name in `signgen show checkpoints`, a folder, "
        "or OWNER/NAME@COMMIT of a hub",
    )
    controlnet: str = setting("controlnet-openpose-1.5", "ControlNet for poses of the same family, likewise")
    adapter: str = setting(
        "ip-adapter-1.5", "IP-Adapter that looks at the appearance, likewise or its .safetensors; empty: none"
    )
    encoder: str = setting(
        "", "folder of the IP-Adapter's picture encoder; default: image_encoder beside the adapter"
    )
    guidance: Annotated[float, Ge(1), Le(30)] = setting(
        7.0, "how much the prompt counts; 1 halves the work and leaves the negative prompt out"
    )
    profile: Profile | None = setting(
        None, "drawing of the poses that the ControlNet was trained with; default: as its card, or controlnet"
    )
    prompt: str = setting(
        "a person using sign language, upper body, hands in view, plain grey wall, studio light",
        "what the frames show, in words; at most 75 tokens",
    )
    negative: str = setting(
        "deformed hands, extra fingers, missing fingers, blurry, text", "what they do not show"
    )
    look_scale: Scale = setting(0.7, "weight of the appearance beside the words, for the IP-Adapter")
    control_scale: Scale = setting(1.0, "how firmly the poses hold the frames")
    control_start: Share = setting(0.0, "share of the steps before which the poses are not shown")
    control_end: Share = setting(1.0, "share of the steps after which the poses are not shown")
    start: Start = setting(
        "noise",
        "begin from noise, from the appearance, or from frames of the avatar: of appearance=avatar:NAME, or ada",
    )
    strength: Annotated[float, Gt(0), Le(1)] = setting(
        0.6, "how much of a start that is not noise is drawn anew"
    )

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        if self.control_start >= self.control_end:
            raise ConfigError(
                f"renderer.control_start: {self.control_start} must be below control_end ({self.control_end})"
            )
        if self.start != "noise" and round(self.steps * self.strength) < 1:
            raise ConfigError(
                f"renderer.strength: {self.strength} of {self.steps} steps is none; "
                f"use {0.5 / self.steps + 0.001:.3f} or more"
            )

    def weight_names(self) -> tuple[str, ...]:
        """The base, the ControlNet, and the IP-Adapter where it has something to look at."""
        looks = (self.adapter,) if self.appearance and self.adapter else ()
        return (self.weights, self.controlnet, *looks)

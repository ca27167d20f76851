"""What Stable Diffusion predicts for pictures, and with AnimateDiff for a clip: ControlNet and guidance included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

if TYPE_CHECKING:
    from signgen.render.diffusion.sampling import Steps
    from signgen.render.diffusion.stable.words import Words

Control: TypeAlias = Callable[[Sequence[int]], torch.Tensor]


@dataclass(frozen=True)
class Prompt:
    """What one pass of guidance is told to show.

    Attributes:
        words: the text.
        look: (1, 1, ...) the appearance as the IP-Adapter takes it, if there is one.
    """

    words: Words
    look: torch.Tensor | None = None


@dataclass(frozen=True)
class Hold:
    """How firmly the pose pictures hold the frames.

    Attributes:
        scale: what the ControlNet's outputs are multiplied by.
        start: share of the steps before which it is silent.
        end: share of the steps after which it is silent.
    """

    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0

    def at(self, step: int, count: int) -> float:
        """The scale in a step of so many."""
        silent = step / count < self.start or (step + 1) / count > self.end
        return 0.0 if silent else self.scale


@dataclass
class PictureDenoiser:
    """A `Denoiser` whose frames are independent pictures.

    Attributes:
        unet: ``UNet2DConditionModel``.
        controlnet: ``ControlNetModel`` of the same family.
        control: pose pictures (n, 3, H, W) from 0 to 1 of frames by number.
        prompts: without guidance that of the frames alone; with it the negative one stands first.
        steps: the schedule.
        size: height and width of the frames [px], of which SDXL is told.
        guidance: how far beyond the negative prompt to go; used if there are two prompts.
        hold: how firmly the poses hold.
        first_step: where the run starts; `Hold` counts the steps from there.
        split: run the passes of guidance one after the other, for less memory.
    """

    unet: Any
    controlnet: Any
    control: Control
    prompts: tuple[Prompt, ...]
    steps: Steps
    size: tuple[int, int]
    guidance: float = 1.0
    hold: Hold = field(default_factory=Hold)
    first_step: int = 0
    split: bool = False

    def __call__(self, latents: torch.Tensor, step: int, frames: Sequence[int]) -> torch.Tensor:
        """(n, C, h, w) guided prediction."""
        latents = latents.to(self.unet.dtype)
        scale = self.hold.at(step - self.first_step, self.steps.count - self.first_step)
        pictures = self.control(frames).to(latents) if scale else None
        passes = [(prompt,) for prompt in self.prompts] if self.split else [self.prompts]
        parts: list[torch.Tensor] = []
        for prompts in passes:
            parts += self._predict(latents, step, pictures, scale, prompts).chunk(len(prompts))
        if len(parts) == 1:
            return parts[0]
        without, shown = parts
        return without + self.guidance * (shown - without)

    def _predict(
        self,
        latents: torch.Tensor,
        step: int,
        pictures: torch.Tensor | None,
        scale: float,
        prompts: tuple[Prompt, ...],
    ) -> torch.Tensor:
        """(passes n, C, h, w) what the networks say, pass after pass."""
        time = self.steps.timestep(step).to(latents.device)
        passes, count = len(prompts), len(latents)
        batch = latents.repeat(passes, 1, 1, 1)
        states = torch.cat([prompt.words.states for prompt in prompts]).to(batch)
        told: dict[str, Any] = {
            "encoder_hidden_states": states.repeat_interleave(count, 0),
            "added_cond_kwargs": self._frame_told(prompts, batch),
            "return_dict": False,
        }
        residuals: dict[str, Any] = {}
        if pictures is not None:
            shown = pictures.repeat(passes, 1, 1, 1)
            down, middle = self.controlnet(
                batch, time, controlnet_cond=shown, conditioning_scale=scale, **told
            )
            residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        looks = [prompt.look for prompt in prompts if prompt.look is not None]
        look = torch.cat(looks).to(batch) if looks else None
        return self._run(batch, time, look, count, {**told, **residuals})

    def _run(
        self,
        batch: torch.Tensor,
        time: torch.Tensor,
        looks: torch.Tensor | None,
        count: int,
        told: dict[str, Any],
    ) -> torch.Tensor:
        """The picture network on (passes count, C, h, w) latents; looks are (passes, 1, ...)."""
        if looks is not None:
            of_the_frames = {"image_embeds": [looks.repeat_interleave(count, 0)]}
            told = {**told, "added_cond_kwargs": {**told["added_cond_kwargs"], **of_the_frames}}
        predicted: torch.Tensor = self.unet(batch, time, **told)[0]
        return predicted

    def _frame_told(self, prompts: tuple[Prompt, ...], batch: torch.Tensor) -> dict[str, Any]:
        """SDXL is told the prompt in one vector and the size and crop of the picture; 1.5 nothing."""
        pooled = [prompt.words.pooled for prompt in prompts if prompt.words.pooled is not None]
        if not pooled:
            return {}
        vectors = torch.cat(pooled).to(batch).repeat_interleave(len(batch) // len(prompts), 0)
        told = vectors.new_tensor([[*self.size, 0, 0, *self.size]])
        return {"text_embeds": vectors, "time_ids": told.repeat(len(vectors), 1)}


class MotionDenoiser(PictureDenoiser):
    """A `Denoiser` of AnimateDiff: the frames of a window know of each other. Its ``unet`` is a ``UNetMotionModel``."""

    def _run(
        self,
        batch: torch.Tensor,
        time: torch.Tensor,
        looks: torch.Tensor | None,
        count: int,
        told: dict[str, Any],
    ) -> torch.Tensor:
        """As of pictures; this network takes (passes, C, count, h, w), and a look once a pass."""
        if looks is not None:
            told = {**told, "added_cond_kwargs": {"image_embeds": [looks]}}
        clips = batch.reshape(-1, count, *batch.shape[1:]).transpose(1, 2)
        predicted: torch.Tensor = self.unet(clips, time, **told)[0]
        return predicted.transpose(1, 2).flatten(0, 1)

"""The UNet with its conditions, as the loop of windows calls it: with the picture and the poses, and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from signgen.render.diffusion.mimicmotion.image_encoding import Encoded
from signgen.render.diffusion.mimicmotion.lean import LeanUNet
from signgen.render.diffusion.sampling import Steps


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a clip is made from.

    Attributes:
        reference: the picture that gives the looks.
        poses: features of the PoseNet for frames, (n, C, H/8, W/8) each time.
        guidance: (count,) float32 strength of both together for each frame; 1 is none.
        time_ids: rate - 1, motion, noise of the picture, as Stable Video Diffusion is told.
    """

    reference: Encoded
    poses: Callable[[Sequence[int]], torch.Tensor]
    guidance: np.ndarray
    time_ids: tuple[float, float, float]


class Guided:
    """A `Denoiser` that steers away from what the UNet says without picture, embedding and poses.

    Without means zeros for picture and embedding and no pose features at all: features of a black pose picture
    are not zero. Where the guidance of all frames is 1 nothing is steered, and half the work is left out.

    Args:
        unet: stock ``UNetSpatioTemporalConditionModel``.
        conditions: of the clip.
        steps: of the loop.
        batched: both passes at once: faster on small pictures, twice the memory.
    """

    def __init__(
        self, unet: nn.Module, conditions: Conditions, steps: Steps, *, batched: bool = False
    ) -> None:
        self._unet, self._conditions, self._steps, self._batched = unet, conditions, steps, batched
        self._forward = LeanUNet(unet)
        weight = next(unet.parameters())
        self._like = weight.new_empty(0)

    def __call__(self, latents: torch.Tensor, step: int, frames: Sequence[int]) -> torch.Tensor:
        """(n, 4, h, w) float32 prediction for scaled latents of these frames."""
        noisy = latents.to(self._like)
        guidance = (
            torch.from_numpy(self._conditions.guidance[list(frames)]).to(noisy.device).view(-1, 1, 1, 1)
        )
        if bool((guidance == 1).all()):
            return self.conditional(noisy, step, frames)
        without, with_all = self._both(noisy, step, frames)
        return without + guidance * (with_all - without)

    def conditional(self, noisy: torch.Tensor, step: int, frames: Sequence[int]) -> torch.Tensor:
        """What the UNet says with everything it is told."""
        with added(self._unet, self._poses(frames)):
            return self._said(self._input(noisy)[None], self._embedding(), step)[0]

    def unconditional(self, noisy: torch.Tensor, step: int) -> torch.Tensor:
        """What the UNet says without picture, embedding and poses."""
        return self._said(_alone(noisy)[None], torch.zeros_like(self._embedding()), step)[0]

    def _both(
        self, noisy: torch.Tensor, step: int, frames: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self._batched:
            return self.unconditional(noisy, step), self.conditional(noisy, step, frames)
        embedding = self._embedding()
        # The hook adds to the last frames of a batch: those of the second pass.
        with added(self._unet, self._poses(frames)):
            without, with_all = self._said(
                torch.stack((_alone(noisy), self._input(noisy))),
                torch.cat((torch.zeros_like(embedding), embedding)),
                step,
            )
        return without, with_all

    def _said(self, sample: torch.Tensor, embedding: torch.Tensor, step: int) -> torch.Tensor:
        """(B, n, 4, h, w) float32 answer of the UNet."""
        ids = self._like.new_tensor([self._conditions.time_ids] * len(sample))
        timestep = self._steps.timestep(step).to(sample.device)
        return self._forward(sample, timestep, embedding, added_time_ids=ids).float()

    def _input(self, noisy: torch.Tensor) -> torch.Tensor:
        picture = self._conditions.reference.latent.to(noisy)
        return torch.cat((noisy, picture.expand(len(noisy), -1, -1, -1)), dim=1)

    def _embedding(self) -> torch.Tensor:
        return self._conditions.reference.embedding.to(self._like)

    def _poses(self, frames: Sequence[int]) -> torch.Tensor:
        return self._conditions.poses(frames).to(self._like)


@contextmanager
def added(unet: nn.Module, features: torch.Tensor) -> Iterator[None]:
    """A block whose first forward adds features to what the UNet's first convolution gives for the last frames.

    After that they are let go of: they are as large as any layer's output, and nothing needs them again.
    """
    left = [features]
    del features

    def add(_: nn.Module, __: Any, made: torch.Tensor) -> torch.Tensor:
        told = left.pop()
        made[-len(told) :] += told
        return made

    hook = unet.get_submodule("conv_in").register_forward_hook(add)
    try:
        yield
    finally:
        hook.remove()


def guidance_of(count: int, lowest: float, highest: float) -> np.ndarray:
    """(count,) float32 guidance that rises evenly from the first frame to the last."""
    return np.linspace(lowest, highest, count, dtype=np.float32)


def _alone(noisy: torch.Tensor) -> torch.Tensor:
    return torch.cat((noisy, torch.zeros_like(noisy)), dim=1)

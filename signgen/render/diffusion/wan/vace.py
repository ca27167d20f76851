"""Wan-VACE: pose pictures, split by a mask into what stays and what changes, beside the latents of a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.render.diffusion.sampling import Steps
from signgen.render.diffusion.wan.autoencoder import Autoencoder
from signgen.render.diffusion.wan.conditions import Conditions, Pictures, Scenery, as_clip, as_frames
from signgen.render.diffusion.wan.guidance import guided
from signgen.render.diffusion.wan.networks import Networks


def clip_rows(
    autoencoder: Autoencoder, control: Pictures, scenery: Scenery | None, latents: int, grey: Tensor
) -> Iterator[Tensor]:
    """(2 C + side², h, w) for each latent frame: what stays, what changes, and the mask.

    Args:
        autoencoder: of the pictures.
        control: pose pictures.
        scenery: footage to stay where its mask is black; None to make all of it anew.
        latents: latent frames of the clip.
        grey: (3, H, W) zeros, which stand for nothing.
    """
    side = autoencoder.side
    if scenery is None:
        ones = torch.ones(side**2, grey.shape[1] // side, grey.shape[2] // side)
        stays, changes = autoencoder.encode_still(grey, latents), autoencoder.encode(control.read, latents)
        yield from (torch.cat([a, b, ones]) for a, b in zip(stays, changes, strict=True))
        return

    def kept(frames: Sequence[int]) -> Tensor:
        return scenery.background.read(frames) * (1 - scenery.anew(frames))

    def changed(frames: Sequence[int]) -> Tensor:
        return control.read(frames) * scenery.anew(frames)

    pictures = autoencoder.num_pictures(latents)
    for latent, (a, b) in enumerate(
        zip(autoencoder.encode(kept, latents), autoencoder.encode(changed, latents), strict=True)
    ):
        # The picture in the middle of a latent frame's share of the clip speaks for it.
        shown = int((latent + 0.5) * pictures / latents)
        yield torch.cat([a, b, torch.nn.functional.pixel_unshuffle(scenery.anew([shown])[0], side)])


def look_row(autoencoder: Autoencoder, look: Tensor) -> Tensor:
    """The row of the frame before the clip that shows a (3, H, W) appearance."""
    (latent,) = autoencoder.encode(lambda _: look[None], 1)
    nothing = torch.zeros(autoencoder.channels + autoencoder.side**2, *latent.shape[1:])
    return torch.cat([latent, nothing])


@dataclass(frozen=True, eq=False)
class VaceDenoiser:
    """Wan-VACE with the conditions of a clip; guided by the prompt against the negative one.

    Attributes:
        networks: of Wan-VACE.
        conditions: rows of `clip_rows` and `look_row`.
        prompts: states of the prompt and, if guidance is above 1, of the negative one.
        steps: of the loop.
        guidance: how much the prompt counts against the negative one.
        control: how firmly the poses hold the frames.
    """

    networks: Networks
    conditions: Conditions
    prompts: tuple[Tensor, ...]
    steps: Steps
    guidance: float
    control: float

    def __call__(self, latents: Tensor, step: int, frames: Sequence[int]) -> Tensor:
        """(n, C, h, w) velocity of the latents of these frames."""
        time = self.steps.timestep(step)
        network = self.networks.at(float(time) / 1000)
        rows = as_clip(self.conditions.read(frames)).to(network.dtype)
        clip = as_clip(latents).to(network.dtype)
        strength = torch.full((len(network.config.vace_layers),), self.control).to(clip)

        def velocity(place: int) -> Tensor:
            return as_frames(
                network(
                    hidden_states=clip,
                    timestep=time.to(clip.device)[None],
                    encoder_hidden_states=self.prompts[place].to(clip),
                    control_hidden_states=rows,
                    control_hidden_states_scale=strength,
                    return_dict=False,
                )[0]
            ).float()

        return guided(velocity, self.guidance)

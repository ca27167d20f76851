"""Wan-Animate: the appearance before every window, pose latents added to it, and the face read picture by picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.render.diffusion.sampling import Steps
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.wan.autoencoder import Autoencoder
from signgen.render.diffusion.wan.conditions import Conditions, Pictures, Scenery, as_clip, as_frames
from signgen.render.diffusion.wan.guidance import guided
from signgen.render.diffusion.wan.networks import MASK_CHANNELS, Networks


def clip_rows(
    autoencoder: Autoencoder, control: Pictures, scenery: Scenery | None, latents: int, grey: Tensor
) -> Iterator[Tensor]:
    """(4 + 2 C, h, w) for each latent frame: the mask of what stays, what stays, and the poses.

    Args:
        autoencoder: of the pictures.
        control: pose pictures.
        scenery: footage to stay where its mask is black; None to make all of it anew.
        latents: latent frames of the clip.
        grey: (3, H, W) zeros, which stand for nothing.
    """
    poses = autoencoder.encode(control.read, latents)
    if scenery is None:
        none = torch.zeros(
            MASK_CHANNELS, grey.shape[1] // autoencoder.side, grey.shape[2] // autoencoder.side
        )
        stays = autoencoder.encode_still(grey, latents)
        yield from (torch.cat([none, a, b]) for a, b in zip(stays, poses, strict=True))
        return

    def kept(frames: Sequence[int]) -> Tensor:
        """The footage with a black hole, as Wan-Animate's preprocessing cuts it."""
        anew = scenery.anew(frames)
        return scenery.background.read(frames) * (1 - anew) - anew

    for latent, (a, b) in enumerate(zip(autoencoder.encode(kept, latents), poses, strict=True)):
        pictures = autoencoder.pictures_of(latent)
        mask = 1 - scenery.anew(pictures)[:, 0, :: autoencoder.side, :: autoencoder.side]
        yield torch.cat([mask.expand(MASK_CHANNELS, -1, -1), a, b])


def look_row(autoencoder: Autoencoder, look: Tensor) -> Tensor:
    """The row of the frame before the clip that shows a (3, H, W) appearance; it has no pose."""
    (latent,) = autoencoder.encode(lambda _: look[None], 1)
    given = torch.ones(MASK_CHANNELS, *latent.shape[1:])
    return torch.cat([given, latent, torch.zeros_like(latent)])


@dataclass(frozen=True, eq=False)
class AnimateDenoiser:
    """Wan-Animate with the conditions of a clip; guided, where it is, by prompt and face against neither.

    Attributes:
        networks: of Wan-Animate.
        conditions: rows of `clip_rows` and `look_row`.
        look: what CLIP sees in the appearance.
        faces: movements of the face, one for each picture of the clip.
        no_face: movements of no face.
        prompts: states of the prompt and, if guidance is above 1, of the negative one.
        steps: of the loop.
        guidance: how far to go; 1, as the model was made for, is not at all.
    """

    networks: Networks
    conditions: Conditions
    look: Tensor
    faces: LatentStore
    no_face: Tensor
    prompts: tuple[Tensor, ...]
    steps: Steps
    guidance: float

    def __call__(self, latents: Tensor, step: int, frames: Sequence[int]) -> Tensor:
        """(n, C, h, w) velocity of the latents of these frames, the appearance first."""
        network, channels = self.networks.transformer, self.networks.autoencoder.channels
        rows = self.conditions.read(frames)
        seen = torch.cat([latents, rows[:, :-channels]], dim=1)
        clip, poses = as_clip(seen).to(network.dtype), as_clip(rows[1:, -channels:]).to(network.dtype)
        time = self.steps.timestep(step).to(clip.device)[None]
        faces = self.faces.read(self._pictures(frames)).to(clip)

        def velocity(place: int) -> Tensor:
            movements = faces if place == 0 else self.no_face.to(clip).expand_as(faces)
            return as_frames(
                network(
                    hidden_states=clip,
                    timestep=time,
                    encoder_hidden_states=self.prompts[place].to(clip),
                    encoder_hidden_states_image=self.look.to(clip),
                    pose_hidden_states=poses,
                    face_pixel_values=movements.T[None, :, :, None, None],
                    return_dict=False,
                )[0]
            ).float()

        return guided(velocity, self.guidance)

    def _pictures(self, frames: Sequence[int]) -> range:
        """Numbers of the pictures whose faces a window is shown.

        The network takes one face for its first latent frame and four for each other, as at the start of a clip.
        Of a first latent frame that holds four pictures it is shown the face of the last.
        """
        autoencoder = self.networks.autoencoder
        first, last = frames[1] - 1, frames[-1] - 1
        return range(autoencoder.pictures_of(first)[-1], autoencoder.pictures_of(last)[-1] + 1)

"""What a clip is drawn with: networks that memory has room for, schedule, prompts, pose pictures and a beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from signgen.render.base import Frame
from signgen.render.diffusion.control import ControlVideo
from signgen.render.diffusion.memory import Ladder, Plan, release
from signgen.render.diffusion.schedules import DDIM
from signgen.render.diffusion.stable.denoisers import Hold, MotionDenoiser, PictureDenoiser, Prompt
from signgen.render.diffusion.stable.more_control import MoreControl, joined
from signgen.render.diffusion.stable.parts import Folders, Parts, load_parts
from signgen.render.diffusion.stable.settings import StableSettings


@dataclass(frozen=True)
class Networks:
    """Networks on disk, loaded as a plan wants them and kept until one wants them otherwise.

    Attributes:
        folders: where they lie.
        device: where to compute.
        look_scale: weight of an appearance beside the words.
    """

    folders: Folders
    device: torch.device
    look_scale: float

    def load(self, plan: Plan) -> Parts:
        """The networks in the precision of a plan, on the CPU.

        Raises:
            CheckpointError: files are missing or damaged, or the networks are not of one family.
        """
        key = (self.folders, plan.precision, self.look_scale)
        if key not in _kept:
            _kept.clear()  # before the others are loaded: both have no room beside each other
            release()
            _kept[key] = load_parts(self.folders, plan.dtype, self.look_scale)
        return _kept[key]

    def autoencoder(self, plan: Plan) -> Any:
        """The autoencoder on the device, in tiles where a plan says so."""
        vae = self.load(plan).vae
        self.use(plan, vae)
        if plan.tiled:
            vae.enable_tiling()
        else:
            vae.disable_tiling()
        return vae

    def use(self, plan: Plan, *networks: Any) -> None:
        """Bring networks to the device; all others leave it first where a plan says so."""
        if plan.offload:
            for network in self.load(plan).networks:
                if not any(network is used for used in networks):
                    network.to("cpu")
        for network in networks:
            network.to(self.device)


_kept: dict[tuple[Folders, str, float], Parts] = {}


@dataclass(frozen=True)
class Stage:
    """What a clip is drawn with.

    Attributes:
        networks: loaded when they are used.
        ladder: how they are used, as memory allows.
        steps: the schedule.
        first_step: where the run starts.
        width: of the frames [px].
        height: of the frames [px].
        latent_shape: (C, h, w) of a frame; it covers the frame and may reach beyond its right and lower edges.
        factor: pixels along the side of a latent.
        video: the poses as pictures of the size of the frames.
        prompts: one, or the negative one first.
        beginning: frames to start from, as large as the latents; None to start from noise.
        settings: guidance, and how firmly the poses hold.
        strengths: (n, 1, h, w) how much of the beginning is drawn anew at each place of frames, 0 to 1; None: all.
        more: further pictures that hold the frames, with a ControlNet each.
    """

    networks: Networks
    ladder: Ladder
    steps: DDIM
    first_step: int
    width: int
    height: int
    latent_shape: tuple[int, int, int]
    factor: int
    video: ControlVideo
    prompts: tuple[Prompt, ...]
    beginning: Iterator[Frame] | None
    settings: StableSettings
    strengths: Callable[[Sequence[int]], torch.Tensor] | None = None
    more: tuple[MoreControl, ...] = ()

    def denoiser(self, plan: Plan, first: int) -> PictureDenoiser:
        """What predicts frames that are counted from the one with number ``first`` in the clip."""
        parts, settings = self.networks.load(plan), self.settings
        self.networks.use(plan, parts.unet, parts.controlnet)
        kind = MotionDenoiser if parts.longest else PictureDenoiser
        return kind(
            unet=parts.unet,
            controlnet=joined(parts.controlnet, self.more, self.networks.device),
            control=lambda frames: self.control([first + frame for frame in frames]),
            prompts=self.prompts,
            steps=self.steps,
            size=(self.latent_shape[1] * self.factor, self.latent_shape[2] * self.factor),
            guidance=settings.guidance,
            hold=Hold(settings.control_scale, settings.control_start, settings.control_end),
            first_step=self.first_step,
            split=plan.split_guidance,
        )

    def control(self, frames: Sequence[int]) -> torch.Tensor:
        """(n, 3 k, H, W) pictures from 0 to 1, those of the poses first; black where latents reach beyond the frame."""
        pictures = torch.cat(
            [self.video.read(frames, signed=False), *(one.read(frames) for one in self.more)], 1
        )
        return torch.nn.functional.pad(
            pictures, (0, -self.width % self.factor, 0, -self.height % self.factor)
        )

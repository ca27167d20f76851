"""Frames as the frozen networks see them, made once before a training: latents, and embeddings of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from signgen.render.diffusion.mimicmotion.image_encoding import embed


@dataclass(frozen=True)
class Encoder:
    """An autoencoder, and for PoseNet an image encoder, in float32 on a device.

    Attributes:
        vae: ``AutoencoderKL`` or ``AutoencoderKLTemporalDecoder``.
        eye: CLIP's vision model with its projection, if there is one.
        device: where to encode.
        id: hash of the weights.
    """

    vae: Any
    eye: Any
    device: torch.device
    id: str

    @property
    def cell(self) -> int:
        """Pixels of a latent along a side."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def channels(self) -> int:
        """Of a latent."""
        return int(self.vae.config.latent_channels)

    @property
    def embedded(self) -> int:
        """Numbers of an embedding; 0 if there is none."""
        return 0 if self.eye is None else int(self.eye.config.projection_dim)

    def latents(self, frames: np.ndarray) -> np.ndarray:
        """(n, C, h, w) float32 most likely latents, not scaled, of (n, H, W, 3) uint8 frames."""
        with torch.inference_mode():
            found = self.vae.to(self.device).encode(self._signed(frames)).latent_dist.mode()
            return np.asarray(found.float().cpu().numpy())

    def embedding(self, frame: np.ndarray) -> np.ndarray:
        """(D,) float32 of a (H, W, 3) uint8 frame."""
        with torch.inference_mode():
            found = embed(self.eye.to(self.device), self._signed(frame[None]))
            return np.asarray(found[0, 0].float().cpu().numpy())

    def leave(self) -> None:
        """Give the memory of the device back; the networks wait on the CPU for pictures to decode."""
        for network in (self.vae, self.eye):
            if network is not None:
                network.to("cpu")

    def _signed(self, frames: np.ndarray) -> torch.Tensor:
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).to(self.device)
        return pixels.float() / 127.5 - 1

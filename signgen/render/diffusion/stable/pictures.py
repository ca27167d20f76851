"""Frames to latents and back through the autoencoder, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from signgen.render.base import Frame


def factor(vae: Any) -> int:
    """Pixels along the side of a latent."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


def encode(vae: Any, frames: Sequence[Frame]) -> torch.Tensor:
    """(n, C, h, w) float32 latents of uint8 frames: the most likely ones, so that nothing is drawn by chance."""
    pixels = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).to(vae.device)
    with torch.inference_mode():
        signed = (pixels.float() / 127.5 - 1).to(vae.dtype)
        latents: torch.Tensor = vae.encode(signed).latent_dist.mode().float()
        return latents * float(vae.config.scaling_factor)


def decode(vae: Any, latents: torch.Tensor) -> np.ndarray:
    """(n, H, W, 3) uint8 frames of (n, C, h, w) latents."""
    with torch.inference_mode():
        scaled = (latents / vae.config.scaling_factor).to(vae.device, vae.dtype)
        pixels = vae.decode(scaled, return_dict=False)[0].float()
        levels = ((pixels / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())

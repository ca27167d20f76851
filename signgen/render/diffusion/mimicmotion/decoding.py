"""Latents to frames by the VAE, some at a time, as its layers over time were made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from signgen.render.base import Frame
from signgen.render.diffusion.mimicmotion.lean import lean_decode
from signgen.render.diffusion.store import LatentStore

CHUNK = 8  # frames that the original decodes together; pictures depend on it, if only a little


def chunks(count: int) -> Iterator[range]:
    """Frames that belong together."""
    return (range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK))


def decoded(vae: nn.Module, latents: LatentStore, frames: Sequence[int], at_once: int) -> torch.Tensor:
    """(n, 3, H, W) float32 RGB from 0 to 1 of some frames, ``at_once`` of them together."""
    network: Any = vae
    weight = next(vae.parameters())
    parts = []
    with torch.inference_mode():
        for first in range(0, len(frames), at_once):
            some = latents.read(frames[first : first + at_once]) / network.config.scaling_factor
            made = lean_decode(vae, some.to(weight))
            parts.append((made.float() / 2 + 0.5).clamp(0, 1).cpu())
    return torch.cat(parts)


def as_frames(pictures: torch.Tensor) -> Iterator[Frame]:
    """uint8 (H, W, 3) frames, rounded."""
    for picture in pictures:
        values = (picture * 255).round().to(torch.uint8).permute(1, 2, 0)
        yield np.ascontiguousarray(values.numpy())

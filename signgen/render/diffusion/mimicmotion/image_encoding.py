"""The reference picture as the UNet is told of it: an embedding of the whole, and a latent of every place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, pad

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Encoded:
    """What is known of a reference picture.

    Attributes:
        embedding: (1, 1, D) of CLIP.
        latent: (1, 4, H/8, W/8), the most likely one, not scaled.
    """

    embedding: torch.Tensor
    latent: torch.Tensor


def encode(
    image_encoder: nn.Module, vae: nn.Module, picture: torch.Tensor, noise: torch.Tensor | None
) -> Encoded:
    """Encode a picture.

    Args:
        image_encoder: CLIP's vision model with its projection.
        vae: the VAE; encodes in float32, as it was made to (``force_upcast``), whatever its own type.
        picture: (1, 3, H, W) float32 RGB from -1 to 1; sides are multiples of 8.
        noise: of the picture's shape, added before the VAE sees it.
    """
    return Encoded(embed(image_encoder, picture), latent(vae, picture if noise is None else picture + noise))


def embed(image_encoder: nn.Module, picture: torch.Tensor) -> torch.Tensor:
    """(1, 1, D) embedding of a (1, 3, H, W) picture from -1 to 1, squeezed whole into CLIP's square."""
    weight = next(image_encoder.parameters())
    pixels = clip_pixels(picture, _config(image_encoder).image_size)
    found: torch.Tensor = image_encoder(pixels.to(weight.device, weight.dtype)).image_embeds
    return found[:, None]


def clip_pixels(picture: torch.Tensor, side: int = 224) -> torch.Tensor:
    """(1, 3, side, side) of CLIP's mean and deviation, from a picture from -1 to 1."""
    small = (squeezed(picture.float(), side) + 1) / 2
    mean, deviation = (torch.tensor(v, device=small.device).view(3, 1, 1) for v in (CLIP_MEAN, CLIP_STD))
    return (small - mean) / deviation


def squeezed(picture: torch.Tensor, side: int) -> torch.Tensor:
    """A picture blurred by as much as it shrinks, then resized by cubic interpolation with corners kept.

    The blur has a deviation of (factor - 1) / 2 pixels along each axis, as in scikit-image, over twice that to
    each side; Stable Video Diffusion was trained on pictures made so.
    """
    height, width = picture.shape[-2:]
    blurred = _blurred(_blurred(picture, width / side, 3), height / side, 2)
    return interpolate(blurred, size=(side, side), mode="bicubic", align_corners=True)


def latent(vae: nn.Module, picture: torch.Tensor) -> torch.Tensor:
    """(1, 4, H/8, W/8) float32 mean of the VAE's latent distribution, not scaled."""
    encoder: Any = vae
    own = next(vae.parameters())
    device, dtype = own.device, own.dtype
    for part in (encoder.encoder, encoder.quant_conv):
        part.float()
    try:
        found: torch.Tensor = encoder.encode(picture.to(device, torch.float32)).latent_dist.mode()
    finally:
        for part in (encoder.encoder, encoder.quant_conv):
            part.to(dtype)
    return found


def _blurred(picture: torch.Tensor, factor: float, axis: int) -> torch.Tensor:
    """Blur along one axis; nearly nothing where the picture grows."""
    deviation = max((factor - 1) / 2, 0.001)
    taps = int(max(4 * deviation, 3)) | 1
    places = torch.arange(taps, device=picture.device, dtype=picture.dtype) - taps // 2
    kernel = torch.exp(-(places**2) / (2 * deviation**2))
    shape, margin = [1, 1, 1, 1], [0, 0, 0, 0]
    shape[axis] = taps
    margin[2 * (3 - axis) : 2 * (3 - axis) + 2] = taps // 2, taps // 2
    weight = (kernel / kernel.sum()).view(shape).expand(picture.shape[1], -1, -1, -1)
    return conv2d(_reflected(picture, margin), weight, groups=picture.shape[1])


def _reflected(picture: torch.Tensor, margin: list[int]) -> torch.Tensor:
    return pad(picture, margin, mode="reflect")


def _config(module: nn.Module) -> Any:
    return module.config

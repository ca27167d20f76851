"""The four networks of MimicMotion, by their configurations: built on `meta`, where they take no memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from signgen.errors import CheckpointError
from signgen.nn.extra import need

MAX_CONFIG_BYTES = 1 << 20

# Stable Video Diffusion XT 1.1, the base of MimicMotion.
UNET: Mapping[str, Any] = {
    "sample_size": 96,
    "in_channels": 8,
    "out_channels": 4,
    "down_block_types": ("CrossAttnDownBlockSpatioTemporal",) * 3 + ("DownBlockSpatioTemporal",),
    "up_block_types": ("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * 3,
    "block_out_channels": (320, 640, 1280, 1280),
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 768,
    "layers_per_block": 2,
    "cross_attention_dim": 1024,
    "transformer_layers_per_block": 1,
    "num_attention_heads": (5, 10, 20, 20),
    "num_frames": 25,
}
VAE: Mapping[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 768,
    "scaling_factor": 0.18215,
    "force_upcast": True,
}
IMAGE_ENCODER: Mapping[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 16,
    "patch_size": 14,
    "image_size": 224,
    "projection_dim": 1024,
    "num_channels": 3,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
}


@dataclass(frozen=True)
class Architecture:
    """Constructor arguments of the UNet, the VAE and the image encoder, by the names of their publishers."""

    unet: Mapping[str, Any] = field(default_factory=lambda: dict(UNET))
    vae: Mapping[str, Any] = field(default_factory=lambda: dict(VAE))
    image_encoder: Mapping[str, Any] = field(default_factory=lambda: dict(IMAGE_ENCODER))


@dataclass(frozen=True)
class Networks:
    """The networks of one model."""

    unet: nn.Module
    pose_net: nn.Module
    vae: nn.Module
    image_encoder: nn.Module


def build(architecture: Architecture) -> Networks:
    """Networks on the device ``meta``, in eval mode.

    Raises:
        DependencyError: diffusers or transformers are not installed.
        CheckpointError: there is no such architecture.
    """
    need("torch", "diffusers", "transformers", extra="diffusion", what="the renderer mimicmotion")
    import diffusers
    import transformers

    from signgen.render.diffusion.mimicmotion.posenet import PoseNet

    stock: Any = diffusers
    vision: Any = transformers
    try:
        with torch.device("meta"):
            unet = stock.UNetSpatioTemporalConditionModel(**architecture.unet)
            vae = stock.AutoencoderKLTemporalDecoder(**architecture.vae)
            looks = vision.CLIPVisionConfig(**architecture.image_encoder)
            networks = Networks(
                unet=unet.eval(),
                pose_net=PoseNet(unet.config.block_out_channels[0]).eval(),
                vae=vae.eval(),
                image_encoder=vision.CLIPVisionModelWithProjection(looks).eval(),
            )
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"config.json: no network can be built from it ({reason})") from None
    for network in (networks.unet, networks.pose_net, networks.vae, networks.image_encoder):
        network.requires_grad_(False)
    return networks


def architecture_of(base: Path) -> Architecture:
    """What the ``config.json`` files of a diffusers folder say; Stable Video Diffusion XT 1.1 where one is missing.

    Raises:
        CheckpointError: a file is damaged.
    """
    found = Architecture()
    for part, defaults in (("unet", UNET), ("vae", VAE), ("image_encoder", IMAGE_ENCODER)):
        path = base / part / "config.json"
        if path.is_file():
            found = replace(found, **{part: _known(path, defaults)})
    return found


def _known(path: Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that we know; whatever else a publisher writes there has no influence on the networks."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise CheckpointError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes; is this a configuration?")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: cannot be read ({' '.join(str(error).split())[:120]})") from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a mapping; get it again from where the weights are from")
    return {
        name: tuple(value) if isinstance(value := values.get(name, default), list) else value
        for name, default in defaults.items()
    }

"""The networks of a Stable Diffusion with its ControlNet, out of folders, checked to belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from signgen.errors import CheckpointError
from signgen.render.diffusion.stable.adapter import Eye, attach
from signgen.render.diffusion.stable.network import load_network, quiet, read_config
from signgen.render.diffusion.stable.words import TextEncoder


@dataclass(frozen=True)
class Folders:
    """Where the networks lie on disk, each as diffusers saves it.

    Attributes:
        base: Stable Diffusion: unet, vae, text_encoder, tokenizer, scheduler (XL: text_encoder_2, tokenizer_2).
        controlnet: the ControlNet.
        motion: AnimateDiff's motion adapter.
        adapter: the ``.safetensors`` of an IP-Adapter.
        eye: its CLIP picture encoder.
    """

    base: Path
    controlnet: Path
    motion: Path | None = None
    adapter: Path | None = None
    eye: Path | None = None


@dataclass(frozen=True)
class Parts:
    """Networks that belong together.

    Attributes:
        unet: ``UNet2DConditionModel``, or ``UNetMotionModel`` with a motion adapter.
        controlnet: ``ControlNetModel``.
        vae: ``AutoencoderKL``.
        encoders: one text encoder, or two of SDXL.
        schedule: what ``scheduler_config.json`` says.
        is_silent_without_text: an empty negative prompt is zeros, as SDXL was trained.
        longest: frames that a clip may have at once; 0: frames are independent.
        eye: for the IP-Adapter, if there is one.
    """

    unet: Any
    controlnet: Any
    vae: Any
    encoders: tuple[TextEncoder, ...]
    schedule: Mapping[str, Any]
    is_silent_without_text: bool
    longest: int
    eye: Eye | None

    @property
    def networks(self) -> tuple[Any, ...]:
        """All that can be moved between devices."""
        eyes = (self.eye.network,) if self.eye is not None else ()
        return self.unet, self.controlnet, self.vae, *(encoder.network for encoder in self.encoders), *eyes


def load_parts(folders: Folders, dtype: torch.dtype, look_scale: float) -> Parts:
    """All networks, on the CPU.

    Args:
        folders: where they lie.
        dtype: precision; an autoencoder that overflows in float16 stays in float32.
        look_scale: weight of an appearance beside the words.

    Raises:
        CheckpointError: files are missing or damaged, or the networks are not of one family.
    """
    from diffusers import AutoencoderKL, ControlNetModel

    base = folders.base
    index = read_config(base, "model_index.json") if (base / "model_index.json").is_file() else {}
    schedule = read_config(base / "scheduler", "scheduler_config.json")
    unet, longest = _picture_network(folders, dtype)
    controlnet = load_network(ControlNetModel, folders.controlnet, dtype)
    encoders = text_encoders(base, dtype)
    vae = load_network(AutoencoderKL, base / "vae", dtype)
    _check_family(folders, unet, controlnet, encoders, vae)
    eye = _eye(folders, unet, dtype, look_scale)
    if vae.config.force_upcast and dtype == torch.float16:
        vae = vae.float()
    is_silent = len(encoders) == 2 and bool(index.get("force_zeros_for_empty_prompt", True))
    return Parts(unet, controlnet, vae, encoders, schedule, is_silent, longest, eye)


def _picture_network(folders: Folders, dtype: torch.dtype) -> tuple[Any, int]:
    """The UNet, with motion modules put into it if they are asked for, and the frames these were trained for."""
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    unet = load_network(UNet2DConditionModel, folders.base / "unet", dtype)
    if folders.motion is None:
        return unet, 0
    adapter = load_network(MotionAdapter, folders.motion, dtype)
    if unet.config.addition_embed_type is not None:
        raise CheckpointError(
            f"{folders.base}: AnimateDiff here moves Stable Diffusion 1.5; these weights are SDXL"
        )
    try:
        with quiet():
            moving = UNetMotionModel.from_unet2d(unet, adapter)
    except (ValueError, RuntimeError, AttributeError) as error:
        text = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{folders.motion}: does not fit {folders.base}: {text}") from None
    if moving.config.in_channels != unet.config.in_channels:
        raise CheckpointError(
            f"{folders.motion}: takes a picture beside the latents (PIA); use AnimateDiff's own"
        )
    return moving.eval().requires_grad_(False), int(adapter.config.motion_max_seq_length)


def text_encoders(base: Path, dtype: torch.dtype) -> tuple[TextEncoder, ...]:
    """The text encoder of a base, or both of SDXL.

    Raises:
        CheckpointError: files are missing or damaged.
    """
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    first = _text_encoder(CLIPTextModel, base / "text_encoder", base / "tokenizer", dtype)
    if not (base / "text_encoder_2").is_dir():
        return (first,)
    second = _text_encoder(CLIPTextModelWithProjection, base / "text_encoder_2", base / "tokenizer_2", dtype)
    return first, second


def _text_encoder(kind: Any, network: Path, tokenizer: Path, dtype: torch.dtype) -> TextEncoder:
    from transformers import CLIPTokenizer

    try:
        with quiet():
            words = CLIPTokenizer.from_pretrained(tokenizer, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        text = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{tokenizer}: no tokenizer can be made of it: {text}") from None
    return TextEncoder(words, load_network(kind, network, dtype))


def _eye(folders: Folders, unet: Any, dtype: torch.dtype, scale: float) -> Eye | None:
    if folders.adapter is None or folders.eye is None:
        return None
    from transformers import CLIPVisionModelWithProjection

    takes_whole = attach(unet, folders.adapter, scale)
    return Eye(load_network(CLIPVisionModelWithProjection, folders.eye, dtype), takes_whole)


def _check_family(
    folders: Folders, unet: Any, controlnet: Any, encoders: tuple[TextEncoder, ...], vae: Any
) -> None:
    """Each network loads alone; together they must speak of latents and words of the same width."""
    for name in ("block_out_channels", "cross_attention_dim", "in_channels"):
        ours, theirs = unet.config[name], controlnet.config[name]
        if ours != theirs and list(_tuple(ours)) != list(_tuple(theirs)):
            raise CheckpointError(
                f"{folders.controlnet}: a ControlNet with {name} {theirs} where {folders.base} has {ours}; "
                "it was made for another Stable Diffusion (1.5, 2 or XL)"
            )
    if unet.config.in_channels != vae.config.latent_channels:
        raise CheckpointError(
            f"{folders.base}: a network of {unet.config.in_channels} channels over latents of "
            f"{vae.config.latent_channels}; weights for inpainting or editing cannot be used"
        )
    wide = sum(encoder.network.config.hidden_size for encoder in encoders)
    if set(_tuple(unet.config.cross_attention_dim)) != {wide}:
        raise CheckpointError(
            f"{folders.base}: text encoders give {wide} channels where the network takes "
            f"{unet.config.cross_attention_dim}"
        )
    if unet.config.time_cond_proj_dim is not None:
        raise CheckpointError(
            f"{folders.base}: distilled to few steps (LCM), which is not supported; use its base"
        )
    is_xl = unet.config.addition_embed_type == "text_time"
    if is_xl != (len(encoders) == 2) or unet.config.addition_embed_type not in (None, "text_time"):
        raise CheckpointError(f"{folders.base}: neither Stable Diffusion 1.5 nor SDXL (a refiner?)")


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)

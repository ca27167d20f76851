"""IP-Adapter: a picture as a prompt, for whom and what the frames shall look like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from signgen.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

    from signgen.render.base import Frame

# Of CLIP's training; every released adapter was trained with these.
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
PARTS = ("image_proj", "ip_adapter")


@dataclass(frozen=True)
class Eye:
    """CLIP's picture half and what of it the adapter takes."""

    network: Any
    whole: bool

    def look(self, picture: Frame) -> tuple[Tensor, Tensor]:
        """A picture as the adapter takes it, and what stands for no picture: (1, 1, ...) each."""
        import torch

        seen = as_seen(picture, self.network.config.image_size).to(self.network.device, self.network.dtype)
        if self.whole:
            embedded = self.network(seen).image_embeds
            return embedded[None], torch.zeros_like(embedded)[None]
        states = [
            self.network(pixels, output_hidden_states=True).hidden_states[-2]
            for pixels in (seen, torch.zeros_like(seen))
        ]
        return states[0][None], states[1][None]


def as_seen(picture: Frame, side: int) -> Tensor:
    """(1, 3, side, side) float32 of a picture's middle, scaled and normalised as in CLIP's training."""
    import torch
    from PIL import Image

    height, width = picture.shape[:2]
    short = min(height, width)
    size = side * width // short, side * height // short
    pixels = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    middle = pixels[top : top + side, left : left + side]
    seen = (middle - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    return torch.from_numpy(seen.transpose(2, 0, 1)[None].copy())


def attach(unet: Any, file: Path, scale: float) -> bool:
    """Put an adapter's weights into a picture network.

    Args:
        unet: a ``UNet2DConditionModel`` or ``UNetMotionModel``, changed in place.
        file: the adapter's ``.safetensors``.
        scale: weight of the picture beside the words.

    Returns:
        Whether the adapter takes the picture as a whole, and not the states of its patches.

    Raises:
        CheckpointError: not an adapter, or one for another network.
    """
    from signgen.render.diffusion.stable.network import quiet

    weights = _weights(file)
    _check(weights, unet, file)
    try:
        with quiet():
            loader = _loader(unet)
            loader.load_ip_adapter(
                weights, subfolder="", weight_name="", image_encoder_folder=None, low_cpu_mem_usage=False
            )
            loader.set_ip_adapter_scale(scale)
    except (KeyError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{file}: not an adapter for this network: {text}") from None
    return "proj.weight" in weights["image_proj"]


def _loader(unet: Any) -> Any:
    """What diffusers loads adapters with: a pipeline, here of nothing but the picture network."""
    from diffusers import StableDiffusionControlNetPipeline

    kind: Any = StableDiffusionControlNetPipeline
    unused = (
        "vae",
        "text_encoder",
        "tokenizer",
        "controlnet",
        "scheduler",
        "safety_checker",
        "feature_extractor",
    )
    return kind(unet=unet, requires_safety_checker=False, **dict.fromkeys(unused))


def _weights(file: Path) -> dict[str, dict[str, Tensor]]:
    """The tensors of a file by part."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: cannot be read: {error}") from None
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    for name, tensor in tensors.items():
        part, _, key = name.partition(".")
        if part not in parts:
            raise CheckpointError(f"{file}: {name} belongs to no IP-Adapter; give its .safetensors")
        parts[part][key] = tensor
    return parts


def _check(weights: dict[str, dict[str, Tensor]], unet: Any, file: Path) -> None:
    """Diffusers' loader leaves tensors over in silence, and takes adapters that want a face's embedding."""
    projection = weights["image_proj"]
    if not {"proj.weight", "proj.3.weight", "latents"} & set(projection):
        raise CheckpointError(
            f"{file}: an adapter of another kind; plain, plus and full-face IP-Adapters are supported, FaceID is not"
        )
    layers = sum(
        not name.endswith("attn1.processor") and "motion_modules" not in name for name in unet.attn_processors
    )
    if len(weights["ip_adapter"]) != 2 * layers:
        raise CheckpointError(
            f"{file}: {len(weights['ip_adapter'])} tensors for attention where this network takes {2 * layers}; "
            "it belongs to another Stable Diffusion (1.5 or XL)"
        )

"""Video to text: images of frames instead of keypoints, through a small network or an image encoder at hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.errors import CheckpointError, ConfigError, DependencyError
from signgen.nn.extra import need
from signgen.nn.transformer import MaskedNorm
from signgen.slt.settings import ModelSettings

# What most image encoders were trained with: mean and standard deviation of ImageNet.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Frames through an encoder at a time, so that memory does not grow with the clip.
CHUNK = 64


class SmallCnn(nn.Module):
    """Four strided convolutions and the mean over places; learned from nothing.

    Args:
        width: features that come out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = (3, 16, 32, 64, width)
        layers: list[nn.Module] = []
        for into, out in pairwise(sizes):
            layers += [nn.Conv2d(into, out, 3, stride=2, padding=1), nn.GroupNorm(1, out), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """(N, width) of (N, 3, H, W) normalised images."""
        found: Tensor = self.layers(images).mean((2, 3))
        return found


class PretrainedImages(nn.Module):
    """An image encoder of ``transformers`` (a folder) or ``timm`` (a .safetensors file named after its model).

    Args:
        path: where the weights are; nothing is ever fetched.
        is_frozen: leave the weights as they are.

    Raises:
        CheckpointError: no usable weights there.
        DependencyError: the package is not installed.
    """

    def __init__(self, path: Path, is_frozen: bool) -> None:
        super().__init__()
        if not path.exists():
            raise CheckpointError(
                f"{path}: no image encoder here; give a folder of transformers or a timm file"
            )
        self.is_frozen = is_frozen
        load: Callable[[Path], tuple[nn.Module, int]] = (
            _transformers_encoder if path.is_dir() else _timm_encoder
        )
        self.encoder, self.features = load(path)
        if is_frozen:
            self.encoder.requires_grad_(False)

    def train(self, mode: bool = True) -> PretrainedImages:
        """A frozen encoder stays as in use: no dropout, no statistics."""
        super().train(mode)
        if self.is_frozen:
            self.encoder.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """(N, features) of (N, 3, H, W) normalised images."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.is_frozen):
            return _pooled(self.encoder(images))


class VideoFrontend(nn.Module):
    """Each frame through an image encoder, then as keypoints are: linear, batch norm over real frames, softsign."""

    def __init__(self, images: nn.Module, features: int, width: int) -> None:
        super().__init__()
        self.images = images
        self.linear = nn.Linear(features, width)
        self.norm = MaskedNorm(width)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1), persistent=False)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of (B, T, 3, H, W) uint8 images; padding is not looked at."""
        seen = [self.images(self._normalised(chunk)) for chunk in torch.split(frames[mask], CHUNK)]
        features = self.linear(torch.cat(seen))
        x = features.new_zeros(*mask.shape, features.shape[1])
        x[mask] = features
        return F.softsign(self.norm(x, mask))

    def _normalised(self, images: Tensor) -> Tensor:
        return (images.float() / 255 - self.get_buffer("mean")) / self.get_buffer("deviation")


def make_video_frontend(settings: ModelSettings) -> VideoFrontend:
    """The front end that the settings name.

    Raises:
        CheckpointError: the weights of an image encoder cannot be used.
        DependencyError: its package is not installed.
    """
    if settings.frontend == "cnn":
        return VideoFrontend(SmallCnn(128), 128, settings.width)
    if settings.video is None:
        raise ConfigError("model.video: the pretrained front end needs the path of its weights")
    images = PretrainedImages(settings.video, settings.is_frozen)
    return VideoFrontend(images, images.features, settings.width)


def _transformers_encoder(path: Path) -> tuple[nn.Module, int]:
    need("transformers", what="an image encoder in a folder")
    from transformers import AutoModel

    try:
        model: Any = AutoModel.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"{path}: not an image encoder of transformers with safetensors: {reason}"
        ) from None
    # Encoders of images and texts keep the part for images apart.
    model = getattr(model, "vision_model", model)
    config = model.config
    sizes = getattr(config, "hidden_sizes", None)
    width = getattr(config, "hidden_size", None) or (sizes[-1] if sizes else None)
    if not isinstance(width, int):
        raise CheckpointError(f"{path}: the size of its features is unknown")
    return model, width


def _timm_encoder(path: Path) -> tuple[nn.Module, int]:
    try:
        import timm
    except ImportError as error:
        # timm itself cannot be imported without torchvision, which signgen never asks for.
        raise DependencyError(
            f"{path}: an image encoder in a single file needs timm and its torchvision ({error}); "
            "run: pip install timm, or give a folder of transformers"
        ) from None

    from signgen.nn.checkpoint import load_into, load_tensors

    try:
        model = timm.create_model(path.stem, pretrained=False, num_classes=0)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{path}: name the file after its timm model: {reason}") from None
    own = model.state_dict()
    tensors, _ = load_tensors(path)
    load_into(model, {name: value for name, value in tensors.items() if name in own}, str(path))
    return model, int(model.num_features)


def _pooled(found: Any) -> Tensor:
    """(N, features) from what an encoder returns: pooled features, or the mean over places."""
    if isinstance(found, Tensor):
        return found
    pooled = getattr(found, "pooler_output", None)
    if pooled is not None:
        return torch.as_tensor(pooled).flatten(1)
    last = torch.as_tensor(found.last_hidden_state)
    return last.mean((2, 3)) if last.ndim == 4 else last.mean(1)

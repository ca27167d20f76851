"""Wan's networks out of a folder in the layout of diffusers, checked to be those of the model asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from signgen.errors import CheckpointError, ConfigError
from signgen.render.base import Frame
from signgen.render.diffusion.stable.network import load_network, quiet, read_config
from signgen.render.diffusion.wan.autoencoder import Autoencoder
from signgen.render.diffusion.wan.face_reader import Faces

Model: TypeAlias = Literal["vace", "animate"]
CLASSES: Mapping[Model, str] = {
    "vace": "WanVACETransformer3DModel",
    "animate": "WanAnimateTransformer3DModel",
}
MASK_CHANNELS = 4  # of Animate's condition: one for each picture of a latent frame


@dataclass(frozen=True)
class Eye:
    """CLIP's picture half."""

    processor: Any
    encoder: Any

    def read(self, picture: Frame) -> Tensor:
        """(1, tokens, channels) what it sees in a (H, W, 3) picture, before its last layer."""
        pixels = self.processor(images=picture, return_tensors="pt").pixel_values
        seen = self.encoder(pixels.to(self.encoder.device, self.encoder.dtype), output_hidden_states=True)
        states: Tensor = seen.hidden_states[-2]
        return states


@dataclass(frozen=True)
class Networks:
    """Networks that belong together.

    Attributes:
        model: which of Wan's models they are.
        transformer: the video network; of two, the one for high noise.
        late: the one for low noise, from `boundary` of the levels down; None if one does it all.
        boundary: level from 0 to 1, below which `late` takes over.
        autoencoder: of pictures and latents.
        faces: reader of faces (Animate alone).
        eye: CLIP's picture half, after what brings a picture to the size it takes (Animate alone).
        schedule: what ``scheduler_config.json`` says.
    """

    model: Model
    transformer: Any
    late: Any | None
    boundary: float
    autoencoder: Autoencoder
    faces: Faces | None
    eye: Eye | None
    schedule: Mapping[str, Any]

    @property
    def device(self) -> torch.device:
        """Where the networks compute."""
        device: torch.device = self.autoencoder.network.device
        return device

    def placed(self, device: torch.device, *, offload: bool) -> Networks:
        """These, with the video networks on a device; or there block by block, each only while it computes."""
        for network in (self.transformer, self.late):
            if network is not None and offload:
                network.enable_group_offload(device, offload_type="block_level", num_blocks_per_group=1)
            elif network is not None:
                network.to(device)
        return self

    def at(self, level: float) -> Any:
        """The video network for a level of noise from 0 to 1."""
        return self.transformer if self.late is None or level >= self.boundary else self.late


def load_networks(
    folder: Path, model: Model, device: torch.device, dtype: torch.dtype, offload: bool = False
) -> Networks:
    """All networks but the text encoder, on a device.

    Args:
        folder: with ``transformer``, ``vae``, ``scheduler`` and, for Animate, ``image_encoder``.
        model: what the folder must be.
        device: where to compute.
        dtype: precision of the video network. The autoencoder stays in float32, as its publisher advises.
        offload: a block of the video network is on the GPU only while it computes.

    Raises:
        CheckpointError: files are missing or damaged, or the networks are not of one family.
        ConfigError: the weights are those of the other model.
    """
    import diffusers

    check_model(folder, model)
    kind = getattr(diffusers, CLASSES[model])
    transformer = load_network(kind, folder / "transformer", dtype)
    late = (
        load_network(kind, folder / "transformer_2", dtype) if (folder / "transformer_2").is_dir() else None
    )
    autoencoder = load_network(diffusers.AutoencoderKLWan, folder / "vae", torch.float32)
    _check_family(folder, model, transformer, autoencoder)
    return Networks(
        model,
        transformer,
        late,
        _boundary(folder) if late is not None else 0.0,
        Autoencoder(autoencoder.to(device)),
        Faces(transformer, device) if model == "animate" else None,
        _eye(folder, device, dtype) if model == "animate" else None,
        read_config(folder / "scheduler", "scheduler_config.json"),
    ).placed(device, offload=offload)


def check_model(folder: Path, model: Model) -> None:
    """See that a folder holds the model asked for, before gigabytes of it are read.

    Raises:
        CheckpointError: it holds neither model.
        ConfigError: it holds the other one.
    """
    found = read_config(folder / "transformer").get("_class_name")
    if found == CLASSES[model]:
        return
    other = next((name for name, kind in CLASSES.items() if kind == found), None)
    if other is None:
        raise CheckpointError(f"{folder}: its transformer is {found}; {CLASSES[model]} is expected")
    raise ConfigError(
        f"renderer.model: {folder.name} has the weights of {other}, not {model}; use model={other}"
    )


def _boundary(folder: Path) -> float:
    boundary = read_config(folder, "model_index.json").get("boundary_ratio")
    if not isinstance(boundary, float) or not 0 < boundary < 1:
        raise CheckpointError(
            f"{folder / 'model_index.json'}: boundary_ratio must say from 0 to 1 where transformer_2 takes over"
        )
    return boundary


def _eye(folder: Path, device: torch.device, dtype: torch.dtype) -> Eye:
    from transformers import CLIPVisionModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    path = folder / "image_processor"
    try:
        with quiet():
            processor = CLIPImageProcessorPil.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path}: cannot be read: {' '.join(str(error).split())[:200]}") from None
    return Eye(processor, load_network(CLIPVisionModel, folder / "image_encoder", dtype).to(device))


def _check_family(folder: Path, model: Model, transformer: Any, autoencoder: Any) -> None:
    """Each network loads alone; together they must speak of the same latents."""
    if autoencoder.config.patch_size is not None:
        raise CheckpointError(f"{folder / 'vae'}: the autoencoder of Wan 2.2 5B; that of Wan 2.1 is expected")
    channels, config = autoencoder.config.z_dim, transformer.config
    side = 2 ** len(autoencoder.config.temperal_downsample)
    masks = {"vace": side**2, "animate": MASK_CHANNELS}[model]
    name = {"vace": "vace_in_channels", "animate": "in_channels"}[model]
    wanted = 2 * channels + masks
    if config[name] != wanted or config.out_channels != channels or config.patch_size[0] != 1:
        raise CheckpointError(
            f"{folder / 'transformer'}: {name} {config[name]} and {config.out_channels} channels out, where its "
            f"autoencoder's latents of {channels} channels need {wanted} and {channels}"
        )

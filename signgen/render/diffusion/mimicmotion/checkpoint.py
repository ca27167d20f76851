"""Weights of MimicMotion into its networks: every tensor of the right name and shape, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from signgen.errors import CheckpointError
from signgen.render.diffusion.mimicmotion.networks import Networks
from signgen.render.diffusion.mimicmotion.tensor_file import TensorFile, open_tensors

MAX_LISTED = 3
# In order of preference, as their publishers name them.
MERGED = ("MimicMotion_1-1.pth", "MimicMotion_1.pth", "MimicMotion.pth")
SPLIT = ("MimicMotionMergedUnet_1-1-fp16.safetensors", "MimicMotionMergedUnet_1-0-fp16.safetensors")
POSE_NET = "mimic_motion_pose_net.safetensors"
VAE = tuple(f"vae/diffusion_pytorch_model{kind}.safetensors" for kind in (".fp16", ""))
IMAGE_ENCODER = tuple(f"image_encoder/model{kind}.safetensors" for kind in (".fp16", ""))
# Files written by older versions of transformers hold the numbers 0, 1, 2 ... as if they were weights.
NO_WEIGHTS = ("vision_model.embeddings.position_ids",)


@dataclass(frozen=True)
class WeightFiles:
    """Where the weights of the four networks are.

    Attributes:
        motion: UNet and PoseNet under ``unet.`` and ``pose_net.``, or the UNet alone under bare names.
        pose_net: PoseNet under bare names; None if ``motion`` has it.
        vae: of Stable Video Diffusion.
        image_encoder: of Stable Video Diffusion.
    """

    motion: Path
    pose_net: Path | None
    vae: Path
    image_encoder: Path


def find_files(weights: Path, base: Path, pose_net: Path | None = None) -> WeightFiles:
    """The files of both layouts in which MimicMotion is published.

    Args:
        weights: ``MimicMotion_1*.pth``, the UNet's safetensors of the split layout, or a folder with either.
        base: folder of Stable Video Diffusion XT 1.1 in diffusers' layout; only the VAE and the image encoder
            are read.
        pose_net: of the split layout; by default the file of its published name beside the UNet.

    Raises:
        CheckpointError: a file is missing.
    """
    motion = _in_folder(weights, (*MERGED, *SPLIT)) if weights.is_dir() else weights
    if pose_net is None and (motion.parent / POSE_NET).is_file() and motion.suffix == ".safetensors":
        pose_net = motion.parent / POSE_NET
    return WeightFiles(motion, pose_net, _in_folder(base, VAE), _in_folder(base, IMAGE_ENCODER))


def load(networks: Networks, files: WeightFiles, device: torch.device, dtype: torch.dtype) -> None:
    """Give networks their weights, all of them or none.

    Raises:
        CheckpointError: a tensor is missing, is not known or has another shape; a file is damaged.
    """
    pairs = [
        *_motion(networks, files),
        (networks.vae, open_tensors(files.vae), ""),
        (networks.image_encoder, open_tensors(files.image_encoder).without(*NO_WEIGHTS), ""),
    ]
    for network, tensors, prefix in pairs:
        check_fits(network, tensors, prefix)
    for network, tensors, _ in pairs:
        fill(network, tensors, device, dtype)


def check_fits(network: nn.Module, tensors: TensorFile, prefix: str = "") -> None:
    """Raise unless the tensors of a file are those of a network, all of them and no others.

    Raises:
        CheckpointError: names the first that are missing, that are not known, or that have another shape.
    """
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    given = tensors.shapes
    faults = {
        "missing": sorted(own.keys() - given.keys()),
        "not known": sorted(given.keys() - own.keys()),
        "of another shape": [name for name in own if name in given and own[name] != given[name]],
    }
    if any(faults.values()):
        said = "; ".join(f"{kind}: {_listed(names, prefix)}" for kind, names in faults.items() if names)
        raise CheckpointError(f"{tensors.path}: not the weights of this network: {said}; get the file again")


def fill(network: nn.Module, tensors: TensorFile, device: torch.device, dtype: torch.dtype) -> None:
    """Give a network on ``meta`` the tensors of a file that fits, each brought to a device and type."""
    read = {name: tensors.read(name).to(device, dtype) for name in tensors.shapes}
    network.load_state_dict(read, assign=True)
    for name, buffer in list(network.named_buffers()):
        if buffer.is_meta:
            _count(network, name, buffer, device)
    network.requires_grad_(False)


def _motion(networks: Networks, files: WeightFiles) -> list[tuple[nn.Module, TensorFile, str]]:
    """UNet and PoseNet with their tensors, whichever layout they come in."""
    tensors = open_tensors(files.motion)
    if files.pose_net is not None:
        return [(networks.unet, tensors, ""), (networks.pose_net, open_tensors(files.pose_net), "")]
    strange = [name for name in tensors.shapes if not name.startswith(("unet.", "pose_net."))]
    if len(strange) == len(tensors.shapes):
        raise CheckpointError(
            f"{files.motion}: no tensor is called unet... or pose_net...; if this is the UNet of the split layout, "
            f"put {POSE_NET} beside it or set renderer.pose_net"
        )
    if strange:
        raise CheckpointError(
            f"{files.motion}: not the weights of this network: not known: {_listed(sorted(strange), '')}; "
            "get the file again"
        )
    return [
        (networks.unet, tensors.part("unet."), "unet."),
        (networks.pose_net, tensors.part("pose_net."), "pose_net."),
    ]


def _count(network: nn.Module, name: str, buffer: torch.Tensor, device: torch.device) -> None:
    """The one kind of buffer that no file holds: positions 0, 1, 2 ..."""
    owner = network.get_submodule(name.rpartition(".")[0])
    positions = torch.arange(buffer.shape[-1], device=device).expand(buffer.shape)
    owner.register_buffer(name.rpartition(".")[2], positions, persistent=False)


def _in_folder(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"{folder}: has no {' or '.join(names)}; put the file there, or give another folder"
    )


def _listed(names: list[str], prefix: str) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(prefix + name for name in names[:MAX_LISTED]) + more

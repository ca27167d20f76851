"""The networks with their weights, kept from one clip to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from signgen.render.diffusion.mimicmotion.checkpoint import WeightFiles, load
from signgen.render.diffusion.mimicmotion.networks import Networks, architecture_of, build


@lru_cache(maxsize=1)
def load_model(files: WeightFiles, base: Path, device: torch.device, dtype: torch.dtype) -> Networks:
    """The networks on a device; the image encoder waits on the CPU, since it is used once a clip.

    Raises:
        CheckpointError: files that are missing, damaged or of another network.
        DependencyError: the extra ``diffusion`` is not installed.
    """
    networks = build(architecture_of(base))
    load(networks, files, device, dtype)
    networks.image_encoder.to("cpu")
    return networks


@contextmanager
def on_device(network: nn.Module, device: torch.device, *, leaves: bool) -> Iterator[nn.Module]:
    """A block in which a network is on a device, which it leaves afterwards if asked."""
    network.to(device)
    try:
        yield network
    finally:
        if leaves:
            network.to("cpu")

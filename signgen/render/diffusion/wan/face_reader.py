"""Movements of the face, which Wan-Animate reads from pictures of it: read once, ahead of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

FACES = 8  # faces that are read at once


class Faces:
    """Movements of the face, read once from each picture of it instead of in every step.

    The network reads pictures of faces in its forward pass with a part that depends on them alone. Here that part
    is run beforehand, and in its place stands one that passes on what was read.
    """

    def __init__(self, network: Any, device: torch.device) -> None:
        """Take the reading part out of a network and bring it to a device."""
        self._reader = network.motion_encoder.to(device)
        network.motion_encoder = _AlreadyRead()
        self._like = next(self._reader.parameters()).new_empty(0)

    @property
    def side(self) -> int:
        """Width and height of the pictures that are read [px]."""
        return int(self._reader.size)

    def read(self, faces: Iterator[Tensor]) -> Iterator[Tensor]:
        """(channels,) for each (3, side, side) picture from -1 to 1."""
        while batch := list(islice(faces, FACES)):
            yield from self._reader(torch.stack(batch).to(self._like)).float()

    def nothing(self) -> Tensor:
        """(channels,) what is read from a black picture, which stands for no face."""
        movements: Tensor = self._reader(torch.full((1, 3, self.side, self.side), -1.0).to(self._like))
        return movements[0].float()


class _AlreadyRead(nn.Module):
    """In place of a reader of faces: its input is what was read, as pictures of one pixel."""

    def forward(self, movements: Tensor) -> Tensor:
        """(n, channels) of (n, channels, 1, 1)."""
        return movements.flatten(1)

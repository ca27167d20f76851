"""Conditions of a clip that live among its latents: encoded once, frame by frame, and read window by window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from signgen.render.diffusion.store import LatentStore

BATCH = 16  # latent frames that are written at once


class Pictures(Protocol):
    """A video that is read in order."""

    def read(self, frames: Sequence[int]) -> Tensor:
        """(n, 3, H, W) float32 from -1 to 1."""
        ...


@dataclass(frozen=True, eq=False)
class Scenery:
    """Footage that a signer is put into.

    Attributes:
        background: the footage.
        mask: white where the clip is made anew, black where the footage stays.
    """

    background: Pictures
    mask: Pictures

    def anew(self, frames: Sequence[int]) -> Tensor:
        """(n, 1, H, W) float32: 1 where the pictures are made anew, else 0."""
        return (self.mask.read(frames).mean(dim=1, keepdim=True) > 0).float()


@dataclass(frozen=True, eq=False)
class Conditions:
    """Rows of conditions for latent frames.

    Attributes:
        clip: (channels, h, w) for each latent frame of the clip.
        look: (channels, h, w) of a frame before the clip that shows the appearance; None if there is none.
    """

    clip: LatentStore
    look: Tensor | None

    @property
    def lead(self) -> int:
        """Latent frames before the clip."""
        return 0 if self.look is None else 1

    def read(self, frames: Sequence[int]) -> Tensor:
        """(n, channels, h, w) for frames counted from the first, the appearance's included."""
        clip = self.clip.read([frame - self.lead for frame in frames if frame >= self.lead])
        if self.look is None or len(clip) == len(frames):
            return clip
        return torch.cat([self.look.to(clip)[None], clip])


def stored(rows: Iterable[Tensor], count: int, device: torch.device) -> LatentStore:
    """A store of ``count`` frames, 1 or more, filled with rows of one shape as they come."""
    rows = iter(rows)
    first = next(rows)
    store = LatentStore(count, first.shape, device=device)
    try:
        store.write([0], first[None])
        place = 1
        while batch := list(islice(rows, BATCH)):
            store.write(range(place, place + len(batch)), torch.stack(batch))
            place += len(batch)
    except BaseException:
        store.close()
        raise
    return store


def as_clip(frames: Tensor) -> Tensor:
    """Frames (n, C, h, w) as Wan's networks take a clip: (1, C, n, h, w)."""
    return frames.transpose(0, 1)[None]


def as_frames(clip: Tensor) -> Tensor:
    """A clip (1, C, n, h, w) as frames (n, C, h, w)."""
    return clip[0].transpose(0, 1)

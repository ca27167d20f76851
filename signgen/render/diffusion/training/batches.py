"""Batches of windows out of `Footage`: which ones, and their poses drawn, depend on seed, update and part alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from signgen.render.diffusion.training.footage import Clip, Footage
from signgen.render.diffusion.training.regions import loss_weights
from signgen.render.diffusion.training.settings import Focus
from signgen.render.draw import painter

SPREAD = 0.618034  # multiples of the golden ratio never come together
# Of a window: latents, drawn poses, weights, source, embedding.
Row = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of frames; where there are pictures of the signer, that frame comes first in each.

    Attributes:
        latents: (B, T, C, h, w) float32, not scaled.
        control: (B, T, 3, H, W) uint8 the poses drawn.
        weights: (B, T, h, w) float32 how much each latent counts.
        source: (B,) int64 number of the source.
        embedding: (B, D) float32 of the picture; D is 0 where there is none.
    """

    latents: Tensor
    control: Tensor
    weights: Tensor
    source: Tensor
    embedding: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        parts = (self.latents, self.control, self.weights, self.source, self.embedding)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))


@dataclass(frozen=True)
class Reader:
    """Draws batches ahead of the network.

    Attributes:
        footage: what windows are taken of.
        profile: how poses are drawn.
        window: frames of a window; with pictures one of them is the picture.
        has_picture: whether a picture of the signer comes first.
        batch: windows of a batch.
        focus: how much hands and face count.
        seed: another seed, other windows.
        threads: that read and draw.
    """

    footage: Footage
    profile: str
    window: int
    has_picture: bool
    batch: int
    focus: Focus
    seed: int
    threads: int

    @property
    def moving(self) -> int:
        """Frames of a window that follow each other."""
        return self.window - self.has_picture

    def batches(self, updates: Iterator[int], parts: Sequence[int]) -> Iterator[Batch]:
        """Batches of updates, in each those of some parts."""
        pool = ThreadPoolExecutor(self.threads)
        wanted = ((update, part) for update in updates for part in parts)
        waiting: deque[Future[Batch]] = deque()
        try:
            for update, part in wanted:
                waiting.append(pool.submit(self.read, update, part))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def read(self, update: int, part: int) -> Batch:
        """A batch of an update."""
        dice = np.random.default_rng([self.seed, update, part])
        ends = np.cumsum([len(clip) - self.moving + 1 for clip in self.footage.train])
        rows = []
        for place in dice.integers(ends[-1], size=self.batch):
            number = int(np.searchsorted(ends, place, "right"))
            clip = self.footage.train[number]
            first = int(place - (ends[number - 1] if number else 0))
            picture = int(dice.integers(len(clip.pictures))) if self.has_picture else None
            rows.append(self.row(clip, range(first, first + self.moving), picture))
        return batch_of(rows)

    def looked_at(self, count: int) -> list[Batch]:
        """At most so many windows of held-out clips, always the same: the middle one of each, then others."""
        clips = self.footage.held_out
        windows: dict[tuple[int, int], None] = {}
        for number in range(count if clips else 0):
            place = (0.5 + number // len(clips) * SPREAD) % 1
            clip = clips[number % len(clips)]
            windows[number % len(clips), round(place * (len(clip) - self.moving))] = None
        picture = 0 if self.has_picture else None
        return [
            batch_of([self.row(clips[clip], range(first, first + self.moving), picture)])
            for clip, first in windows
        ]

    def row(self, clip: Clip, frames: Sequence[int], picture: int | None) -> Row:
        """One window of a clip, behind one of its pictures if asked for."""
        numbers = [*([clip.pictures[picture]] if picture is not None else []), *frames]
        latents = np.asarray(clip.latents[numbers], np.float32)
        keypoints = clip.keypoints[numbers]
        width, height = self.footage.width, self.footage.height
        control = np.empty((len(numbers), height, width, 3), np.uint8)
        paint = painter(self.profile, width, height)
        for points, drawn in zip(keypoints, control, strict=True):
            paint(points, drawn)
        embedding = np.empty(0) if picture is None else clip.embeddings[picture]
        weights = loss_weights(keypoints, latents.shape[-2:], self.footage.cell, self.focus)
        moved = np.ascontiguousarray(control.transpose(0, 3, 1, 2))
        return latents, moved, weights, np.array(clip.source), embedding.astype(np.float32)


def batch_of(rows: Sequence[Row]) -> Batch:
    """Windows stacked."""
    return Batch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*rows, strict=True)))

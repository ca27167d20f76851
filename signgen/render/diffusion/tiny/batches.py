"""Batches of windows out of `Material`: which ones, and their poses drawn, depend on seed and update alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from signgen.render.diffusion.tiny.material import Clip, Material
from signgen.render.diffusion.tiny.network import to_cells
from signgen.render.diffusion.tiny.regions import cell_weights
from signgen.render.draw import painter

EVENLY = 4
# Poses are drawn larger and averaged: at 256 px the profile's dots would cover the fingers.
FINER = 2
Window: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
PROFILE: Literal["controlnet"] = "controlnet"


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of frames.

    Attributes:
        frames: (B, T, H, W, 3) uint8 RGB.
        control: (B, T, H, W, 3) uint8 the poses drawn.
        reference: (B, H, W, 3) uint8 another frame of the same look.
        weights: (B, T, H / cell, W / cell) float32 how much each cell counts.
    """

    frames: Tensor
    control: Tensor
    reference: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        parts = (self.frames, self.control, self.reference, self.weights)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))


@dataclass(frozen=True)
class Reader:
    """Draws batches ahead of the network.

    Attributes:
        material: what windows are taken of.
        window: frames of a window.
        batch: windows of a batch.
        crop: side of the squares that windows are cut to [px]; 0: whole frames.
        whole: share of batches that are whole frames nevertheless, fewer of them.
        cell: side of the cells of the network [px].
        hands: weight near hands.
        face: weight in the face.
        seed: another seed, other windows.
        threads: that read and draw.
    """

    material: Material
    window: int
    batch: int
    crop: int
    whole: float
    cell: int
    hands: float
    face: float
    seed: int
    threads: int

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """Batches without end, from update ``first`` on."""
        pool = ThreadPoolExecutor(self.threads)
        waiting: deque[Future[Batch]] = deque()
        try:
            while True:
                while len(waiting) <= self.threads:
                    waiting.append(pool.submit(self.read, first))
                    first += 1
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def read(self, update: int) -> Batch:
        """The batch of an update."""
        dice = np.random.default_rng([self.seed, update])
        clips = self.material.train
        lengths = np.array([len(clip) - self.window + 1 for clip in clips])
        is_whole = not self.crop or dice.random() < self.whole
        places = dice.integers(lengths.sum(), size=self._count(is_whole))
        ends = np.cumsum(lengths)
        windows = []
        for place in places:
            number = int(np.searchsorted(ends, place, "right"))
            start = int(place - (ends[number] - lengths[number]))
            clip = clips[number]
            alike = [other for other in clips if other.source == clip.source]
            shown = alike[dice.integers(len(alike))]
            looks = shown.frames[dice.integers(len(shown))]
            window = self.window_of(clip, start, self.window, looks)
            keypoints = clip.keypoints[start : start + self.window]
            windows.append(window if is_whole else self._cut(window, keypoints, dice))
        return Batch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*windows, strict=True)))

    def window_of(self, clip: Clip, start: int, length: int, looks: np.ndarray) -> Window:
        """Frames, drawn poses, reference and weights of one window."""
        width, height = self.material.width, self.material.height
        keypoints = clip.keypoints[start : start + length]
        frames = np.array(clip.frames[start : start + length])
        weights = cell_weights(keypoints, width, height, self.cell, self.hands, self.face)
        return frames, drawn_poses(keypoints, width, height), np.array(looks), weights

    def _count(self, is_whole: bool) -> int:
        """Windows of a batch: of whole frames so many that it costs what one of squares does."""
        if not (is_whole and self.crop):
            return self.batch
        return max(1, self.batch * self.crop**2 // (self.material.width * self.material.height))

    def _cut(self, window: Window, keypoints: np.ndarray, dice: np.random.Generator) -> Window:
        """A square out of a window, one time in `EVENLY` anywhere and else around something that is seen."""
        place = dice.random(2)
        seen = keypoints[keypoints[..., 2] > 0, :2]
        middle = seen[dice.integers(len(seen))] if len(seen) else place
        jitter = (place - 0.5) * self.crop
        height, width = self.material.height, self.material.width
        room = np.array([width, height]) - self.crop
        anywhere = dice.integers(EVENLY) == 0
        corner = place * room if anywhere else middle + jitter - self.crop / 2
        x, y = (np.clip(corner, 0, room) // self.cell * self.cell).astype(int)
        rows, columns = slice(y, y + self.crop), slice(x, x + self.crop)
        cells = tuple(slice(i // self.cell, (i + self.crop) // self.cell) for i in (y, x))
        frames, control, looks, weights = window
        return frames[:, rows, columns], control[:, rows, columns], looks[rows, columns], weights[:, *cells]


def drawn_poses(keypoints: np.ndarray, width: int, height: int) -> np.ndarray:
    """(T, height, width, 3) uint8 pictures of (T, 128, 3) keypoints [px]."""
    finer = keypoints * np.array([FINER, FINER, 1], np.float32)
    paint = painter(PROFILE, FINER * width, FINER * height)
    large = np.empty((FINER * height, FINER * width, 3), np.uint8)
    pictures = np.empty((len(keypoints), height, width, 3), np.uint8)
    for points, picture in zip(finer, pictures, strict=True):
        paint(points, large)
        picture[:] = smaller(large)
    return pictures


def smaller(pictures: np.ndarray) -> np.ndarray:
    """(..., H, W, 3) uint8 means of (..., 2 H, 2 W, 3) pictures, rounded down."""
    rows = pictures[..., ::2, :, :].astype(np.uint16) + pictures[..., 1::2, :, :]
    means: np.ndarray = (rows[..., ::2, :] + rows[..., 1::2, :]) // FINER**2
    return means.astype(np.uint8)


def as_cells(pictures: Tensor, cell: int) -> Tensor:
    """(..., 3 cell², H / cell, W / cell) float32 from -1 to 1 of (..., H, W, 3) uint8."""
    return to_cells(pictures.movedim(-1, -3).float() / 127.5 - 1, cell)

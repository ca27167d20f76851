"""Noise that belongs to a frame's number: the same however a clip is cut, and on whatever device it is used."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import torch


def frame_noise(
    seed: int, frames: Sequence[int], shape: Sequence[int], *, stream: str = "latents"
) -> torch.Tensor:
    """(len(frames), *shape) float32 normal noise on the CPU.

    Each frame has a counter of its own, so that no two frames of a clip repeat and any of them can be drawn
    alone. (MimicMotion draws the noise of one window and repeats it; see `repeated_noise`.)

    Args:
        seed: of the clip.
        frames: numbers of the frames, from 0.
        shape: of one frame.
        stream: noises with different names have nothing to do with each other.
    """
    noise = np.empty((len(frames), *shape), np.float32)
    for row, frame in zip(noise, frames, strict=True):
        bits = np.random.Philox(key=[seed, crc32(stream.encode())], counter=[0, 0, 0, frame])
        np.random.Generator(bits).standard_normal(dtype=np.float32, out=row)
    return torch.from_numpy(noise)


def repeated_noise(
    seed: int, frames: Sequence[int], shape: Sequence[int], *, tile: int, stream: str = "latents"
) -> torch.Tensor:
    """Noise that repeats after ``tile`` frames, as the loop of MimicMotion starts from."""
    return frame_noise(seed, [frame % tile for frame in frames], shape, stream=stream)

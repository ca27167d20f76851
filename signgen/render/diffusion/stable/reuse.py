"""Noise for clips longer than a motion model's window: drawn for one window, then reused in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from signgen.render.diffusion.noise import frame_noise


class ReusedNoise:
    """FreeNoise's rescheduling of noise (Qiu et al., arXiv 2310.15169, equation 7).

    The first ``window`` frames have noise of their own. After them each ``stride`` frames take the noise of the
    frames one window earlier, shuffled. So any window that starts at a multiple of the stride holds the same
    ``window`` noises, which keeps what the frames show from drifting, and no two of them in the same order.
    It is of no consequence how long the clip is.
    """

    def __init__(self, seed: int, window: int, stride: int) -> None:
        """Noise of a clip whose windows have ``window`` frames and start ``stride`` frames apart."""
        if not 1 <= stride <= window:
            raise ValueError(f"a stride from 1 to {window} is needed, got {stride}")
        self.seed, self.window, self.stride = seed, window, stride
        self._sources = list(range(window))

    def source(self, frame: int) -> int:
        """Which of the first ``window`` frames lends its noise to a frame."""
        while frame >= len(self._sources):
            first = len(self._sources)
            shuffle = np.random.Generator(np.random.Philox(key=[self.seed, first])).permutation(self.stride)
            self._sources += [self._sources[first - self.window + place] for place in shuffle]
        return self._sources[frame]

    def draw(self, frames: Sequence[int], shape: Sequence[int]) -> torch.Tensor:
        """(len(frames), *shape) float32 normal noise."""
        return frame_noise(self.seed, [self.source(frame) for frame in frames], shape)

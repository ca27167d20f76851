"""Steps of UniPC along a rectified flow, which Wan's checkpoints come with: half the steps that Euler's need."""

from __future__ import annotations

from math import expm1, log

import numpy as np
import torch

from signgen.render.diffusion.schedules import TRAINED_STEPS

PARTS = 4  # arrays that a frame is carried along with
NEAR_ONE = 1e-6  # how far the first level stays below 1, where a logarithm of the picture's share has no end


class FlowUniPC:
    """Predictor and corrector of order 2 (Zhao et al., arXiv 2302.04867, variant B2) for velocities of a flow.

    A multistep solver looks back. What it looks back at is of the same shape as the latents, and lies behind
    them in the channels of what `begin` and `update` give: latents now, latents at the level before, the
    picture predicted there and the one predicted before that. So frames can still be stepped apart.
    """

    def __init__(self, count: int, *, shift: float = 1.0, order: int = 2) -> None:
        """``shift`` above 1 spends more of the steps among high noise, as large pictures need."""
        self.count, self.order = count, order
        levels = np.linspace(1, 1 / TRAINED_STEPS, count + 1)[:-1]
        levels = shift * levels / (1 + (shift - 1) * levels)
        levels[0] = min(levels[0], 1 - NEAR_ONE)
        self.sigmas = np.append(levels, 0).astype(np.float32)
        self._times = (levels * TRAINED_STEPS).astype(np.int64)

    def timestep(self, step: int) -> torch.Tensor:
        """What the network is told of the level, a whole number from 0 to 999."""
        return torch.tensor(self._times[step])

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """(n, 4 C, h, w) latents of level 0 without a picture, and nothing to look back at."""
        return torch.cat([noise, *[torch.zeros_like(noise)] * (PARTS - 1)], dim=1)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, level: int) -> torch.Tensor:
        """(n, 4 C, h, w) clean latents brought to a level, and nothing to look back at."""
        sigma = float(self.sigmas[level])
        return self.begin(latents * (1 - sigma) + noise * sigma)

    def scaled(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """(n, C, h, w) latents as the network takes them: as they are."""
        return latents[:, : latents.shape[1] // PARTS]

    def update(self, latents: torch.Tensor, prediction: torch.Tensor, step: int) -> torch.Tensor:
        """(n, 4 C, h, w) of the next level."""
        now, before, last, older = latents.chunk(PARTS, dim=1)
        clean = now - prediction * float(self.sigmas[step])
        if step:
            now = self._corrected(before, clean, last, older, step)
        after = self._predicted(now, clean, last, step)
        return torch.cat([after, now, clean, last], dim=1)

    def _order(self, step: int) -> int:
        """Predictions that a step looks at: one at both ends, where there is no other."""
        return min(self.order, step + 1, self.count - step)

    def _moved(self, latents: torch.Tensor, clean: torch.Tensor, step: int) -> torch.Tensor:
        """A step of order 1, as far as the next level."""
        sigma, after = float(self.sigmas[step]), float(self.sigmas[step + 1])
        return latents * (after / sigma) - clean * ((1 - after) * expm1(-self._stride(step)))

    def _predicted(
        self, now: torch.Tensor, clean: torch.Tensor, last: torch.Tensor, step: int
    ) -> torch.Tensor:
        if self.sigmas[step + 1] == 0:
            return clean
        after = self._moved(now, clean, step)
        if self._order(step) == 1:
            return after
        slope = (last - clean) / self._ratio(step)
        return after - slope * (0.5 * self._scale(step))

    def _corrected(
        self, before: torch.Tensor, clean: torch.Tensor, last: torch.Tensor, older: torch.Tensor, step: int
    ) -> torch.Tensor:
        """The latents of this level anew, now that the network has seen them."""
        previous = step - 1
        again, scale = self._moved(before, last, previous), self._scale(previous)
        if self._order(previous) == 1:
            return again - (clean - last) * (0.5 * scale)
        ratio = self._ratio(previous)
        of_older, of_clean = self._weights(previous)
        return again - ((older - last) * (of_older / ratio) + (clean - last) * of_clean) * scale

    def _weights(self, step: int) -> tuple[float, float]:
        """Shares of the older difference and of the new one that make a corrector exact to order 2."""
        stride, ratio = -self._stride(step), self._ratio(step)
        first = expm1(stride) / stride - 1
        second = first / stride - 0.5
        low, high = first / expm1(stride), 2 * second / expm1(stride)
        of_older = (low - high) / (1 - ratio)
        return of_older, low - of_older

    def _scale(self, step: int) -> float:
        return (1 - float(self.sigmas[step + 1])) * expm1(-self._stride(step))

    def _stride(self, step: int) -> float:
        return self._log_ratio(step + 1) - self._log_ratio(step)

    def _ratio(self, step: int) -> float:
        """The stride before a step as a share of its own, below 0 because it lies behind."""
        return (self._log_ratio(step - 1) - self._log_ratio(step)) / self._stride(step)

    def _log_ratio(self, level: int) -> float:
        """Half the logarithm of the signal-to-noise ratio."""
        sigma = float(self.sigmas[level])
        return log(1 - sigma) - log(sigma)

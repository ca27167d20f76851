"""Steps from noise to a picture, element by element, so that frames can be stepped apart from each other.

Each class is a `Steps` of `signgen.render.diffusion.sampling`. Level ``i`` is how noisy latents are before step
``i``; level ``count`` is without noise. A last step lands on the predicted picture exactly, not merely nearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any, Literal

import numpy as np
import torch

from signgen.errors import ConfigError

Prediction = Literal["epsilon", "v", "sample"]
Spacing = Literal["leading", "linspace", "trailing"]
TRAINED_STEPS = 1000
RHO = 7  # of the schedule of Karras et al. (arXiv 2206.00364)
_PREDICTIONS: Mapping[str, Prediction] = {"epsilon": "epsilon", "v_prediction": "v", "sample": "sample"}


class EulerSVD:
    """Euler steps of Stable Video Diffusion: Karras' levels, continuous time, velocity predicted."""

    def __init__(
        self,
        count: int,
        *,
        sigma_min: float = 0.002,
        sigma_max: float = 700.0,
        prediction: Prediction = "v",
    ) -> None:
        self.count, self.prediction = count, prediction
        ramp = np.linspace(0, 1, count)
        low, high = sigma_min ** (1 / RHO), sigma_max ** (1 / RHO)
        levels = (high + ramp * (low - high)) ** RHO
        self.sigmas = np.append(levels, 0).astype(np.float32)

    def timestep(self, step: int) -> torch.Tensor:
        """What the network is told of the level: a quarter of its logarithm."""
        return torch.tensor(0.25 * np.log(self.sigmas[step]), dtype=torch.float32)

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """Latents of level 0 without a picture."""
        return noise * sqrt(self.sigmas[0] ** 2 + 1)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, level: int) -> torch.Tensor:
        """Clean latents brought to a level."""
        return latents if level == self.count else latents + noise * float(self.sigmas[level])

    def scaled(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """Latents as the network takes them."""
        return latents / sqrt(self.sigmas[step] ** 2 + 1)

    def update(self, latents: torch.Tensor, prediction: torch.Tensor, step: int) -> torch.Tensor:
        """Latents of the next level."""
        sigma, next_sigma = map(float, self.sigmas[step : step + 2])
        clean = self._clean(latents, prediction, sigma)
        return clean + (latents - clean) * (next_sigma / sigma)

    def _clean(self, latents: torch.Tensor, prediction: torch.Tensor, sigma: float) -> torch.Tensor:
        if self.prediction == "sample":
            return prediction
        if self.prediction == "epsilon":
            return latents - prediction * sigma
        return latents / (sigma**2 + 1) - prediction * (sigma / sqrt(sigma**2 + 1))


class FlowEuler:
    """Euler steps of a rectified flow from noise at 1 to the picture at 0, as Wan and tiny-flow take them."""

    def __init__(
        self, count: int, *, shift: float = 1.0, prediction: Literal["flow", "sample"] = "flow"
    ) -> None:
        """``shift`` above 1 spends more of the steps among high noise, as large pictures need."""
        self.count, self.prediction = count, prediction
        levels = 1 - np.arange(count + 1) / count
        self.sigmas = (shift * levels / (1 + (shift - 1) * levels)).astype(np.float32)

    def timestep(self, step: int) -> torch.Tensor:
        """What the network is told of the level, from 0 to 1000."""
        return torch.tensor(self.sigmas[step] * TRAINED_STEPS, dtype=torch.float32)

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """Latents of level 0 without a picture."""
        return noise

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, level: int) -> torch.Tensor:
        """Clean latents brought to a level."""
        sigma = float(self.sigmas[level])
        return latents if level == self.count else latents * (1 - sigma) + noise * sigma

    def scaled(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """Latents as the network takes them: as they are."""
        return latents

    def update(self, latents: torch.Tensor, prediction: torch.Tensor, step: int) -> torch.Tensor:
        """Latents of the next level."""
        sigma, next_sigma = map(float, self.sigmas[step : step + 2])
        if self.prediction == "sample":
            return prediction + (latents - prediction) * (next_sigma / sigma)
        return latents + prediction * (next_sigma - sigma)


class DDIM:
    """Deterministic steps of Stable Diffusion (Song et al., arXiv 2010.02502)."""

    def __init__(
        self,
        count: int,
        *,
        beta_start: float = 0.00085,
        beta_end: float = 0.012,
        schedule: Literal["scaled_linear", "linear"] = "scaled_linear",
        prediction: Prediction = "epsilon",
        spacing: Spacing = "leading",
        offset: int = 1,
        ends_clean: bool = False,
    ) -> None:
        """Defaults are those of Stable Diffusion 1.5.

        Args:
            count: steps, at most 1000.
            beta_start: first variance of training.
            beta_end: last variance of training.
            schedule: how the variances between them rise.
            prediction: what the network predicts.
            spacing: which of the 1000 levels of training are used.
            offset: added to the levels of ``leading``.
            ends_clean: the last step ends without noise, and not at the first level of training.
        """
        self.count, self.prediction = count, prediction
        kept = _kept(beta_start, beta_end, schedule)
        self.timesteps = _spaced(count, spacing, offset)
        before = self.timesteps - TRAINED_STEPS // count
        last = 1.0 if ends_clean else float(kept[0])
        self.kept = kept[self.timesteps]
        self.kept_after = np.where(before >= 0, kept[np.maximum(before, 0)], np.float32(last))

    @classmethod
    def of(cls, config: Mapping[str, Any], count: int) -> DDIM:
        """Steps as the ``scheduler_config.json`` of a checkpoint asks for.

        Raises:
            ConfigError: it asks for what these steps are not.
        """
        schedule, spacing = (
            config.get("beta_schedule", "linear"),
            config.get("timestep_spacing", "leading"),
        )
        prediction = config.get("prediction_type", "epsilon")
        known = schedule in ("linear", "scaled_linear") and prediction in _PREDICTIONS
        if not known or config.get("rescale_betas_zero_snr") or config.get("thresholding"):
            raise ConfigError(
                f"scheduler_config.json: {schedule} variances that predict {prediction} are not supported; "
                "use weights of the family of Stable Diffusion"
            )
        return cls(
            count,
            beta_start=config.get("beta_start", 0.0001),
            beta_end=config.get("beta_end", 0.02),
            schedule=schedule,
            prediction=_PREDICTIONS[prediction],
            spacing=spacing,
            offset=config.get("steps_offset", 0),
            ends_clean=config.get("set_alpha_to_one", True),
        )

    def timestep(self, step: int) -> torch.Tensor:
        """What the network is told of the level: its number in training."""
        return torch.tensor(self.timesteps[step])

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """Latents of level 0 without a picture."""
        return noise

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, level: int) -> torch.Tensor:
        """Clean latents brought to a level."""
        if level == self.count:
            return latents
        kept = float(self.kept[level])
        return latents * sqrt(kept) + noise * sqrt(1 - kept)

    def scaled(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """Latents as the network takes them: as they are."""
        return latents

    def update(self, latents: torch.Tensor, prediction: torch.Tensor, step: int) -> torch.Tensor:
        """Latents of the next level."""
        kept, after = float(self.kept[step]), float(self.kept_after[step])
        clean, noise = self._parts(latents, prediction, sqrt(kept), sqrt(1 - kept))
        return clean * sqrt(after) + noise * sqrt(1 - after)

    def _parts(
        self, latents: torch.Tensor, prediction: torch.Tensor, picture: float, noise: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The picture and the noise that make the latents."""
        if self.prediction == "epsilon":
            return (latents - prediction * noise) / picture, prediction
        if self.prediction == "sample":
            return prediction, (latents - prediction * picture) / noise
        return latents * picture - prediction * noise, prediction * picture + latents * noise


def first_step(count: int, strength: float) -> int:
    """The step at which a run starts that changes a picture with a strength from 0 (not at all) to 1."""
    return count - min(count, round(count * strength))


def _kept(start: float, end: float, schedule: str) -> np.ndarray:
    """(1000,) float32 share of the picture's variance that is left at each level of training."""
    power = 2 if schedule == "scaled_linear" else 1
    betas = np.linspace(start ** (1 / power), end ** (1 / power), TRAINED_STEPS, dtype=np.float64) ** power
    return np.cumprod(1 - betas).astype(np.float32)


def _spaced(count: int, spacing: Spacing, offset: int) -> np.ndarray:
    """(count,) int64 levels of training, from noise to picture."""
    if spacing == "leading":
        return np.arange(count)[::-1] * (TRAINED_STEPS // count) + offset
    if spacing == "linspace":
        return np.linspace(0, TRAINED_STEPS - 1, count).round()[::-1].astype(np.int64)
    return np.arange(TRAINED_STEPS, 0, -TRAINED_STEPS / count).round().astype(np.int64) - 1

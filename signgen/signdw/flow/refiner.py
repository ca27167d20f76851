"""Rectified flow from noise to poses at 24 Hz, conditioned frame by frame: what codes cannot say.

The straight way from noise x0 to a pose x1 is x_t = (1 - t) x0 + t x1, and a network learns where it leads (Liu et al.,
2023). It tells the pose x1 itself, from which the velocity (x1 - x_t) / (1 - t) follows: poses of 128 keypoints have
few degrees of freedom, noise has all of them, and a narrow network cannot carry it through (Li and He, 2025). What
is counted is the error of the velocity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.flow.network import FrameNetwork
from signgen.signdw.flow.scale import Scale, bone_lengths, point_weights, seen_bones
from signgen.signdw.flow_settings import RefinerSettings, RefineSettings
from signgen.signdw.network.corruption import Chance

# Errors of the velocity count as if at least this much of the way were left.
_LEFT = 0.05
# How fast bone lengths lose weight with noise (Zhang et al., 2023: exp(-10 t) with t from data to noise).
_BONE_FALL = 10.0


@dataclass(frozen=True, eq=False)
class Known:
    """Frames that stay as they are.

    Attributes:
        values: (B, T, 128, C) of `Parts`.
        visible: (B, T, 128) bool.
        at: (B, T) bool which frames are known.
    """

    values: Tensor
    visible: Tensor
    at: Tensor


class Refined(NamedTuple):
    """Movement of B clips.

    Attributes:
        values: (B, T, 128, C) of `Parts`, of hidden keypoints too.
        visible: (B, T, 128) bool.
    """

    values: Tensor
    visible: Tensor


class Refiner(nn.Module):
    """Draws poses, or what is to be added to coarse ones.

    Args:
        settings: its shape.
        channels: coordinates of a keypoint.
        condition: features of the condition of a frame.
    """

    weights: Tensor

    def __init__(self, settings: RefinerSettings, channels: int, condition: int) -> None:
        super().__init__()
        self.settings, self.channels = settings, channels
        self.scale = Scale(channels)
        size, width = NUM_KEYPOINTS * channels, settings.width
        # Coordinates, which of them are there, and whether the frame is known.
        inputs = size + NUM_KEYPOINTS + 1
        self.network = FrameNetwork(inputs, condition, size, width, settings.layers, settings.kernel)
        self.see = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, NUM_KEYPOINTS))
        self.register_buffer("weights", point_weights(), persistent=False)

    @torch.no_grad()
    def begin(self, values: Tensor, visible: Tensor, mask: Tensor, coarse: Tensor | None = None) -> None:
        """Learn how far coordinates spread, before training; for the arguments see `loss`."""
        self.scale.fit(values if coarse is None else values - coarse, visible & mask[..., None])

    def loss(
        self,
        values: Tensor,
        visible: Tensor,
        condition: Tensor,
        mask: Tensor,
        generator: torch.Generator | None = None,
        coarse: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses by name, ``total`` the weighted sum; hidden keypoints have none but that of being told hidden.

        Args:
            values: (B, T, 128, C) of `Parts`.
            visible: (B, T, 128) bool.
            condition: (B, T, condition).
            mask: (B, T) bool which frames are of the clips.
            generator: where noise, times and what is dropped come from; None: torch's own.
            coarse: (B, T, 128, C) what poses are added to; None: nothing.
        """
        chance, rows = Chance(values.device, generator), len(values)
        counted = visible & mask[..., None]
        here = self._points(counted)
        truth = self.scale.into(values if coarse is None else values - coarse) * here
        noise = torch.randn(truth.shape, generator=generator).to(truth)
        time = torch.randn(rows, generator=generator).to(truth).sigmoid()
        keep, known = torch.ones_like(time), torch.zeros_like(mask)
        if self.training:
            keep = (chance(rows) >= self.settings.condition_dropout).to(truth)
            known = known_frames(mask, self.settings.known, chance)
        told = self.network.condition(condition * keep[:, None, None])
        x = torch.where(known[..., None], truth, torch.lerp(noise, truth, time[:, None, None]))
        found = self._pose(x, time, told, mask, here, known)
        losses = self._losses(found, truth, coarse, counted & ~known[..., None], time)
        seen = F.binary_cross_entropy_with_logits(self.see(told), visible.to(truth), reduction="none")
        frames = (mask * keep[:, None])[..., None].expand_as(seen)
        losses["visibility"] = (seen * frames).sum() / frames.sum().clamp(min=1)
        losses["total"] = losses["total"] + self.settings.visibility * losses["visibility"]
        return losses

    def _losses(
        self, found: Tensor, truth: Tensor, coarse: Tensor | None, counted: Tensor, time: Tensor
    ) -> dict[str, Tensor]:
        """Of scaled poses (B, T, 128 C) where keypoints count (B, T, 128), at times (B,)."""
        left = (1 - time).clamp(min=_LEFT)
        errors = ((found - truth).square() * self._points(counted * self.weights)).flatten(1).sum(1)
        flow = (errors / left.square()).sum() / self._points(counted).sum().clamp(min=1)
        base = 0 if coarse is None else coarse
        lengths = [bone_lengths(self.scale.out(x) + base) for x in (found, truth)]
        ends = seen_bones(counted) * torch.exp(-_BONE_FALL * (1 - time))[:, None, None]
        bones = ((lengths[0] - lengths[1]).abs() * ends).sum() / ends.sum().clamp(min=1e-3)
        return {"total": flow + self.settings.bones * bones, "flow": flow, "bones": bones}

    def velocity(self, x: Tensor, time: Tensor, condition: Tensor, mask: Tensor, visible: Tensor) -> Tensor:
        """(B, T, 128 C) where scaled poses go at times (B,) below 1; for the other arguments see `sample`."""
        told = self.network.condition(condition)
        known = torch.zeros_like(mask)
        found = self._pose(x, time, told, mask, self._points(visible), known)
        return (found - x) / (1 - time[:, None, None])

    def _pose(
        self, x: Tensor, time: Tensor, told: Tensor, mask: Tensor, here: Tensor, known: Tensor
    ) -> Tensor:
        """(B, T, 128 C) the scaled pose that x_t comes from; 0, the middle, for hidden keypoints."""
        flags = [here[..., :: self.channels], known[..., None].to(x)]
        frames = None if bool(mask.all()) else mask[..., None].to(x)
        # The expected pose if all coordinates were independent: at first nothing, where else noise would cover all.
        share = (time / (time.square() + (1 - time).square()))[:, None, None]
        likely = torch.where(known[..., None], x, share * x)
        found: Tensor = self.network(told, frames, torch.cat([likely * here, *flags], -1), time)
        return found * here

    @torch.inference_mode()
    def sample(
        self,
        condition: Tensor,
        mask: Tensor,
        noise: Tensor,
        draws: RefineSettings | None = None,
        coarse: Tensor | None = None,
        visible: Tensor | None = None,
        known: Known | None = None,
    ) -> Refined:
        """Movements; nothing here is left to chance but the noise.

        Args:
            condition: (B, T, condition).
            mask: (B, T) bool which frames are of the clips.
            noise: (B, T, 128 C) normal.
            draws: how.
            coarse: (B, T, 128, C) what is added to; None: nothing.
            visible: (B, T, 128) bool which keypoints there are; None: as the condition says.
            known: frames that come out as they are, with the others fitting to them.
        """
        draws = draws or RefineSettings()
        told = self.network.condition(condition)
        visible = self.see(told) > 0 if visible is None else visible
        held = torch.zeros_like(mask) if known is None else known.at
        truth: Tensor | None = None
        if known is not None:
            visible = torch.where(held[..., None], known.visible, visible)
            truth = self.scale.into(known.values if coarse is None else known.values - coarse)
        here = self._points(visible)
        if draws.guidance != 1:
            told = torch.cat([told, self.network.condition(torch.zeros_like(condition))])
        x = noise * draws.noise

        def look(x: Tensor, time: float) -> Tensor:
            x = x if truth is None else torch.where(held[..., None], truth, x)
            return self._guided(x, time, told, mask, here, held, draws.guidance)

        found = _solved(look, x, draws)
        values = self.scale.out(found) + (0 if coarse is None else coarse)
        if known is not None:
            values = torch.where(held[..., None, None], known.values, values)
        return Refined(values, visible & mask[..., None])

    def _guided(
        self,
        x: Tensor,
        time: float,
        told: Tensor,
        mask: Tensor,
        here: Tensor,
        known: Tensor,
        guidance: float,
    ) -> Tensor:
        times = torch.full((len(told),), time, device=x.device)
        if guidance == 1:
            return self._pose(x, times, told, mask, here, known)
        twice = (torch.cat([t, t]) for t in (mask, here, known))
        with_, without = self._pose(torch.cat([x, x]), times, told, *twice).chunk(2)
        return without + guidance * (with_ - without)

    def _points(self, points: Tensor) -> Tensor:
        """(B, T, 128 C) floats of (B, T, 128), the same for all coordinates of a keypoint."""
        return points.to(self.weights).repeat_interleave(self.channels, -1)


def _solved(look: Callable[[Tensor, float], Tensor], x: Tensor, draws: RefineSettings) -> Tensor:
    """From noise to poses; ``look`` tells the pose that lies ahead of x at a time."""
    for step in range(draws.steps):
        start, end = step / draws.steps, (step + 1) / draws.steps
        velocity = (look(x, start) - x) / (1 - start)
        ahead = x + (end - start) * velocity
        # The last step ends at the pose itself, where no velocity is left to look at.
        if draws.solver == "heun" and end < 1:
            velocity = (velocity + (look(ahead, end) - ahead) / (1 - end)) / 2
            ahead = x + (end - start) * velocity
        x = ahead
    return x


def known_frames(mask: Tensor, share: float, chance: Chance) -> Tensor:
    """(B, T) frames that are given in training: all but a random span, in a share of the clips."""
    rows, frames = mask.shape
    lengths = mask.sum(1, keepdim=True)
    ends = (chance(rows, 2) * (lengths + 1)).sort(1).values
    place = torch.arange(frames, device=mask.device)
    inside = (place >= ends[:, :1]) & (place < ends[:, 1:])
    return mask & ~inside & (chance(rows, 1) < share)

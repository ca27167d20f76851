"""Several ControlNets as one: each reads three channels of the pictures, and what they say is added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class MoreControl:
    """Pictures beside those of the poses.

    Attributes:
        network: a ``ControlNetModel`` of the same family.
        read: (n, 3, H, W) pictures of frames from 0 to 1.
        scale: how firmly they hold, in units of the poses.
    """

    network: Any
    read: Callable[[Sequence[int]], torch.Tensor]
    scale: float = 1.0


@dataclass(frozen=True)
class JoinedControl:
    """The ControlNet of the poses and others, called as one of them is."""

    poses: Any
    more: tuple[MoreControl, ...]

    def __call__(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        *,
        controlnet_cond: torch.Tensor,
        conditioning_scale: float,
        **told: Any,
    ) -> tuple[list[torch.Tensor], torch.Tensor]:
        """The sums of their residuals.

        Args:
            sample: latents.
            timestep: what the networks are told of the level.
            controlnet_cond: (n, 3 k, H, W) pictures, those of the poses first.
            conditioning_scale: of all.
            told: what all of them are told.
        """
        networks = [(self.poses, 1.0), *((one.network, one.scale) for one in self.more)]
        downs: list[list[torch.Tensor]] = []
        middles: list[torch.Tensor] = []
        for (network, scale), pictures in zip(networks, torch.split(controlnet_cond, 3, 1), strict=True):
            down, middle = network(
                sample,
                timestep,
                controlnet_cond=pictures,
                conditioning_scale=conditioning_scale * scale,
                **told,
            )
            downs.append(list(down))
            middles.append(middle)
        return [_sum(parts) for parts in zip(*downs, strict=True)], _sum(middles)


def joined(poses: Any, more: tuple[MoreControl, ...], device: torch.device) -> Any:
    """The ControlNet of the poses, with others if there are any, on one device and in one precision."""
    if not more:
        return poses
    for one in more:
        one.network.to(device, poses.dtype)
    return JoinedControl(poses, more)


def _sum(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total

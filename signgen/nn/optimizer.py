"""The optimiser and how fast it learns at each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from signgen.nn.settings import OptimizerSettings


@dataclass(frozen=True)
class Plateau:
    """When a learning rate falls because nothing gets better.

    Attributes:
        looks: without a better score, after which it falls with the next.
        factor: that it is multiplied by.
        lowest: below which the training ends.
    """

    looks: int
    factor: float
    lowest: float


def make_optimizer(model: nn.Module, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """AdamW, which pulls matrices alone towards zero, or Adam, which pulls everything through its gradient."""
    weights = [p for p in model.parameters() if p.requires_grad]
    is_fused = all(p.is_floating_point() for p in weights)
    if settings.optimizer == "adam":
        return torch.optim.Adam(
            weights, settings.rate, settings.betas, weight_decay=settings.decay, fused=is_fused
        )
    groups = [
        {"params": [p for p in weights if p.ndim >= 2], "weight_decay": settings.decay},
        {"params": [p for p in weights if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, settings.rate, settings.betas, fused=is_fused)


def rate_at(settings: OptimizerSettings, step: int, steps: int) -> float:
    """The learning rate of update ``step`` of ``steps``, both from 0; a plateau's factor comes on top.

    >>> settings = OptimizerSettings(rate=1, warmup=2, schedule="cosine")
    >>> [rate_at(settings, step, 10) for step in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if step < settings.warmup:
        return settings.rate * (step + 1) / settings.warmup
    if settings.schedule != "cosine":
        return settings.rate
    progress = (step - settings.warmup) / max(1, steps - settings.warmup)
    return settings.rate * (1 + math.cos(math.pi * progress)) / 2


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use a learning rate from now on."""
    for group in optimizer.param_groups:
        group["lr"] = rate

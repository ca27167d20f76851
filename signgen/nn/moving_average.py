"""A moving average of a network's weights, which does better than the weights themselves."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def copy_of(model: Network) -> Network:
    """A copy to keep an average in: nothing is learned in it, nothing left out."""
    average = deepcopy(model)
    average.requires_grad_(False)
    return average.eval()


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, keep: float, updates: int) -> None:
    """Let an average follow the weights.

    Args:
        average: made by `copy_of`; changed in place.
        model: with the weights after ``updates`` updates.
        keep: share of the average that stays; less in the beginning, which would be remembered too long.
        updates: so far.
    """
    share = 1 - min(keep, (1 + updates) / (10 + updates))
    pairs = list(zip(average.parameters(), model.parameters(), strict=True))
    torch._foreach_lerp_([a for a, _ in pairs], [weight.detach() for _, weight in pairs], share)

"""Whole numbers in bins that grow: how durations and lengths become classes, so that they can be drawn."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LogBins(nn.Module):
    """Bins over 1 to ``highest``, one number each as long as they are narrower than that, then by equal ratios.

    One softmax over fine bins takes the place of coarse bins with an offset: the same resolution, one loss, and no
    second draw that could contradict the first.

    >>> LogBins(20, 8).starts.tolist()
    [1, 2, 3, 4, 6, 8, 11, 15, 21]
    """

    starts: Tensor

    def __init__(self, highest: int, bins: int) -> None:
        super().__init__()
        self.highest = highest
        self.register_buffer("starts", torch.tensor(_edges(highest, bins)), persistent=False)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def forward(self, numbers: Tensor) -> Tensor:
        """The bin of each of (...) whole numbers; those out of range go to the first or last."""
        return torch.bucketize(numbers.clamp(1, self.highest), self.starts, right=True) - 1

    def draw(self, bins: Tensor, chance: Tensor) -> Tensor:
        """A number of each of (...) bins, any of it as likely; ``chance`` (...) is in [0, 1)."""
        lowest = self.starts[bins]
        width = self.starts[bins + 1] - lowest
        return lowest + (chance * width).long().clamp(max=width - 1)


def _edges(highest: int, bins: int) -> list[int]:
    edges = [1]
    for left in range(bins, 0, -1):
        # By equal ratios from here on; at least one number each.
        ratio = ((highest + 1) / edges[-1]) ** (1 / left)
        edges.append(min(highest + 1, max(edges[-1] + 1, round(edges[-1] * ratio))))
    return sorted(set(edges))

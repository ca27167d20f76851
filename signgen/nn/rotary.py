"""Self-attention with rotary positions: one product for queries, keys and values, and room for a cache."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.cache import Cache


def rotations(length: int, width: int, device: torch.device | None = None) -> Tensor:
    """(length, width / 2) complex numbers of size one: what pairs of features are turned by (Su et al., 2021)."""
    rates = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float32, device=device) / width)
    angles = torch.arange(length, dtype=torch.float32, device=device)[:, None] * rates
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """(B, S, ..., D) with neighbouring features turned by (S, D / 2) `rotations`."""
    pairs = torch.view_as_complex(x.float().view(*x.shape[:-1], -1, 2))
    shape = (len(turns), *[1] * (x.dim() - 3), turns.shape[1])
    return torch.view_as_real(pairs * turns.view(shape)).flatten(-2).to(x.dtype)


class RotarySelfAttention(nn.Module):
    """Self-attention, causal or not as its mask says.

    Args:
        width: features of queries, keys and values together.
        heads: how many; divides ``width`` into even numbers.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(
        self, x: Tensor, turns: Tensor, mask: Tensor | None = None, cache: Cache | None = None, layer: int = 0
    ) -> Tensor:
        """(B, S, width) of the same.

        Args:
            x: (B, S, width); with a cache only the newest step.
            turns: (S, D / 2) `rotations` at the places of ``x``.
            mask: broadcasts to (B, 1, S, T), true where a step may look; None: everywhere.
            cache: keys and values of earlier steps; this step's are added to it.
            layer: whose keys and values of the cache.
        """
        both = self.project(x).unflatten(-1, (3, self.heads, -1))
        turned, values = rotate(both[:, :, :2], turns), both[:, :, 2]
        queries, keys = turned[:, :, 0].transpose(1, 2), turned[:, :, 1]
        if cache is not None:
            keys, values = cache.put(layer, keys, values)
        found = F.scaled_dot_product_attention(queries, keys.transpose(1, 2), values.transpose(1, 2), mask)
        return self.output(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

"""Multi-head attention whose keys and values can be kept from step to step, and positions of words and frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KeysValues = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Scaled dot-product attention with projections of its own for queries, keys, values and the output.

    Args:
        width: features of queries, keys and values together.
        heads: how many; divides ``width``.
        dropout: share of attention weights that training leaves out.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def project(self, memory: Tensor) -> KeysValues:
        """Keys and values, each (B, heads, T, width / heads), of a (B, T, width) memory."""
        return self._split(self.key(memory)), self._split(self.value(memory))

    def forward(
        self, x: Tensor, keys_values: KeysValues, mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """What each of the (B, S, width) queries finds; ``mask`` (B, T) is true where there is something."""
        keys, values = keys_values
        heads = F.scaled_dot_product_attention(
            self._split(self.query(x)),
            keys,
            values,
            attn_mask=None if mask is None else mask[:, None, None, :],
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=is_causal,
        )
        found: Tensor = self.output(heads.transpose(1, 2).flatten(2))
        return found

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)


def sinusoids(length: int, width: int, start: int = 0, device: torch.device | None = None) -> Tensor:
    """(length, width) positions: sines in even and cosines in odd features (Vaswani et al., 2017).

    >>> sinusoids(1, 4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    steps = torch.arange(start, start + length, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(
        torch.arange(0, width, 2, device=device, dtype=torch.float32) * (-math.log(10000.0) / width)
    )
    return torch.stack([torch.sin(steps * rates), torch.cos(steps * rates)], -1).flatten(1)[:, :width]


class Positions(nn.Module):
    """Adds `sinusoids`, made once for the longest sequence seen so far."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._table = torch.zeros(0, width)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """(B, T, width) with the positions ``start`` to ``start + T`` added."""
        stop = start + x.shape[1]
        if len(self._table) < stop or self._table.device != x.device:
            self._table = sinusoids(max(256, 2 * stop), x.shape[2], device=x.device)
        return x + self._table[start:stop].to(x.dtype)

"""Multi-head attention whose keys and values can be kept from step to step, and positions of words and frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.dropout import dropout

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
        queries = self._split(self.query(x))
        if self.training and self.dropout:
            heads = _attend(queries, *keys_values, _bias(queries, mask, is_causal), self.dropout)
        else:
            heads = F.scaled_dot_product_attention(
                queries,
                *keys_values,
                attn_mask=None if mask is None else mask[:, None, None, :],
                is_causal=is_causal,
            )
        found: Tensor = self.output(heads.transpose(1, 2).flatten(2))
        return found

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)


def _bias(queries: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
    """What is added to scores, to be broadcast to (B, S, T): zero, or very low where nothing may be seen."""
    lowest = torch.finfo(queries.dtype).min
    if is_causal:
        length = queries.shape[2]
        return torch.full((1, length, length), lowest, dtype=queries.dtype, device=queries.device).triu_(1)
    if mask is None:
        return queries.new_zeros(1, 1, 1)
    return torch.zeros(mask.shape, dtype=queries.dtype, device=mask.device).masked_fill_(~mask, lowest)[
        :, None
    ]


def _attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, share: float) -> Tensor:
    """Scaled dot-product attention (B, heads, S, D) that leaves out a share of its weights.

    Torch's own has no fused kernel with dropout on a CPU, and looks for rows without any key at length.
    """
    batch, heads, length, depth = queries.shape
    scores = torch.baddbmm(
        bias.expand(batch, -1, -1).repeat_interleave(heads, 0),
        queries.flatten(0, 1),
        keys.flatten(0, 1).transpose(1, 2),
        alpha=1 / math.sqrt(depth),
    )
    weights = dropout(torch.softmax(scores, -1, dtype=scores.dtype), share)
    return torch.bmm(weights, values.flatten(0, 1)).view(batch, heads, length, depth)


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

"""Pre-norm transformer layers, and the norm that looks at real frames alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signgen.nn.attention import Attention, KeysValues
from signgen.nn.dropout import Dropout
from signgen.nn.processes import process_count, sum_over_processes


class MaskedNorm(nn.Module):
    """Batch norm over the frames that are there: padding neither counts nor changes.

    Of several training processes the frames of all count, so that two with half a batch each do what one does with it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) normed where ``mask`` (B, T) is true, zero elsewhere."""
        normed = x.new_zeros(x.shape)
        is_shared = self.training and process_count() > 1
        normed[mask] = (self._shared(x[mask].float()) if is_shared else self.norm(x[mask])).to(x.dtype)
        return normed

    def _shared(self, rows: Tensor) -> Tensor:
        """What the batch norm does with (n, width) rows, over the rows of all processes."""
        norm = self.norm
        count = sum_over_processes(rows.new_tensor(float(len(rows))))
        mean = sum_over_processes(rows.sum(0)) / count
        centred = rows - mean
        variance = sum_over_processes(centred.square().sum(0)) / count
        with torch.no_grad():
            for kept, new in ((norm.running_mean, mean), (norm.running_var, variance * count / (count - 1))):
                assert isinstance(kept, Tensor)
                kept.lerp_(new, norm.momentum or 0.0)
            assert isinstance(norm.num_batches_tracked, Tensor)
            norm.num_batches_tracked.add_(1)
        return centred * (variance + norm.eps).rsqrt() * norm.weight + norm.bias


class FeedForward(nn.Module):
    """Two linear layers around a ReLU, normed before, added to what came in."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.layers = nn.Sequential(
            nn.Linear(width, inner),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(inner, width),
            Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) of the same."""
        result: Tensor = x + self.layers(self.norm(x))
        return result


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, heads, dropout)
        self.dropout = Dropout(dropout)
        self.feed_forward = FeedForward(width, inner, dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of the same; ``mask`` (B, T) is true for real frames."""
        normed = self.norm(x)
        x = x + self.dropout(self.attention(normed, self.attention.project(normed), mask))
        result: Tensor = self.feed_forward(x)
        return result


class DecoderLayer(nn.Module):
    """Causal self-attention, attention over the memory, feed-forward."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, heads, dropout)
        self.memory_norm = nn.LayerNorm(width, eps=1e-6)
        self.memory_attention = Attention(width, heads, dropout)
        self.dropout = Dropout(dropout)
        self.feed_forward = FeedForward(width, inner, dropout)

    def forward(
        self, x: Tensor, memory: KeysValues, mask: Tensor, past: KeysValues | None = None
    ) -> tuple[Tensor, KeysValues]:
        """(B, S, width) of the same, and the keys and values of all words so far.

        Args:
            x: (B, S, width) words; with ``past`` only the newest one.
            memory: `project` of `memory_attention` on what was seen.
            mask: (B, T) true for real frames of the memory.
            past: keys and values of the words before ``x``.
        """
        normed = self.norm(x)
        keys, values = self.attention.project(normed)
        if past is not None:
            keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        x = x + self.dropout(self.attention(normed, (keys, values), is_causal=past is None))
        x = x + self.dropout(self.memory_attention(self.memory_norm(x), memory, mask))
        return self.feed_forward(x), (keys, values)

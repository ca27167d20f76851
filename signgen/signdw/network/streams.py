"""The codes of a step going in, and its streams coming out one after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from signgen.nn.norms import RMSNorm
from signgen.nn.swiglu import SwiGLU


class CodeEmbedding(nn.Module):
    """All codes of all streams, and for each stream a vector that stands for a hidden code.

    Args:
        sizes: codes of each of the Q streams.
        width: features.
    """

    offsets: Tensor
    hidden: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        total = sum(sizes)
        self.table = nn.Embedding(total + len(sizes), width)
        starts = [sum(sizes[:stream]) for stream in range(len(sizes))]
        self.register_buffer("offsets", torch.tensor(starts), persistent=False)
        self.register_buffer("hidden", total + torch.arange(len(sizes)), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """(..., width) sum over the streams of (..., Q) codes, of which negative ones are hidden."""
        found: Tensor = self.each(codes).sum(-2)
        return found

    def each(self, codes: Tensor) -> Tensor:
        """(..., Q, width) vectors of (..., Q) codes."""
        found: Tensor = self.table(torch.where(codes < 0, self.hidden, codes + self.offsets))
        return found

    def of(self, stream: int, codes: Tensor) -> Tensor:
        """(..., width) vectors of (...) codes of one stream, none of them hidden."""
        found: Tensor = self.table(codes + self.offsets[stream])
        return found


class StreamHeads(nn.Module):
    """Logits of each stream, given what the backbone found and the codes of the streams before it.

    A gated layer lets the codes drawn so far choose among the movements that the backbone thinks possible; a sum
    of logits alone could not, and hands and face of different signs would be mixed.

    Args:
        sizes: codes of each of the Q streams.
        width: features.
        inner: features inside the gated layer; 0: none.
    """

    def __init__(self, sizes: Sequence[int], width: int, inner: int) -> None:
        super().__init__()
        self.stream = nn.Parameter(torch.zeros(len(sizes), width))
        self.inner = SwiGLU(width, inner) if inner else None
        self.norm = RMSNorm(width)
        self.logits = nn.ModuleList(nn.Linear(width, size) for size in sizes)

    def forward(self, found: Tensor, stream: int) -> Tensor:
        """(..., size) logits of one stream.

        Args:
            found: (..., width) by the backbone, plus the vectors of the codes of the streams before.
            stream: number of the stream.
        """
        logits: Tensor = self.logits[stream](self._mixed(found + self.stream[stream])).float()
        return logits

    def each(self, found: Tensor, vectors: Tensor) -> list[Tensor]:
        """(N, size) logits of each stream, given (N, width) of the backbone and the (N, Q, width) true codes."""
        earlier = vectors.cumsum(1) - vectors
        mixed = self._mixed(found[:, None] + earlier + self.stream)
        return [head(x).float() for head, x in zip(self.logits, mixed.unbind(1), strict=True)]

    def _mixed(self, x: Tensor) -> Tensor:
        if self.inner is not None:
            # What comes from the backbone is normed already.
            x = x + self.inner(x)
        normed: Tensor = self.norm(x)
        return normed

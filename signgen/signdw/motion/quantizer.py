"""Residual vector quantisation whose codebooks follow their vectors, begin with k-means and renew dead codes.

Each level quantises what the levels before it left (Zeghidour et al., 2021). A codebook is no weight: its codes are
moving averages of the vectors that choose them (van den Oord et al., 2017, appendix A), and everything about them is
in buffers, so that a training goes on from them exactly. What is random draws from torch's default generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Share of a code's average that the past keeps at each update.
DECAY = 0.97
# A code is dead that is chosen less often than this share of what it would be if all were chosen alike.
DEAD = 0.05
# Rounds of k-means.
ROUNDS = 8
_SMALL = 1e-5


@dataclass(frozen=True, eq=False)
class Quantized:
    """Vectors and what became of them.

    Attributes:
        vectors: (N, width) sums of codes; gradients pass to what was quantised as if nothing had happened.
        codes: (N, levels) numbers of the codes.
        commitment: (N,) mean squared distance from the codes' sum, which draws vectors to their codes.
    """

    vectors: Tensor
    codes: Tensor
    commitment: Tensor


class ResidualQuantizer(nn.Module):
    """Several codebooks one after another.

    Args:
        levels: how many.
        size: codes of each.
        width: features of a vector.
    """

    codebooks: Tensor
    counts: Tensor
    sums: Tensor
    is_begun: Tensor

    def __init__(self, levels: int, size: int, width: int) -> None:
        super().__init__()
        self.levels, self.size, self.width = levels, size, width
        self.register_buffer("codebooks", torch.zeros(levels, size, width))
        self.register_buffer("counts", torch.ones(levels, size))
        self.register_buffer("sums", torch.zeros(levels, size, width))
        self.register_buffer("is_begun", torch.zeros((), dtype=torch.bool))

    def forward(self, vectors: Tensor, keep: Tensor | None = None) -> Quantized:
        """Quantise (N, width) vectors; in training, codebooks follow them, and begin with them if they have not begun.

        Args:
            vectors: what to quantise.
            keep: (N,) how many levels to use for each, from 1; None: all. Codes of the others are given all the same.
        """
        vectors = vectors.float()
        codes, chosen = self._choose(vectors.detach(), self.training)
        depth = torch.arange(self.levels, device=vectors.device)
        if keep is not None:
            chosen = chosen * (depth < keep[:, None]).to(chosen.dtype)[..., None]
        total = chosen.sum(1)
        commitment = F.mse_loss(vectors, total, reduction="none").mean(-1)
        return Quantized(vectors + (total - vectors).detach(), codes, commitment)

    @torch.no_grad()
    def begin(self, vectors: Tensor) -> None:
        """Codebooks from k-means of (N, width) vectors, level by level."""
        rest = vectors.float()
        for level in range(self.levels):
            self._begin(level, rest)
            rest = rest - self.codebooks[level][nearest(rest, self.codebooks[level])]
        self.is_begun.fill_(True)

    def assign(self, vectors: Tensor) -> Tensor:
        """(N, levels) codes of (N, width) vectors; learns nothing."""
        return self._choose(vectors.detach().float(), False)[0]

    def look_up(self, codes: Tensor) -> Tensor:
        """(..., width) sums of the codes (..., levels); a negative code adds nothing."""
        levels = torch.arange(self.levels, device=codes.device)
        found = self.codebooks[levels, codes.clamp(min=0)]
        return (found * (codes >= 0)[..., None]).sum(-2)

    @torch.no_grad()
    def _choose(self, vectors: Tensor, learns: bool) -> tuple[Tensor, Tensor]:
        """(N, levels) codes and (N, levels, width) their vectors as they were before this batch."""
        if learns and not bool(self.is_begun):
            self.begin(vectors)
        rest, codes, chosen = vectors, [], []
        for level in range(self.levels):
            code = nearest(rest, self.codebooks[level])
            found = self.codebooks[level][code]
            if learns:
                self._follow(level, rest, code)
            codes.append(code)
            chosen.append(found)
            rest = rest - found
        return torch.stack(codes, 1), torch.stack(chosen, 1)

    def _begin(self, level: int, vectors: Tensor) -> None:
        """Codes from k-means."""
        codes = _some(vectors, self.size)
        for _ in range(ROUNDS):
            counts, sums = _tally(vectors, nearest(vectors, codes), self.size)
            codes = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], codes)
        self.codebooks[level] = codes
        self.counts[level] = max(len(vectors) / self.size, _SMALL)
        self.sums[level] = codes * self.counts[level][:, None]

    def _follow(self, level: int, vectors: Tensor, codes: Tensor) -> None:
        """Move codes towards the vectors that chose them, and put dead ones where vectors are."""
        counts, sums = _tally(vectors, codes, self.size)
        self.counts[level].lerp_(counts, 1 - DECAY)
        self.sums[level].lerp_(sums, 1 - DECAY)
        alike = len(vectors) / self.size
        dead = self.counts[level] < DEAD * alike
        # Drawn at every update, so that the generator does not depend on how many codes died.
        fresh = _some(vectors, self.size)
        self.sums[level] = torch.where(dead[:, None], fresh * alike, self.sums[level])
        self.counts[level] = torch.where(dead, alike, self.counts[level])
        self.codebooks[level] = self.sums[level] / self.counts[level].clamp(min=_SMALL)[:, None]


def nearest(vectors: Tensor, codebook: Tensor) -> Tensor:
    """(N,) number of the code nearest to each of the (N, width) vectors, the first of equally near ones."""
    # |v - c|^2 less |v|^2, which is the same for all codes.
    distance = torch.addmm((codebook * codebook).sum(-1), vectors, codebook.T, alpha=-2)
    return distance.argmin(-1)


def _some(vectors: Tensor, count: int) -> Tensor:
    """(count, width) of the vectors, drawn with replacement and told apart by a little noise."""
    picks = torch.randint(len(vectors), (count,), device=vectors.device)
    spread = vectors.std(0, correction=0) if len(vectors) > 1 else torch.ones_like(vectors[0])
    return vectors[picks] + 0.01 * spread * torch.randn(count, vectors.shape[1], device=vectors.device)


def _tally(vectors: Tensor, codes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """(size,) how often each code was chosen and (size, width) sums of the vectors that chose it."""
    counts = torch.bincount(codes, minlength=size).to(vectors.dtype)
    sums = vectors.new_zeros(size, vectors.shape[1]).index_add_(0, codes, vectors)
    return counts, sums

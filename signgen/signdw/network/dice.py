"""Chance that depends on a seed and on nothing else: not on the batch, its padding, or the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

PLAN_CHANCE, CODE_CHANCE, FRAME_CHANCE = range(3)


class Dice:
    """One generator for each sentence of a batch.

    Args:
        seeds: of each sentence.
        purpose: what is drawn; the same seed gives other numbers for another purpose.
        device: where the numbers are wanted; they are drawn on the CPU.
    """

    def __init__(self, seeds: Sequence[int], purpose: int, device: torch.device) -> None:
        states = [np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64) for seed in seeds]
        # Torch takes 64 bits, of which one is a sign.
        self._generators = [torch.Generator().manual_seed(int(state[0] >> np.uint64(1))) for state in states]
        self._device = device

    def uniform(self, *shape: int) -> Tensor:
        """(B, *shape) float32 in [0, 1)."""
        rows = [torch.rand(shape, generator=generator) for generator in self._generators]
        return torch.stack(rows).to(self._device)

    def gumbel(self, *shape: int) -> Tensor:
        """(B, *shape) standard Gumbel noise: the largest of logits plus it is a draw from their softmax."""
        return _gumbel(self.uniform(*shape))

    def gumbel_of(self, lengths: Sequence[int], width: int) -> Tensor:
        """(B, longest, width) Gumbel noise; how much of it is drawn for a sentence is as long as that, no longer."""
        pairs = zip(lengths, self._generators, strict=True)
        rows = [torch.rand(length, width, generator=generator) for length, generator in pairs]
        return _gumbel(nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self._device))

    def normal_of(self, lengths: Sequence[int], width: int) -> Tensor:
        """(B, longest, width) normal noise, as much for a sentence as it is long; 0 behind."""
        pairs = zip(lengths, self._generators, strict=True)
        rows = [torch.randn(length, width, generator=generator) for length, generator in pairs]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self._device)


def _gumbel(uniform: Tensor) -> Tensor:
    # Far enough from 0 and 1 for two logarithms in float32.
    return -(-uniform.clamp(1e-20, 1 - 1e-7).log_()).log_()


def draw(logits: Tensor, noise: Tensor, temperature: float, top_k: int = 0) -> Tensor:
    """(...) draws from (..., N) logits.

    Args:
        logits: (..., N).
        noise: (..., N) Gumbel noise.
        temperature: 0: the likeliest.
        top_k: how many of the likeliest are drawn from; 0: all.
    """
    if temperature == 0:
        return logits.argmax(-1)
    if 0 < top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < logits.topk(top_k).values[..., -1:], -torch.inf)
    return (logits / temperature + noise).argmax(-1)

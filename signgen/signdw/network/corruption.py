"""What training hides from the network: steps, single codes, texts; and the codes it gets wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

# Share of the clips with hidden codes where single streams are hidden, and not whole steps.
STREAM_SHARE = 0.25


class Chance:
    """Uniform numbers for a device, from torch's generator or one of its own."""

    def __init__(self, device: torch.device, generator: torch.Generator | None = None) -> None:
        self._device, self._generator = device, generator

    def __call__(self, *shape: int) -> Tensor:
        """Uniform in [0, 1), drawn on the CPU so that every device gets the same."""
        return torch.rand(shape, generator=self._generator).to(self._device, non_blocking=True)


def hidden_codes(mask: Tensor, streams: int, chance: Chance) -> Tensor:
    """(B, S, Q) which codes are to be guessed: a share of them that is the cosine of a uniform angle (MoMask).

    Mostly whole steps, as they are hidden when drawing in rounds; sometimes single streams, as in editing one part.

    Args:
        mask: (B, S) true for real steps; each clip has at least one hidden of them, or of its codes.
        streams: Q.
        chance: where numbers come from.
    """
    rows, steps = mask.shape
    share = torch.cos(chance(rows, 1) * (math.pi / 2))
    of_steps = _lowest(chance(rows, steps).masked_fill(~mask, 2), share * mask.sum(1, keepdim=True))
    entries = mask[..., None].expand(-1, -1, streams)
    scores = chance(rows, steps, streams).masked_fill(~entries, 2).flatten(1)
    of_codes = _lowest(scores, share * streams * mask.sum(1, keepdim=True)).view(rows, steps, streams)
    is_of_codes = chance(rows, 1, 1) < STREAM_SHARE
    return torch.where(is_of_codes, of_codes, of_steps[..., None]) & entries


def _lowest(scores: Tensor, count: Tensor) -> Tensor:
    """(B, N) true for the ``count`` (B, 1) lowest scores of each row, for one at least."""
    ranks = scores.argsort(1).argsort(1)
    return ranks < count.round().clamp(min=1)


def noisy(codes: Tensor, sizes: Sequence[int], share: float, chance: Chance) -> Tensor:
    """(B, S, Q) codes with a share of them replaced by any code of their stream: earlier mistakes to recover from."""
    if share == 0:
        return codes
    others = chance(*codes.shape) * torch.tensor(sizes, device=codes.device)
    return torch.where(chance(*codes.shape) < share, others.long(), codes)


def shifted(codes: Tensor) -> Tensor:
    """(B, S, Q) codes of the step before; hidden before the first."""
    return torch.cat([torch.full_like(codes[:, :1], -1), codes[:, :-1]], 1)

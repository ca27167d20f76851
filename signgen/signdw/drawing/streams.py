"""The streams of steps, drawn one after another from what the backbone found, with guidance and controls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.dice import draw
from signgen.signdw.settings import DrawSettings


def guided(logits: Tensor, guidance: float) -> Tensor:
    """(B, ...) logits of (2 B, ...): away from what would be drawn without the text, in the second half."""
    with_text, without = logits.chunk(2)
    return without + guidance * (with_text - without)


def draw_streams(
    model: SignDW,
    found: Tensor,
    noise: Tensor,
    draws: DrawSettings,
    known: Tensor | None = None,
    controls: Sequence[Tensor | None] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """(B, ..., Q) codes, (B, ...) their mean log-probability, and the sum of their vectors, shaped as ``found``.

    Probabilities are zero unless ``known`` is given, where nobody asks for them.

    Args:
        model: whose heads.
        found: (B, ..., width) by the backbone; (2 B, ..., width) with guidance.
        noise: (B, ..., sum of sizes) Gumbel noise, the streams one after another.
        draws: how.
        known: (B, ..., Q) codes that are given; negative: to be drawn.
        controls: for each stream what is added to its logits, (B, ..., size), or None.
    """
    is_guided = draws.guidance != 1
    first = found
    codes, total = [], found.new_zeros(noise.shape[:-1], dtype=torch.float32)
    for stream, chance in enumerate(torch.split(noise, list(model.sizes), -1)):
        logits = model.heads(found, stream)
        if is_guided:
            logits = guided(logits, draws.guidance)
        if controls is not None and controls[stream] is not None:
            logits = logits + controls[stream]
        code = draw(logits, chance, draws.temperature, draws.top_k)
        if known is not None:
            code = torch.where(known[..., stream] < 0, code, known[..., stream])
            total = total + F.log_softmax(logits, -1).gather(-1, code[..., None])[..., 0]
        vectors = model.codes.of(stream, code)
        found = found + (torch.cat([vectors, vectors]) if is_guided else vectors)
        codes.append(code)
    return torch.stack(codes, -1), total / len(codes), found - first


class Controls:
    """What keeps causal drawing from going in circles: less odds for recent codes, an end to standing still.

    Odds are divided, where the usual penalty divides logits: that depends on where their zero happens to be.

    Args:
        draws: the settings of both.
        sizes: codes of each stream.
        rows: sentences.
        device: where.
    """

    def __init__(self, draws: DrawSettings, sizes: Sequence[int], rows: int, device: torch.device) -> None:
        self._sizes, self._recent, self._max_run = list(sizes), draws.recent, draws.max_run
        self._cost = -math.log(draws.repetition)
        starts = [sum(sizes[:stream]) for stream in range(len(sizes))]
        self._offsets = torch.tensor(starts, device=device)
        self._steps: list[Tensor] = []
        self._run = torch.ones(rows, 1, dtype=torch.long, device=device)

    def add(self, codes: Tensor) -> None:
        """Tell of the (B, Q) codes of a step."""
        if self._max_run and self._steps:
            is_same = (codes == self._steps[-1]).all(1, keepdim=True)
            self._run = torch.where(is_same, self._run + 1, 1)
        self._steps = [*self._steps[-self._recent + 1 :], codes] if self._recent > 1 else [codes]

    def __call__(self) -> list[Tensor | None] | None:
        """For each stream what to add to the (B, size) logits of the next step; None: nothing."""
        if not self._steps:
            return None
        found: list[Tensor | None] = [None] * len(self._sizes)
        if self._cost:
            recent = torch.cat([codes + self._offsets for codes in self._steps], 1)
            costs = torch.zeros(len(recent), sum(self._sizes), device=recent.device).scatter_(
                1, recent, self._cost
            )
            found = list(torch.split(costs, self._sizes, 1))
        if self._max_run:
            # The first stream, that of the body, moves on; the others follow it.
            code = self._steps[-1][:, :1]
            ban = torch.where(self._run >= self._max_run, -torch.inf, 0.0)
            first = found[0]
            still = torch.zeros(len(code), self._sizes[0], device=code.device) if first is None else first
            found[0] = still.scatter_add(1, code, ban)
        return found

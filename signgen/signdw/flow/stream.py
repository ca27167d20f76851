"""Codes that come piece by piece, refined piece by piece: what was shown is given, so that what follows fits to it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.refiner import Known, Refined
from signgen.signdw.flow_settings import RefineSettings
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.plan import Plan

# Steps on either side that are looked at. What is further away has hardly any part: see docs/signdw-editing.md.
MARGIN = 12


def refined_piecewise(
    head: FlowHead,
    tokenizer: MotionTokenizer,
    codes: Iterator[Tensor],
    plan: Plan,
    seed: int,
    draws: RefineSettings | None = None,
) -> Iterator[Refined]:
    """Movement of one sentence, each piece when two seconds beyond it are drawn, or the sentence has ended.

    Not to the bit what `FlowHead.refine` gives for the whole, for that looks ahead as far as there is something.

    Args:
        head: that refines.
        tokenizer: of the codes, in evaluation mode.
        codes: (S, Q) at a time.
        plan: of the whole sentence.
        seed: of the sentence.
        draws: how.
    """
    known: list[Tensor] = []
    before: Refined | None = None
    shown = 0
    for piece in codes:
        known += list(piece)
        stop = len(known) if len(known) == plan.steps else len(known) - MARGIN
        if stop > shown:
            first = max(0, shown - MARGIN)
            around = torch.stack(known[first : stop + MARGIN])
            given = None if before is None else _given(before, len(around))
            found = head.refine_span(tokenizer, around, plan, seed, first, draws, given)
            yield _cut(found, (shown - first) * STRIDE, (stop - first) * STRIDE)
            kept = max(0, stop - MARGIN)
            before, shown = _cut(found, (kept - first) * STRIDE, (stop - first) * STRIDE), stop


def _given(before: Refined, steps: int) -> Known:
    """What was shown, as the first frames of a span of so many steps."""
    frames, more = len(before.values), steps * STRIDE - len(before.values)
    values = torch.cat([before.values, before.values.new_zeros(more, *before.values.shape[1:])])
    visible = torch.cat([before.visible, before.visible.new_zeros(more, before.visible.shape[1])])
    at = torch.arange(steps * STRIDE, device=values.device) < frames
    return Known(values[None], visible[None], at[None])


def _cut(found: Refined, start: int, stop: int) -> Refined:
    return Refined(found.values[start:stop], found.visible[start:stop])

"""Known codes with holes: a span drawn anew, a part drawn anew, a way from one movement to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from signgen.errors import DataError
from signgen.signdw.drawing.generate import Drawn, generate
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import HIDDEN, Condition
from signgen.signdw.network.plan import Plan
from signgen.signdw.network.text import ANY_LANGUAGE
from signgen.signdw.settings import DrawSettings


def with_hole(
    codes: Tensor, start: int, stop: int, steps: int | None = None, streams: Sequence[int] | None = None
) -> Tensor:
    """(S', Q) codes of which a span is to be drawn anew.

    Args:
        codes: (S, Q).
        start: first step of the span.
        stop: one past its last step.
        steps: how long the span is to become; None: as it was.
        streams: which streams to draw; None: all. The others stay, so the span cannot change its length.

    Raises:
        DataError: the span is outside of the codes, or would change its length with streams that stay.
    """
    if not 0 <= start <= stop <= len(codes) or (steps is not None and steps < 0):
        raise DataError(
            f"span: {start} to {stop} is not within the {len(codes)} steps; give steps of the codes"
        )
    width = stop - start
    hole = codes[start:stop].clone()
    if steps is not None and steps != width:
        if streams is not None:
            raise DataError("span: its length cannot change where some streams stay; draw all streams")
        hole = codes.new_empty((steps, codes.shape[1]))
    hole[:, list(range(codes.shape[1])) if streams is None else list(streams)] = HIDDEN
    return torch.cat([codes[:start], hole, codes[stop:]])


def transition(
    model: SignDW,
    before: Tensor,
    after: Tensor,
    steps: int,
    draws: DrawSettings | None = None,
    seed: int = 0,
    condition: Condition | None = None,
) -> Tensor:
    """(steps, Q) codes of a way from one movement to another.

    Args:
        model: in evaluation mode.
        before: (S, Q) codes of the first movement; the longer, the better known.
        after: (S', Q) codes of the second.
        steps: of the way, at least one.
        draws: how; rounds are used whatever the mode, for only they see what comes after.
        seed: of the way.
        condition: text of the whole; None: no text.

    Raises:
        DataError: all together is longer than the network draws at a time, or codes are not its own.
    """
    together = torch.cat([before, after])
    known = with_hole(together, len(before), len(before), steps)
    drawn = _drawn_around(model, condition, known, draws, seed, Plan(len(known)))
    return drawn.codes[len(before) : len(before) + steps]


def redraw(
    model: SignDW,
    condition: Condition,
    known: Tensor,
    plan: Plan | None = None,
    draws: DrawSettings | None = None,
    seed: int = 0,
) -> Drawn:
    """A sentence whose hidden codes (`with_hole`) are drawn to fit the others and the text.

    Args:
        model: in evaluation mode.
        condition: of one sentence.
        known: (S, Q) codes, negative ones hidden.
        plan: when what is signed; None: the length of ``known`` alone.
        draws: how; rounds are used whatever the mode.
        seed: of what is drawn.

    Raises:
        DataError: codes or plan do not fit the network.
    """
    return _drawn_around(model, condition, known, draws, seed, plan or Plan(len(known)))


def _drawn_around(
    model: SignDW,
    condition: Condition | None,
    known: Tensor,
    draws: DrawSettings | None,
    seed: int,
    plan: Plan,
) -> Drawn:
    draws = replace(draws or DrawSettings(), mode="masked")
    condition = condition or nothing_to_say()
    return generate(model, condition, draws, (seed,), (plan,), (known,))[0]


def nothing_to_say() -> Condition:
    """A sentence without text, language or plan: movement as such."""
    text = torch.zeros(1, 1, dtype=torch.long)
    return Condition(text, torch.zeros(1, 1, dtype=torch.bool), torch.full((1,), ANY_LANGUAGE))

"""Refined piece by piece: what was shown is given to what follows, and nothing is looked at that is not drawn yet."""

import pytest
import torch
from torch import nn

from signgen.signdw.flow import stream as flow_stream
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.stream import refined_piecewise
from signgen.signdw.flow_settings import RefinerSettings
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.plan import Plan

STEPS = 40
PLAN = Plan(STEPS, (5, 6, 7), (10, 12, 18))
SMALL = RefinerSettings(width=16, layers=2, kernel=3, gloss_width=4)


@pytest.fixture(params=["noise", "coarse"])
def made(request):
    """A head and a tokenizer whose weights all do something."""
    from dataclasses import replace

    torch.manual_seed(0)
    tokenizer = MotionTokenizer(
        TokenizerSettings(width=8, code_width=4, body_size=4, hand_size=4, face_size=2)
    )
    head = FlowHead(replace(SMALL, start=request.param), tokenizer, 9)
    for model in (tokenizer, head):
        stir(model)
    for quantizer in tokenizer.quantizers.values():
        quantizer.codebooks.normal_()
    codes = torch.randint(0, 2, (STEPS, len(tokenizer.streams)))
    return head.eval(), tokenizer.eval(), codes


def stir(model: nn.Module) -> None:
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))


def test_a_span_has_the_noise_and_the_plan_of_the_whole(made):
    head, tokenizer, codes = made
    whole = head.refine(tokenizer, [codes], [PLAN], [3])[0]
    span = head.refine_span(tokenizer, codes, PLAN, 3, 0)
    torch.testing.assert_close(span.values, whole.values, rtol=1e-4, atol=1e-5)
    # In the middle of a part of it, beyond the reach of two layers in eight looks.
    part = head.refine_span(tokenizer, codes[4:36], PLAN, 3, 4)
    torch.testing.assert_close(part.values[56:72], whole.values[72:88], rtol=1e-3, atol=1e-4)
    assert torch.equal(part.visible[56:72], whole.visible[72:88])


def test_pieces_are_nearly_the_whole_and_come_in_time(made):
    head, tokenizer, codes = made
    whole = head.refine(tokenizer, [codes], [PLAN], [3])[0]
    taken = shown = 0

    def drawn():
        nonlocal taken
        for piece in torch.split(codes, 3):
            taken += len(piece)
            yield piece

    pieces = []
    for piece in refined_piecewise(head, tokenizer, drawn(), PLAN, 3):
        pieces.append(piece)
        shown += len(piece.values)
        assert shown == 4 * (STEPS if taken == STEPS else taken - flow_stream.MARGIN)
    assert len(pieces) > 3
    values = torch.cat([piece.values for piece in pieces])
    assert values.shape == whole.values.shape
    spread = whole.values.std()
    assert (values - whole.values).abs().mean() < 0.02 * spread
    assert (torch.cat([piece.visible for piece in pieces]) == whole.visible).float().mean() > 0.999


def test_what_was_shown_decides_what_follows(made, monkeypatch):
    head, tokenizer, codes = made
    given = []
    span = FlowHead.refine_span

    def spied(self, *args):
        given.append(args[-1])
        return span(self, *args)

    monkeypatch.setattr(FlowHead, "refine_span", spied)
    pieces = list(refined_piecewise(head, tokenizer, iter(torch.split(codes, 5)), PLAN, 3))
    assert given[0] is None
    last = given[1]
    assert torch.equal(last.values[0][last.at[0]], pieces[0].values)
    assert torch.equal(last.visible[0][last.at[0]], pieces[0].visible)

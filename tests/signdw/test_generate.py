"""Drawing by chance and by heart: both modes agree, seeds count alone, known codes stay."""

from dataclasses import replace

import pytest
import torch
from test_backbone import first
from toy_signdw import SIZES, learned_by_heart, toy_batch, toy_network

from signgen.errors import ConfigError, DataError
from signgen.signdw.drawing.generate import generate, stream
from signgen.signdw.drawing.steps import step_weights
from signgen.signdw.drawing.streams import Controls
from signgen.signdw.network.backbone import CAUSAL
from signgen.signdw.network.batch import Batch
from signgen.signdw.network.corruption import shifted
from signgen.signdw.network.dice import Dice, draw
from signgen.signdw.network.plan import Plan
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.edit import nothing_to_say, redraw, transition, with_hole

SURE = DrawSettings(temperature=0, duration_temperature=0, max_run=0)


@pytest.fixture(scope="module")
def learned():
    model = toy_network()
    losses = learned_by_heart(model, toy_batch(), 70)
    assert losses["total"] < 0.5
    return model


@pytest.mark.parametrize("mode", ["causal", "masked"])
def test_what_is_learned_by_heart_is_drawn_in_both_modes(learned, mode):
    batch = toy_batch()
    drawn = generate(learned, batch.condition, replace(SURE, mode=mode), range(6))
    for row, (codes, mask) in enumerate(zip(batch.codes, batch.mask, strict=True)):
        assert drawn[row].codes.tolist() == codes[mask].tolist()
        assert sum(drawn[row].plan.durations) == drawn[row].plan.steps == mask.sum()


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_cache_and_whole_prefix_give_the_same(guidance):
    """Step by step with kept keys and values, against one pass over the finished sentence."""
    model, batch = toy_network(), toy_batch(3)
    draws = replace(SURE, guidance=guidance)
    plans = [Plan(18)] * 3
    drawn = torch.stack([d.codes for d in generate(model, batch.condition, draws, (0, 1, 2), plans)])
    with torch.no_grad():
        bare = replace(batch.condition, glosses=None, durations=None)
        states, _ = model.encode_text(bare)
        lengths, found = torch.full((3,), 18), []
        for seen in (bare, bare.without(torch.ones(3, dtype=torch.bool))):
            memory, mask = model.remember(states, seen)
            x = model.codes(shifted(drawn)) + model.guide(seen, lengths, 18) + model.modes.weight[CAUSAL]
            look = torch.ones(18, 18, dtype=torch.bool).tril()
            found.append(model.stack(x, look, memory, mask))
        for q in range(3):
            with_text, without = (model.heads(f, q) for f in found)
            logits = without + guidance * (with_text - without)
            assert (logits.argmax(-1) == drawn[..., q]).all()
            found = [f + model.codes.of(q, drawn[..., q]) for f in found]


@pytest.mark.parametrize("mode", ["causal", "masked"])
def test_a_seed_counts_alone(mode):
    model, batch = toy_network(), toy_batch(3)
    draws = DrawSettings(mode=mode, temperature=1.0, top_k=0, rounds=4, gloss_temperature=1.0)
    together = generate(model, batch.condition, draws, (5, 6, 7))
    again = generate(model, batch.condition, draws, (5, 6, 7))
    alone = generate(model, first(batch.condition, 1), draws, (5,))[0]
    other = generate(model, first(batch.condition, 1), draws, (4,))[0]
    assert [d.plan for d in together] == [d.plan for d in again]
    assert all(torch.equal(a.codes, b.codes) for a, b in zip(together, again, strict=True))
    assert together[0].plan == alone.plan
    assert torch.equal(together[0].codes, alone.codes)
    assert other.plan != alone.plan or not torch.equal(other.codes, alone.codes)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_stream_gives_what_generate_gives(learned, guidance):
    condition = first(toy_batch().condition, 1)
    draws = DrawSettings(temperature=1.0, guidance=guidance)
    whole = generate(learned, condition, draws, (3,))[0]
    parts = list(stream(learned, condition, draws, 3))
    assert torch.equal(torch.cat([part.codes for part in parts]), whole.codes)
    assert [part.plan.glosses[0] for part in parts] == list(whole.plan.glosses)
    in_chunks = list(stream(learned, condition, draws, 3, Plan(8), chunk=3))
    assert [len(part.codes) for part in in_chunks] == [3, 3, 2]


def test_hole_is_filled_as_learned_and_the_rest_stays(learned):
    batch = toy_batch()
    codes, plan = batch.codes[1][batch.mask[1]], generate(learned, batch.condition, SURE, range(6))[1].plan
    known = with_hole(codes, 3, 7)
    filled = redraw(learned, first_of(batch.condition, 1), known, plan, SURE)
    assert filled.codes.tolist() == codes.tolist()
    part = with_hole(codes, 0, 5, streams=(1,))
    assert redraw(learned, first_of(batch.condition, 1), part, plan, SURE).codes.tolist() == codes.tolist()
    wild = DrawSettings(temperature=3.0, top_k=0)
    drawn = redraw(learned, first_of(batch.condition, 1), known, plan, wild, seed=1).codes
    kept = known >= 0
    assert torch.equal(drawn[kept], codes[kept])
    assert (drawn[~kept] >= 0).all()
    assert (drawn < torch.tensor(SIZES)).all()


def first_of(condition, row):
    return type(condition)(**{k: None if v is None else v[row : row + 1] for k, v in vars(condition).items()})


def test_known_beginning_is_gone_on_with(learned):
    batch = toy_batch()
    plans = [d.plan for d in generate(learned, batch.condition, SURE, range(6))]
    truth = [codes[mask] for codes, mask in zip(batch.codes, batch.mask, strict=True)]
    known = [with_hole(codes, 4, len(codes)) for codes in truth]
    drawn = generate(learned, batch.condition, SURE, range(6), plans, known)
    assert [d.codes.tolist() for d in drawn] == [codes.tolist() for codes in truth]


def test_retrieved_clips_decide_where_the_text_does_not():
    """One text, four drafts: each is signed as its own draft is."""
    model, batch = toy_network(is_retrieving=True, retrieval_dropout=0.0, align="none"), toy_batch(1)
    codes = (torch.rand(4, 6, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor(SIZES)).long()
    condition = replace(
        batch.condition.repeat(4),
        glosses=None,
        durations=None,
        retrieved=codes,
        slots=torch.zeros(4, 6, dtype=torch.long),
    )
    learned_by_heart(model, Batch(codes, torch.ones(4, 6, dtype=torch.bool), condition), 130)
    plans = [Plan(6)] * 4
    drawn = [d.codes for d in generate(model, condition, SURE, range(4), plans)]
    right = (torch.stack(drawn) == codes).float().mean()
    bare = replace(condition, retrieved=None, slots=None)
    alike = torch.stack([d.codes for d in generate(model, bare, SURE, range(4), plans)])
    assert right > 0.7
    assert (alike == alike[0]).all()


def test_transition_has_the_length_asked_for():
    model, codes = toy_network(), toy_batch(1).codes[0]
    way = transition(model, codes[:5], codes[5:9], 3, seed=2)
    assert way.shape == (3, 3)
    assert (way >= 0).all()
    assert torch.equal(way, transition(model, codes[:5], codes[5:9], 3, seed=2))


@pytest.mark.parametrize(
    ("logits", "temperature", "top_k", "expected"),
    [
        ([0.0, 0.6931], 1.0, 0, [1 / 3, 2 / 3]),
        ([0.0, 0.6931], 0.5, 0, [1 / 5, 4 / 5]),
        ([0.0, 0.6931, 0.6931], 1.0, 2, [0, 1 / 2, 1 / 2]),
        ([0.0, 0.6931], 0, 0, [0, 1]),
    ],
)
def test_draws_have_the_chances_of_a_softmax(logits, temperature, top_k, expected):
    noise = Dice((0,), 0, torch.device("cpu")).gumbel(20000, len(logits))[0]
    codes = draw(torch.tensor(logits).expand(20000, -1), noise, temperature, top_k)
    shares = torch.bincount(codes, minlength=len(logits)) / 20000
    torch.testing.assert_close(shares, torch.tensor(expected).float(), atol=0.015, rtol=0)


def test_controls_divide_odds_and_end_standing_still():
    controls = Controls(DrawSettings(repetition=2.0, recent=2, max_run=2), (4, 3), 1, torch.device("cpu"))
    assert controls() is None
    for codes in ([0, 1], [2, 0], [2, 0]):
        controls.add(torch.tensor([codes]))
    first_stream, second = controls()
    # The odds of recent codes are halved; two equal steps are enough for the first stream.
    torch.testing.assert_close(first_stream, torch.tensor([[0, 0, -torch.inf, 0]]))
    torch.testing.assert_close(second.exp(), torch.tensor([[0.5, 1, 1]]))


def test_equal_steps_end():
    model = toy_network()
    for head in model.heads.logits:
        torch.nn.init.zeros_(head.weight)
        head.bias.data[:] = torch.linspace(9, 0, len(head.bias))
    plans = [Plan(12)]
    drawn = generate(model, nothing_to_say(), replace(SURE, max_run=3), plans=plans)[0].codes
    assert drawn[:, 0].tolist() == [0, 0, 0, 1] * 3
    assert not generate(model, nothing_to_say(), SURE, plans=plans)[0].codes.any()


def test_eight_bits_draw_the_same(learned):
    batch, weights = toy_batch(), step_weights(learned, eight_bits=True)
    drawn = [generate(learned, batch.condition, SURE, range(6), weights=w) for w in (None, weights)]
    assert [d.codes.tolist() for d in drawn[0]] == [d.codes.tolist() for d in drawn[1]]


def call(**changes):
    model, condition = toy_network(), toy_batch(2).condition
    return generate(model, condition, **{"seeds": (0, 1), **changes})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seeds": (0,)}, ConfigError, "seeds: 1 for 2 sentences"),
        ({"plans": [Plan(25)] * 2}, DataError, "plan: 25 steps; the network draws 1 to 24"),
        ({"plans": [Plan(4, (6,), (3,))] * 2}, DataError, "do not sum up"),
        ({"plans": [Plan(9, (6,) * 9, (1,) * 9)] * 2}, DataError, "9 glosses; the network takes 8"),
        ({"known": [torch.zeros(4, 3)] * 2}, ConfigError, "they need a plan"),
        (
            {"plans": [Plan(4)] * 2, "known": [torch.zeros(5, 3)] * 2},
            DataError,
            "shape \\(5, 3\\), expected \\(4, 3\\)",
        ),
        ({"plans": [Plan(4)] * 2, "known": [torch.full((4, 3), 8)] * 2}, DataError, "of another tokenizer"),
    ],
)
def test_what_does_not_fit_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        call(**changes)


def test_spans_and_modes_that_make_no_sense_are_refused():
    codes = torch.zeros(5, 3, dtype=torch.long)
    with pytest.raises(DataError, match="span: 3 to 9 is not within the 5 steps"):
        with_hole(codes, 3, 9)
    with pytest.raises(DataError, match="its length cannot change"):
        with_hole(codes, 1, 3, 4, streams=(0,))
    with pytest.raises(ConfigError, match="use causal to stream"):
        next(stream(toy_network(), nothing_to_say(), DrawSettings(mode="masked")))

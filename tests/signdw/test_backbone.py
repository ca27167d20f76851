"""What a step may look at, what padding and missing conditions change, and that the network learns."""

from dataclasses import fields, replace

import pytest
import torch
from toy_signdw import GLOSSES, SETTINGS, SIZES, WORDS, toy_batch, toy_network

from signgen.errors import ConfigError
from signgen.signdw.network.backbone import SignDW, _look
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.corruption import Chance, hidden_codes, noisy, shifted
from signgen.signdw.network.streams import CodeEmbedding, StreamHeads
from signgen.signdw.settings import SignDWSettings


def first(condition: Condition, rows: int) -> Condition:
    values = {f.name: getattr(condition, f.name) for f in fields(condition)}
    return Condition(**{name: None if v is None else v[:rows] for name, v in values.items()})


def test_causal_steps_see_nothing_of_what_comes():
    model, batch = toy_network(), toy_batch(1)
    mask, x = batch.mask, torch.randn(1, 18, 48)
    changed = x.clone()
    changed[:, 7:] += 1
    memory = torch.randn(1, 3, 48)
    for is_causal, is_same in ((True, True), (False, False)):
        look = _look(mask, torch.tensor([is_causal]))
        found = [model.stack(z, look, memory)[:, :7] for z in (x, changed)]
        assert torch.allclose(*found, atol=1e-6) is is_same


def test_padding_changes_no_loss():
    model, batch = toy_network(causal_share=1.0), toy_batch(2)

    def longer(tensor, by, value):
        return torch.cat(
            [tensor, torch.full((len(tensor), by, *tensor.shape[2:]), value, dtype=tensor.dtype)], 1
        )

    c = batch.condition
    padded = Batch(
        longer(batch.codes, 3, 4),
        longer(batch.mask, 3, False),
        replace(
            c,
            text=longer(c.text, 2, 9),
            text_mask=longer(c.text_mask, 2, False),
            glosses=longer(c.glosses, 2, 0),
            durations=longer(c.durations, 2, 0),
        ),
    )
    with torch.no_grad():
        losses = [model(b) for b in (batch, padded)]
    for name in ("length", "gloss", "duration", "causal"):
        torch.testing.assert_close(losses[0][name], losses[1][name])


def test_loss_is_the_mean_negative_log_likelihood():
    """Uniform logits cost the logarithm of the number of codes."""
    model, batch = toy_network(), toy_batch()
    for head in (*model.heads.logits, model.planner.next_gloss, model.planner.length):
        torch.nn.init.zeros_(head.weight)
    expected = torch.tensor([7.0, 11.0, 5.0]).log().mean()
    torch.manual_seed(1)
    losses = model(batch)
    torch.testing.assert_close(losses["causal"], expected)
    assert losses["gloss"].item() == pytest.approx(torch.tensor(float(GLOSSES)).log().item(), rel=1e-5)
    names = ("length", "gloss", "duration", "causal", "masked")
    assert losses["total"].item() == pytest.approx(sum(losses[n].item() for n in names), rel=1e-5)


def test_clips_without_glosses_train_the_rest():
    model, batch = toy_network(), toy_batch()
    bare = replace(batch, condition=replace(batch.condition, glosses=None, durations=None))
    assert set(model(bare)) == {"length", "causal", "masked", "total"}
    some = batch.condition.glosses.clone(), batch.condition.durations.clone()
    for tensor in some:
        tensor[0] = 0
    mixed = replace(batch, condition=replace(batch.condition, glosses=some[0], durations=some[1]))
    assert torch.isfinite(model(mixed)["total"])


def test_a_clip_without_its_condition_knows_its_length_alone():
    model, batch = toy_network(is_retrieving=True), toy_batch(2)
    rows = torch.tensor([True, False])
    c = replace(batch.condition, retrieved=batch.codes, slots=torch.zeros(2, 18, dtype=torch.long))
    bare = c.without(rows)
    states, _ = model.encode_text(c)
    _, mask = model.remember(states, bare)
    assert mask.sum(1)[0] == 1
    assert mask.sum(1)[1] == 1 + 1 + 3 + 5 + 18
    lengths = torch.tensor([12, 12])
    without = replace(c, glosses=None, durations=None)
    torch.testing.assert_close(model.guide(bare, lengths, 12)[0], model.guide(without, lengths, 12)[0])


def test_guide_tells_gloss_and_phase():
    model, batch = toy_network(), toy_batch(1)
    guide = model.guide(batch.condition, batch.mask.sum(1), 18)[0]
    other = replace(batch.condition, glosses=batch.condition.glosses.clone())
    other.glosses[0, 1] = 9
    changed = (model.guide(other, batch.mask.sum(1), 18)[0] - guide).abs().amax(1) > 1e-6
    # The second of four glosses takes steps 2 and 3; the two before it know what follows.
    assert changed.nonzero()[:, 0].tolist() == [0, 1, 2, 3]
    assert (guide[2] - guide[3]).abs().max() > 1e-4


def test_retrieved_clips_are_told_apart_by_slot_and_place():
    model = toy_network(is_retrieving=True)
    codes = torch.ones(1, 6, 3, dtype=torch.long)
    found = model._clip_memory(codes, torch.tensor([[0, 0, 1, 1, 1, -1]]))[0]
    distances = torch.cdist(found[:5], found[:5]) + torch.eye(5)
    assert distances.min() > 1e-2
    again = model._clip_memory(codes, torch.tensor([[1, 1, 1, -1, -1, -1]]))[0]
    torch.testing.assert_close(again[:3], found[2:5])


def test_training_hides_what_it_should():
    mask = torch.arange(40)[None].expand(400, -1) < torch.randint(5, 41, (400, 1))
    chance = Chance(torch.device("cpu"), torch.Generator().manual_seed(0))
    hidden = hidden_codes(mask, 3, chance)
    assert not hidden[~mask].any()
    assert hidden.flatten(1).any(1).all()
    share = (hidden.sum((1, 2)) / (3 * mask.sum(1))).mean()
    assert share.item() == pytest.approx(2 / torch.pi, abs=0.05)
    whole = (hidden.all(-1) == hidden.any(-1)).all(1).float().mean()
    assert 0.65 < whole < 0.9
    codes = torch.randint(0, 5, (400, 40, 3))
    changed = (noisy(codes, (5, 500, 500), 0.1, chance) != codes).float().mean((0, 1))
    torch.testing.assert_close(changed, torch.tensor([0.08, 0.1, 0.1]), atol=0.01, rtol=0)
    assert shifted(codes)[0, :3].tolist() == [[-1] * 3, *codes[0, :2].tolist()]


def test_half_of_the_clips_are_causal():
    model = toy_network()
    chance = Chance(torch.device("cpu"))
    for share in (0.0, 0.25, 0.5, 1.0):
        model.settings = replace(SETTINGS, causal_share=share)
        counts = [int(model._causal_rows(5, chance).sum()) for _ in range(200)]
        assert max(counts) - min(counts) <= 1
        assert sum(counts) / 200 == pytest.approx(5 * share, abs=0.15)


def test_streams_of_a_step_know_those_before():
    torch.manual_seed(0)
    heads, codes = StreamHeads(SIZES, 16, 24), CodeEmbedding(SIZES, 16)
    found, truth = torch.randn(4, 16), torch.randint(0, 5, (4, 3))
    each = heads.each(found, codes.each(truth))
    now = found
    for stream, logits in enumerate(each):
        torch.testing.assert_close(heads(now, stream), logits)
        now = now + codes.of(stream, truth[:, stream])
    torch.testing.assert_close(codes(truth), now - found)


def test_one_gradient_for_every_weight():
    model = SignDW(replace(SETTINGS, is_retrieving=True), SIZES, WORDS, 2, GLOSSES)
    batch = toy_batch()
    c = replace(batch.condition, retrieved=batch.codes, slots=torch.zeros(6, 18, dtype=torch.long))
    model(replace(batch, condition=c))["total"].backward()
    unused = [name for name, weights in model.named_parameters() if weights.grad is None]
    assert not unused


def test_heads_must_divide_width():
    with pytest.raises(ConfigError, match=r"model\.width: 100 must be an even multiple"):
        SignDWSettings(width=100, heads=3)

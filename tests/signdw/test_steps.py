"""Compiled steps against torch's: the same codes whatever is asked for, and weights in eight bits as rounded ones."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_signdw import SIZES, toy_batch, toy_network

from signgen.errors import ConfigError
from signgen.signdw.drawing import generate as drawing
from signgen.signdw.drawing.generate import generate
from signgen.signdw.drawing.step_kernels import drawn
from signgen.signdw.drawing.steps import step_weights
from signgen.signdw.network.batch import HIDDEN
from signgen.signdw.network.dice import draw
from signgen.signdw.network.plan import Plan
from signgen.signdw.settings import DrawSettings

PLANS = [Plan(17, (3, 6, 7, 4), (2, 7, 6, 2)), Plan(11, (3, 8, 4), (3, 5, 3))]


@pytest.fixture(scope="module")
def lively():
    """Weights large enough that all that a step looks at decides its codes."""
    model = toy_network()
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.15)
    return model


def codes_of(model, draws, plans=PLANS, **given):
    seeds = range(len(plans))
    drawn = generate(model, toy_batch(len(plans)).condition, draws, seeds, plans, **given)
    return torch.cat([each.codes for each in drawn])


@pytest.mark.parametrize(
    "draws",
    [
        DrawSettings(),
        DrawSettings(temperature=0, max_run=0),
        DrawSettings(top_k=0, max_run=1, temperature=0.3),
        DrawSettings(guidance=2.5, top_k=3),
        DrawSettings(repetition=3.0, recent=4),
    ],
    ids=["default", "likeliest", "no top k", "guidance", "repetition"],
)
def test_same_codes_as_torch(lively, draws, monkeypatch):
    weights = step_weights(lively)
    compiled = codes_of(lively, draws, weights=weights)
    monkeypatch.setattr(drawing, "MOST_ROWS", 0)
    by_torch = codes_of(lively, draws)
    assert (compiled == by_torch).float().mean() > 0.98
    assert len(np.unique(by_torch.numpy(), axis=0)) > 8


def test_without_gated_layer_and_with_known_codes(monkeypatch):
    model = toy_network(head_inner=0)
    known = [torch.full((plan.steps, len(SIZES)), HIDDEN) for plan in PLANS]
    known[0][3:9] = torch.tensor([2, 9, 4])
    known[1][:, 1] = 5
    compiled = codes_of(model, DrawSettings(), known=known, weights=step_weights(model))
    monkeypatch.setattr(drawing, "MOST_ROWS", 0)
    assert torch.equal(compiled, codes_of(model, DrawSettings(), known=known))
    assert (compiled[3:9] == torch.tensor([2, 9, 4])).all()
    assert (compiled[17:, 1] == 5).all()


def test_few_sentences_are_compiled_and_many_are_not(lively, monkeypatch):
    asked = []
    monkeypatch.setattr(drawing, "step_weights", lambda model: asked.append(1) or step_weights(model))
    for count in (1, 2, 3):
        codes_of(lively, DrawSettings(), [PLANS[0]] * count)
    codes_of(lively, DrawSettings(guidance=2.0), PLANS)
    assert len(asked) == 2


def test_eight_bits_are_weights_rounded_row_by_row(lively, monkeypatch):
    rounded = copy.deepcopy(lively)
    parts = [*rounded.stack.modules(), *rounded.heads.modules()]
    with torch.no_grad():
        for part in parts:
            if isinstance(part, torch.nn.Linear):
                step = part.weight.abs().amax(1, keepdim=True) / 127
                part.weight.copy_((part.weight / step).round() * step)
    for layer, exact in zip(rounded.stack.layers, lively.stack.layers, strict=True):
        # Keys and values of the memory are made once, by torch.
        layer.memory_attention.key, layer.memory_attention.value = (
            exact.memory_attention.key,
            exact.memory_attention.value,
        )
    draws = DrawSettings(temperature=0.5)
    eight = codes_of(lively, draws, weights=step_weights(lively, eight_bits=True))
    monkeypatch.setattr(drawing, "MOST_ROWS", 0)
    assert (eight == codes_of(rounded, draws)).float().mean() > 0.98


@pytest.mark.parametrize("guidance", [1.0, 1.5])
def test_eight_bits_as_a_setting_whatever_else_is_in_the_batch(lively, guidance):
    draws = DrawSettings(eight_bits=True, guidance=guidance)
    eight = codes_of(lively, draws)
    exact = replace(draws, eight_bits=False)
    assert torch.equal(eight, codes_of(lively, exact, weights=step_weights(lively, eight_bits=True)))
    assert torch.equal(eight[: PLANS[0].steps], codes_of(lively, draws, PLANS[:1]))
    assert not torch.equal(eight, codes_of(lively, exact))


def test_eight_bits_are_for_drawing_step_after_step():
    with pytest.raises(ConfigError, match="use mode: causal"):
        DrawSettings(eight_bits=True, mode="masked")


@pytest.mark.parametrize("top_k", [0, 1, 5, 40])
@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_draws_are_those_of_torch(top_k, temperature):
    rng = np.random.default_rng(0)
    for _ in range(50):
        logits, noise = rng.standard_normal((2, 40)).astype(np.float32)
        logits[rng.integers(40)] = -np.inf
        expected = draw(torch.from_numpy(logits), torch.from_numpy(noise), temperature, top_k)
        assert drawn(logits, noise, temperature, top_k) == int(expected)


def test_another_device_is_refused():
    model = toy_network().to("meta")
    with pytest.raises(ConfigError, match="CPU"):
        step_weights(model)

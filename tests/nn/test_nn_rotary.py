"""Norm, rotary positions, gate and cache, each against its definition."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signgen.nn.layers import RotaryStack, initialise
from signgen.nn.norms import RMSNorm
from signgen.nn.rotary import RotarySelfAttention, rotate, rotations
from signgen.nn.swiglu import SwiGLU, inner_width


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_norm_is_that_of_torch(scale):
    torch.manual_seed(0)
    own, known = RMSNorm(24), nn.RMSNorm(24, eps=1e-12)
    with torch.no_grad():
        own.weight.copy_(torch.randn(24))
        known.weight.copy_(own.weight)
    x = (scale * torch.randn(2, 3, 24)).requires_grad_()
    torch.testing.assert_close(own(x), known(x), rtol=2e-3 if scale < 1 else 1e-5, atol=1e-5)
    own(x).square().sum().backward()
    assert torch.isfinite(x.grad).all()


def test_norm_of_nothing_is_nothing_and_keeps_its_type():
    x = torch.zeros(2, 8, requires_grad=True)
    norm = RMSNorm(8)
    norm(x).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert norm.to(torch.bfloat16)(torch.ones(2, 8, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_rotation_turns_pairs_by_place_and_rate():
    x = torch.tensor([1.0, 0.0, 1.0, 0.0]).expand(1, 5, 1, 4)
    turned = rotate(x, rotations(5, 4))[0, 3, 0]
    angles = torch.tensor([3.0, 0.03])
    expected = torch.stack([angles.cos(), angles.sin()], 1).flatten()
    torch.testing.assert_close(turned, expected)


def test_scores_depend_on_distance_alone():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 16)
    turns = rotations(40, 16)
    at = [
        (rotate(q, turns[a : a + 1]) * rotate(k, turns[b : b + 1])).sum()
        for a, b in ((3, 1), (30, 28), (9, 1))
    ]
    torch.testing.assert_close(at[0], at[1])
    assert (at[0] - at[2]).abs() > 1e-3


def test_attention_of_one_place_is_that_of_torch():
    """At place zero nothing is turned."""
    torch.manual_seed(0)
    own, known = RotarySelfAttention(16, 4), nn.MultiheadAttention(16, 4, batch_first=True, bias=False)
    with torch.no_grad():
        known.in_proj_weight.copy_(own.project.weight)
        known.out_proj.weight.copy_(own.output.weight)
    x = torch.randn(2, 6, 16)
    found = own(x, rotations(1, 4).expand(6, -1))
    torch.testing.assert_close(found, known(x, x, x, need_weights=False)[0])


def test_swiglu():
    torch.manual_seed(0)
    layer, x = SwiGLU(8, 12), torch.randn(3, 8)
    gate, up = (x @ w.T for w in layer.gate_and_up.weight.split(12))
    torch.testing.assert_close(layer(x), (gate * torch.sigmoid(gate) * up) @ layer.down.weight.T)
    assert 3 * inner_width(512) == pytest.approx(8 * 512, rel=0.01)


@pytest.mark.parametrize("pieces", [[1] * 7, [3, 1, 1, 2], [7]])
def test_steps_with_a_cache_are_one_causal_pass(pieces):
    torch.manual_seed(0)
    stack = RotaryStack(2, 16, 2, 10, has_memory=True).eval()
    x, memory = torch.randn(3, 7, 16), torch.randn(3, 4, 16)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]], dtype=torch.bool)
    causal = torch.ones(7, 7, dtype=torch.bool).tril()
    whole = stack(x, causal, memory, mask)
    cache, kept, found, start = stack.cache(x), stack.project(memory), [], 0
    for count in pieces:
        look = causal[start : start + count, : start + count]
        found.append(stack(x[:, start : start + count], look, kept, mask, cache))
        start += count
    torch.testing.assert_close(torch.cat(found, 1), whole)
    assert cache.length == 7
    assert cache.nbytes == 2 * 2 * 3 * 10 * 16 * 4


def test_deep_stacks_start_as_large_as_shallow_ones():
    torch.manual_seed(0)
    x = torch.randn(1, 9, 64)
    sizes = []
    for layers in (2, 16):
        stack = RotaryStack(layers, 64, 4, 9)
        initialise(stack, layers)
        before = x
        for layer in stack.layers:
            before = layer(before, stack.turns)
        sizes.append((before - x).std().item())
    assert 0.3 < sizes[1] / sizes[0] < 4


def test_bf16_autocast_stays_close():
    torch.manual_seed(0)
    stack = RotaryStack(2, 32, 4, 8).eval()
    x = torch.randn(2, 8, 32)
    with torch.autocast("cpu", torch.bfloat16):
        rough = stack(x)
    torch.testing.assert_close(rough.float(), stack(x), atol=0.05, rtol=0.05)
    assert F.cosine_similarity(rough.float().flatten(), stack(x).flatten(), 0) > 0.999

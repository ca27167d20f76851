"""Dropout beside what it is defined to be: its share, its scale, its gradient, its independence of places."""

import pytest
import torch

from signgen.nn.dropout import Dropout, dropout, thinned

SIZE = 200_000


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_share_is_left_out_and_the_rest_scaled(dtype, share):
    torch.manual_seed(0)
    found = dropout(torch.ones(SIZE, dtype=dtype), share)
    gone = found == 0
    # Four standard deviations of a binomial share.
    assert gone.double().mean() == pytest.approx(share, abs=4 * (share * (1 - share) / SIZE) ** 0.5)
    torch.testing.assert_close(found[~gone], torch.full_like(found[~gone], 1 / (1 - share)))


@pytest.mark.parametrize(
    "other", [0, 1, 1 << 32, -1 << 40], ids=["place", "low bits", "high bits", "negative"]
)
def test_places_and_seeds_are_independent(other):
    gone, shifted = thinned(torch.ones(SIZE), 0.5, 5) == 0, thinned(torch.ones(SIZE), 0.5, 5 + other) == 0
    for lag in (1, 2, 64, 96, 1024) if other == 0 else (0,):
        agree = (gone[lag:] == shifted[: SIZE - lag]).double().mean()
        assert agree == pytest.approx(0.5, abs=4 * 0.5 / SIZE**0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gradient_passes_where_the_value_did(dtype):
    torch.manual_seed(0)
    x = torch.ones(4, 6, 8, dtype=dtype).transpose(0, 2).requires_grad_()
    found = dropout(x, 0.5)
    found.backward(torch.ones_like(found))
    torch.testing.assert_close(x.grad, found.detach())


def test_the_same_generator_leaves_out_the_same():
    layer, x = Dropout(0.3), torch.randn(1000)
    torch.manual_seed(3)
    first, second = layer(x), layer(x)
    torch.manual_seed(3)
    assert torch.equal(first, layer(x))
    assert not torch.equal(first, second)
    assert layer.eval()(x) is x

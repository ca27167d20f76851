from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import torch

from signgen.signdw.motion.quantizer import ResidualQuantizer, nearest


def blobs(count=600, centres=8, width=3, spread=0.02, seed=0):
    """Vectors round centres far apart, and the centres."""
    rng = np.random.default_rng(seed)
    middles = rng.choice([-1.0, 1.0], (64, width)) * rng.uniform(0.5, 3, (64, width))
    middles = middles[:centres]
    return (
        torch.tensor(
            middles[rng.integers(centres, size=count)] + spread * rng.normal(size=(count, width))
        ).float(),
        torch.tensor(middles).float(),
    )


def trained(quantizer, vectors, rounds=60, seed=0):
    torch.manual_seed(seed)
    quantizer.train()
    for _ in range(rounds):
        quantizer(vectors)
    return quantizer.eval()


def test_nearest_is_brute_force():
    torch.manual_seed(0)
    vectors, codes = torch.randn(50, 6), torch.randn(17, 6)
    assert torch.equal(nearest(vectors, codes), torch.cdist(vectors, codes).argmin(1))


def test_codes_go_where_vectors_are():
    vectors, middles = blobs()
    quantizer = trained(ResidualQuantizer(1, 16, 3), vectors)
    away = torch.cdist(middles, quantizer.codebooks[0]).min(1).values
    assert away.max() < 0.05
    # With twice as many codes as blobs, every code is of use.
    assert len(quantizer(vectors).codes.unique()) >= 14


def test_a_codebook_moves_by_the_moving_average_of_what_chose_it():
    quantizer = ResidualQuantizer(1, 2, 1)
    quantizer.codebooks[:] = torch.tensor([[[0.0], [10.0]]])
    quantizer.counts[:], quantizer.is_begun[...] = 1.0, True
    quantizer.sums[:] = quantizer.codebooks
    quantizer.train()(torch.tensor([[1.0], [3.0], [9.0]]))
    # counts: .97 + .03 * 2 and .97 + .03; sums: .03 * 4 and 9.7 + .03 * 9.
    assert quantizer.codebooks[0, :, 0].tolist() == pytest.approx([0.12 / 1.03, 9.97], rel=1e-5)


def test_each_level_quantises_what_is_left():
    torch.manual_seed(1)
    vectors = torch.randn(2000, 4)
    quantizer = trained(ResidualQuantizer(4, 32, 4), vectors, 30)
    found = quantizer(vectors)
    rest, errors = vectors, []
    for level in range(4):
        code = torch.cdist(rest, quantizer.codebooks[level]).argmin(1)
        assert (code == found.codes[:, level]).float().mean() > 0.999
        rest = rest - quantizer.codebooks[level][found.codes[:, level]]
        errors.append(float(rest.square().mean()))
    torch.testing.assert_close(vectors - rest, found.vectors)
    torch.testing.assert_close(rest.square().mean(1), found.commitment)
    assert all(later < 0.7 * earlier for earlier, later in itertools.pairwise(errors))
    torch.testing.assert_close(quantizer.look_up(found.codes), found.vectors)


def test_a_negative_code_adds_nothing():
    quantizer = trained(ResidualQuantizer(3, 8, 2), torch.randn(99, 2))
    codes = torch.tensor([[3, 5, -1], [-1, -1, -1]])
    expected = quantizer.codebooks[0, 3] + quantizer.codebooks[1, 5]
    torch.testing.assert_close(quantizer.look_up(codes), torch.stack([expected, torch.zeros(2)]))


def test_fewer_levels_for_some():
    vectors = torch.randn(40, 2)
    quantizer = trained(ResidualQuantizer(3, 8, 2), vectors)
    keep = torch.randint(1, 4, (40,))
    codes = quantizer(vectors).codes
    used = torch.where(torch.arange(3) < keep[:, None], codes, -1)
    torch.testing.assert_close(quantizer(vectors, keep).vectors, quantizer.look_up(used))


def test_gradients_pass_as_if_nothing_had_happened():
    quantizer = trained(ResidualQuantizer(2, 8, 2), torch.randn(99, 2))
    vectors = torch.randn(5, 2, requires_grad=True)
    found = quantizer(vectors)
    (found.vectors * torch.arange(10.0).view(5, 2)).sum().backward()
    assert torch.equal(vectors.grad, torch.arange(10.0).view(5, 2))


def test_dead_codes_are_put_where_vectors_are():
    vectors, _ = blobs()
    quantizer = ResidualQuantizer(1, 16, 3)
    quantizer.codebooks[:] = 1000.0
    quantizer.sums[:], quantizer.is_begun[...] = 1000.0, True
    trained(quantizer, vectors, 400)
    assert quantizer.codebooks.abs().max() < 5
    assert len(quantizer(vectors).codes.unique()) >= 14


def test_learning_depends_on_the_seed_alone_and_goes_on_exactly():
    batches = [torch.randn(64, 4, generator=torch.Generator().manual_seed(n)) for n in range(20)]

    def run(quantizer, numbers):
        for n in numbers:
            torch.manual_seed(n)
            quantizer(batches[n])
        return quantizer.state_dict()

    whole = run(ResidualQuantizer(2, 16, 4), range(20))
    first = run(ResidualQuantizer(2, 16, 4), range(9))
    second = ResidualQuantizer(2, 16, 4)
    second.load_state_dict(copy.deepcopy(first))
    for name, value in run(second, range(9, 20)).items():
        assert torch.equal(value, whole[name]), name


def test_neither_evaluation_nor_assignment_learns():
    quantizer = trained(ResidualQuantizer(2, 8, 2), torch.randn(99, 2))
    before = copy.deepcopy(quantizer.state_dict())
    quantizer(torch.randn(50, 2))
    quantizer.train().assign(torch.randn(50, 2))
    assert all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())

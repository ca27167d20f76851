"""Windows of other people: what is drawn once for a window, how much of it, and what stays."""

import math

import pytest
import torch

from signgen.pose.layout import LEFT_HAND
from signgen.signdw.motion import variation
from signgen.signdw.motion.variation import SPREADS, Spread, varied
from signgen.signdw.motion.windows import Windows

ONE = Spread(turn=0.0, scale=0.0, shear=0.0, shape=0.0, reach=0.0, noise=0.0)


def windows(rows=400, frames=3, channels=2):
    """The same pose in every frame, some keypoints hidden."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(1, 1, 128, channels, generator=generator).expand(rows, frames, -1, -1)
    visible = torch.rand(1, 1, 128, generator=generator) < 0.8
    visible[..., [3, 4, 6, 7]] = True
    visible = visible.expand(rows, frames, -1).clone()
    return Windows(values * visible[..., None], visible, torch.ones(rows, frames, dtype=torch.bool))


def made(monkeypatch, given, strength=1.0, **spread):
    from dataclasses import replace

    monkeypatch.setattr(variation, "SPREADS", dict.fromkeys(SPREADS, replace(ONE, **spread)))
    torch.manual_seed(1)
    return varied(given, strength)


def hand_map(before, after):
    """(B, 2, 2) the linear map of a hand, by least squares."""
    x, y = (each.values[:, 0, LEFT_HAND, :2] for each in (before, after))
    return torch.linalg.lstsq(x, y).solution.mT


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_turns_and_sizes_spread_as_they_are_said_to(monkeypatch, strength):
    given = windows()
    maps = hand_map(given, made(monkeypatch, given, strength, turn=0.3, scale=0.2))
    turns = torch.atan2(maps[:, 1, 0], maps[:, 0, 0])
    assert float(turns.std()) == pytest.approx(0.3 * strength, rel=0.12)
    assert float(torch.linalg.det(maps).log().std() / 2) == pytest.approx(0.2 * strength, rel=0.12)
    # Angles stay.
    assert (maps[:, 0, 0] - maps[:, 1, 1]).abs().max() < 1e-4


def test_shapes_are_those_of_a_window_and_noise_that_of_a_frame(monkeypatch):
    given = windows()
    apart = made(monkeypatch, given, shape=0.05).values - given.values
    assert (apart - apart[:, :1]).abs().max() < 1e-6
    seen = given.visible[0, 0].clone()
    # Arms are freer.
    arms = float(apart[:, :, [4, 7]].std())
    seen[[3, 4, 6, 7]] = False
    assert float(apart[:, :, seen].std()) == pytest.approx(0.05, rel=0.05)
    assert arms == pytest.approx(5 * 0.05, rel=0.1)
    apart = made(monkeypatch, given, noise=0.1).values - given.values
    # Its size is drawn between nothing and all: a mean square of a third.
    assert float(apart[:, :, seen].square().mean().sqrt()) == pytest.approx(0.1 / math.sqrt(3), rel=0.1)
    assert (apart[:, 1:, seen] - apart[:, :1, seen]).abs().mean() > 0.01


def test_movements_reach_further_or_less_far_from_where_they_are_on_the_mean(monkeypatch):
    given = windows(200, 6)
    moving = Windows(given.values * torch.arange(6.0)[:, None, None], given.visible, given.mask)
    found = made(monkeypatch, moving, reach=0.4)
    middles = [each.values.mean(1) for each in (moving, found)]
    torch.testing.assert_close(middles[1], middles[0], rtol=1e-4, atol=1e-4)
    ratio = [
        (each.values[:, 5] - each.values[:, 0])[:, LEFT_HAND].norm(dim=(1, 2)) for each in (found, moving)
    ]
    assert float((ratio[0] / ratio[1]).log().std()) == pytest.approx(0.4, rel=0.15)


def test_what_is_hidden_stays_so_and_the_seed_decides():
    given = windows(8, channels=3)
    torch.manual_seed(2)
    found = varied(given, 1.0)
    assert torch.equal(found.visible, given.visible)
    assert torch.equal(found.mask, given.mask)
    assert not found.values[~given.visible].any()
    torch.manual_seed(2)
    assert torch.equal(varied(given, 1.0).values, found.values)
    assert not torch.equal(varied(given, 1.0).values, found.values)
    assert torch.allclose(varied(given, 0.0).values, given.values, atol=1e-6)

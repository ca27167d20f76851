"""Settings against the cards of weights: silent ones take the card's, wrong ones are told the right number."""

from dataclasses import dataclass, replace

import pytest

from signgen.data.checkpoints import load_index
from signgen.errors import ConfigError
from signgen.render.diffusion.card import Shape, check_profile, shape_for
from signgen.render.diffusion.settings import DiffusionSettings

MIMIC = load_index()["mimicmotion-1.1"]


@dataclass(frozen=True)
class Toy(DiffusionSettings):
    """A renderer."""


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (72, 6, 576, 1024)),
        ({"window": 16}, (16, 6, 576, 1024)),
        ({"window": 8}, (8, 4, 576, 1024)),
        ({"overlap": 0}, (72, 0, 576, 1024)),
        ({"size": 288}, (72, 6, 288, 512)),
        ({"width": 288}, (72, 6, 288, 512)),
        ({"height": 512}, (72, 6, 288, 512)),
        ({"width": 512, "height": 512}, (72, 6, 512, 512)),
    ],
)
def test_what_is_left_out_is_the_cards(settings, shape):
    assert shape_for(Toy(**settings), MIMIC, multiple=8) == Shape(*shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 100}, r"window: mimicmotion-1\.1 was trained with windows of 72 frames, not 100; use 72"),
        ({"overlap": 72}, "windows of 72 frames share 71 at most, not 72"),
        ({"window": 4, "overlap": 4}, "share 3 at most"),
        ({"width": 570}, "570 is no multiple of 8; use 568"),
        ({"width": 1024, "height": 1536}, "use 576 x 1024"),
        ({"size": 512, "width": 512}, "not both"),
    ],
)
def test_what_does_not_fit_is_told_what_does(settings, message):
    with pytest.raises(ConfigError, match=message):
        shape_for(Toy(**settings), MIMIC, multiple=8)


def test_a_card_of_single_pictures():
    card = replace(MIMIC, window=None, overlap=None, input=None)
    assert shape_for(Toy(), card) == Shape(1, 0, 512, 512)


def test_another_profile_is_refused():
    assert check_profile(None, "mimicmotion", "x") == "mimicmotion"
    assert check_profile("controlnet", "controlnet", "x") == "controlnet"
    with pytest.raises(ConfigError, match="use profile=mimicmotion"):
        check_profile("controlnet", "mimicmotion", "MimicMotion_1-1.pth")

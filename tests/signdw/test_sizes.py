"""How large the shipped networks are; nothing of them is allocated."""

import resource
from pathlib import Path

import pytest
import torch

from signgen.config import check, load_yaml
from signgen.signdw.backbone import SignDW
from signgen.signdw.settings import PRESETS, SignDWSettings
from signgen.signdw.sizes import count_weights

CONFIGS = Path(__file__).parents[2] / "configs" / "signdw"
# Two levels of body, left hand, right hand and face, as the motion tokenizer has them by default.
SIZES = (64, 512, 512, 128) * 2
GLOSSES = 512
# What is left for the refiner is counted where that is.
TARGETS = {"signdw-tiny": 4.1e6, "signdw-40m": 37.8e6, "signdw-1.2b": 1.2e9}


@pytest.mark.parametrize("name", PRESETS)
def test_size(name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = count_weights(PRESETS[name], SIZES, GLOSSES)
    assert counts["total"] == pytest.approx(TARGETS[name], rel=0.05)
    assert counts["total"] == sum(count for part, count in counts.items() if part != "total")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@pytest.mark.parametrize("name", PRESETS)
def test_configs_are_the_presets(name):
    model = load_yaml(CONFIGS / f"{name}.yaml")["model"]
    assert check(SignDWSettings, {k: v for k, v in model.items() if k != "preset"}, "model") == PRESETS[name]


def test_count_is_that_of_a_real_network():
    settings = PRESETS["signdw-tiny"]
    model = SignDW(settings, SIZES, settings.words, 42, GLOSSES)
    expected = sum(weights.numel() for weights in model.parameters())
    assert count_weights(settings, SIZES, GLOSSES)["total"] == expected
    assert all(torch.isfinite(weights).all() for weights in model.parameters())

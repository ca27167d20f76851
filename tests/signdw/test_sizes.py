"""How large the shipped networks are; nothing of them is allocated."""

import resource
from pathlib import Path

import pytest
import torch

from signgen.config import check, load_yaml
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow_settings import REFINERS
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.sizes import count_weights
from signgen.signdw.settings import PRESETS, SignDWSettings

CONFIGS = Path(__file__).parents[2] / "configs" / "signdw"
# Two levels of body, left hand, right hand and face, as the motion tokenizer has them by default.
SIZES = (64, 512, 512, 128) * 2
GLOSSES = 512
# Network and refiner. The motion tokenizer has the same 1.2 million for all, learns first, and is shared between them.
TARGETS = {"signdw-tiny": 5e6, "signdw-40m": 40e6, "signdw-1.2b": 1.2e9}


def weights_of(network):
    return sum(weights.numel() for weights in network.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_size(name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = count_weights(PRESETS[name], SIZES, GLOSSES)
    with torch.device("meta"):
        motion = MotionTokenizer()
        refiner = FlowHead(REFINERS[name], motion, GLOSSES)
    assert tuple(stream.size for stream in motion.streams) == SIZES
    assert counts["total"] + weights_of(refiner) == pytest.approx(TARGETS[name], rel=0.05)
    assert weights_of(motion) == pytest.approx(1.2e6, rel=0.05)
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

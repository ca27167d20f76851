"""Why there are codes and flow at all: the smallest signed world in which averaging loses the movement."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

TOY = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "signdw_toy.py"))


@pytest.fixture(scope="module")
def world():
    return TOY["World"](0, signs=2, pace=(2, 4))


def test_the_recogniser_knows_what_was_signed(world):
    sentences = world.sentences(40, 3)
    clips = [world.sign(sentence).values for sentence in sentences]
    assert TOY["score"](world, sentences, clips) == (pytest.approx(1), 0)
    # Other ways of the same glosses are the same glosses; still poses and other sentences are not.
    others = [s._replace(ways=tuple((w + 1) % 3 for w in s.ways)) for s in sentences]
    assert TOY["score"](world, sentences, [world.sign(s).values for s in others]).wer == 0
    still = [np.repeat(clip.mean(0, keepdims=True), len(clip), 0) for clip in clips]
    assert TOY["score"](world, sentences, still).wer > 0.5
    assert TOY["score"](world, sentences, clips[1:] + clips[:1]).wer > 0.5


@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ((1, 2, 3), (1, 2, 3), 0),
        ((1, 2, 3), (1, 3), 1),
        ((), (4, 4), 2),
        ((1, 2), (), 2),
        ((1, 2), (2, 1), 2),
    ],
)
def test_edit_distance(truth, found, expected):
    assert TOY["errors"](truth, found) == expected


@pytest.mark.slow
def test_averages_stand_still_where_codes_and_flow_sign():
    made = TOY["Experiment"](600, 60, signs=2, pace=(2, 4))

    def score(clips):
        return TOY["score"](made.world, made.unseen, clips)

    regress = score(made.regress("none", 150))
    codes = made.draw("gloss", 500)
    token, flow = score(made.decode(codes)), score(made.refine(made.flow(250), codes))
    assert regress.motion < 0.5
    assert 0.8 < token.motion < 1.25
    assert 0.8 < flow.motion < 1.2
    assert 3 * token.wer < regress.wer
    assert 3 * flow.wer < regress.wer
    assert flow.wer <= token.wer + 0.02

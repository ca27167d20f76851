"""How far a rung may stand above the one before it before a ladder is out of order."""

from __future__ import annotations

import numpy as np
import pytest
from nearest_judge import corpus

from signgen.judge.admission import admit, rungs
from signgen.judge.text.measure import mean_of
from signgen.judge.text.resample import Resampling

CLIPS, TEXTS = corpus(8, 0)


class Scripted:
    """Says -1 to true poses, -2 to all others but ``first`` to amplitudes of 75 %; each to every clip, so surely."""

    def __init__(self, first: float) -> None:
        labels = [(name, label) for name, ladder in rungs(CLIPS).items() for label in ladder]
        values = [first if place == ("amplitude", "75%") else -2.0 for place in labels]
        self.values = iter([-1.0, *values])

    def log_likelihood(self, poses, texts):
        return mean_of("log-likelihood", "made up", np.full(len(poses), next(self.values)))


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (-1.5, ""),
        (-1.0, ""),
        (-0.985, ""),  # 1.5 % of the way from true poses to the last rung
        (-0.975, "75% scores above true poses"),  # 2.5 %
        (-0.5, "75% scores above true poses"),
    ],
)
def test_a_rung_may_be_higher_by_a_hair_alone(first, fault):
    found = admit(Scripted(first), CLIPS, TEXTS, how=Resampling(40))
    assert {ladder.name: ladder.fault for ladder in found.ladders}["amplitude"] == fault
    assert found.is_passed == (not fault)


def test_a_ladder_that_does_not_fall_is_out_of_order():
    scripted = Scripted(-1.0)
    scripted.values = iter([-1.0] * 100)
    ladders = admit(scripted, CLIPS, TEXTS, how=Resampling(40)).ladders
    assert [x.fault for x in ladders if x.name == "reversed"] == [
        "reversed is not surely below true poses in log-likelihood"
    ]

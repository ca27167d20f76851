"""Durations: reading alignments, the regression against calculus, and the goals on real annotations."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from signgen.errors import DataError
from signgen.text2pose.durations.alignments import Segment, locate, name_models, segments
from signgen.text2pose.durations.model import Planned, fit_durations
from signgen.text2pose.durations.regression import RegressionSettings, fit_regression

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "phoenix14t"
BENCHMARK = ROOT / "benchmarks" / "phoenix_baselines.py"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], []),
        ([0, 0], []),
        ([1, 2, 3], [(0, 0, 3)]),
        ([3, 4], [(0, 0, 1), (1, 1, 2)]),
        ([4, 5, 6, 4, 5], [(1, 0, 5)]),  # a loop is one segment
        ([4, 0, 4], [(1, 0, 1), (1, 2, 3)]),  # rest parts two
    ],
)
def test_segments(states, expected):
    assert segments(states) == [Segment(*each) for each in expected]


def test_models_are_named_by_sentences_of_equal_length_and_only_with_a_majority():
    def run(*models):
        return [Segment(model, k, k + 1) for k, model in enumerate(models)]

    sentences = [
        (["A", "B"], run(0, 1)),
        (["A", "C"], run(0, 9)),
        (["D", "B"], run(9, 1)),  # 9 has two votes for two glosses: a mark, not a sign
        (["A", "B", "C"], run(7, 7)),  # unequal: no vote
    ]
    assert name_models(sentences) == {0: "A", 1: "B"}


def test_glosses_are_located_where_both_sequences_agree():
    found = [Segment(8, 0, 2), Segment(0, 2, 5), Segment(1, 5, 9), Segment(7, 9, 12)]
    names = {0: "A", 1: "B", 7: "A"}
    assert locate(["A", "X", "B"], found, names) == [(0, found[1]), (2, found[2])]


def test_regression_without_penalty_gives_medians():
    targets = {"a": [10, 20, 30], "b": [6, 7, 8]}
    rows = [{name: 1.0} for name, values in targets.items() for _ in values]
    wanted = [value for values in targets.values() for value in values]
    for is_log in (False, True):
        fitted = fit_regression(
            rows, wanted, RegressionSettings(is_log, 0.0, rarest=1, free=frozenset(targets))
        )
        assert [fitted({name: 1.0}) for name in targets] == pytest.approx([20, 7], abs=0.01)


def test_regression_pulls_weights_as_calculus_says():
    # 17 rows of target 0 without the feature and 17 of 10 with it. By symmetry w = 10 - 2 c, and the slope of the
    # rounded error at c = 3/4 is 3/5, so that 17 * 3/5 = 2 * ridge * w holds for w = 17/2 and ridge = 3/5.
    rows, targets = [{}] * 17 + [{"f": 1.0}] * 17, [0.0] * 17 + [10.0] * 17
    fitted = fit_regression(rows, targets, RegressionSettings(is_log=False, ridge=0.6))
    assert (fitted.intercept, fitted.weights["f"]) == pytest.approx((0.75, 8.5), abs=1e-3)


def test_rare_and_unknown_features_count_nothing():
    fitted = fit_regression([{"f": 1.0}, {}, {}], [9.0, 4.0, 4.0], RegressionSettings(False, 0.0, rarest=2))
    assert not fitted.weights
    assert fitted({"f": 1.0}) == fitted({"never": 1.0}) == fitted({})


@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        ([], [], "0 rows"),
        ([{}], [1.0, 2.0], "1 rows for 2 targets"),
        ([{}], [np.nan], "finite"),
        ([{}], [0.0], "above zero"),
    ],
)
def test_regression_refuses(rows, targets, message):
    with pytest.raises(DataError, match=message):
        fit_regression(rows, targets, RegressionSettings(is_log=True, ridge=1.0))


def made_up(count: int = 1500):
    """Sentences whose glosses have lengths of their own, half as long again at the end, doubled by one signer."""
    rng = np.random.default_rng(0)
    own = {"A": 8, "B": 16, "C": 24}
    sentences, located, lengths = [], [], []
    for _ in range(count):
        glosses = tuple(rng.choice(list(own), rng.integers(2, 6)))
        signer = str(rng.choice(["quick", "slow"]))
        frames = [own[gloss] * (2 if signer == "slow" else 1) for gloss in glosses]
        frames[-1] = frames[-1] * 3 // 2
        sentences.append(Planned(glosses, (), signer))
        located.append(list(enumerate(frames)))
        lengths.append(sum(frames) + 5)
    return sentences, located, lengths


def test_model_finds_what_was_put_in():
    model = fit_durations(*made_up())
    quick, slow = (Planned(("B", "A", "C", "A"), (), signer) for signer in ("quick", "slow"))
    assert model.gloss_frames(quick) == pytest.approx([16, 8, 24, 12], rel=0.1)
    assert model.gloss_frames(slow) == pytest.approx([32, 16, 48, 24], rel=0.1)
    assert model.sentence_frames(quick) == pytest.approx(65, rel=0.1)
    unknown = model.gloss_frames(Planned(("NEVER", "A"), ("some", "words"), "nobody"))
    assert all(4 < frames < 60 for frames in unknown)


@pytest.mark.parametrize(
    ("located", "message"),
    [
        ([], "give one of each"),
        ([[]], "no gloss is located"),
        ([[(1, 5)]], "does not have"),
        ([[(0, 0)]], "above"),
    ],
)
def test_model_refuses(located, message):
    with pytest.raises(DataError, match=message):
        fit_durations([Planned(("A",))], located, [10])


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="PHOENIX14T annotations are not here")
def test_goals_on_phoenix():
    benchmark = runpy.run_path(str(BENCHMARK))
    data = benchmark["read"](DATA)
    assert {name: len(split.durations) for name, split in data.items()} == {
        "train": 54_419,
        "dev": 3_679,
        "test": 3_447,
    }
    # These floors were found before, by another program: the glosses are read as there.
    assert benchmark["constant_error"](data, np.median) == pytest.approx([5.54, 6.32], abs=0.02)
    assert benchmark["gloss_means"](data) == pytest.approx([4.72, 5.49], abs=0.02)
    (dev, test), sentences = benchmark["model_errors"](data, benchmark["without_signer"])
    assert dev < 4.64
    assert test < 5.38
    assert max(sentences) < 15.7

"""Likelihood of references and retrieval against hand calculation and chance."""

from __future__ import annotations

import re

import numpy as np
import pytest

from signgen.errors import DataError
from signgen.judge.text.likelihood import reference_log_likelihood, retrieval


def test_mean_of_all_tokens():
    measure = reference_log_likelihood([np.array([-1.0, -2.0, -3.0]), np.array([-0.5])], "word")
    assert measure.value == pytest.approx(-6.5 / 4)
    np.testing.assert_allclose(measure.score().each, [-2.0, -0.5])
    assert measure.signature.startswith("ll:reference|per:token|tok:word|signgen:")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ([], "no texts"),
        ([np.array([-1.0]), np.array([])], "number 2 has shape (0,)"),
        ([np.array([[-1.0]])], "number 1 has shape (1, 1)"),
        ([np.array([-1.0, np.nan])], "1 values are not finite"),
        ([np.array([-1.0, -np.inf])], "1 values are not finite"),
        ([np.array([0.3])], "0.3 is above 0"),
    ],
)
def test_refuses_what_is_no_probability(arrays, words):
    with pytest.raises(DataError, match=re.escape(words)):
        reference_log_likelihood(arrays, "word")


# Row by row: own text first; second; third.
RANKS = np.log(np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]))


def test_ranks():
    values = {measure.name: measure.value for measure in retrieval(RANKS, ranks=(1, 2, 3))}
    assert values == pytest.approx({"R@1": 100 / 3, "R@2": 200 / 3, "R@3": 100})


def test_truth_among_more_texts_than_clips():
    (measure,) = retrieval(RANKS[:2], truth=[0, 2], ranks=(2,))
    np.testing.assert_allclose(measure.score().each, [100, 0])


def test_a_judge_that_cannot_tell_scores_chance():
    for measure in retrieval(np.full((40, 40), -2.0)):
        rank = int(measure.name[2:])
        assert measure.value == pytest.approx(100 * rank / 40)
        assert f"pool:40|chance:{100 * rank / 40:.2f}" in measure.signature


def test_random_judge_is_near_chance():
    rng = np.random.default_rng(3)
    (measure,) = retrieval(-rng.random((500, 500)), ranks=(50,))
    # Binomial of 500 at 0.1: sd 1.3 percent.
    assert measure.value == pytest.approx(10, abs=5)


def test_the_same_text_twice_is_right_both_times():
    scores = np.log(np.array([[0.1, 0.6, 0.3], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]]))
    (apart,) = retrieval(scores, ranks=(1,))
    (same,) = retrieval(scores, texts=["regen .", "regen .", "sonne ."], ranks=(1,))
    assert (apart.value, same.value) == pytest.approx((200 / 3, 100))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"log_probabilities": np.zeros(3)}, "shape (3,)"),
        ({"log_probabilities": np.zeros((0, 3))}, "shape (0, 3)"),
        ({"log_probabilities": np.zeros((3, 2))}, "3 clips and 2 texts"),
        ({"log_probabilities": np.zeros((2, 3)), "truth": [0, 3]}, "2 clips and 3 texts"),
        ({"log_probabilities": np.zeros((2, 3)), "truth": [0, -1]}, "2 clips and 3 texts"),
        ({"log_probabilities": np.zeros((2, 2)), "texts": ["a"]}, "1 texts for 2 columns"),
        ({"log_probabilities": np.array([[np.nan]])}, "not finite"),
        ({"log_probabilities": np.array([[2.0]])}, "above 0"),
    ],
)
def test_refuses(arguments, words):
    with pytest.raises(DataError, match=re.escape(words)):
        retrieval(**arguments)

"""Distances between sets in a judge's features, against normals of known distance and SciPy."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from signgen.judge.pose.frechet import shrunk_covariance
from signgen.judge.set_distances import FEWEST_DIRECTIONS, MOST_PAIRED, SPLITS, compare_features
from signgen.judge.text.resample import Resampling

HOW = Resampling(40, seed=3)


def normal(count, dims, mean=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, scale, (count, dims))


def values(found):
    return {score.name: score.value for score in found.scores}


def test_distances_of_known_normals():
    """(m1 - m2)^2 + (s1 - s2)^2 in each of 8 dimensions."""
    true = normal(1000, 8, seed=1)
    for mean, scale in ((0, 1), (1, 1), (0, 2), (0.5, 0.5)):
        found = values(compare_features(normal(1000, 8, mean, scale, seed=2), true, "f", HOW))
        expected = 8 * (mean**2 + (scale - 1) ** 2)
        assert found["FGD"] == pytest.approx(expected, abs=0.4 + 0.05 * expected)
        assert found["FGD halves"] == pytest.approx(expected, abs=0.4 + 0.05 * expected)
        assert 0 < found["FGD floor"] < 0.2
        assert found["diversity ratio"] == pytest.approx(scale, rel=0.06)


def test_true_clips_themselves_are_at_the_floor():
    true = normal(200, 10, seed=4)
    found = values(compare_features(true, true, "f", HOW))
    assert found["FGD"] == pytest.approx(0, abs=1e-9)
    assert found["FGD halves"] == pytest.approx(found["FGD floor"])
    assert found["FGD floor"] > 0.1
    assert found["diversity ratio"] == pytest.approx(1)


def test_floor_is_the_mean_over_halves_of_the_true_set():
    """The formula with SciPy's square root, over halves drawn here by the same rule."""
    true = normal(90, 8, seed=5) @ np.random.default_rng(6).normal(size=(8, 8))
    rng, found = np.random.default_rng(HOW.seed), []
    for _ in range(SPLITS):
        order = rng.permutation(90)
        a, b = true[np.sort(order[:45])], true[np.sort(order[45:])]
        first, second = shrunk_covariance(a), shrunk_covariance(b)
        mean = np.sum((a.mean(0) - b.mean(0)) ** 2)
        found.append(mean + np.trace(first + second - 2 * sqrtm(first @ second).real))
    assert values(compare_features(true, true, "f", HOW))["FGD floor"] == pytest.approx(np.mean(found))


def test_few_clips_get_the_directions_that_vary_most_or_no_distance_at_all():
    scales = np.array([9.0] * FEWEST_DIRECTIONS + [0.01] * 30)
    true = normal(80, len(scales), seed=7) * scales
    found = compare_features(true + 5 * (scales < 1), true, "f", HOW)
    # What differs only where true clips do not vary is not seen by FGD, as its note says; the kernel distance sees it.
    assert values(found)["FGD"] == pytest.approx(0, abs=1e-3)
    assert values(found)["kernel distance"] > 1
    assert "dims:8/38" in found.scores[0].signature
    assert found.notes == (
        "FGD: in the 8 directions in which true clips differ most, of 38; more clips, more directions",
    )
    few = compare_features(true[:79], true[:79], "f", HOW)
    assert [score.name for score in few.scores] == ["kernel distance", "diversity ratio"]
    assert few.notes == ("FGD: 79 clips are too few, it takes 80; the kernel distance stands in",)


def test_clips_of_one_document_stay_in_one_half():
    # Ten recordings, each ten times: halves of whole recordings are as far apart as recordings are.
    recordings = np.repeat(normal(10, 8, seed=8), 10, axis=0) + 0.01 * normal(100, 8, seed=9)
    torn = values(compare_features(recordings, recordings, "f", HOW))["FGD floor"]
    documents = np.repeat(np.arange(10), 10).tolist()
    whole = compare_features(recordings, recordings, "f", Resampling(40, seed=3, documents=documents))
    assert values(whole)["FGD floor"] > 3 * torn
    assert all(score.interval is None for score in whole.scores)


def test_more_clips_than_can_be_paired_are_drawn():
    many = normal(MOST_PAIRED + 1, 2, seed=10)
    found = compare_features(many, many, "f", HOW)
    assert any("drawn from all" in note for note in found.notes)
    assert values(found)["diversity ratio"] == pytest.approx(1)


def test_features_that_are_no_numbers_are_said_and_not_scored():
    bad = normal(100, 8)
    bad[3, 2] = np.nan
    found = compare_features(bad, normal(100, 8), "f", HOW)
    assert found.scores == ()
    assert "not finite" in found.notes[0]


def test_counterparts_that_are_alike_do_not_bring_sets_nearer():
    """Two draws of one normal that share their sentences are as far apart as two that share nothing: 0 on average."""
    found = []
    for seed in range(40):
        sentences = normal(30, 3, seed=seed)
        made, true = (sentences + 0.3 * normal(30, 3, seed=100 * side + seed) for side in (1, 2))
        (score,) = [s for s in compare_features(made, true, "f", HOW).scores if s.name == "kernel distance"]
        found.append(score.value)
        assert score.interval[0] < score.value < score.interval[1]
    assert abs(np.mean(found)) < 2.5 * np.std(found) / np.sqrt(len(found))


def test_kernel_distance_of_pairs_is_the_mean_over_different_sentences():
    """Gretton's sum, term by term."""
    made, true = normal(7, 3, 0.4, seed=1), normal(7, 3, seed=2)
    x, y = ((side - true.mean(0)) / true.std(0) for side in (made, true))

    def k(u, v):
        return (u @ v / 3 + 1) ** 3

    terms = [
        k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i, j in permutations(range(7), 2)
    ]
    found = values(compare_features(made, true, "f", HOW))
    assert found["kernel distance"] == pytest.approx(np.mean(terms))

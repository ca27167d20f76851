"""Distances between sets of features, against formulas, SciPy and plain loops."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from made_up_signer import changed, signer
from scipy.linalg import sqrtm

from signgen.errors import ConfigError
from signgen.judge.pose.features import NUM_FEATURES, complete_features, pose_features
from signgen.judge.pose.frechet import frechet_distance, shrunk_covariance
from signgen.judge.pose.kernel_distance import kernel_distance
from signgen.judge.pose.sets import diversity, score_sets
from signgen.judge.pose.tally import resample_indices

RNG = np.random.default_rng(8)


def normal(count, dims, mean=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, scale, (count, dims))


def test_frechet_distance_is_that_of_shrunk_normals():
    mix = RNG.normal(size=(4, 4))
    a, b = normal(60, 4, seed=1) @ mix, normal(90, 4, 0.5, 2.0, seed=2)
    first, second = shrunk_covariance(a), shrunk_covariance(b)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(
        first + second - 2 * sqrtm(first @ second).real
    )
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("mean", "scale"), [(0, 1), (2, 1), (0, 3), (1, 0.5)])
def test_frechet_distance_of_known_normals(mean, scale):
    """(m1 - m2)^2 + (s1 - s2)^2 in each dimension."""
    a, b = normal(40_000, 2, seed=1), normal(40_000, 2, mean, scale, seed=2)
    assert frechet_distance(a, b) == pytest.approx(2 * (mean**2 + (scale - 1) ** 2), abs=0.1)


def test_shrinkage_is_ledoit_and_wolfs():
    """The formula of the paper, sample by sample."""
    samples = normal(12, 5, seed=3) * [1, 2, 1, 1, 3]
    x = samples - samples.mean(axis=0)
    n, p = x.shape
    s = sum(np.outer(row, row) for row in x) / n
    mu = np.trace(s) / p
    spread = np.linalg.norm(s - mu * np.eye(p)) ** 2 / p
    noise = sum(np.linalg.norm(np.outer(row, row) - s) ** 2 for row in x) / n**2 / p
    share = min(noise, spread) / spread
    assert 0 < share < 1
    assert shrunk_covariance(samples) == pytest.approx(share * mu * np.eye(p) + (1 - share) * s)


def test_kernel_distance_leaves_no_sample_with_itself():
    a, b = normal(5, 3, 0.5, seed=4), normal(7, 3, seed=5)
    mean, scale = b.mean(0), b.std(0)
    x, y = (a - mean) / scale, (b - mean) / scale

    def kernel(u, v):
        return (u @ v / 3 + 1) ** 3

    def within(side):
        return np.mean([kernel(u, v) for u, v in permutations(side, 2)])

    expected = within(x) + within(y) - 2 * np.mean([kernel(u, v) for u in x for v in y])
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_kernel_distance_is_unbiased():
    found = [kernel_distance(normal(12, 2, seed=2 * i), normal(400, 2, seed=2 * i + 1)) for i in range(60)]
    assert abs(np.mean(found)) < 2 * np.std(found) / np.sqrt(60)
    assert min(found) < 0 < max(found)


def test_diversity():
    assert diversity(np.array([[0.0, 0], [3, 4], [0, 0]])) == pytest.approx(10 / 3)
    assert diversity(np.ones((4, 3))) == 0


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (normal(24, 5), normal(100, 5), "24 samples are too few for 5 dimensions, it takes 25"),
        (normal(100, 5), normal(24, 5), "too few"),
        (normal(100, 5), normal(100, 4), "5 and 4 dimensions"),
        (np.full((30, 2), np.nan), normal(30, 2), "must be finite"),
        (normal(30, 2)[0], normal(30, 2), "expected"),
        (normal(1, 2), normal(30, 2), "2 or more samples"),
    ],
)
def test_refusals(first, second, text):
    with pytest.raises(ConfigError, match=text):
        frechet_distance(first, second)


def test_too_many_samples_to_compare_all_pairs():
    with pytest.raises(ConfigError, match="draw 5000"):
        kernel_distance(normal(5001, 1), normal(3, 1))


def test_scores_of_sets_print_the_floor():
    real, train, fake = normal(60, 3, seed=1), normal(80, 3, seed=2), normal(60, 3, 1.0, 0.5, seed=3)
    drawn = resample_indices(60, 200)
    found = {s.name: s for s in score_sets(fake, real, floor=train, features="test", resamples=drawn)}
    assert found["FGD floor"].value < found["FGD"].value
    assert found["FGD"].value == pytest.approx(frechet_distance(fake, real))
    assert found["kernel distance"].value == pytest.approx(kernel_distance(fake, real))
    low, high = found["kernel distance"].interval
    assert 0 < low < found["kernel distance"].value < high
    assert found["diversity ratio"].value == pytest.approx(0.5, abs=0.1)
    assert all("features:test" in score.signature for score in found.values())


def test_few_samples_have_no_fgd():
    names = [score.name for score in score_sets(normal(12, 3), normal(14, 3, seed=1), features="test")]
    assert names == ["kernel distance", "diversity ratio"]


def test_simple_features_of_a_circle():
    """A circle of 30 px radius at 0.8 Hz by a signer of 100 px."""
    poses = signer(151, 30.0)
    features = pose_features(poses)
    assert features.shape == (NUM_FEATURES,)
    # Left wrist: mean, standard deviation of a circle, speed.
    assert features[:2] == pytest.approx([0.4, 1.0], abs=0.01)
    assert features[2:4] == pytest.approx([0.3 / np.sqrt(2)] * 2, abs=0.01)
    assert features[4] == pytest.approx(2 * np.pi * 0.8 * 0.3, rel=0.01)
    # The hand keeps its shape.
    assert features[7] == pytest.approx(0, abs=1e-5)


def test_sequences_without_a_hand_are_told():
    one_handed = changed(signer(), lambda k: k.__setitem__((slice(None), slice(39, 60)), 0))
    features, kept = complete_features([signer(), one_handed, signer(30)])
    assert features.shape == (2, NUM_FEATURES)
    assert kept.tolist() == [0, 2]
    assert np.isnan(pose_features(one_handed)).any()

"""What is left of a hand after the best similarity, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.transform import Rotation

from signgen.judge.pose.dtw import Alignment
from signgen.judge.pose.procrustes import hand_errors, procrustes_errors
from signgen.judge.pose.tracks import Tracks

RNG = np.random.default_rng(4)


def rotation(dims):
    turn = Rotation.from_rotvec([0.3, -0.4, 0.8] if dims == 3 else [0, 0, 0.8]).as_matrix()
    return turn[:dims, :dims]


def everything(points):
    return np.ones(points.shape[:2], bool)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_similarity_is_undone(dims):
    hand = RNG.normal(size=(5, 21, dims))
    moved = 1.7 * hand @ rotation(dims).T + RNG.normal(size=dims)
    assert procrustes_errors(moved, hand, everything(hand)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_errors_are_those_of_scipy(dims):
    first, second = RNG.normal(size=(2, 21, dims))
    first = 0.6 * second @ rotation(dims).T + 0.2 * first
    a, b = first - first.mean(0), second - second.mean(0)
    turn, scale = orthogonal_procrustes(a, b)
    expected = np.linalg.norm(scale / np.sum(a**2) * a @ turn - b, axis=1).mean()
    assert np.linalg.det(turn) > 0
    assert procrustes_errors(first[None], second[None], everything(first[None])) == pytest.approx(expected)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_mirrored_hand_is_another_hand(dims):
    hand = RNG.normal(size=(1, 21, dims))
    mirrored = hand * ([-1] + [1] * (dims - 1))
    assert procrustes_errors(mirrored, hand, everything(hand)) > 0.1


def test_only_shared_keypoints_count():
    hand = RNG.normal(size=(1, 21, 2))
    wrong = hand.copy()
    wrong[0, :5] += 10
    both = everything(hand)
    both[0, :5] = False
    assert procrustes_errors(wrong, hand, both) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_too_few_keypoints_say_nothing(shown):
    hand = RNG.normal(size=(1, 21, 2))
    both = np.zeros((1, 21), bool)
    both[0, :shown] = True
    assert np.isnan(procrustes_errors(hand, hand, both)).all()
    assert np.isnan(procrustes_errors(np.zeros((1, 21, 2)), hand, everything(hand))).all()


def test_hands_the_hypothesis_lacks_are_counted():
    points = RNG.normal(size=(3, 42, 2)).astype(np.float32)
    seen = np.ones((3, 42), bool)
    lacking = seen.copy()
    lacking[:, 21:] = False
    path = Alignment(np.repeat(np.arange(3)[:, None], 2, axis=1), 0, np.zeros(3), 0)
    errors, masked = hand_errors(Tracks(points, lacking, 24), Tracks(points, seen, 24), path)
    assert errors == pytest.approx(np.zeros(3), abs=1e-6)
    assert masked == 0.5

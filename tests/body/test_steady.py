"""Weighted smoothing over time against a dense solution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body.steady import cheapest_path, steadied, steadied_step, steadied_turns


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 17])
def test_steadied_equals_a_dense_solution(frames):
    rng = np.random.default_rng(0)
    weight, given = rng.uniform(0.01, 3, frames), rng.normal(size=(frames, 2))
    system = np.diag(weight)
    for order, say in ((1, 0.01), (2, 1.0)):
        if frames > order:
            differences = np.diff(np.eye(frames), order, axis=0)
            system += say * differences.T @ differences
    expected = np.linalg.solve(system, weight[:, None] * given)
    np.testing.assert_allclose(steadied(given, weight), expected, atol=1e-10)


def test_what_is_well_told_stays_and_what_is_not_goes_along():
    given = np.sin(np.arange(30.0))[:, None]
    given[10], weight = 50, np.full(30, 1e5)
    weight[10] = 0
    found = steadied(given, weight)
    others = np.arange(30) != 10
    np.testing.assert_allclose(found[others], given[others], atol=1e-3)
    assert abs(found[10, 0] - np.sin(10)) < 0.4


def test_a_step_of_a_quadratic_error_is_its_solution():
    """Errors that are parabolas: one step from anywhere gives the same values."""
    rng = np.random.default_rng(1)
    curvature, lowest = rng.uniform(0.1, 2, (9, 3)), rng.normal(size=(9, 3))
    for start in (np.zeros((9, 3)), rng.normal(size=(9, 3))):
        found = steadied_step(curvature, curvature * (start - lowest), start, 0.5)
        for i in range(3):
            np.testing.assert_allclose(
                found[:, i : i + 1], steadied(lowest[:, i : i + 1], curvature[:, i] / 0.5)
            )


def test_turns_past_half_a_turn_are_bridged():
    """An even rotation through more than a whole turn, with wrong frames in between."""
    angles = np.linspace(0, 8, 60)[:, None]
    given = Rotation.from_rotvec(angles * [0, 1, 0]).as_matrix()
    weight = np.full(60, 1e6)
    wrong = [20, 21, 40]
    given[wrong] = Rotation.from_euler("x", 3.0).as_matrix()
    weight[wrong] = 0
    found = steadied_turns(given, weight)
    gap = Rotation.from_matrix(found) * Rotation.from_rotvec(angles * [0, 1, 0]).inv()
    assert np.degrees(gap.magnitude()).max() < 0.5
    np.testing.assert_allclose(steadied_turns(given, np.zeros(60)), given)


def test_the_cheapest_path_is_that_of_trying_all():
    rng = np.random.default_rng(5)
    cost, change = rng.random((5, 3)), rng.random((3, 3))
    tried = {
        path: sum(cost[t, i] for t, i in enumerate(path))
        + sum(change[i, j] for i, j in itertools.pairwise(path))
        for path in itertools.product(range(3), repeat=5)
    }
    assert tuple(cheapest_path(cost, change)) == min(tried, key=tried.__getitem__)

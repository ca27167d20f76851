"""Batched rotations against scipy and trigonometry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body import turning


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_about_equals_scipy(rng):
    vectors = rng.normal(0, 1.5, (50, 3))
    expected = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(turning.from_vector(vectors), expected, atol=1e-12)
    np.testing.assert_allclose(turning.from_vector(np.zeros(3)), np.eye(3), atol=0)


def test_shortest_arc(rng):
    a, b = turning.unit(rng.normal(size=(2, 40, 3)))
    b[0], b[1] = a[0], -a[1]
    arcs = turning.shortest_arc(a, b)
    np.testing.assert_allclose(np.einsum("tij,tj->ti", arcs, a), b, atol=1e-7)
    np.testing.assert_allclose(np.linalg.det(arcs), 1, atol=1e-9)
    angles = np.linalg.norm(turning.rotation_vector(arcs), axis=-1)
    np.testing.assert_allclose(angles, np.arccos(np.clip(np.sum(a * b, axis=-1), -1, 1)), atol=1e-7)


def test_best_rotation_finds_the_rotation_at_any_scale_and_place(rng):
    rest = rng.normal(size=(6, 3))
    turns = Rotation.from_rotvec(rng.normal(0, 1, (20, 3))).as_matrix()
    seen = 3.5 * rest @ np.swapaxes(turns, -1, -2) + rng.normal(size=(20, 1, 3))
    weights = np.ones((20, 6))
    weights[:, 5], seen[:, 5] = 0, 99
    np.testing.assert_allclose(turning.best_rotation(rest, seen, weights), turns, atol=1e-9)


def test_a_flat_set_of_points_gives_a_rotation_and_no_reflection(rng):
    rest = rng.normal(size=(5, 3)) * (1, 1, 0)
    turns = Rotation.from_rotvec(rng.normal(0, 1, (20, 3))).as_matrix()
    found = turning.best_rotation(rest, rest @ np.swapaxes(turns, -1, -2), np.ones((20, 5)))
    np.testing.assert_allclose(found, turns, atol=1e-9)


def test_twist_and_swing(rng):
    axis = turning.unit(rng.normal(size=3))
    across = turning.unit(np.cross(axis, rng.normal(size=3)))
    twist = rng.uniform(-3, 3, 20)
    swing = turning.about(across, rng.uniform(-1.5, 1.5, 20))
    np.testing.assert_allclose(
        turning.twist_about(swing @ turning.about(axis, twist), axis), twist, atol=1e-9
    )


def test_share_of_splits_and_limits_a_rotation():
    turn = turning.about(np.array([0, 1.0, 0]), np.array(1.2))
    half = turning.share_of(turn[None], 0.5)[0]
    np.testing.assert_allclose(half @ half, turn, atol=1e-12)
    limited = turning.share_of(turn[None], 1.0, 0.3)[0]
    np.testing.assert_allclose(limited, turning.about(np.array([0, 1.0, 0]), np.array(0.3)), atol=1e-12)


def test_angle_about_is_signed():
    axis, a = np.array([0, 0, 1.0]), np.array([1.0, 0, 5])
    for angle in (-2.0, -0.1, 0.0, 1.3):
        b = np.array([np.cos(angle), np.sin(angle), -3])
        assert turning.angle_about(axis, a, b) == pytest.approx(angle)


def test_held():
    values, valid = np.arange(5.0), np.array([False, True, False, False, True])
    assert turning.held(values, valid, np.array(9.0)).tolist() == [1, 1, 1, 1, 4]
    assert turning.held(values, np.zeros(5, bool), np.array(9.0)).tolist() == [9] * 5

"""Way, jerk and spectral arc length of movements that calculus knows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from signgen.judge.pose.movement import _arc_length, arc_lengths, distances, mean_jerk
from signgen.judge.pose.tracks import Tracks


def track(x, fps=24.0, seen=None):
    """One keypoint that moves along x."""
    points = np.zeros((len(x), 1, 2), np.float32)
    points[:, 0, 0] = x
    seen = np.ones((len(x), 1), bool) if seen is None else np.asarray(seen)[:, None]
    points[~seen] = 0
    return Tracks(points, seen, fps)


@pytest.mark.parametrize("fps", [12.0, 24.0, 50.0])
def test_jerk_of_a_cubic_is_its_third_derivative(fps):
    t = np.arange(20) / fps
    assert mean_jerk(track(t**3, fps)) == pytest.approx(6, rel=1e-2)
    assert mean_jerk(track(t**2, fps)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("seen", "is_known"), [([1, 1, 1], False), ([1] * 4, True), ([1, 1, 1, 0, 1, 1, 1], False)]
)
def test_jerk_takes_four_frames_in_a_row(seen, is_known):
    found = mean_jerk(track(np.zeros(len(seen)), seen=np.array(seen, bool)))
    assert np.isfinite(found) == is_known


def test_way_of_a_circle():
    angle = np.linspace(0, 2 * np.pi, 2001)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None].astype(np.float32)
    ways = distances(Tracks(points, np.ones((2001, 1), bool), 24.0))
    assert ways == pytest.approx(2 * np.pi, rel=1e-4)


def test_way_across_a_gap_is_straight_and_of_nothing_unknown():
    seen = np.array([1, 1, 0, 0, 1, 1], bool)
    assert distances(track(np.arange(6.0), seen=seen)) == pytest.approx(5)
    assert np.isnan(distances(track(np.arange(3.0), seen=np.zeros(3, bool)))).all()
    assert distances(track([2.0])) == 0


@pytest.mark.parametrize("width", [0.06, 0.09, 0.12])
def test_arc_length_of_a_gaussian_bell(width):
    """Its spectrum is a Gaussian, cut where it falls below 0.05: one curve, whatever the width of the bell."""
    t = np.arange(-200, 200) / 200
    decay = np.log(20)
    expected, _ = quad(lambda u: np.hypot(1, 2 * decay * u * np.exp(-decay * u**2)), 0, 1)
    assert _arc_length(np.exp(-(t**2) / (2 * width**2)), 200.0) == pytest.approx(-expected, abs=0.02)


def test_arc_length_ignores_size_and_sees_tremor():
    fps = 100.0
    t = np.arange(0, 4, 1 / fps)
    smooth = np.sin(2 * np.pi * 0.5 * t)
    plain, large = arc_lengths(track(smooth, fps)), arc_lengths(track(2 * smooth, fps))
    assert large == pytest.approx(plain, rel=1e-3)
    rough = arc_lengths(track(smooth + 0.05 * np.sin(2 * np.pi * 6 * t), fps))
    assert rough.mean() < plain.mean() - 0.3


@pytest.mark.parametrize("x", [np.zeros(100), np.zeros(3), np.zeros(0)])
def test_what_rests_has_no_arc_length(x):
    assert len(arc_lengths(track(x))) == 0


def test_windows_with_gaps_are_left_out():
    x = np.sin(np.arange(60) / 4)
    seen = np.ones(60, bool)
    assert len(arc_lengths(track(x))) == 3
    seen[20] = False
    assert len(arc_lengths(track(x, seen=seen))) == 1

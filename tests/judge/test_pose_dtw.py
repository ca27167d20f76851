"""Warping against plain recursion, and against what calculus says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from signgen.errors import ResourceError
from signgen.judge.pose import dtw
from signgen.judge.pose.dtw import align, warp_keypoints
from signgen.judge.pose.dtw_kernels import warp_punished
from signgen.judge.pose.tracks import Tracks


def tracks(points, seen=None, fps=24.0):
    points = np.asarray(points, np.float32)
    seen = np.ones(points.shape[:2], bool) if seen is None else seen
    return Tracks(np.where(seen[..., None], points, 0).astype(np.float32), seen, fps)


def plain(costs):
    """Least sum over all monotone paths, by the definition."""

    @cache
    def best(i, j):
        if i < 0 or j < 0:
            return np.inf
        return costs[i, j] + (0 if i == j == 0 else min(best(i - 1, j), best(i, j - 1), best(i - 1, j - 1)))

    return best(costs.shape[0] - 1, costs.shape[1] - 1)


def random_pair(seed, keypoints=5, dims=2, hidden=0.0):
    rng = np.random.default_rng(seed)
    pair = []
    for frames in rng.integers(1, 12, 2):
        seen = rng.random((frames, keypoints)) >= hidden
        pair.append(tracks(rng.normal(size=(frames, keypoints, dims)), seen))
    return pair


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("is_squared", [False, True])
@pytest.mark.parametrize("hidden", [0.0, 0.4])
def test_each_keypoint_is_warped_as_by_the_definition(dims, is_squared, hidden):
    for seed in range(8):
        # More keypoints than one block holds.
        a, b = random_pair(seed, 35, dims, hidden)
        found = warp_keypoints(a, b, is_squared=is_squared)
        for k in range(35):
            x, y = a.points[a.seen[:, k], k], b.points[b.seen[:, k], k]
            if not (len(x) and len(y)):
                assert np.isnan(found[k])
                continue
            costs = cdist(x, y)
            expected = np.sqrt(plain(costs**2)) if is_squared else plain(costs)
            assert found[k] == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("cost", ["mean", "norm", "absolute"])
@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_the_joint_path_is_the_best_one(cost, dims, hidden):
    for seed in range(8):
        a, b = random_pair(seed, 6, dims, hidden)
        rows, columns = np.flatnonzero(a.seen.any(1)), np.flatnonzero(b.seen.any(1))
        if not (len(rows) and len(columns)):
            continue
        used = b.seen.any(0).sum()
        costs = np.full((len(rows), len(columns)), np.inf)
        errors = costs.copy()
        for x, i in enumerate(rows):
            for y, j in enumerate(columns):
                both = a.seen[i] & b.seen[j]
                if both.any():
                    step = a.points[i, both].astype(float) - b.points[j, both]
                    far = np.linalg.norm(step, axis=1)
                    errors[x, y] = far.mean()
                    costs[x, y] = {
                        "mean": far.mean(),
                        "norm": np.sqrt((far**2).mean() * used),
                        "absolute": np.abs(step).sum() / both.sum() * used,
                    }[cost]
        found = align(a, b, cost)
        expected = plain(costs)
        if not np.isfinite(expected):
            assert np.isnan(found.total)
            assert found.masked == 1
            continue
        assert found.total == pytest.approx(expected, rel=1e-5, abs=1e-6)
        steps = np.diff(found.path, axis=0)
        assert ((steps >= 0) & (steps <= 1)).all()
        assert (steps.sum(1) > 0).all()
        at = tuple(
            np.stack([np.searchsorted(rows, found.path[:, 0]), np.searchsorted(columns, found.path[:, 1])])
        )
        assert found.mean == pytest.approx(errors[at].mean(), rel=1e-5)
        assert costs[at].sum() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 1e9])
def test_places_near_the_origin_and_far_from_it_are_warped_alike(scale):
    a, b = random_pair(1, 9, 3, 0.2)
    near = warp_keypoints(a, b, is_squared=True)
    far = warp_keypoints(tracks(a.points * scale, a.seen), tracks(b.points * scale, b.seen), is_squared=True)
    assert np.isfinite(near).any()
    assert far == pytest.approx(near * scale, rel=1e-5, nan_ok=True)


def test_repeating_every_frame_costs_nothing():
    a, _ = random_pair(3, 6)
    twice = tracks(np.repeat(a.points, 2, axis=0))
    assert align(twice, a).mean == 0
    assert (warp_keypoints(twice, a) == 0).all()


def test_a_shift_costs_its_length():
    """Every path costs the shift at least, and the diagonal one costs no more."""
    still = tracks(np.broadcast_to(np.random.default_rng(0).normal(size=(1, 4, 2)), (9, 4, 2)))
    moved = tracks(still.points + np.float32([0.3, 0.4]))
    assert align(moved, still).mean == pytest.approx(0.5, abs=1e-6)
    # On the diagonal, 9 steps.
    assert warp_keypoints(moved, still) == pytest.approx(4.5, abs=1e-5)
    assert warp_keypoints(moved, still, is_squared=True) == pytest.approx(1.5, abs=1e-5)


def test_what_is_missing_is_left_out_and_counted():
    a = tracks(np.zeros((4, 2, 2)))
    seen = np.ones((4, 2), bool)
    seen[1] = False
    seen[2, 0] = False
    b = tracks(np.zeros((4, 2, 2)), seen)
    found = align(a, b)
    assert found.mean == 0
    # Frame 1 of b is left out: 2 comparisons; of the 4 steps of the best path one lacks one of its 2 keypoints.
    assert len(found.path) == 4
    assert 1 not in found.path[:, 1]
    lost = 2 + np.sum(found.path[:, 1] == 2)
    assert found.masked == pytest.approx(lost / (2 * (4 + 1)))


def test_keypoints_that_the_reference_never_shows_do_not_count_as_masked():
    seen = np.ones((3, 2), bool)
    seen[:, 1] = False
    assert align(tracks(np.zeros((3, 2, 2))), tracks(np.zeros((3, 2, 2)), seen)).masked == 0


@pytest.mark.parametrize("frames", [(0, 3), (3, 0), (0, 0)])
def test_no_frames_have_no_path(frames):
    a, b = (tracks(np.zeros((count, 2, 2))) for count in frames)
    assert np.isnan(align(a, b).mean)
    assert align(a, b).masked == 1
    assert np.isnan(warp_keypoints(a, b)).all()


def test_frames_that_never_share_a_keypoint_cannot_be_aligned():
    left, right = np.array([[True, False]] * 3), np.array([[False, True]] * 3)
    found = align(tracks(np.zeros((3, 2, 2)), left), tracks(np.zeros((3, 2, 2)), right))
    assert np.isnan(found.mean)
    assert found.masked == 1


def test_ham2pose_counts_what_the_hypothesis_lacks():
    shown, hidden = np.ones((3, 1), bool), np.zeros((3, 1), bool)
    points = np.full((3, 1, 2), (3, 4), np.float32)
    assert warp_punished(points, shown, points, shown) == 0
    assert warp_punished(points, hidden, points, shown) == pytest.approx(3 * 5 / 2)
    assert warp_punished(points, shown, points, hidden) == 0


def test_sequences_too_long_to_be_warped_are_refused(monkeypatch):
    monkeypatch.setattr(dtw, "MAX_CELLS", 8)
    a = tracks(np.zeros((3, 1, 2)))
    for warp in (align, warp_keypoints):
        with pytest.raises(ResourceError, match="cut the sequences into sentences"):
            warp(a, a)

"""Judges' agreement against pair counting by hand, and when there are enough of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from signgen.judge.agreement import Jury, agreement, jury_of


def rows(*values):
    return dict(zip("abcdefgh", values, strict=False))


def tau_b(ours, theirs):
    """Pairs in the same order less those in the other, over the root of those that each side tells apart."""
    pairs = [
        (np.sign(a - c), np.sign(b - d)) for (a, b), (c, d) in combinations(zip(ours, theirs, strict=True), 2)
    ]
    return sum(x * y for x, y in pairs) / np.sqrt(
        sum(x != 0 for x, _ in pairs) * sum(y != 0 for _, y in pairs)
    )


def test_kendall_by_hand():
    # Of 6 pairs of rows one is in the other order: (5 - 1) / 6.
    found = agreement("m", {"x": rows(1, 2, 3, 4), "y": rows(1, 3, 2, 4)})
    assert found.taus == {"x / y": pytest.approx(4 / 6)}
    assert found.verdict == "ranking unstable"
    assert found.stamp == "RANKING UNSTABLE: x / y order the rows differently by m (tau 0.67)"
    same = agreement("m", {"x": rows(1, 2, 3), "y": rows(5, 6, 9)})
    assert (same.verdict, same.stamp) == ("stable", "")
    assert "one judge" in agreement("m", {"x": rows(1, 2)}).verdict


@pytest.mark.parametrize("seed", range(5))
def test_kendall_with_ties(seed):
    ours, theirs = np.random.default_rng(seed).integers(0, 4, (2, 8)).astype(float)
    found = agreement("m", {"x": rows(*ours), "y": rows(*theirs)})
    assert found.taus["x / y"] == pytest.approx(tau_b(ours, theirs))


def test_a_judge_that_tells_nothing_apart_agrees_with_nobody():
    assert agreement("m", {"x": rows(1, 2, 3), "y": rows(0, 0, 0)}).taus == {"x / y": 0.0}


def test_rows_within_a_margin_are_tied():
    # Three floors in no order, then two systems: 6 pairs that both tell apart, and that of the systems that y ties.
    values = {"x": rows(0.1, 0.2, 0.3, 50, 60), "y": rows(0.3, 0.2, 0.1, 51, 52)}
    assert agreement("m", values, margin=5).taus == {"x / y": pytest.approx(6 / np.sqrt(7 * 6))}
    assert agreement("m", values).taus == {"x / y": pytest.approx((7 - 3) / 10)}


def test_architectures_are_compared_by_the_means_of_their_judges():
    values = {"a0": rows(1, 4, 3), "a1": rows(1, 2, 5), "b0": rows(1, 2, 3), "b1": rows(3, 2, 7)}
    kinds = {"a0": "linear", "a1": "linear", "b0": "graph", "b1": "graph"}
    found = agreement("m", values, kinds)
    # Means: linear (1, 3, 4), graph (2, 2, 5): one of three pairs is tied on one side.
    assert found.architectures == {"linear / graph": pytest.approx(tau_b([1, 3, 4], [2, 2, 5]))}
    assert len(found.taus) == 6
    one = agreement("m", {"a0": rows(1, 2), "a1": rows(1, 2)}, kinds)
    assert one.architectures == {}


JURIES = [
    ([("linear", 0)], 1, 1, "1 architecture, 1 seed"),
    ([("linear", 0), ("linear", 1), ("linear", 2)], 1, 3, "1 architecture, 3 seeds"),
    ([("linear", 0), ("graph", 0)], 2, 1, "2 architectures, 1 seed"),
    # Three seeds, but no two of them of one architecture: nothing tells seed and architecture apart.
    ([("linear", 0), ("graph", 1), ("other", 2)], 3, 1, "3 architectures, 1 seed"),
    ([("linear", 0), ("linear", 0), ("graph", 0)], 2, 1, "2 architectures, 1 seed"),
    ([("linear", 0), ("linear", 1), ("linear", 2), ("graph", 0)], 2, 3, ""),
    ([], 0, 0, "0 architectures, 0 seeds"),
]


@pytest.mark.parametrize(("judges", "architectures", "seeds", "said"), JURIES)
def test_two_architectures_and_three_seeds(judges, architectures, seeds, said):
    found = jury_of(judges)
    assert found == Jury(architectures, seeds)
    assert found.stamp == (f"RANKING UNPROVEN: {said}; two and three are needed" if said else "")

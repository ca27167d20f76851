"""Selection: thresholds, curve and areas of distributions whose overlap is known, and decisions by them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nearest_judge import corpus, judge
from scipy.optimize import brentq
from scipy.stats import norm

from signgen.errors import ConfigError
from signgen.judge.rate import Rate, wilson
from signgen.judge.selection import (
    GLOSS_WER,
    LOG_LIKELIHOOD,
    PCK,
    Rule,
    area,
    calibrate,
    check_other_judge,
    rank_among,
    reasons,
)
from signgen.judge.selection_scores import Candidate, fault, measure, pck_of, spoiled
from signgen.pose.sequence import PoseSequence

# Evenly spaced quantiles: a sample of a normal distribution without chance.
STANDARD = norm.ppf((np.arange(4000) + 0.5) / 4000)


def gaussians(distance: float, rule: Rule):
    return calibrate({LOG_LIKELIHOOD: STANDARD + distance}, {"bad": {LOG_LIKELIHOOD: STANDARD}}, rule)


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("keep", [0.5, 0.8, 0.95])
def test_two_gaussians_are_accepted_as_their_overlap_says(distance, keep):
    found = gaussians(distance, Rule(keep_share=keep))
    threshold = distance + norm.ppf(1 - keep)
    assert found.thresholds[LOG_LIKELIHOOD] == pytest.approx(threshold, abs=2e-3)
    assert found.good.share == pytest.approx(keep, abs=5e-4)
    assert found.bad["bad"].share == pytest.approx(norm.sf(threshold), abs=1e-3)
    # Probability that one normal variable is above another (Bamber, 1975).
    assert found.curve.areas["bad"] == pytest.approx(norm.cdf(distance / math.sqrt(2)), abs=1e-3)
    assert found.single[LOG_LIKELIHOOD]["bad"] == pytest.approx(found.curve.areas["bad"], abs=1e-9)


@pytest.mark.parametrize(("precision", "bad_share"), [(0.8, 0.5), (0.9, 0.5), (0.9, 0.2), (0.7, 0.8)])
def test_precision_is_reached_as_leniently_as_it_can_be(precision, bad_share):
    found = gaussians(1.5, Rule(precision=precision, bad_share=bad_share))

    def missing(threshold: float) -> float:
        good, bad = (1 - bad_share) * norm.sf(threshold - 1.5), bad_share * norm.sf(threshold)
        return good / (good + bad) - precision

    lenient = -5.0
    expected = brentq(missing, lenient, 5) if missing(lenient) < 0 else STANDARD[0]
    assert found.thresholds[LOG_LIKELIHOOD] == pytest.approx(expected, abs=0.01)


def test_a_precision_that_cannot_be_reached_is_refused():
    same = {LOG_LIKELIHOOD: np.repeat([0.0, 1.0], 10)}
    with pytest.raises(ConfigError, match=r"no threshold reaches it \(at best 0\.50\)"):
        calibrate(same, {"bad": same}, Rule(precision=0.9))


def test_two_measures_share_what_may_be_lost():
    """Of two independent measures each keeps the square root of what both keep; less is better for the second."""
    grid = norm.ppf((np.arange(200) + 0.5) / 200)
    first, second = (axis.ravel() for axis in np.meshgrid(grid, grid))
    good = {LOG_LIKELIHOOD: first, GLOSS_WER: -second}
    bad = {"both": {LOG_LIKELIHOOD: first - 1, GLOSS_WER: 1 - second}, "text": {LOG_LIKELIHOOD: first - 1}}
    found = calibrate(good, bad, Rule(keep_share=0.81))
    assert found.thresholds == pytest.approx({LOG_LIKELIHOOD: -1.28155, GLOSS_WER: 1.28155}, abs=0.03)
    assert found.bad["both"].share == pytest.approx(norm.sf(1 - 1.28155) ** 2, abs=0.01)
    assert found.bad["text"].share == pytest.approx(norm.sf(1 - 1.28155), abs=0.01)


def test_decisions_are_those_of_the_curve():
    rng = np.random.default_rng(3)
    good = {LOG_LIKELIHOOD: rng.normal(1, 1, 60).round(1), PCK: rng.choice([0.5, 0.9, np.nan], 60)}
    bad = {"a": {name: values - 0.3 for name, values in good.items()}}
    for keep in (0.3, 0.6, 0.9):
        found = calibrate(good, bad, Rule(keep_share=keep))
        place = int(np.searchsorted(found.curve.levels, found.level))
        assert found.good.share == pytest.approx(found.curve.good[place])
        assert found.bad["a"].share == pytest.approx(found.curve.bad["a"][place])
        assert found.good.share >= keep


def test_rank_rises_everywhere():
    good = np.array([1.0, 1.0, 2.0, 4.0])
    values = np.array([-100.0, -1.0, 0.999, 1.0, 1.5, 2.0, 4.0, 5.0, 1e9])
    ranks = rank_among(values, good)
    assert (np.diff(ranks) > 0).all()
    assert ranks[[3, 5, 6]].tolist() == [0.5, 0.75, 1.0]
    assert rank_among(np.array([np.nan]), good).tolist() == [np.inf]


def test_area_counts_ties_half():
    pairs = [(g > b) + 0.5 * (g == b) for g in (1, 2, 2, 3) for b in (0, 2, 2.5)]
    assert area(np.array([1, 2, 2, 3.0]), np.array([0, 2, 2.5])) == pytest.approx(np.mean(pairs))


# Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(count, total, low, high):
    assert wilson(count, total) == pytest.approx((low, high), abs=6e-5)
    assert Rate(count, total).share == count / total


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({LOG_LIKELIHOOD: -1.0, GLOSS_WER: 30.0}, ()),
        ({LOG_LIKELIHOOD: -1.5}, ("log-likelihood -1.5 below -1",)),
        (
            {LOG_LIKELIHOOD: -2.0, GLOSS_WER: 75.0},
            ("log-likelihood -2 below -1", "gloss WER 75 above 40"),
        ),
        ({LOG_LIKELIHOOD: math.nan}, ("nothing about it could be measured",)),
        ({PCK: 0.1}, ("nothing about it could be measured",)),
    ],
)
def test_reasons(values, expected):
    assert reasons(values, {LOG_LIKELIHOOD: -1.0, GLOSS_WER: 40.0}) == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"keep_share": 0.9, "precision": 0.9}, "not several"),
        ({"keep_share": 1.0}, "between 0 and 1"),
        ({"thresholds": {"BLEU": 1.0}}, "no such measure"),
        ({"thresholds": {PCK: math.nan}}, "no number"),
    ],
)
def test_rules_that_say_nothing_are_refused(rule, message):
    with pytest.raises(ConfigError, match=message):
        Rule(**rule)


def test_too_few_good_clips_are_refused():
    with pytest.raises(ConfigError, match="7 good clips"):
        calibrate({PCK: np.ones(7)}, {"bad": {PCK: np.zeros(7)}}, Rule())


def test_a_judge_does_not_confirm_itself():
    check_other_judge({"one": "A"}, [("two", "r.json")])
    with pytest.raises(ConfigError, match=r"judge A: also reports in r\.json"):
        check_other_judge({"one": "A"}, [("two", "q.json"), ("one", "r.json")])


def test_an_honest_judge_tells_spoiled_clips_from_good_ones():
    poses, texts = corpus(24, 5)
    clips = [Candidate(*pair, extracted=pair[0]) for pair in zip(poses, texts, strict=True)]
    found = measure([judge()], clips)
    assert {name for each in found for name in each.values} == {LOG_LIKELIHOOD, PCK}
    assert {each.values[PCK] for each in found} == {1.0}
    kinds = spoiled(clips)
    assert all(bad.text != true.text for bad, true in zip(kinds["another text"], clips, strict=True))
    likely = np.mean([each.values[LOG_LIKELIHOOD] for each in found])
    for kind, bad in kinds.items():
        values = [each.values for each in measure([judge()], bad)]
        assert np.mean([each[LOG_LIKELIHOOD] for each in values]) < likely - 0.1, kind
        assert all(each.get(PCK, 0) < 1 for each in values), kind
    with pytest.raises(ConfigError):
        spoiled(clips[:1])


def test_pck_brings_rate_and_canvas_together():
    poses = corpus(1, 1)[0][0]
    keypoints = poses.keypoints.copy()
    keypoints[..., :2] *= 2
    double = PoseSequence(keypoints, poses.fps, 2 * poses.width, 2 * poses.height)
    assert pck_of(double, poses) == 1.0
    moved = poses.keypoints.copy()
    moved[: len(poses) // 2, :, 0] += 50  # half a shoulder width in half of the frames
    assert pck_of(poses.replace(keypoints=moved), poses) == pytest.approx(0.5, abs=0.01)
    assert pck_of(poses[: len(poses) // 2], poses) == 0.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"text": ""}, "has no text"),
        ({"fps": 5.0}, "5 fps is too few"),
        ({"frames": 0}, "no frame shows"),
    ],
)
def test_clips_that_cannot_be_measured(change, expected):
    poses, texts = corpus(1, 2)
    clip = poses[0][: change.get("frames", 1000)]
    clip = PoseSequence(clip.keypoints, change.get("fps", clip.fps), clip.width, clip.height)
    said = fault([judge()], Candidate(clip, change.get("text", texts[0])))
    assert expected in said
    assert bool(said) == bool(expected)

"""Intervals and paired tests against sacrebleu's own, against theory and by simulation."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from signgen.errors import ConfigError, DataError
from signgen.judge.text.measure import mean_of
from signgen.judge.text.paired import minimum_detectable, paired_difference, paired_differences
from signgen.judge.text.resample import Resampling, bootstrap, percentiles, swap, with_intervals
from signgen.judge.text.scores import scorer

WORDS = [
    "am",
    "tag",
    "regnet",
    "es",
    "im",
    "norden",
    "morgen",
    "scheint",
    "häufig",
    "die",
    "sonne",
    "und",
    "wind",
    "weht",
    "aus",
    "süd",
]


def corpus(n: int) -> tuple[list[str], list[str], list[str]]:
    """References, and two systems that get about three and four of ten words wrong."""
    rng = random.Random(11)
    references = [" ".join(rng.choices(WORDS, k=rng.randint(4, 14))) for _ in range(n)]

    def spoilt(share: float) -> list[str]:
        return [
            " ".join(rng.choice(WORDS) if rng.random() < share else word for word in text.split())
            for text in references
        ]

    return references, spoilt(0.3), spoilt(0.4)


@pytest.fixture(scope="module")
def systems():
    references, better, worse = corpus(120)
    judge = scorer(references, "de")
    return references, better, worse, judge.measures(better), judge.measures(worse)


def of_sacrebleu(systems, kind: str, n: int):
    references, better, worse, _, _ = systems
    metrics = {"BLEU": BLEU(references=[references]), "chrF2": CHRF(references=[references])}
    test = PairedTest([("a", better), ("b", worse)], metrics, None, kind, n_samples=n)
    _, found = test()
    return {"BLEU-4": found["BLEU"][1], "chrF2": found["chrF2"][1]}


def test_bootstrap_equals_sacrebleu(systems):
    """Same p value, same half-width of the interval, same mean: the draws are the same."""
    expected = of_sacrebleu(systems, "bs", 300)
    how = Resampling(resamples=300, trials=1)
    _, _, _, better, worse = systems
    drawn = {measure.name: values for measure, values in zip(worse, bootstrap(worse, how), strict=True)}
    found = {difference.name: difference for difference in paired_differences(better, worse, how)}
    for name, result in expected.items():
        low, high = percentiles(drawn[name])
        assert drawn[name].mean() == pytest.approx(result.mean, abs=1e-5)
        assert (high - low) / 2 == pytest.approx(result.ci, abs=1e-5)
        assert found[name].p_bootstrap == pytest.approx(result.p_value)
        assert found[name].second == pytest.approx(result.score)


def test_randomisation_equals_sacrebleu(systems):
    expected = of_sacrebleu(systems, "ar", 500)
    _, _, _, better, worse = systems
    for difference in paired_differences(better, worse, Resampling(resamples=40, trials=500)):
        if difference.name in expected:
            assert difference.p_randomised == pytest.approx(expected[difference.name].p_value)


def test_blocks_draw_as_one(systems, monkeypatch):
    """Small blocks, for large corpora, see the same numbers."""
    measures = systems[3]
    how = Resampling(resamples=100, trials=100)
    whole = bootstrap(measures, how), swap(measures, systems[4], how)
    monkeypatch.setattr("signgen.judge.text.resample._BLOCK_NUMBERS", 1)
    parts = bootstrap(measures, how), swap(measures, systems[4], how)
    np.testing.assert_allclose(whole[0], parts[0])
    np.testing.assert_allclose(whole[1], parts[1])


def test_all_measures_share_resamples(systems):
    """A measure drawn alone and with others has the same values."""
    measures = systems[3]
    together, alone = bootstrap(measures), bootstrap(measures[-1:])
    np.testing.assert_allclose(together[-1], alone[0])


def test_interval_of_a_mean_is_that_of_theory():
    rng = np.random.default_rng(0)
    measure = mean_of("mean", "", rng.normal(size=400))
    (score,) = with_intervals([measure])
    low, high = score.interval
    assert (high - low) / 2 == pytest.approx(1.96 / 20, rel=0.12)
    assert low < score.value < high


def test_intervals_cover():
    """Of 95 % intervals about that many hold the truth."""
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(200):
        measure = mean_of("mean", "", rng.exponential(size=80))
        ((low, high),) = [
            score.interval for score in with_intervals([measure], Resampling(resamples=200, seed=seed))
        ]
        hits += low <= 1.0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_documents_are_drawn_as_wholes():
    """Ten copies of each text are no ten times as many: the interval stays that of the originals."""
    each = np.random.default_rng(2).normal(size=50)
    copied, documents = np.repeat(each, 10), np.repeat(np.arange(50), 10).tolist()
    (original,) = with_intervals([mean_of("mean", "", each)])
    (naive,) = with_intervals([mean_of("mean", "", copied)])
    (honest,) = with_intervals([mean_of("mean", "", copied)], Resampling(documents=documents))
    assert honest.value == pytest.approx(original.value)
    assert honest.interval == pytest.approx(original.interval)
    assert np.ptp(naive.interval) < 0.4 * np.ptp(honest.interval)


def test_swaps_respect_documents():
    first, second = (mean_of("mean", "", values) for values in (np.ones(6), np.zeros(6)))
    ((ours, theirs),) = swap([first], [second], Resampling(documents=["a", "a", "a", "b", "b", "b"]))
    assert set(ours.round(6)) == {0, 0.5, 1}
    np.testing.assert_allclose(ours + theirs, 1)


def test_a_system_against_itself_is_no_discovery(systems):
    for difference in paired_differences(systems[3], systems[3], Resampling(resamples=40, trials=50)):
        assert difference.difference == 0
        assert difference.interval == (0, 0)
        assert (difference.p_bootstrap, difference.p_randomised, difference.detectable) == (1, 1, 0)


def test_p_of_a_sign_test():
    """Ten texts, nine of them better by one: as many or more in 2 * (1 + 10) of 1,024 ways to swap."""
    first, second = (
        mean_of("mean", "", np.array(values, float)) for values in ([1] * 9 + [0], [0] * 9 + [1])
    )
    difference = paired_difference(first, second, Resampling(resamples=40, trials=20_000))
    assert difference.p_randomised == pytest.approx(22 / 1024, abs=0.004)


def test_p_is_even_without_a_difference():
    """Of true hypotheses, 5 % have p below 0.05."""
    rng = np.random.default_rng(6)
    found = []
    for seed in range(150):
        first, second = (mean_of("mean", "", rng.normal(size=40)) for _ in range(2))
        found.append(
            paired_difference(first, second, Resampling(resamples=40, trials=200, seed=seed)).p_randomised
        )
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.05)
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_worse_is_found_worse(systems):
    difference = paired_difference(systems[3][3], systems[4][3])
    assert difference.name == "BLEU-4"
    low, high = difference.interval
    assert 0 < low < difference.difference < high
    assert difference.p_randomised < 0.01
    assert difference.detectable == pytest.approx(2.8016 * difference.sd, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # (1.959964 + 0.841621) * sd; a quarter of the texts doubles it; power .5 needs 1.96 sd alone.
        ({"sd": 1.0}, 2.801585),
        ({"sd": 1.0, "n": 642, "at": 642 // 2 // 2 * 4}, 2.801585 * (642 / 640) ** 0.5),
        ({"sd": 1.0, "n": 400, "at": 100}, 5.603170),
        ({"sd": 2.0, "power": 0.5}, 3.919928),
        ({"sd": 0.0}, 0.0),
    ],
)
def test_minimum_detectable(arguments, expected):
    assert minimum_detectable(**arguments) == pytest.approx(expected, abs=1e-5)


def test_detectable_difference_is_detected_four_times_in_five():
    rng = np.random.default_rng(4)
    n, found = 100, 0
    shift = minimum_detectable(1 / n**0.5)
    for _ in range(400):
        values = rng.normal(shift, 1, n)
        found += abs(values.mean()) > 1.96 * values.std(ddof=1) / n**0.5
    assert found / 400 == pytest.approx(0.8, abs=0.06)


MEAN = mean_of("mean", "", np.zeros(4))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Resampling(resamples=10), ConfigError, "at least 40 resamples"),
        (lambda: Resampling(trials=0), ConfigError, "1 trial"),
        (lambda: minimum_detectable(-1.0), ConfigError, "sd must be 0 or more"),
        (lambda: minimum_detectable(float("nan")), ConfigError, "sd must be 0 or more"),
        (lambda: minimum_detectable(1.0, power=1.0), ConfigError, "between 0 and 1"),
        (lambda: minimum_detectable(1.0, at=10), ConfigError, "give n"),
        (lambda: bootstrap([MEAN, mean_of("m", "", np.zeros(3))]), DataError, "[3, 4] texts"),
        (lambda: bootstrap([MEAN], Resampling(documents=["a"])), DataError, "1 ids for 4 texts"),
        (lambda: bootstrap([MEAN], Resampling(documents=["a"] * 4)), DataError, "all texts come from one"),
        (
            lambda: paired_difference(MEAN, mean_of("mean", "other", np.zeros(4))),
            ConfigError,
            "different recipes",
        ),
        (lambda: paired_difference(MEAN, mean_of("mean", "", np.zeros(3))), DataError, "[3, 4] texts"),
        (lambda: paired_differences([MEAN], []), ConfigError, "1 measures against 0"),
    ],
)
def test_refuses(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()

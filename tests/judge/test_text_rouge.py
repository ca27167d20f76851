"""ROUGE-L of every code base against hand calculation and against the figures of the originals."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from signgen.judge.text.lcs import edit_distance, edit_similarity, lcs_length, lcs_tokens
from signgen.judge.text.rouge import rouge_measure
from signgen.judge.text.stem import stem


def longest_common(first: str, second: str) -> int:
    """By trying every subset: slow, and plainly right."""
    for length in range(min(len(first), len(second)), 0, -1):
        ours = {"".join(part) for part in itertools.combinations(first, length)}
        if ours & {"".join(part) for part in itertools.combinations(second, length)}:
            return length
    return 0


def levenshtein(first: str, second: str) -> int:
    """By the recursion of its definition."""
    if not first or not second:
        return len(first) + len(second)
    return min(
        levenshtein(first[1:], second) + 1,
        levenshtein(first, second[1:]) + 1,
        levenshtein(first[1:], second[1:]) + (first[0] != second[0]),
    )


def is_subsequence(part: list[str], whole: str) -> bool:
    rest = iter(whole)
    return all(letter in rest for letter in part)


def test_sequences_against_their_definitions():
    rng = random.Random(5)
    for _ in range(120):
        first, second = ("".join(rng.choices("abc", k=rng.randint(0, 5))) for _ in range(2))
        assert lcs_length(first, second) == longest_common(first, second)
        assert edit_distance(first, second) == levenshtein(first, second)
        kept = lcs_tokens(first, second)
        assert len(kept) == longest_common(first, second)
        assert is_subsequence(kept, first)
        assert is_subsequence(kept, second)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("intention", "execution", 5)],
)
def test_edit_distance(first, second, distance):
    assert edit_distance(first, second) == distance
    longest = max(len(first), len(second), 1)
    assert edit_similarity(first, second) == pytest.approx(1 - distance / longest)


def test_sequences_longer_than_a_machine_word():
    first, second = ["a", "b"] * 200, ["b", "a"] * 200
    assert lcs_length(first, second) == 399
    assert edit_distance(first, second) == 2
    assert edit_distance(["a"] * 500, ["b"] * 300) == 500


# LCS 3 of 5 and 4 words: P 3/5, R 3/4, F1 2/3; beta 1.2: 2.44 * .45 / (.75 + 1.44 * .6) = 1.098 / 1.614;
# beta P/R = .8: 1.64 * .45 / (.75 + .64 * .6) = .738 / 1.134.
PAIR = ("a x b c y", "a b z c")


@pytest.mark.parametrize(
    ("name", "hypothesis", "reference", "expected"),
    [
        ("rougeL", *PAIR, 200 / 3),
        ("rougeL-slt", *PAIR, 100 * 1.098 / 1.614),
        ("rougeL-adaptive", *PAIR, 100 * 0.738 / 1.134),
        ("rougeL-union", *PAIR, 200 / 3),
        ("rougeL-ascii", *PAIR, 200 / 3),
        # A word twice: 2 of 3 against 2 of 2 as sequences, 1 of 2 sets of words against 1 of 1.
        ("rougeL", "a a b", "a a", 80.0),
        ("rougeL-union", "a a b", "a a", 200 / 3),
        # Sentences are told apart at full stops: both orders match, where one sequence keeps half.
        ("rougeL-union", "b . a .", "a . b .", 100.0),
        ("rougeL", "b . a .", "a . b .", 50.0),
        # One empty word between two spaces, as str.split(" ") has it: LCS 2 of 3, 2 of 2: 2.44*2/3/(1+1.44*2/3).
        ("rougeL-slt", "a  b", "a b", 100 * 2.44 * (2 / 3) / (1 + 1.44 * 2 / 3)),
        ("rougeL", "a  b", "a b", 100.0),
        ("rougeL-slt", "", "a b", 0.0),
        ("rougeL", "", "a b", 0.0),
        ("rougeL-union", "", "a b", 0.0),
        ("rougeL-adaptive", "", "a b", 0.0),
        # Full stop of its own, glued and left out.
        ("rougeL", "regen .", "regen .", 100.0),
        ("rougeL", "regen .", "regen.", 0.0),
        ("rougeL-ascii", "regen .", "regen.", 100.0),
        # ASCII words tear umlauts: für and fort are f r and fort.
        ("rougeL-ascii", "für", "fär", 100.0),
        ("rougeL", "für", "fär", 0.0),
    ],
)
def test_by_hand(name, hypothesis, reference, expected):
    assert rouge_measure(name, [hypothesis], [reference], "de").value == pytest.approx(expected, abs=1e-6)


def test_mean_over_texts_and_each():
    measure = rouge_measure("rougeL", ["a b", "c"], ["a b", "d"], "de")
    assert measure.value == pytest.approx(50)
    np.testing.assert_allclose(measure.score().each, [100, 0])
    assert "f:f1|tok:unicode-ws|stem:no" in measure.signature


def test_chinese_goes_by_characters():
    # LCS 4 of 5 and 4 characters.
    measure = rouge_measure("rougeL", ["明天有小雨"], ["明天小雨"], "zh")
    assert measure.value == pytest.approx(100 * 8 / 9)
    assert "tok:char" in measure.signature
    assert rouge_measure("rougeL-ascii", ["明天小雨"], ["明天小雨"], "zh").value == 0


HYPOTHESES = [
    "am tag regnet es im norden .",
    "morgen scheint häufig die sonne die sonne .",
    "in der nacht sinken die temperaturen auf acht grad .",
]
REFERENCES = [
    "im norden regnet es am tag .",
    "die sonne scheint morgen häufig .",
    "in der kommenden nacht werte von acht bis null grad .",
]


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("rougeL-slt", [42.85714, 43.99038, 56.65635]),
        ("rougeL-adaptive", [42.85714, 41.20879, 56.88546]),
        ("rougeL-union", [33.33333, 40.0, 52.63158]),
        ("rougeL-ascii", [33.33333, 42.85714, 52.63158]),
    ],
)
def test_as_the_originals_say(name, recorded):
    """Recorded from slt's mscoco_rouge, Uni-Sign's Rouge.py, rouge 1.0.1 and rouge_score 0.1.2."""
    each = rouge_measure(name, HYPOTHESES, REFERENCES, "de").score().each
    np.testing.assert_allclose(each, recorded, atol=1e-4)


def test_stemmed_as_the_original_says():
    """Recorded from rouge_score 0.1.2 with use_stemmer=True."""
    said = [
        "the showers are raining down relational policies .",
        "it was continually cloudy across northern regions",
    ]
    true = ["a shower rained down on related policy .", "continual clouds crossed the northerly region"]
    measure = rouge_measure("rougeL-stem", said, true, "en")
    np.testing.assert_allclose(measure.score().each, [71.42857, 30.76923], atol=1e-4)
    assert "tok:ascii-lc|stem:porter" in measure.signature
    assert measure.value > rouge_measure("rougeL-ascii", said, true, "en").value


# Recorded from NLTK 3.10.4; most are examples of Porter's paper.
STEMS = """
showers shower|raining rain|relational relat|skies sky|northerly northerli|flies fli|dies die|happy happi|hopping hop
falling fall|agreed agre|conditional condit|digitizer digit|operator oper|feudalism feudal|sensibility sensibl
formative form|goodness good|revival reviv|allowance allow|adoption adopt|probate probat|cease ceas|spied spi
enjoy enjoy|controlling control|theology theolog|generalizations gener|dying die|as as|a a
"""


@pytest.mark.parametrize(
    ("word", "expected"), [pair.split() for pair in STEMS.replace("\n", "|").strip("|").split("|")]
)
def test_stems(word, expected):
    assert stem(word) == expected

"""Text to glosses: links, phrases, sequences and the search, each on cases that can be worked out by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from signgen.errors import DataError
from signgen.text2pose.glossing.links import link
from signgen.text2pose.glossing.neighbour import NearestText
from signgen.text2pose.glossing.phrases import phrase_table, runs
from signgen.text2pose.glossing.sequence import END, START, GlossSequence
from signgen.text2pose.glossing.translate import fit_glosser


def split(*texts):
    return [tuple(text.split()) for text in texts]


def test_words_are_linked_to_what_they_always_come_with():
    letters = "abcdefghijkl"
    pairs = [(a, b) for a, b in itertools.permutations(letters, 2) if a < b]
    texts = [tuple(pair) for pair in pairs] + [("the", letter) for letter in letters]
    glosses = [(a.upper(), b.upper()) for a, b in pairs] + [(letter.upper(),) for letter in letters]
    assert link(texts, glosses) == [[(0, 0), (1, 1)]] * len(pairs) + [[(1, 0)]] * len(letters)


@pytest.mark.parametrize(
    ("text", "gloss", "links", "expected"),
    [
        ("a b", "A B", [(0, 0), (1, 1)], ["a>A", "b>B", "a b>A B"]),
        ("a b", "B A", [(0, 1), (1, 0)], ["a>A", "b>B", "a b>B A"]),
        ("a x", "A", [(0, 0)], ["a>A", "a x>A", "x>"]),
        ("a", "A X", [(0, 0)], ["a>A", "a>A X"]),
        # Two words of one gloss stay together, and what lies between goes with them.
        ("a b c", "A B", [(0, 0), (1, 1), (2, 0)], ["b>B", "a b c>A B"]),
    ],
)
def test_runs(text, gloss, links, expected):
    found = {
        " ".join(w) + ">" + " ".join(g) for w, g in runs(tuple(text.split()), tuple(gloss.split()), links)
    }
    assert found == set(expected)


def test_chances_of_phrases_are_discounted_shares():
    table = phrase_table(split("a", "a", "a", "b"), split("A", "A", "B", "B"), [[(0, 0)]] * 4)
    first, second = table["a",]
    assert (first.glosses, second.glosses) == (("A",), ("B",))
    assert (math.exp(first.forward), math.exp(second.forward)) == pytest.approx((1.5 / 3, 0.5 / 3))
    assert (math.exp(first.backward), math.exp(second.backward)) == pytest.approx((1.5 / 2, 0.5 / 2))


def test_sequence_chances_sum_to_one_and_follow_witten_bell():
    model = GlossSequence(split("A B", "A C", "B A"))
    for context in itertools.product((START, "A", "B", "Z"), repeat=2):
        chances = [math.exp(model.log_chance(context, gloss)) for gloss in ("A", "B", "C", END, "never seen")]
        assert sum(chances) == pytest.approx(1)
    # 9 tokens of 4 kinds; A three times: (3 + 4 / 5) / 13.
    assert math.exp(model.log_chance(("Z", "Z"), "A")) == pytest.approx((3 + 4 / 5) / 13)


def test_nearest_text():
    nearest = NearestText(split("rain in the north", "sun in the south"), split("NORTH RAIN", "SOUTH SUN"))
    assert nearest(split("sun", "the rain", "nothing known")) == split(
        "SOUTH SUN", "NORTH RAIN", "NORTH RAIN"
    )


def test_glosser_puts_together_what_it_learnt():
    places, things = ("north", "south", "west", "east"), ("rain", "sun", "snow", "wind")
    pairs = [(f"{place} {thing}", f"{place.upper()} {thing.upper()}") for place in places for thing in things]
    known = [pair for pair in pairs if pair[0] != "east rain"] * 3
    glosser = fit_glosser(split(*(text for text, _ in known)), split(*(gloss for _, gloss in known)))
    assert glosser(("north", "sun")) == ("NORTH", "SUN")
    assert glosser(("east", "rain")) == ("EAST", "RAIN")
    assert glosser(("qqq",)) == ()
    assert glosser(()) == ()


@pytest.mark.parametrize(("texts", "glosses"), [([], []), ([("a",)], []), ([()], [()])])
def test_refusals(texts, glosses):
    with pytest.raises(DataError, match="glossing"):
        fit_glosser(texts, glosses)

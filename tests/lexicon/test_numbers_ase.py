"""Numbers in the built-in ASL lexicon: which signs a text gets, and what the hands of some show."""

import pytest

from signgen.lexicon.glosses import make_plan
from signgen.lexicon.lexicon import open_lexicon
from signgen.lexicon.notation import read_signs
from signgen.lexicon.phonology import measure
from signgen.lexicon.plan import SignItem
from signgen.lexicon.synthesis import FPS, synthesise
from signgen.lexicon.synthesis_time import active_span
from tests.lexicon.test_numbers import value_of


@pytest.fixture(scope="module")
def ase():
    return open_lexicon("ase")


def signed(text, lexicon):
    return [(item.gloss, item.kind) for item in make_plan(text, lexicon).items if isinstance(item, SignItem)]


@pytest.mark.parametrize(
    ("text", "glosses"),
    [
        ("0", "ZERO"),
        ("42", "FORTY-TWO"),
        ("100", "ONE HUNDRED"),
        ("365", "THREE HUNDRED SIXTY-FIVE"),
        ("1900", "NINETEEN HUNDRED"),
        ("2005", "TWO THOUSAND FIVE"),
        ("2026", "TWENTY TWENTY-SIX"),
        ("10:30", "TEN THIRTY"),
        ("1,000,000", "ONE MILLION"),
        ("999,999", "NINE HUNDRED NINETY-NINE THOUSAND NINE HUNDRED NINETY-NINE"),
        ("2nd", "SECOND"),
        ("21st", "TWENTY-ONE"),
        ("100th", "ONE HUNDRED"),
    ],
)
def test_numerals_are_number_signs(text, glosses, ase):
    assert signed(text, ase) == [(gloss, "number") for gloss in glosses.split()]


def test_a_number_in_a_sentence_is_one_sign(ase):
    assert ("FORTY-TWO", "number") in signed("I have 42 cats.", ase)


@pytest.mark.parametrize("text", ["forty-two", "Forty two"])
def test_number_words_are_the_same_signs(text, ase):
    assert signed(text, ase) == [("FORTY-TWO", "sign")]


def test_words_between_numerals_are_spelled_and_the_numerals_signed(ase):
    found = signed("3.14", ase)
    assert [gloss for gloss, kind in found if kind == "number"] == ["THREE", "ONE", "FOUR"]
    assert (
        "".join(gloss for gloss, kind in found if kind == "letter").lower().replace("letter-", "") == "point"
    )


def test_every_number_below_100_is_one_sign_of_its_value(ase):
    for number in range(100):
        ((gloss, kind),) = signed(str(number), ase)
        assert (value_of([gloss.lower()]), kind) == (number, "number")


@pytest.mark.parametrize("number", [*range(100, 1_000_000, 49_999), 1_000_000])
def test_larger_numbers_are_combined(number, ase):
    found = signed(f"{number:,}", ase)
    assert {kind for _, kind in found} == {"number"}
    assert value_of([gloss.lower() for gloss, _ in found]) == number


# The handshape that every description of the sign names; thumb_up counts as its class.
@pytest.mark.parametrize(
    ("gloss", "handshape"),
    [("ZERO", "o"), ("ONE", "1"), ("TWO", "v"), ("THREE", "3"), ("FOUR", "4"), ("FIVE", "5"), ("SIX", "w"),
     ("SEVEN", "7"), ("EIGHT", "8"), ("NINE", "f"), ("TEN", "thumb_up"), ("HUNDRED", "c")],
)  # fmt: skip
def test_the_hand_shows_the_number(gloss, handshape, ase):
    path = next(entry.path for entry in ase.entries if entry.gloss == gloss)
    sign = next(sign for sign in read_signs(path) if sign.name == gloss)
    found = measure(synthesise(sign), *active_span(sign, FPS))
    assert (found.handshape, found.major, found.sign_type) == (handshape, "Neutral", "OneHanded")

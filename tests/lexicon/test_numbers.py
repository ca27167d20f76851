import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.lexicon.numbers import readings, spelled_reading


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("7", "en", "seven"),
        ("24", "en", "twenty-four"),
        ("100", "en", "one hundred"),
        ("115", "en", "one hundred fifteen"),
        ("1,000", "en", "one thousand"),
        ("1000000", "en", "one million"),
        ("1234567", "en", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("2024", "en", "twenty twenty-four"),
        ("1900", "en", "nineteen hundred"),
        ("2005", "en", "two thousand five"),
        ("1914-1918", "en", "nineteen fourteen nineteen eighteen"),
        ("3.14", "en", "three point one four"),
        ("-5", "en", "minus five"),
        ("007", "en", "zero zero seven"),
        ("10:30", "en", "ten thirty"),
        ("10:05", "en", "ten zero five"),
        ("10:00", "en", "ten"),
        ("1st", "en", "first"),
        ("12th", "en", "twelfth"),
        ("20th", "en", "twentieth"),
        ("43rd", "en", "forty-third"),
        ("2024-05-01", "en", "may one twenty twenty-four"),
        ("5pm", "en", "five pm"),
        ("١٢", "en", "twelve"),
        ("१२", "hi", ""),
        ("12", "de", "eins zwei"),
        ("3,5", "de", "drei Komma fünf"),
        ("1.000", "de", "eins null null null"),
        ("3.5", "zh", "三 点 五"),
        ("12", "th", ""),
        ("12", "pt-BR", "um dois"),
    ],
)
def test_in_words(text, language, expected):
    assert " ".join(spelled_reading(text, language)) == expected


@pytest.mark.parametrize(
    ("text", "language", "numerals"),
    [
        ("24", "en", ("24",)),
        ("2024", "en", ("20", "24")),
        ("350", "en", ("3", "100", "50")),
        ("10:30", "en", ("10", "30")),
        ("2024-05-01", "de", ("1", "5", "20", "24")),
        ("١٢٣", "ar", ("1", "100", "23")),
        ("1/2", "en", ("1", "2")),
    ],
)
def test_in_numerals(text, language, numerals):
    assert numerals in list(readings(text, language))


def test_what_is_written_comes_first_and_ordinals_before_cardinals():
    assert next(readings("2024", "en")) == ("2024",)
    said = list(readings("20th", "en"))
    assert said.index(("twentieth",)) < said.index(("20",))


def test_an_ordinal_may_be_read_as_its_cardinal():
    said = list(readings("121st", "en"))
    assert said.index(("one", "hundred", "twenty-first")) < said.index(("one", "hundred", "twenty-one"))


def test_long_codes_are_no_numbers():
    assert list(readings("9" * 41, "en")) == []
    assert spelled_reading("9" * 41, "en") == ()
    assert spelled_reading("9" * 30, "en") == ("nine",) * 30


SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def value_of(words: list[str]) -> int:
    """English number words back to a number, written independently of the code under test."""
    small = {word: number for number, word in enumerate(SMALL.split())}
    tens = {word: 10 * number for number, word in enumerate(TENS.split(), 2)}
    total = group = 0
    for word in (part for hyphenated in words for part in hyphenated.split("-")):
        if word == "hundred":
            group *= 100
        elif word in ("thousand", "million", "billion", "trillion"):
            total += group * {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}[word]
            group = 0
        else:
            group += small[word] if word in small else tens[word]
    return total + group


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**15 - 1))
def test_english_words_have_the_value(number):
    assert value_of(list(spelled_reading(f"{number:,}", "en"))) == number


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.from_regex(r"-?[0-9][0-9.,:/'-]{0,12}(st|th|pm|)", fullmatch=True), st.sampled_from(["en", "de", "th"])
)
def test_any_number_has_readings_of_plain_terms(text, language):
    for reading in readings(text, language):
        assert all(reading)

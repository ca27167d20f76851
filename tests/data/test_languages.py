import csv
import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.data.languages import (
    SIGNED_LANGUAGES,
    SIGNVERSE_ALIASES,
    is_known,
    language_name,
    normalise_signed_language,
    normalise_spoken_language,
)
from signgen.errors import ConfigError

# The 25 codes of the SignVerse-2M card and what they stand for.
SIGNVERSE_CARD = {
    **{code: code for code in ["ase", "bfi", "gsg", "fsl", "asf", "jsl", "kvk", "csl"]},
    **{code: code for code in ["aed", "tsm", "rsl", "swl", "dsl", "fse", "nsl", "bzs"]},
    "sgd": "sgg",
    "lsf": "fsl",
    "lse": "ssp",
    "lis": "ise",
    "lgp": "psr",
    "ngt": "dse",
    "pjm": "pso",
    "lsc": "csc",
    "lsm": "mfs",
}


def test_table_is_of_three_letter_codes_with_distinct_names():
    assert len(SIGNED_LANGUAGES) == 161
    assert list(SIGNED_LANGUAGES) == sorted(SIGNED_LANGUAGES)
    assert all(len(code) == 3 and code.isascii() and code.islower() for code in SIGNED_LANGUAGES)
    assert len(set(SIGNED_LANGUAGES.values())) == len(SIGNED_LANGUAGES)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ase", "American Sign Language"),
        ("bfi", "British Sign Language"),
        ("gsg", "German Sign Language"),
        ("vgt", "Flemish Sign Language"),
        ("asf", "Australian Sign Language (Auslan)"),
        ("zzz", "zzz"),
    ],
)
def test_names(code, name):
    assert language_name(code) == name


def test_every_iso_sign_language_is_here():
    pycountry = pytest.importorskip("pycountry")
    listed = {item.alpha_3 for item in pycountry.languages if "sign" in item.name.lower()}
    assert listed - set(SIGNED_LANGUAGES) == set()
    assert all(pycountry.languages.get(alpha_3=code) for code in SIGNED_LANGUAGES)


def test_codes_of_the_installed_fingerspelling_lexicons_are_known():
    found = importlib.util.find_spec("spoken_to_signed")
    if found is None or found.origin is None:
        pytest.skip("spoken-to-signed is not installed")
    index = Path(found.origin).parent / "assets/fingerspelling_lexicon/index.csv"
    with index.open(encoding="utf-8", newline="") as file:
        codes = {row["signed_language"] for row in csv.DictReader(file)}
    assert len(codes) == 20
    assert all(is_known(code) for code in codes)


@pytest.mark.parametrize(
    ("given_code", "expected"),
    [
        ("ase", "ase"),
        (" ASE ", "ase"),
        ("ase-US", "ase"),
        ("sgn-US", "ase"),
        ("sgn_gb", "bfi"),
        ("sgn-DE", "gsg"),
        ("sgn-CH-DE", "sgg"),
        ("sgn-BE-NL", "vgt"),
        ("sgn-ase", "ase"),
        ("sgn-ase-US", "ase"),
        ("lsc", "lsc"),  # Albarradas Sign Language is a language of its own
    ],
)
def test_signed_codes(given_code, expected):
    assert normalise_signed_language(given_code) == expected


@pytest.mark.parametrize(("card", "expected"), SIGNVERSE_CARD.items())
def test_signverse_codes_are_mapped_when_that_source_is_read(card, expected):
    assert normalise_signed_language(card, source="signverse") == expected


@pytest.mark.parametrize("card", sorted(set(SIGNVERSE_ALIASES) - {"lsc"}))
def test_signverse_codes_are_not_guessed_elsewhere(card):
    with pytest.raises(ConfigError, match=f"did you mean '{SIGNVERSE_ALIASES[card]}'"):
        normalise_signed_language(card)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ASL", "did you mean 'ase' (American Sign Language)?"),
        ("dgs", "did you mean 'gsg' (German Sign Language)?"),
        ("Japanese", "did you mean 'jsl' (Japanese Sign Language)?"),
        ("Americn Sign Language", "did you mean 'ase' (American Sign Language)?"),
        ("en", "unknown; "),
        ("", "expected an ISO 639-3 code"),
        ("sgn", "unknown; "),
        ("手話", "expected an ISO 639-3 code"),
    ],
)
def test_unknown_signed_codes_get_a_hint(code, hint):
    with pytest.raises(ConfigError) as caught:
        normalise_signed_language(code)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_source():
    with pytest.raises(ConfigError, match="source 'sigverse': unknown"):
        normalise_signed_language("ase", source="sigverse")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("en", "en"), ("EN-us", "en"), ("pt_BR", "pt"), ("zh-Hant-TW", "zh"), ("iw", "he"), ("yue", "yue")],
)
def test_spoken_codes(tag, expected):
    assert normalise_spoken_language(tag) == expected


@pytest.mark.parametrize("tag", ["", "-", "e", "english", "日本", "en us", "../x"])
def test_bad_spoken_codes(tag):
    with pytest.raises(ConfigError, match="expected a code"):
        normalise_spoken_language(tag)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=20))
def test_any_text_is_a_known_code_or_one_line(text):
    for normalise in (normalise_signed_language, normalise_spoken_language):
        try:
            code = normalise(text)
        except ConfigError as error:
            code = None
            message = str(error)
        assert len(code) in (2, 3) if code else "\n" not in message

import pytest

from signgen.errors import ConfigError
from signgen.lexicon.finder import Finder, choose_languages
from signgen.lexicon.keys import gloss_key, letter_key, plain_letters, word_key
from signgen.lexicon.lexicon import open_lexicon


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("HOUSE", "house", "en"),
        ("Straße", "STRASSE", "de"),
        ("IŞIK", "ışık", "tr"),
        ("İstanbul", "istanbul", "tr"),
        ("don’t", "DON'T", "en"),
        ("ice_cream", "Ice  Cream", "en"),
        ("e\u0301te\u0301", "ÉTÉ", "fr"),
        ("ＡＢＣ", "abc", "ja"),
        ("می\u200cخواهم", "میخواهم", "fa"),
        ("ΟΔΟΣ", "οδος", "el"),
        ("co\u00adop", "coop", "en"),
    ],
)
def test_words_that_are_the_same(one, other, language):
    assert word_key(one, language) == word_key(other, language)


def test_words_that_are_not():
    assert word_key("IŞIK", "tr") != word_key("işik", "tr")
    assert letter_key("ß") != letter_key("ss")
    assert letter_key("é") != letter_key("e")


# The first four are the examples in spoken-to-signed 0.4.0 (gloss_candidates); DGS types are named as in the
# Public DGS Corpus.
@pytest.mark.parametrize(
    ("gloss", "key"),
    [("REZEPT+", "rezept"), ("haus--", "haus"), ("berg-IX", "berg"), ("500", "500"), ("HOUSE1A^", "house"),
     ("EQUAL1C^", "equal"), ("HOUSE-2", "house"), ("HOUSE_2", "house"), ("IX-1", "ix-1"), ("POSS2", "poss2"),
     ("KOMMEN1*", "kommen"), ("+", "+")],
)  # fmt: skip
def test_gloss_key(gloss, key):
    assert gloss_key(gloss) == key


@pytest.mark.parametrize(
    ("letter", "plain"),
    [("é", "e"), ("ø", "o"), ("ß", "ss"), ("ł", "l"), ("þ", "th"), ("ب", "ب"), ("\u064e", "")],
)
def test_plain_letters(letter, plain):
    assert plain_letters(letter) == plain


def test_order_word_gloss_loose_gloss(make_lexicon):
    signs = make_lexicon(
        {"words": "tree", "glosses": "BAUM1A^"},
        {"words": "baum", "glosses": "X"},
        {"words": "plant", "glosses": "HAUS"},
        {"words": "dwelling", "glosses": "HAUS2"},
    )
    finder = Finder(signs, "en", "ase")
    assert finder.find("baum").gloss == "X", "a word comes before a gloss"
    assert finder.find("haus").gloss == "HAUS", "a whole gloss before one without its number"
    assert finder.find("HAUS+").gloss == "HAUS"
    assert finder.find("mp3") is None
    assert finder.find("haus3") is None, "a number in the text is no variant"
    assert finder.find("nothing") is None


def test_variants_are_candidates_and_senses_are_not(make_lexicon):
    signs = make_lexicon(
        {"words": "bank", "glosses": "BANK-RIVER", "priority": 2},
        {"words": "bank", "glosses": "BANK-MONEY", "priority": 1, "variant": "b"},
        {"words": "bank", "glosses": "BANK-MONEY", "priority": 0, "variant": "a"},
    )
    entries = Finder(signs, "en", "ase").find("bank").entries
    assert [entry.variant for entry in entries] == ["a", "b"]


def test_same_case_is_the_better_sense_and_the_first_layer_the_best(make_lexicon, tmp_path):
    one = make_lexicon(
        {"words": "klein", "glosses": "SMALL"}, {"words": "Klein", "glosses": "NAME"}, name="one"
    )
    assert Finder(one, "en", "ase").find("Klein").gloss == "NAME"
    assert Finder(one, "en", "ase").find("klein").gloss == "SMALL"
    make_lexicon({"words": "KLEIN", "glosses": "OTHER", "priority": -5}, name="two")
    both = open_lexicon(f"{tmp_path / 'one'}+{tmp_path / 'two'}")
    assert Finder(both, "en", "ase").find("KLEIN").gloss == "SMALL"


def test_language_backup(make_lexicon):
    signs = make_lexicon(
        {"words": "casa", "glosses": "CASA", "spoken_language": "it", "signed_language": "ise"},
        {"words": "gatto", "glosses": "GATTO", "spoken_language": "it", "signed_language": "slf"},
    )
    finder = Finder(signs, "it", "slf")
    assert (finder.find("gatto").backup, finder.find("casa").backup) == ("", "ise")
    assert Finder(signs, "it", "ise").find("gatto") is None


def test_recordings_that_are_not_there_are_no_candidates(make_lexicon):
    signs = make_lexicon({"words": "a b", "glosses": "X", "variant": "1"}, {"words": "a b", "glosses": "X"})
    signs.entries[0].path.unlink()
    assert Finder(signs, "en", "ase").find("a b").entries == signs.entries[1:]


def test_letters_and_words_are_kept_apart(make_lexicon):
    alphabet = [{"words": letter, "glosses": letter} for letter in (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "SCH")]
    tables = make_lexicon(*alphabet).tables("en", "ase")
    assert "sch" in tables.letters
    assert not tables.words, "an alphabet has no words"
    mixed = make_lexicon({"words": "I", "glosses": "IX-1"}, {"words": "b", "glosses": "B"}, "house", "tree", "car",
                         name="mixed").tables("en", "ase")  # fmt: skip
    assert set(mixed.letters) == {"b"}
    assert {"i", "b", "house"} <= set(mixed.words)


@pytest.mark.parametrize(
    ("pairs", "spoken", "signed", "expected"),
    [
        ([("en", "ase")], None, None, ("en", "ase")),
        ([("en", "ase"), ("de", "gsg")], "de", None, ("de", "gsg")),
        ([("en", "ase"), ("de", "gsg")], None, "GSG", ("de", "gsg")),
        ([("en", "ase")], "de", None, ("de", "ase")),
        ([("it", "ise")], None, "slf", ("it", "slf")),
        ([("en", "ase"), ("de", "gsg")], None, None, "has ase, gsg"),
        ([("en", "ase"), ("es", "ase")], None, "ase", "has en, es for ase"),
        ([("en", "ase")], None, "asf", "did you mean 'ase'"),
        ([], None, None, "no signs"),
    ],
)
def test_choose_languages(pairs, spoken, signed, expected):
    if isinstance(expected, tuple):
        assert choose_languages(tuple(pairs), "x", spoken, signed) == expected
    else:
        with pytest.raises(ConfigError, match=expected):
            choose_languages(tuple(pairs), "x", spoken, signed)

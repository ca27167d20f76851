"""Texts and tags that the network reads, and those it refuses."""

import pytest

from signgen.errors import ConfigError, DataError
from signgen.nn.tokenizer import Pieces
from signgen.signdw.network.text import TextEncoding
from signgen.signdw.settings import LANGUAGES

TEXTS = ["the cat sees the dog .", "the dog sees a bird .", "a bird sings ."] * 5


@pytest.fixture(scope="module")
def encoding():
    return TextEncoding(Pieces.train(TEXTS, 40), ("ase", "gsg", "bfi"), 24)


@pytest.mark.parametrize(
    ("code", "number"), [(None, 0), ("ase", 1), ("<gsg>", 2), ("sgn-GB", 3), ("ASE-US", 1)]
)
def test_tags(encoding, code, number):
    assert encoding.language(code) == number


def test_there_are_tags_for_many_languages():
    everything = TextEncoding(Pieces.train(TEXTS, 40), LANGUAGES, 12)
    assert len({everything.language(code) for code in LANGUAGES}) == len(LANGUAGES) >= 25


def test_texts_side_by_side(encoding):
    condition = encoding.condition(["a bird .", "the cat sees the dog ."], ["ase", None])
    assert condition.language.tolist() == [1, 0]
    lengths = condition.text_mask.sum(1).tolist()
    assert lengths == [len(encoding.words(t)) for t in ("a bird .", "the cat sees the dog .")]
    assert condition.text[0, : lengths[0]].tolist() == encoding.words("a bird .")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text: it is empty"),
        (" \n\t", "text: it is empty"),
        ("the cat sees the dog . " * 9, "longer than the 24 units"),
        ("a" * 10_000_000, "longer than the 24 units"),
        ("你", "no unit of it was in the training texts"),
    ],
)
def test_unreadable_texts_are_refused(encoding, text, message):
    with pytest.raises(DataError, match=message) as caught:
        encoding.words(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("asl", "did you mean 'ase'"),
        ("fsl", r"'fsl' \(French Sign Language\): this network has no tag for it; known: ase, bfi, gsg"),
        ("", "unknown"),
        ("english", "unknown"),
    ],
)
def test_unknown_languages_are_refused(encoding, code, message):
    with pytest.raises(ConfigError, match=message):
        encoding.language(code)

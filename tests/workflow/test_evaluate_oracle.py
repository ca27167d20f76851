"""The oracle: true glosses stitched with a lexicon, without being asked where that can be done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from signgen.errors import ConfigError, DataError
from signgen.lexicon.lexicon import open_lexicon
from signgen.text2pose.stitch import Stitch
from signgen.workflow.evaluation_inputs import Found
from signgen.workflow.evaluation_oracle import glosses_of, stitch_oracle

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
from nearest_judge import corpus

CLIPS, TEXTS = corpus(3, 3, fps=25)
GLOSSES = ["BOOK MOTHER", "fs-ben HOUSE", "MOTHER"]


def references(glosses=GLOSSES, **info):
    facts = {"signed_language": "ase", "spoken_language": "en", **info}
    return {
        f"clip-{i}": Found(clip, {**facts, "text": text, "gloss": gloss})
        for i, (clip, text, gloss) in enumerate(zip(CLIPS, TEXTS, glosses, strict=True))
    }


def made(found, lexicon=None):
    return stitch_oracle(found, glosses_of(found), lexicon)


def test_true_glosses_are_signed_without_being_asked():
    found = made(references())
    assert found.note == "oracle stitch: 100.0% of the true glosses are in lexicon ase"
    assert [clip.fps for clip in found.poses] == [25] * 3
    # One sign alone is what the stitcher makes of the word.
    alone = Stitch(fps=25)("mother")
    assert len(found.poses[2]) == len(alone)
    assert (found.poses[2].keypoints == alone.keypoints).all()
    # Two signs take longer than one, three letters and a sign longer still.
    assert len(found.poses[2]) < len(found.poses[0]) < len(found.poses[1])


def test_glosses_come_as_text_or_list():
    assert glosses_of(references([["BOOK", "MOTHER"], "HOUSE  ", "A B"])) == ("BOOK MOTHER", "HOUSE", "A B")
    assert glosses_of(references(["BOOK", "", "HOUSE"])) is None


def test_what_the_lexicon_lacks_is_left_out_and_counted():
    lines = ["BOOK " * 9 + "MOTHER", "MOTHER " * 8 + "NOSUCHSIGN HOUSE", "MOTHER"]
    assert made(references(lines)).note.startswith("oracle stitch: 95.2% of the true glosses")
    rest = made(references(["BOOK", "MOTHER", "MOTHER"]))
    assert len(made(references(["BOOK", "MOTHER NOSUCHSIGN", "MOTHER"]), "ase").poses[1]) == len(
        rest.poses[1]
    )


ABSENT = {
    "no glosses": (dict(glosses=["BOOK", "", "BOOK"]), "not all references carry glosses"),
    "another language": (dict(signed_language="gsg"), "no lexicon of gsg is built in; name one"),
    "no language": (dict(signed_language=""), "references do not name one signed language"),
    "a clip of unknown glosses": (dict(glosses=["BOOK", "NOSUCHSIGN", "BOOK"]), "no gloss of clip 'clip-1'"),
    "few known": (
        dict(glosses=["BOOK", "BOOK NOSUCHSIGN", "BOOK"]),
        "only 75.0% of the true glosses are in lexicon ase",
    ),
}


@pytest.mark.parametrize("case", ABSENT)
def test_a_line_says_why_there_is_no_oracle(case):
    changes, message = ABSENT[case]
    found = made(references(**changes))
    assert found.poses is None
    assert found.note.startswith("no oracle stitch: ")
    assert message in found.note


def test_an_oracle_that_was_asked_for_is_made_or_refused():
    with pytest.raises(DataError, match="--oracle-lexicon ase: not all references carry glosses"):
        made(references(["", "", ""]), "ase")
    with pytest.raises(DataError, match="--oracle-lexicon ase: lexicon ase has no gloss of clip 'clip-1'"):
        made(references(["BOOK", "NOSUCHSIGN", "BOOK"]), "ase")
    with pytest.raises(ConfigError, match="has no 'gsg'"):
        made(references(signed_language="gsg"), "ase")
    assert len(made(references(signed_language=""), "ase").poses) == 3


def test_the_very_gloss_goes_before_a_word_that_is_spelled_alike():
    from signgen.lexicon.glossary import Glossary

    lexicon = open_lexicon("ase")
    glossary = Glossary(lexicon, "en", "ase")
    gloss = next(entry.gloss for entry in lexicon.entries if entry.gloss.isalpha() and len(entry.gloss) > 3)
    (item,) = glossary.items(gloss, 4, ("negation",))
    assert {entry.gloss for entry in item.candidates} == {gloss}
    assert (item.kind, item.word, item.non_manuals) == ("sign", 4, ("negation",))
    assert [letter.text for letter in glossary.items("fs-ada")] == ["a", "d", "a"]
    assert glossary.items("fs-a\u2603") == ()

"""The oracle: true glosses stitched with a lexicon, without being asked where that can be done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from signgen.data.columnar import Clip, write_columnar
from signgen.errors import ConfigError, DataError
from signgen.judge.summary import said_lines
from signgen.judge.trial import Options
from signgen.lexicon.lexicon import open_lexicon
from signgen.text2pose.stitch import Stitch
from signgen.workflow.evaluate import evaluate_files
from signgen.workflow.evaluation_inputs import Found
from signgen.workflow.evaluation_oracle import glosses_of, stitch_oracle

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
from nearest_judge import corpus, judge

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


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    """Evaluates 16 true clips with glosses against themselves, read by a made-up judge."""
    poses, texts = corpus(16, 5)
    rows = [{"text": text, "spoken_language": "en", "signed_language": "ase"} for text in texts]
    monkeypatch.setattr("signgen.workflow.evaluate.load_judges", lambda specs, **how: [judge()])

    def run(name, glosses, **how):
        (tmp_path / name).mkdir()
        infos = [{**row, "gloss": gloss} for row, gloss in zip(rows, glosses, strict=True)]
        clips = [Clip(f"c{i:02d}", *pair) for i, pair in enumerate(zip(poses, infos, strict=True))]
        write_columnar(clips, tmp_path / name / "0.col")
        return evaluate_files(
            tmp_path / name,
            tmp_path / name,
            tmp_path / f"{name}.json",
            ["any"],
            options=Options(resamples=40),
            **how,
        )

    return run


def test_a_report_has_its_oracle_without_being_asked(evaluated):
    found = evaluated("with", ["BOOK MOTHER"] * 16)
    assert [row["name"] for row in found["judges"][0]["panel"]["ceilings"]][2:] == ["oracle stitch"]
    assert "oracle stitch: 100.0% of the true glosses are in lexicon ase" in said_lines(found)
    # Glosses are there, and the judge has a head for them: what it recognises is scored.
    assert any(score["name"] == "gloss WER" for score in found["judges"][0]["scores"])


def test_a_report_says_why_it_has_no_oracle(evaluated, tmp_path):
    found = evaluated("without", ["BOOK MOTHER"] * 15 + [""])
    assert len(found["judges"][0]["panel"]["ceilings"]) == 2
    assert "no oracle stitch: not all references carry glosses" in said_lines(found)
    with pytest.raises(ConfigError, match="two oracles"):
        evaluated("both", ["BOOK"] * 16, oracle=tmp_path, oracle_lexicon="ase")
    given = evaluated("given", [""] * 16, oracle=tmp_path / "without")
    assert "oracle stitch: clips of without" in said_lines(given)
    # They are the true clips, and score like them.
    true, oracle = (given["judges"][0]["panel"]["ceilings"][place]["scores"] for place in (0, 2))
    assert oracle == true

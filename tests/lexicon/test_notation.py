"""The notation: what docs/notation.md shows is read; every mistake is answered with file and line."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.errors import LexiconError
from signgen.lexicon.handshapes import handshapes
from signgen.lexicon.notation import parse_signs, read_folder, read_signs
from signgen.lexicon.notation_words import (
    ALL_PLACES,
    CONTACTS,
    DIRECTIONS,
    HANDS,
    INTERNALS,
    PATHS,
    SIZES,
    TOUCHES,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
GOOD = 'words: [x], hand: 5, palm: in, fingers: up, at: "chin"'


def test_examples_of_the_page():
    signs = {sign.name: sign for block in BLOCKS for sign in parse_signs(block)}
    assert signs["LIKE"].steps[0].hand == ("open_8", "8")
    assert signs["MOTHER"].steps[0].repeat == 2
    assert signs["DEAF"].steps[0].end_place.name == "mouth"
    assert signs["HELP"].base is not None
    assert signs["HELP"].base.moves
    assert signs["NOT"].face == {"head": "shake"}
    assert signs["NOT"].words == ("not", "don't")


@pytest.mark.parametrize(
    "word", [*handshapes(), *ALL_PLACES, *TOUCHES, *CONTACTS, *PATHS, *SIZES, *INTERNALS, *HANDS, *DIRECTIONS]
)
def test_page_names_every_word(word):
    if re.fullmatch(r"letter_.|number_\d+|center", word):
        return
    assert f"`{word}`" in PAGE


def test_scalars_are_text():
    (sign, other) = parse_signs(f"NO: {{{GOOD}}}\nYES.2: {{{GOOD.replace('[x]', '[yes, on]')}}}")
    assert (sign.name, other.words, other.gloss, other.variant) == ("NO", ("yes", "on"), "YES", "2")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("A:\n  words: [x]\n  hnd: 5", 3, "did you mean 'hand'"),
        ("A: 3", 1, "expected keys"),
        ("a: {words: [x]}", 1, "no gloss"),
        ("A: {words: [x]}", 1, "hand is missing"),
        (f"A: {{{GOOD}}}\nA: {{{GOOD}}}", 2, "twice"),
        (f"A: {{{GOOD.replace('hand: 5', 'hand: 55')}}}", 1, "no handshape '55'"),
        (f"A: {{{GOOD.replace('up', 'in+up, move: straight')}}}", 1, "takes 1"),
        (f"A: {{{GOOD.replace('fingers: up', 'fingers: out')}}}", 1, "same line"),
        (f"A: {{{GOOD.replace('chin', 'chin far')}}}", 1, "'far' after chin"),
        (f"A: {{{GOOD.replace('chin', 'palm')}}}", 1, "second hand"),
        (f"A: {{{GOOD},\n  repeat: 9}}", 2, "from 1 to 6"),
        (f"A: {{{GOOD}, hands: base}}", 1, "needs a base"),
        (f"A: {{{GOOD},\n face: {{brows: up}}}}", 2, "furrowed, raised"),
        (f"A: {{{GOOD.replace('palm: in', 'palm: up+down')}}}", 1, "cancels out"),
        ("A: &a {words: [x]}\nB: *a", 2, "references"),
        ("A: [" * 9, 1, "nested"),
        ("A: {words: 'x", 1, "not valid YAML"),
    ],
)
def test_mistakes_name_file_and_line(text, line, problem):
    with pytest.raises(LexiconError, match=rf"^signs\.yaml:{line}: .*{re.escape(problem)}"):
        parse_signs(text, Path("signs.yaml"))


def test_files(tmp_path):
    (tmp_path / "a.yaml").write_text(f"A: {{{GOOD}}}")
    (tmp_path / "b.yaml").write_text(f"B: {{{GOOD}}}\nA: {{{GOOD}}}")
    with pytest.raises(LexiconError, match=r"b\.yaml:2: A is already in a\.yaml:1"):
        read_folder(tmp_path)
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(LexiconError, match="UTF-8"):
        read_signs(tmp_path / "b.yaml")
    with pytest.raises(LexiconError, match="cannot be read"):
        read_signs(tmp_path / "c.yaml")


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.text(alphabet="AB:{}[],>#&*!|'\" \n-words5handupinchin", max_size=120))
def test_any_text_is_read_or_refused(text):
    with suppress(LexiconError):
        parse_signs(text)


def test_handshapes_are_within_natural_limits():
    from signgen.body.skeleton import FINGER_LIMITS, hand_points

    shapes = np.stack(list(handshapes().values()))
    fingers = shapes[:, :16].reshape(-1, 4, 4)
    assert (fingers >= FINGER_LIMITS[:, 0]).all()
    assert (fingers <= FINGER_LIMITS[:, 1]).all()
    points = hand_points(shapes)
    lengths = np.linalg.norm(points[:, 2:5] - points[:, 1:4], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-9, "the thumb keeps its length whatever it reaches for"

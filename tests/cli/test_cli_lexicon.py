"""``signgen lexicon``: build one from poses, check it, show it, sign with it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from signgen.data.npz import write_npz
from signgen.pose.sequence import PoseSequence


@pytest.fixture
def recordings(tmp_path):
    """A folder with two pose files and one that is damaged."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, name in enumerate(("HOUSE", "TREE")):
        keypoints = np.random.default_rng(number).uniform(10, 90, (10, 128, 3)).astype("f4")
        keypoints[..., 2] = 1
        write_npz(PoseSequence(keypoints, 25, 100, 100), folder / f"{name}.npz")
    (folder / "BROKEN.npz").write_bytes(b"PK\x03\x04 not really")
    return folder


def test_build_check_and_use(signgen, recordings):
    languages = ("--spoken-language", "en", "--signed-language", "ase")
    ran = signgen("lexicon", "build", recordings, "-o", "lexicon", *languages, "--licence", "CC0")
    assert (ran.code, ran.out) == (3, "lexicon\n")
    assert "left out" in ran.err
    assert "2 entries" in ran.err
    ran = signgen("lexicon", "check", "lexicon")
    assert (ran.code, ran.lines) == (0, ["signgen: 2 entries: 0 errors, 0 warnings"])
    rows = json.loads(signgen("show", "lexicons", "lexicon", "--json").out)
    assert rows == [{"name": "lexicon", "signed": "ase", "spoken": "en", "recordings": "2", "licence": "CC0"}]
    assert json.loads(signgen("inspect", "lexicon", "--json").out)["recordings"] == 2


def test_check_finds_damage(signgen, recordings, tmp_path):
    languages = ("--spoken-language", "en", "--signed-language", "ase")
    signgen("lexicon", "build", recordings, "-o", "lexicon", *languages)
    (tmp_path / "lexicon" / "ase" / "TREE.npz").unlink()
    ran = signgen("lexicon", "check", "lexicon", "--json")
    assert (ran.code, [(row["severity"], row["kind"]) for row in json.loads(ran.out)]) == (
        7,
        [("error", "missing")],
    )


def test_sheet(signgen, recordings, tmp_path):
    languages = ("--spoken-language", "en", "--signed-language", "ase")
    signgen("lexicon", "build", recordings, "-o", "lexicon", *languages)
    ran = signgen("lexicon", "sheet", "lexicon", "-o", "sheet.html", "--progress", "json")
    assert (ran.code, ran.out) == (0, "sheet.html\n")
    assert "2 signs, 0 without pictures" in ran.err
    steps = [json.loads(line) for line in ran.lines if line.startswith("{")]
    assert steps[-1]["done"] == steps[-1]["total"] == 2
    assert (tmp_path / "sheet.html").read_text(encoding="utf-8").count("<article") == 2
    again = signgen("lexicon", "sheet", "lexicon", "-o", "sheet.html")
    assert (again.code, "--force" in again.error) == (2, True)
    (tmp_path / "lexicon" / "ase" / "TREE.npz").unlink()
    ran = signgen("lexicon", "sheet", "lexicon", "-o", "sheet.html", "--force", "-q")
    assert ran.code == 3
    assert "no pictures: TREE" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("check absent", 4, "absent: no such lexicon folder"),
        ("sheet absent -o sheet.html", 4, "absent: no such lexicon folder"),
        ("sheet ase -o sheet.mp4", 2, "sheet.html"),
        ("sheet ase -o sheet.html --renderer skelton", 2, "skeleton"),
        ("build absent -o b --spoken-language en --signed-language ase", 4, "absent"),
        ("build recordings -o b --spoken-language en", 2, "Missing option '--signed-language'"),
        ("build recordings -o recordings --spoken-language en --signed-language ase", 4, "exists"),
    ],
)
def test_errors(signgen, recordings, arguments, code, message):
    before = sorted(recordings.parent.iterdir())
    ran = signgen("lexicon", *arguments.split())
    assert ran.code == code, ran.err
    assert message in ran.error
    assert sorted(recordings.parent.iterdir()) == before

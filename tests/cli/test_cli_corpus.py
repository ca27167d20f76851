"""``signgen corpus``: what it prints, where, and how it fails."""

from __future__ import annotations

import json

from signgen.cli.corpus import MAKE
from signgen.corpus.settings import prepare


def test_make(signgen, tmp_path):
    ran = signgen("corpus", "make", "english-small", "-o", tmp_path / "c", "--sentences", "10", "--seed", "1",
                  "--set", "style.signers=2", "--preset", "dictionary", "--progress", "off")  # fmt: skip
    assert (ran.code, ran.out) == (0, f"{tmp_path / 'c'}\n")
    assert "train: 8 sentences" in ran.err
    assert "test: 1 sentences" in ran.err
    assert "0 also in train" in ran.err
    report = json.loads((tmp_path / "c/corpus.json").read_text(encoding="utf-8"))
    assert report["settings"]["style"]["signers"] == 2
    again = signgen("corpus", "make", "english-small", "-o", tmp_path / "c")
    assert again.code == 2
    assert "--force to replace it" in again.error


def test_show(signgen, tmp_path):
    ran = signgen("corpus", "show", "english-small", "-n", "3", "--seed", "2")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 6
    assert "52 glosses" in ran.err
    found = json.loads(signgen("corpus", "show", "english-asl", "-n", "5", "--json").out)
    assert len(found["sentences"]) == 5
    path = tmp_path / "bad.yaml"
    path.write_text("spoken_language: en\n", encoding="utf-8")
    bad = signgen("corpus", "show", path)
    assert bad.code == 4
    assert bad.error == f"{path}:1: file: signed_language is missing"


def test_list(signgen):
    assert [line.split()[0] for line in signgen("corpus", "list").out.splitlines()] == [
        "english-asl", "english-medium", "english-small", "german-weather",
    ]  # fmt: skip


def test_help_shows_the_defaults_that_count():
    for flag in MAKE:
        value = getattr(prepare(), flag.settings[0])
        assert flag.shown == {True: "poses"}.get(value, str(value)), flag.name

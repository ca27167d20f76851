"""Progress on a terminal, in a log and for programs; what is said about coverage."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from signgen.cli.voice import Lines, ProgressMode, say_coverage, telling
from signgen.lexicon.plan import TokenReport


def run_stage(show, count=3):
    for done in range(count + 1):
        show("drawing", done, count)


def test_plain_lines_come_every_few_seconds(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 2.0, 5.5, 6.0])
    monkeypatch.setattr("signgen.cli.voice.time.monotonic", lambda: next(clock))
    run_stage(Lines())
    assert capsys.readouterr().err.splitlines() == [
        "signgen: drawing: 2 of 3 (67%)",
        "signgen: drawing: 3 of 3 (100%)",
    ]


def test_a_quick_stage_says_nothing(capsys):
    run_stage(Lines())
    assert capsys.readouterr().err == ""


def test_json_lines(capsys):
    run_stage(Lines(as_json=True, seconds=0))
    rows = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(row["stage"], row["done"], row["total"]) for row in rows] == [
        ("drawing", done, 3) for done in range(4)
    ]


def test_unknown_total(capsys):
    show = Lines(seconds=0)
    show("reading", 0, None)
    show("reading", 7, None)
    assert capsys.readouterr().err.splitlines()[-1] == "signgen: reading: 7"


@pytest.mark.parametrize(
    ("quiet", "verbose", "expected"),
    [(False, False, ["warning"]), (True, False, []), (False, True, ["info", "warning"])],
)
def test_log_lines(capsys, quiet, verbose, expected):
    with telling(ProgressMode.auto, quiet, verbose):
        logger = logging.getLogger("signgen.somewhere")
        logger.info("info")
        logger.warning("warning")
    said = [line.split(": ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert said == expected


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("colour", [True, False])
def test_bar_on_a_terminal(tmp_path, colour):
    code = (
        "from signgen.cli.voice import *\n"
        "with telling(ProgressMode.auto, False, False) as show:\n"
        "    for done in range(4): show('drawing', done, 3)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color", **({} if colour else {"NO_COLOR": "1"})}
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=theirs, stdout=subprocess.PIPE, env=environment
    ) as child:
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 4096):
                seen += chunk
        except OSError:  # the end of a pseudo-terminal
            pass
        assert child.stdout is not None
        assert child.stdout.read() == b""
    os.close(ours)
    assert b"drawing" in seen
    assert b"3/3" in seen
    assert (b"\x1b[38;" in seen or b"\x1b[3" in seen) == colour


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ("s", "1 word: 1 signed, 0 spelled, 0 missing; rules"),
        ("sm.", "2 words: 1 signed, 0 spelled, 1 missing (m1); rules"),
        ("fds", "3 words: 1 signed, 1 spelled (f0), 0 missing, 1 left out by grammar (d1); rules"),
        ("m" * 10, "10 words: 0 signed, 0 spelled, 10 missing (m0, m1, m2, m3, m4, m5, m6, m7, ...); rules"),
    ],
)
def test_coverage_line(capsys, outcomes, line):
    names = {"s": "signed", "f": "spelled", "m": "missing", "d": "dropped", ".": "mark"}
    coverage = [TokenReport(f"{letter}{index}", names[letter]) for index, letter in enumerate(outcomes)]
    say_coverage("rules", coverage)
    assert capsys.readouterr().err == f"signgen: {line}\n"

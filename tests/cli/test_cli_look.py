"""The commands that look: help, show, inspect, doctor, lexicon list."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

COMMANDS = (
    "generate",
    "pose",
    "render",
    "convert",
    "inspect",
    "show",
    "lexicon",
    "captions",
    "rerun",
    "doctor",
)


def test_help_lists_every_command(signgen):
    ran = signgen("--help")
    assert ran.code == 0
    assert all(command in ran.out for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "lexicon list", "lexicon check", "lexicon build"])
def test_help_of_each_command(signgen, command):
    ran = signgen(*command.split(), "--help")
    assert (ran.code, ran.err) == (0, "")


def test_help_is_quick_and_light():
    code = "import sys; sys.argv = ['signgen', '--help']\ntry:\n    from signgen.__main__ import main; main()\n" \
           "except SystemExit: print(*{n.split('.')[0] for n in sys.modules}, file=sys.stderr)"  # fmt: skip
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Processor time: what else the machine does is not the command's fault.
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert not set(done.stderr.split()) & {"torch", "numba", "scipy", "pydantic", "numpy", "av", "yaml"}
    assert min(seconds) < 0.5


def test_version(signgen):
    assert signgen("--version").out == "signgen 0.1.0\n"


def test_no_command_shows_help(signgen):
    ran = signgen()
    assert "Commands" in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["renderers"], ["skeleton", "dots"]),
        (["renderers", "skeleton"], ["style", "openpose"]),
        (["sources"], ["stitch", "replay", "toy"]),
        (["sources", "stitch"], ["transition_scale", "1.0"]),
        (["rules"], ["none", "word-by-word"]),
    ],
)
def test_show_parts(signgen, arguments, words):
    ran = signgen("show", *arguments)
    assert ran.code == 0
    assert all(word in ran.out for word in words)
    rows = json.loads(signgen("show", *arguments, "--json").out)
    assert all(rows)


def test_show_lexicons_and_languages(signgen):
    pytest.importorskip("spoken_to_signed")
    assert "fingerspelling:ase" in signgen("show", "lexicons").out
    assert signgen("lexicon", "list").out == signgen("show", "lexicons").out
    assert "626" in signgen("show", "lexicons", "fingerspelling:").out
    assert "German Sign Language" in signgen("show", "languages").out
    assert json.loads(signgen("show", "languages", "bfi", "--json").out) == [
        {"code": "bfi", "sign language": "British Sign Language", "lexicons": "no lexicon"}
    ]


def test_doctor(signgen):
    findings = json.loads(signgen("doctor", "--json").out)
    assert {finding["name"] for finding in findings} >= {
        "python",
        "packages",
        "H.264",
        "disk",
        "kernel cache",
        "lexicons",
    }
    assert all(finding["status"] in ("ok", "note", "warning") for finding in findings)
    assert signgen("doctor").code == 0


def test_inspect_every_kind(signgen, toy_flags, tmp_path):
    signgen("generate", "good morning", "-o", "a.mp4", "--eaf", *toy_flags)
    signgen("pose", "good morning", "-o", "a.npz", *toy_flags)
    expected = {
        "a.mp4": {"kind": "video", "frames": 12, "fps": 12.0, "width": 64},
        "a.vtt": {"kind": "captions", "cues": 1, "end": 1.0},
        "a.eaf": {"kind": "ELAN tiers", "tier text": "1 annotations"},
        "a.json": {"kind": "sidecar", "command": "generate", "text": "good morning"},
        "a.npz": {"kind": "poses", "people": 1, "frames": 12, "fps": 12.0, "width": 64},
        "toy.yaml": {"kind": "config", "seed": 0},
    }
    for name, facts in expected.items():
        ran = signgen("inspect", name, "--json")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out).items() >= facts.items()
        assert signgen("inspect", name).out.startswith("kind")


def test_convert_reports_what_happened(signgen, toy_flags):
    signgen("pose", "word", "-o", "a.npz", *toy_flags)
    ran = signgen("convert", "a.npz", "b.pose")
    assert (ran.code, ran.out) == (0, "b.pose\n")
    ran = signgen("convert", "b.pose", "c.npz")
    assert (ran.code, ran.out) == (0, "c.npz\n")
    assert "mapped" in ran.err
    ran = signgen("convert", "b.pose", "c.npz")
    assert (ran.code, ran.error) == (2, "c.npz: exists already; pass --force to replace it")

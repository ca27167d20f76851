"""Every block of the README runs as it stands, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python|sh)\n(.*?)```", README, re.DOTALL)
SHELL = [code for language, code in BLOCKS if language == "sh" and "make demo" not in code]


@pytest.fixture
def environment() -> dict[str, str]:
    """The shell of a user who switched on the environment."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(autouse=True)
def _needs_lexicons() -> None:
    pytest.importorskip("spoken_to_signed")


@pytest.mark.slow
def test_python_block(tmp_path, environment):
    (code,) = [code for language, code in BLOCKS if language == "python"]
    assert len([line for line in code.splitlines() if line and not line.startswith("import")]) <= 6
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "('Ada', 'spelled')" in done.stdout
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"hello.mp4", "hello.vtt", "hello.json", "hello.npz", "control.mp4"}


@pytest.mark.slow
def test_shell_blocks(tmp_path, environment):
    assert len(SHELL) == 6
    for code in SHELL:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {
        "ada.mp4",
        "ada.vtt",
        "ada.json",
        "ada.pose",
        "skeleton.mp4",
        "converted.npz",
        "lines",
        "track.mp4",
        "batch",
        "view.html",
        "data",
        "made",
        "report.json",
        "report.html",
        "read.txt",
        "learned.npz",
        "tiny.mp4",
    }


def test_setup_commands_are_targets_of_the_makefile():
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert commands == ["demo", "test"]
    assert all(f"\n{command}:" in makefile for command in commands)


def test_file_tree_is_complete():
    root = Path(__file__).parents[1]
    named = set(re.findall(r"^(\w+)/ ", README, re.MULTILINE))
    there = {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert there - named <= {"demo", "dist", "build", "shared"}

"""Each demo makes its picture, the README shows the picture, and each picture says which demo made it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio.v3 as imageio
import pytest

ROOT = Path(__file__).parents[1]
# Demo, arguments that make it quick, picture that the README shows, and the package that it needs beside the core.
DEMOS = [
    ("text_to_video.py", ("Hi.",), "text_to_video.gif", None),
    ("batch_data.py", ("--text", "Hi.", "--rows", "1"), "batch_data.jpg", None),
    ("back_translation.py", ("My father is happy.",), "back_translation.png", "torch"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("demo", "arguments", "picture", "needs"), DEMOS, ids=[demo[0] for demo in DEMOS])
def test_a_demo_makes_its_picture(tmp_path, demo, arguments, picture, needs):
    if needs:
        pytest.importorskip(needs)
    command = [sys.executable, ROOT / "demos" / demo, *arguments, "--output", tmp_path / "made" / picture]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(tmp_path / "made" / picture)
    made, shown = (
        imageio.imread(path, index=0)
        for path in (tmp_path / "made" / picture, ROOT / "docs" / "images" / picture)
    )
    assert made.shape[1:] == shown.shape[1:]
    # Something is drawn: a picture that stayed blank has one colour.
    assert made.std() > 10


@pytest.mark.parametrize(("demo", "picture"), [(demo, picture) for demo, _, picture, _ in DEMOS])
def test_the_readme_shows_it_and_says_how_it_was_made(demo, picture):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"](docs/images/{picture})" in readme
    assert f"`python demos/{demo}" in readme

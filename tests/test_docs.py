"""The pages say what the program does: commands, defaults, links, pictures."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from signgen.cli.flags import CAPTIONS, EAF, LEFT_HANDED, LOOKS, SEED, SIGNER, SIGNING, VIEW
from signgen.workflow.settings import prepare

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_cli_page_is_up_to_date():
    made = runpy.run_path(str(ROOT / "docs" / "make_cli_page.py"))["page"]()
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == made, "run: python docs/make_cli_page.py"


FLAGS = (*SIGNING, *LOOKS, *SIGNER, *VIEW, LEFT_HANDED, *SEED, *CAPTIONS, *EAF)


@pytest.mark.parametrize("flag", [f for f in FLAGS if f.name != "--appearance"], ids=lambda flag: flag.name)
def test_help_shows_the_default_that_counts(flag):
    # A style is the skeleton's; the avatar has none.
    config = prepare({"renderer": "skeleton"} if flag.name == "--style" else None).config
    for path in flag.settings:
        value = config
        for key in path.split("."):
            value = value[key]
        dashed = flag.variable.replace("_", "-")
        shown = {True: dashed, False: f"no-{dashed}"}[value] if flag.type is bool else value
        assert flag.type is bool or flag.shown == "" or flag.type(flag.shown) == shown
        assert flag.type is not bool or flag.shown == shown
        assert flag.shown or value in ("", None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link).exists(), link


def test_pictures_are_small():
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 400_000, picture.name


@pytest.mark.slow
def test_readme_picture_is_made_by_its_demo(tmp_path):
    import imageio.v3 as imageio
    import numpy as np

    command = [
        sys.executable,
        str(ROOT / "demos" / "make_readme_picture.py"),
        "--output",
        str(tmp_path / "styles.png"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    made, shipped = (imageio.imread(folder / "styles.png") for folder in (tmp_path, ROOT / "docs" / "images"))
    np.testing.assert_allclose(made.astype(int), shipped.astype(int), atol=2)

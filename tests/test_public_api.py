"""The public API: what it holds, that each name is real, and that importing it is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import signgen

ROOT = Path(__file__).parents[1]
PUBLIC = [
    "Cue", "PoseSequence", "Sample", "SignGenError", "build_dataset", "caption_track", "evaluate_files",
    "generate", "generate_poses", "load_yaml", "make_corpus", "make_plan", "open_lexicon", "plan_batch", "prepare",
    "read_pose", "read_poses", "read_video", "render_video", "rerun", "run_batch", "run_loop", "sign_clips",
    "train_schedules", "utter", "verify_batch", "verify_dataset", "write_manifest", "write_poses",
    "write_video", "write_webvtt", "__version__",
]  # fmt: skip
HEAVY = {"torch", "numba", "scipy", "cv2", "pydantic", "av", "numpy"}


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after ``code``."""
    script = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_list():
    assert signgen.__all__ == PUBLIC
    # What the recipes need and no more. 32: batches came with three names and the loop with one.
    assert len(PUBLIC) <= 32
    assert dir(signgen) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_there_and_documented(name):
    value = getattr(signgen, name)
    assert name == "__version__" or value.__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'gnerate'"):
        signgen.gnerate  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(signgen.__file__).read_text(encoding="utf-8"))
    seen = {
        (alias.name, node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("signgen")
        for alias in node.names
    }
    assert seen == set(signgen._HOME.items())


def test_import_is_light():
    assert not modules_after("import signgen") & HEAVY


def test_command_line_is_light():
    assert not modules_after("import signgen.cli.main") & HEAVY


def test_stitching_needs_no_torch():
    assert not modules_after("import signgen; signgen.generate; signgen.prepare()") & {
        "torch",
        "numba",
        "cv2",
    }


def test_version_is_that_of_the_package():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{signgen.__version__}"' in text

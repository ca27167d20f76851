"""Every recipe runs on the smoke config, is short and uses the public API alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import signgen

PIPELINES = sorted((Path(__file__).parents[1] / "pipelines").glob("*.py"))


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_recipe_is_short_and_public(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "signgen"
    }
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) <= 60
    assert used <= set(signgen.__all__)
    assert not any(module.startswith("signgen") for module in modules)
    assert functions == ["main"]


@pytest.mark.slow
@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_recipe_runs(path, tmp_path):
    output = tmp_path / "recipe.mp4"
    command = [sys.executable, str(path), "Hi Bo", "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert signgen.read_video(output).num_frames == len(signgen.read_pose(output.with_suffix(".npz")))
    assert output.with_suffix(".vtt").read_text(encoding="utf-8").startswith("WEBVTT")

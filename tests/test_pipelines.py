"""Every recipe runs on the smoke config, is short and uses the public API alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def run_recipe(name, *arguments):
    command = [sys.executable, *(path for path in PIPELINES if path.name == name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_text_to_video(tmp_path):
    output = tmp_path / "recipe.mp4"
    run_recipe("01_text_to_video.py", "Hi Bo", "--output", output)
    assert signgen.read_video(output).num_frames == len(signgen.read_pose(output.with_suffix(".npz")))
    assert output.with_suffix(".vtt").read_text(encoding="utf-8").startswith("WEBVTT")


@pytest.mark.slow
def test_build_dataset(tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    points = np.zeros((24, 128, 3), np.float32)
    points[:, 8:11] = points[:, 60:] = (50, 90, 1)
    points[:, :8] = points[:, 18:60] = (50, 60, 1)
    points[:, [2, 5], :2] = (20, 50), (80, 50)
    for number in range(5):
        signgen.write_poses(signgen.PoseSequence(points, 24, 100, 100), recordings / f"clip{number}.npz")
        (recordings / f"clip{number}.txt").write_text(f"Sentence {number}.", encoding="utf-8")
    output = tmp_path / "dataset"
    said = run_recipe("02_build_dataset.py", recordings, "--output", output)
    assert said.endswith(" files, 0 damaged\n")
    assert len(list(output.glob("shards/*.tar"))) == 2
    checked = signgen.verify_dataset(output)
    assert (checked.is_finished, checked.damage) == (True, ())

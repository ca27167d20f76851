"""Every recipe runs on the smoke config, is short and uses the public API alone."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import signgen

ROOT = Path(__file__).parents[1]
PIPELINES = sorted((ROOT / "pipelines").glob("*.py"))


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_text_to_video(tmp_path):
    output = tmp_path / "recipe.mp4"
    run_recipe("01_text_to_video.py", "Hi Bo", "--output", output)
    assert signgen.read_video(output).num_frames == len(signgen.read_pose(output.with_suffix(".npz")))
    assert output.with_suffix(".vtt").read_text(encoding="utf-8").startswith("WEBVTT")


@pytest.mark.slow
def test_synthesize_corpus(tmp_path):
    smoke = ("--config", ROOT / "configs" / "batch" / "smoke.yaml", "--workers", "0")
    said = run_recipe("02_synthesize_corpus.py", "--sentences", "10", *smoke, "--output", tmp_path)
    assert said.startswith(
        "20 samples planned, varied by look.signer\n20 made, 0 failed\n20 samples in 3 shards, 0 d"
    )
    assert "8 train seed:0 own\n8 train seed:1 own\n" in said
    (tmp_path / "texts.txt").write_text("Hello.\n", encoding="utf-8")
    own = ("--texts", tmp_path / "texts.txt", *smoke, "--output", tmp_path / "own")
    for _ in range(2):
        assert run_recipe("02_synthesize_corpus.py", *own).startswith("2 samples planned")
    checked = signgen.verify_batch(tmp_path / "own" / "batch", deep=True)
    assert (checked.samples, checked.is_finished, checked.damage) == (2, True, ())


@pytest.mark.slow
def test_dataset_from_videos(tmp_path):
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
    said = run_recipe("05_dataset_from_videos.py", recordings, "--output", output)
    assert said.endswith(" files, 0 damaged\n")
    assert len(list(output.glob("shards/*.tar"))) == 2
    checked = signgen.verify_dataset(output)
    assert (checked.is_finished, checked.damage) == (True, ())


@pytest.mark.slow
def test_backtranslation_eval(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("sacrebleu")
    judge = ROOT / "checkpoints" / "ase" / "temporal-0"
    said = run_recipe(
        "03_backtranslation_eval.py", "--judge", judge, "--sentences", "16", "--output", tmp_path
    )
    assert said.startswith("16 sentences, 0 with words that have no sign\ntemporal-0: normalised BLEU-4 0.")
    assert said.endswith("report.json: 16 clips\n")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    row = report["judges"][0]["normalised"][-1]
    assert 0.5 < row["value"] <= 1.05
    assert (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_pretrain_finetune(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("sacrebleu")
    smoke = ROOT / "configs" / "loop" / "smoke.yaml"
    output = tmp_path / "loop"
    said = run_recipe(
        "04_pretrain_finetune_slt.py", "--config", smoke, "--device", "cpu", "--output", output
    ).splitlines()
    names = signgen.load_yaml(smoke)["trained"]["schedules"]
    count = len(names)
    assert [line.split(":")[0] for line in said[:count]] == names
    assert all(re.fullmatch(r".*: BLEU-4 \d+\.\d", line) for line in said[:count])
    assert said[count].startswith("pretrain-finetune against real-only: ")
    assert said[-1] == str(output / "report.html")
    assert (output / "report.html").exists()

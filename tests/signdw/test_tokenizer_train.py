from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from made_up_signer import changed, signer

from signgen.config import load_yaml
from signgen.data.columnar import Clip, write_columnar
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.nn.log import read_log
from signgen.pose.geometry import affine
from signgen.signdw.motion.folder import CONFIG, WEIGHTS, load_tokenizer, save_tokenizer
from signgen.signdw.motion.parts import to_parts
from signgen.signdw.motion.settings import TokenizerSettings, prepare_tokenizer
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.train import train_tokenizer
from signgen.signdw.motion.windows import WindowReader, clips_of, split_shards

MODEL = {"width": 16, "code_width": 4, "body_size": 8, "hand_size": 8, "face_size": 4}
TRAIN = {"steps": 14, "batch": 4, "begin": 6, "validate_every": 5, "warmup": 2}


def clip(number: int, depth: bool = False):
    """A signer of another size, place, length and rate for each number."""
    poses = signer(30 + 7 * number, fps=(24, 50)[number % 2])
    size = 1 + 0.2 * number
    poses = affine(poses, np.array([[size, 0, 3 * number], [0, size, 0]]))
    return poses.replace(depth=poses.xy[..., 1] - 200) if depth else poses


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for split, numbers in (("train", range(7)), ("dev", (3, 5))):
        clips = [Clip(f"{split}{n}", clip(n, depth=True), {"text": "x"}) for n in numbers]
        write_columnar(clips, folder / split / "0.col")
    return folder


def run_of(corpus, **changes):
    values = {"data": {"sources": [str(corpus)], "window": 20}, "model": MODEL, "train": TRAIN}
    for name, value in changes.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    return prepare_tokenizer(values)


def test_the_batch_of_an_update_depends_on_its_number_alone(corpus):
    reader = WindowReader(split_shards([corpus], "train"), 20, 3, seed=4)
    whole = list(itertools.islice(reader.batches(), 6))
    for start in (1, 2, 5):
        later = next(reader.batches(start))
        assert torch.equal(later.values, whole[start].values)
        assert torch.equal(later.mask, whole[start].mask)
    assert not torch.equal(whole[0].values, whole[1].values)


def test_an_epoch_has_every_clip_once(corpus):
    reader = WindowReader(split_shards([corpus], "train"), 300, 7, seed=0)
    batch = next(reader.batches())
    frames = sorted(batch.mask.sum(1).tolist())
    assert frames == sorted(len(to_parts(clip(n))) for n in range(7))


def test_hidden_clips_are_passed_over_and_outliers_hidden(tmp_path):
    shoulders = changed(signer(), lambda keypoints: keypoints[:, 2].fill(0))
    far = changed(signer(), lambda keypoints: keypoints[:, 30, 0].fill(3000))
    write_columnar([Clip("a", shoulders, {}), Clip("b", far, {})], tmp_path / "train" / "0.col")
    shards = split_shards([tmp_path], "train")
    batch = next(WindowReader(shards, 20, 2, seed=0).batches())
    assert batch.values.shape == (1, 20, 128, 2)
    assert not batch.visible[:, :, 30].any()
    assert batch.visible[:, :, 31].all()
    write_columnar([Clip("a", shoulders, {})], tmp_path / "train" / "0.col")
    with pytest.raises(DataError, match="no clip of a whole batch shows both shoulders"):
        next(WindowReader(shards, 20, 2, seed=0).batches())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"train": {"precision": "bf16"}},
        {"train": {"vary": 1.0}},
        {"model": {"depth": True, "rvq": 3, "face_rvq": 1}},
        {"model": {"parts": "single", "single_size": 8}},
    ],
)
def test_a_resumed_training_equals_one_that_was_not_stopped(corpus, tmp_path, changes):
    run = run_of(corpus, **changes)
    whole = train_tokenizer(run, tmp_path / "whole", device="cpu")
    for stop in (2, 8, None):
        parts = train_tokenizer(run, tmp_path / "parts", device="cpu", stop_after=stop)
    assert whole.steps == parts.steps == 14
    states = [load_tensors(tmp_path / name / "last.safetensors")[0] for name in ("whole", "parts")]
    assert states[0].keys() == states[1].keys()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
    assert [line["total"] for line in read_log(tmp_path / "parts" / "log.jsonl")] == [5, 10, 14]


def test_it_learns_and_leaves_a_tokenizer(corpus, tmp_path):
    lines = []
    run = run_of(corpus, train={"steps": 60, "validate_every": 30, "rate": 3e-3})
    made = train_tokenizer(run, tmp_path, device="cpu", report=lines.append)
    log = read_log(tmp_path / "log.jsonl")
    assert log[-1]["distance"] < 0.9 * log[0]["distance"]
    assert len(lines) == 2
    assert "hand PCK" in lines[0]
    model = load_tokenizer(made.folder)
    assert made.report is not None
    assert 0 < made.report.code_use <= 1
    poses = clip(2)
    assert len(model.reconstruct(poses)) == len(poses)
    card = yaml.safe_load((made.folder / CONFIG).read_text())
    assert card["facts"]["step"] == 60
    # Only matrices of another model would differ more than rounding to half precision does.
    save_tokenizer(model, tmp_path / "half", is_half=True)
    half = load_tokenizer(tmp_path / "half").reconstruct(poses)
    away = np.abs(half.xy - model.reconstruct(poses).xy)
    assert np.median(away) < 0.5
    assert (tmp_path / "half" / WEIGHTS).stat().st_size < 0.6 * (made.folder / WEIGHTS).stat().st_size


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"modle": {}}, "modle: unknown setting; did you mean 'model'"),
        ({"model": {"rvq": 65}}, "model.rvq: .*64, got 65"),
        ({"model": {"parts": "both"}}, "model.parts"),
        ({"model": 3}, "model: expected settings by name"),
        ({"seed": -1}, "seed: "),
    ],
)
def test_settings_that_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        prepare_tokenizer(values)


@pytest.mark.parametrize(
    ("name", "millions", "streams"),
    [("tokenizer", (0.8, 1.3), 22), ("tokenizer-real", (1.0, 1.6), 116), ("ase-tokenizer", (0.8, 1.4), None)],
)
def test_the_shipped_settings_are_valid(name, millions, streams):
    run = prepare_tokenizer(load_yaml(Path(__file__).parents[2] / "configs" / "signdw" / f"{name}.yaml"))
    model = MotionTokenizer(run.model)
    least, most = millions
    assert least < sum(tensor.numel() for tensor in model.parameters()) / 1e6 < most
    assert streams in (None, len(model.streams))


def test_trainings_that_are_refused(corpus, tmp_path):
    with pytest.raises(ConfigError, match=r"data\.sources"):
        train_tokenizer(prepare_tokenizer(), tmp_path, device="cpu")
    with pytest.raises(DataError, match="no such folder"):
        train_tokenizer(run_of(tmp_path / "none"), tmp_path, device="cpu")
    train_tokenizer(run_of(corpus), tmp_path / "run", device="cpu", stop_after=1)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train_tokenizer(run_of(corpus, seed=1), tmp_path / "run", device="cpu", stop_after=2)
    with pytest.raises(ConfigError, match="no number"):
        train_tokenizer(run_of(corpus, train={"rate": 1e30, "clip": 0}), tmp_path / "fast", device="cpu")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / CONFIG).unlink(), "no such file"),
        (lambda folder: (folder / WEIGHTS).unlink(), "no such file"),
        (lambda folder: (folder / CONFIG).write_text("a: ["), "not the settings"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"\0" * 64), "not a whole safetensors file"),
        (lambda folder: swap(folder, "dwpose-128", "openpose-137"), "layout is 'openpose-137'"),
        (lambda folder: swap(folder, "fps: 24.0", "fps: 25.0"), "fps is 25.0"),
        (lambda folder: swap(folder, "body_size: 64", "body_size: 65"), "weights of another model"),
        (lambda folder: swap(folder, "rvq: 2", "rvq: x"), "not the settings"),
        (lambda folder: poison(folder), "no numbers"),
    ],
)
def test_damaged_folders_are_refused(tmp_path, damage, words):
    save_tokenizer(MotionTokenizer(TokenizerSettings(width=8, code_width=2)), tmp_path)
    load_tokenizer(tmp_path)
    damage(tmp_path)
    with pytest.raises(CheckpointError, match=words) as caught:
        load_tokenizer(tmp_path)
    assert "\n" not in str(caught.value)


def swap(folder, old, new):
    path = folder / CONFIG
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def poison(folder):
    tensors, note = load_tensors(folder / WEIGHTS)
    tensors["coders.body.scale"] = torch.tensor(float("nan"))
    save_tensors(folder / WEIGHTS, tensors, note)


def test_settings_survive_the_folder(tmp_path):
    settings = TokenizerSettings(rvq=3, face_rvq=1, depth=True, width=8, code_width=2)
    save_tokenizer(MotionTokenizer(settings), tmp_path)
    assert dataclasses.asdict(load_tokenizer(tmp_path).settings) == dataclasses.asdict(settings)


def test_dev_clips_are_whole(corpus):
    assert [len(found) for found in clips_of(split_shards([corpus], "dev"))] == [
        len(to_parts(clip(n))) for n in (3, 5)
    ]

"""Training: it learns to read poses, goes on bit for bit, and refuses what does not fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from signgen.data.columnar import Columnar
from signgen.data.trained_on import hash_of, trained_on
from signgen.errors import CheckpointError, ConfigError, PoseError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.nn.log import read_log
from signgen.nn.optimizer import rate_at
from signgen.slt.card import load_weights
from signgen.slt.dev_scores import corpus_bleu, outputs
from signgen.slt.material import load_material, shuffled
from signgen.slt.schedules import Schedule
from signgen.slt.settings import DecodeSettings, TrainSettings, prepare
from signgen.slt.train import stage_steps, train
from signgen.slt.translate import load_translator


def settings_for(corpus, steps=60, **train_settings):
    return prepare(
        {
            "data": {"sources": {"real": str(corpus)}},
            "tokens": {"kind": "words"},
            "train": {
                "steps": steps,
                "validate_every": 30,
                "batch": 16,
                "warmup": 20,
                "rate": 2e-3,
                **train_settings,
            },
            "seed": 1,
        }
    )


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    lines = []
    result = train(settings_for(corpus, 60), folder, report=lines.append)
    return folder, result, lines


@pytest.fixture(scope="module")
def translator(trained):
    return load_translator(trained[0], "cpu")


@pytest.fixture(scope="module")
def test_clips(corpus):
    with Columnar(corpus / "test" / "0.col") as shard:
        return [shard.read(i) for i in range(len(shard))], [entry.info["text"] for entry in shard.clips]


def test_it_learns_to_read_poses(trained, translator, test_clips):
    poses, texts = test_clips
    log = read_log(trained[0] / "log.jsonl")
    assert log[-1]["loss"] < 0.7 * log[0]["loss"]
    read = [found.text for found in translator.translate(poses)]
    others = [found.text for found in translator.translate(poses[1:] + poses[:1])]
    assert corpus_bleu(read, texts, "13a")[0] > 80
    assert corpus_bleu(others, texts, "13a")[0] < 50
    assert len(trained[2]) == 2
    assert trained[2][0].startswith("update 30  loss ")


def test_glosses_likelihoods_and_features(translator, test_clips):
    poses, texts = test_clips
    found = translator.translate(poses[:8], DecodeSettings(beam=4), gloss_beam=5)
    assert all(item.log_probability <= 0 for item in found)
    own, other = (translator.log_likelihood(poses[:8], lines) for lines in (texts[:8], texts[1:9]))
    assert own[:, 1].tolist() == [5] * 8  # four words and the end
    assert (own[:, 0] >= other[:, 0]).all()
    np.testing.assert_allclose(own[0], translator.log_likelihood(poses[:1], texts[:1])[0], rtol=1e-4)
    matrix = translator.likelihood_matrix(poses[:8], texts[:8])
    np.testing.assert_allclose(matrix.diagonal(), own[:, 0] / own[:, 1], rtol=1e-3)
    assert translator.embed(poses[:8]).shape == (8, 96)
    assert translator.embed([]).shape == (0, 96)


def test_clips_at_another_rate_are_resampled(translator, test_clips):
    from signgen.pose.motion import resample

    poses, texts = test_clips
    found = [item.text for item in translator.translate([resample(clip, 50) for clip in poses])]
    assert corpus_bleu(found, texts, "13a")[0] > 70
    with pytest.raises(PoseError, match=r"too few for a model of 12\.5 fps"):
        translator.translate([poses[0].replace(fps=5)])
    with pytest.raises(ConfigError, match="2 for 1 clips"):
        translator.log_likelihood(poses[:1], texts[:2])


def test_card(trained, corpus):
    card = load_weights(trained[0] / "best")[1]
    assert (card.fps, card.layout, card.seed, card.training_clips) == (12.5, "dwpose-128", 1, 160)
    assert (card.extractors, card.spoken_languages, card.signed_languages) == (
        ("made up",),
        ("en",),
        ("xxx",),
    )
    assert card.dev["bleu"] == trained[1].score
    assert card.dev["signature"].startswith("nrefs:1|case:mixed")
    listed = trained_on(trained[0] / "best")
    assert hash_of("0-0") in listed.names
    assert len(listed.names) == 160
    with Columnar(corpus / "train" / "0.col") as shard:
        assert {hash_of(entry.info["text"]) for entry in shard.clips} == listed.texts


def weights(folder):
    return load_tensors(folder / "last.safetensors")[0]


OTHER = {"schedule": "plateau", "optimizer": "adam", "plateau": 0}


@pytest.mark.parametrize("options", [{}, OTHER], ids=["adamw", "adam"])
def test_a_stopped_training_goes_on_to_the_same_bit(small_corpus, tmp_path, options):
    settings = settings_for(small_corpus, 10, validate_every=4, warmup=2, **options)
    train(settings, tmp_path / "whole")
    for stop in (5, 9, None):
        train(settings, tmp_path / "parts", stop_after=stop)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    logs = [read_log(tmp_path / name / "log.jsonl") for name in ("whole", "parts")]
    assert [line["bleu"] for line in logs[0]] == [line["bleu"] for line in logs[1]]
    assert [line["total"] for line in logs[1]] == [4, 8, 10]


def test_other_settings_do_not_go_on(small_corpus, tmp_path):
    settings = settings_for(small_corpus, 2, validate_every=1)
    train(settings, tmp_path)
    with pytest.raises(ConfigError, match="holds a training with other settings"):
        train(replace(settings, seed=2), tmp_path)
    state = tmp_path / "last.safetensors"
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        train(settings, tmp_path)


def test_damaged_checkpoints_are_refused(trained, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(trained[0] / "best", folder)
    tensors, note = load_tensors(folder / "model.safetensors")
    for old, new, message in (
        ('"width": 96', '"width": 8192', "weights of another model"),
        ('"width": 96', '"width": 97', "its card has settings that cannot be used"),
        ('"tags": 0', '"tags": -1', "vocabularies of impossible size"),
        ("signgen-slt", "other", "not a translator that this version"),
        ("dwpose-128", "coco-133", "made for keypoints 'coco-133'"),
        ("{", "", "carries no card"),
    ):
        assert old in note
        save_tensors(folder / "model.safetensors", tensors, note.replace(old, new, 1))
        with pytest.raises(CheckpointError, match=message):
            load_translator(folder, "cpu")
    (folder / "text.txt").write_text("one\ntwo\n", encoding="utf-8")
    save_tensors(folder / "model.safetensors", tensors, note)
    with pytest.raises(CheckpointError, match="vocabularies of another training"):
        load_translator(folder, "cpu")
    with pytest.raises(CheckpointError, match="no such file"):
        load_translator(tmp_path / "none", "cpu")


def test_early_stop(small_corpus, tmp_path):
    # A rate of nearly nothing: the first look stays the best.
    settings = settings_for(small_corpus, 12, validate_every=1, patience=2, rate=1e-9)
    assert train(settings, tmp_path).steps == 3


def test_shuffled_poses_teach_no_reading(corpus):
    source = load_material(settings_for(corpus), Schedule("all")).sources["real"]
    mixed = shuffled(source, 5)
    assert mixed.clips.texts == source.clips.texts
    assert mixed.glosses == ((),) * 160
    assert all((mixed.clips.frames(i) != source.clips.frames(i)).any() for i in range(160))
    assert sorted(mixed.clips.frames(i).tobytes() for i in range(160)) == sorted(
        source.clips.frames(i).tobytes() for i in range(160)
    )


def test_gloss_free_and_half_precision(small_corpus, tmp_path):
    settings = settings_for(small_corpus, 3, gloss_weight=0, precision="bf16", validate_every=3)
    train(settings, tmp_path)
    loaded = load_translator(tmp_path, "cpu")
    assert loaded.model.gloss is None
    assert loaded.glosses is None


def test_outputs_do_not_depend_on_the_batch(translator, corpus):
    material = load_material(settings_for(corpus), Schedule("all"))
    one, many = (
        outputs(
            translator.model,
            material.dev,
            material.tokenizer,
            DecodeSettings(beam=3),
            size,
            torch.device("cpu"),
        )
        for size in (1, 16)
    )
    assert one.texts == many.texts
    np.testing.assert_allclose(one.log_likelihoods, many.log_likelihoods, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("shares", "steps", "expected"), [((1,), 10, [10]), ((0.6, 0.4), 10, [6, 4]), ((0.5, 0.5), 5, [2, 3])]
)
def test_stage_steps(shares, steps, expected):
    from signgen.slt.schedules import Stage

    schedule = Schedule("x", tuple(Stage(steps=share) for share in shares))
    assert stage_steps(schedule, steps) == expected


@pytest.mark.parametrize(("schedule", "expected"), [("cosine", 0.00777), ("plateau", 1.0), ("constant", 1.0)])
def test_rates(schedule, expected):
    settings = TrainSettings(rate=1.0, warmup=10, schedule=schedule)
    assert rate_at(settings, 4, 100) == 0.5
    assert rate_at(settings, 94, 99) == pytest.approx(expected, abs=1e-3)

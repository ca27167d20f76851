"""A trained translator as a judge: its card, its rate, and checkpoints that can be no judge."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from signgen.data.columnar import Columnar
from signgen.data.shard_files import shards_in
from signgen.data.strict_json import to_json
from signgen.data.trained_on import read_trained_on
from signgen.errors import CheckpointError, ConfigError
from signgen.judge.backtranslation import load_judge
from signgen.judge.card import check_stranger, disjointness, judge_card
from signgen.slt.schedules import schedule_named
from signgen.slt.settings import prepare
from signgen.slt.train import train


@pytest.fixture(scope="module")
def checkpoint(small_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge") / "toy"
    settings = prepare(
        {
            "data": {"sources": {"real": small_corpus}},
            "tokens": {"kind": "words"},
            "model": {"width": 16, "inner": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1},
            "train": {"steps": 2, "batch": 4, "validate_every": 2},
        }
    )
    train(settings, folder, schedule_named("all", {}), device="cpu", report=lambda line: None)
    return folder


@pytest.fixture(scope="module")
def clips(small_corpus):
    with Columnar(shards_in(small_corpus / "train")[0]) as shard:
        names = [entry.name for entry in shard.clips]
        return names, [shard.read(i) for i in range(4)], [str(entry.info["text"]) for entry in shard.clips]


def test_card_says_what_the_checkpoint_was_trained_on(checkpoint, clips):
    card = judge_card(checkpoint)
    facts = card.facts
    assert (card.name, facts.fps, facts.training_clips) == ("toy", 12.5, 20)
    assert (facts.architecture, facts.shape, facts.spoken_languages) == ("linear", "linear-1+1x16", ("en",))
    printed = card.printed()
    assert (printed["name"], printed["shape"], printed["seed"]) == ("toy", "linear-1+1x16", 0)
    # Settings name folders of whoever trained it.
    assert str(checkpoint.parent) not in to_json(printed)
    assert card.id == judge_card(checkpoint / "best").id
    names, _, texts = clips
    found = disjointness(card, names, texts, read_trained_on(checkpoint / "best" / "trained_on.json"))
    assert (found.clips, found.generator) == (20, min(20, len(set(texts))))
    with pytest.raises(ConfigError, match="was trained on 20 of the test's 20 clips"):
        check_stranger(found, card)
    assert not disjointness(card, ["another"] * 20, texts).is_contaminated


def test_judge_reads_poses_at_any_rate(checkpoint, clips):
    judge = load_judge(checkpoint, beam=2, device="cpu")
    _, poses, texts = clips
    assert len(judge.texts(poses)) == 4
    likelihood = judge.log_likelihood(poses, texts[:4])
    assert np.isfinite(likelihood.value)
    assert likelihood.value < 0
    assert "fps:12.5" in judge.signature
    assert "beam2" in judge.signature


def test_what_is_no_judge_is_refused(checkpoint, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint / "best", copy)
    (copy / "trained_on.json").unlink()
    with pytest.raises(CheckpointError, match="no list of training clips"):
        judge_card(copy)
    (copy / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_judge(copy)
    with pytest.raises(ConfigError, match="beam"):
        load_judge(checkpoint, beam=0)

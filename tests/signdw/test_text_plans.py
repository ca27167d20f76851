"""Sentences without poses: plans with times that their glosses had in clips, left out where they cannot be signed."""

import json

import pytest
from toy_signdw_corpus import make_corpus, make_tokenizer, run_of

from signgen.data.trained_on import hash_of, read_trained_on
from signgen.errors import ConfigError, DataError
from signgen.nn.log import read_log
from signgen.signdw.checkpoint.folder import load_checkpoint
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT
from signgen.signdw.training.material import load_material
from signgen.signdw.training.train import train_signdw

LINES = [
    {"text": "The mothers sleep.", "gloss": "MOTHERS SLEEP", "split": "train", "signed_language": "ase"},
    {"text": "The dogs and the cats eat.", "gloss": "DOGS CATS EAT", "split": "train"},
    {"text": "The wombats eat.", "gloss": "WOMBATS EAT", "split": "train"},
    {"text": "The cats never read.", "gloss": "CATS READ", "split": "test"},
]


@pytest.fixture
def made(tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return make_corpus(tmp_path / "corpus"), make_tokenizer(tmp_path / "motion"), texts


def test_plans_take_as_long_as_in_clips(made):
    corpus, tokenizer, texts = made
    material = load_material(run_of(corpus, tokenizer, data={"texts": [str(texts)]}))
    seen = {}
    for item in material.sources["toy"].items:
        for gloss, duration in zip(item.plan.glosses, item.plan.durations, strict=True):
            seen.setdefault(gloss, set()).add(duration)
    found = material.texts
    assert [item.clip for item in found.items] == [0, 1]
    assert found.left_out == {"glosses": 1}
    for item, names in zip(found.items, (["MOTHERS", "SLEEP"], ["DOGS", "CATS", "EAT"]), strict=True):
        assert item.plan.glosses == (LEAD_IN, *material.glosses.encode(names), LEAD_OUT)
        assert item.plan.steps == sum(item.plan.durations) == len(item.codes)
        for gloss, duration in zip(item.plan.glosses, item.plan.durations, strict=True):
            assert duration in seen[gloss]


def test_they_are_learned_from_and_listed(made, tmp_path):
    corpus, tokenizer, texts = made
    run = run_of(corpus, tokenizer, data={"texts": [str(texts)]})
    for stop in (2, None):
        train_signdw(run, tmp_path / "parts", device="cpu", stop_after=stop)
    train_signdw(run, tmp_path / "run", device="cpu")
    lines = [
        [line["dev"] for line in read_log(tmp_path / name / "metrics.jsonl")] for name in ("parts", "run")
    ]
    assert lines[0] == lines[1]
    train_signdw(run_of(corpus, tokenizer), tmp_path / "without", device="cpu")
    assert read_log(tmp_path / "without" / "metrics.jsonl")[-1]["dev"] != lines[1][-1]
    words = load_checkpoint(tmp_path / "run").words
    assert {"and", "mothers"} <= words
    assert "wombats" not in words
    known = read_trained_on(tmp_path / "run" / "best" / "trained_on.json").texts
    assert hash_of("The dogs and the cats eat.") in known
    assert hash_of("The cats never read.") not in known


def test_refusals(made):
    corpus, tokenizer, texts = made
    for changes in ({"train": {"plan_batch": 0}}, {"model": {"align": "none"}}):
        with pytest.raises(ConfigError, match=r"data\.texts: teach plans"):
            load_material(run_of(corpus, tokenizer, data={"texts": [str(texts)]}, **changes))
    for content, message in (("[1]\n", "line 1 is no JSON object"), ("{}\n", "no training sentence")):
        (texts / "manifest.jsonl").write_text(content)
        with pytest.raises(DataError, match=message):
            load_material(run_of(corpus, tokenizer, data={"texts": [str(texts)]}))

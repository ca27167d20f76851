"""Whole corpora: bytes that depend on the seed alone, stops, folders, and what others read of it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from signgen.corpus import make as module
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.make import make_corpus
from signgen.corpus.settings import prepare
from signgen.data.columnar import Columnar
from signgen.data.shard_files import shards_in
from signgen.data.stream import PoseStream
from signgen.dataset.corpora.base import corpora
from signgen.dataset.manifest import read_manifest
from signgen.errors import ConfigError, LexiconError

SMALL = {"sentences": 20, "shard": 6, "seed": 3}


def made(folder, **changes):
    workers, force = changes.pop("workers", 1), changes.pop("force", False)
    return make_corpus("english-small", folder, prepare({**SMALL, **changes}), workers=workers, force=force)


def bytes_of(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()
    }


def test_what_a_corpus_consists_of(small_corpus):
    assert [str(p.relative_to(small_corpus)) for p in sorted(small_corpus.rglob("*.*"))] == [
        "corpus.json", "dev/dev-00000.col", "manifest.jsonl", "test/test-00000.col",
        "train/train-00000.col", "train/train-00001.col", "train/train-00002.col",
    ]  # fmt: skip
    clips = list(PoseStream(shards_in(small_corpus / "train"), shuffle=False))
    assert len(clips) == 16
    assert clips[0].info.keys() == {
        "text", "gloss", "timeline", "signer", "spoken_language", "signed_language", "document", "extractor", "seed",
        "style", "licence",
    }  # fmt: skip
    assert clips[0].info["spoken_language"], clips[0].info["signed_language"] == ("en", "ase")
    assert all(clip.keypoints.shape[1:] == (128, 3) and 15 < len(clip.keypoints) < 400 for clip in clips)
    assert len({clip.info["signer"] for clip in clips}) > 5


def test_each_gloss_has_its_frames(small_corpus):
    for clip in PoseStream(shards_in(small_corpus / "train"), shuffle=False):
        spans = clip.info["timeline"]
        assert [gloss for gloss, _, _ in spans] == [g for g in clip.info["gloss"].split() if g != ","]
        assert all(0 <= start < end <= len(clip.keypoints) for _, start, end in spans)
        assert all(end <= start for (_, _, end), (_, start, _) in itertools.pairwise(spans))


def test_the_report_counts_what_is_there(small_corpus):
    report = json.loads((small_corpus / "corpus.json").read_text(encoding="utf-8"))
    for split in ("train", "dev", "test"):
        clips = list(PoseStream(shards_in(small_corpus / split), shuffle=False))
        counts = report["splits"][split]
        assert counts["sentences"] == len(clips)
        assert counts["frames"] == sum(len(clip.keypoints) for clip in clips)
        assert counts["different_glosses"] == len({g for clip in clips for g in clip.info["gloss"].split()})
        assert counts["different_texts"] <= len({clip.info["text"] for clip in clips})
    assert report["grammar"]["sha256"] == read_grammar("english-small").sha256
    assert report["overlap"]["test"]["same_in_train"] == 0
    assert "not checked by Deaf signers" in report["about"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(tmp_path):
    for workers in (1, 2):
        made(tmp_path / str(workers), workers=workers, sentences=8, shard=2)
    assert bytes_of(tmp_path / "2") == bytes_of(tmp_path / "1")


def test_the_same_seed_gives_the_same_bytes(small_corpus, tmp_path):
    made(tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(small_corpus)


def test_another_seed_gives_other_sentences_and_other_poses(small_corpus, tmp_path):
    made(tmp_path / "other", sentences=10, seed=4)
    with (
        Columnar(tmp_path / "other/train/train-00000.col") as a,
        Columnar(small_corpus / "train/train-00000.col") as b,
    ):
        assert [c.info["text"] for c in a.clips] != [c.info["text"] for c in b.clips][: len(a)]


def test_both_presets_sign_the_same_sentences(small_corpus, tmp_path):
    made(tmp_path / "clean", preset="dictionary")
    with (
        Columnar(tmp_path / "clean/dev/dev-00000.col") as a,
        Columnar(small_corpus / "dev/dev-00000.col") as b,
    ):
        assert [c.info["gloss"] for c in a.clips] == [c.info["gloss"] for c in b.clips]
        assert [c.info["style"] for c in a.clips] != [c.info["style"] for c in b.clips]
        assert not np.array_equal(a.read_keypoints(0)[:5], b.read_keypoints(0)[:5])


def test_a_stopped_run_goes_on_and_ends_the_same(small_corpus, tmp_path, monkeypatch):
    calls = []
    sign = module.ShardMaker.__call__

    def stop(self, task, folder):
        calls.append(task)
        if len(calls) == 3:
            raise KeyboardInterrupt
        sign(self, task, folder)

    monkeypatch.setattr(module.ShardMaker, "__call__", stop)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "on")
    left = sorted(p.name for p in (tmp_path / "on").rglob("*") if p.is_file())
    assert left == ["train-00000.col", "train-00001.col", "unfinished.json"]
    with pytest.raises(ConfigError, match="holds a corpus already"):
        made(tmp_path / "on", seed=8)
    for killed in (".manifest.x1.jsonl", "train/.train-00002.x2.col"):
        (tmp_path / "on" / killed).write_bytes(b"half")
    assert len(shards_in(tmp_path / "on/train")) == 2
    damaged = tmp_path / "on/train/train-00001.col"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    monkeypatch.undo()
    assert made(tmp_path / "on").kept == 1
    assert bytes_of(tmp_path / "on") == bytes_of(small_corpus)


def test_a_finished_corpus_is_replaced_by_force_alone(tmp_path):
    settings = {"sentences": 4, "dev": 0.25, "test": 0.25, "poses": False}
    made(tmp_path / "c", **settings)
    with pytest.raises(ConfigError, match=r"holds a corpus already \(corpus.json\); give another"):
        made(tmp_path / "c", **settings)
    (tmp_path / "c/notes.txt").write_text("mine")
    made(tmp_path / "c", force=True, **settings)
    assert (tmp_path / "c/notes.txt").read_text() == "mine"


def test_nothing_is_written_for_a_grammar_that_cannot_be_signed(tmp_path):
    grammar = tmp_path / "g.yaml"
    grammar.write_text(
        "spoken_language: en\nsigned_language: ase\nlexicon: ase\nstart: s\nrules:\n  s: [a = NOSUCHSIGN]\n"
    )
    with pytest.raises(LexiconError, match=r"g.yaml: lexicon ase lacks 1 glosses: NOSUCHSIGN \(line 6\)"):
        make_corpus(grammar, tmp_path / "c", prepare({"dev": 0, "test": 0}))
    with pytest.raises(ConfigError, match="lexicon ase has no 'gsg'"):
        make_corpus("german-weather", tmp_path / "c", prepare({"lexicon": "ase"}))
    with pytest.raises(ConfigError, match="names no lexicon"):
        make_corpus("german-weather", tmp_path / "c", prepare({}))
    assert not (tmp_path / "c").exists()


def test_texts_and_glosses_alone(tmp_path):
    folder = tmp_path / "texts"
    make_corpus("german-weather", folder, prepare({"sentences": 100, "poses": False}))
    samples = list(read_manifest(folder / "manifest.jsonl"))
    assert [sum(s.split == split for s in samples) for split in ("train", "dev", "test")] == [80, 10, 10]
    assert all(s.text.islower() and s.gloss.isupper() and s.signed_language == "gsg" for s in samples)
    assert sorted(p.name for p in folder.iterdir()) == ["corpus.json", "manifest.jsonl"]


def test_data_sets_read_the_shards(small_corpus, tmp_path):
    samples = list(corpora.build({"name": "columnar"})(small_corpus, tmp_path / "unpacked"))
    listed = list(read_manifest(small_corpus / "manifest.jsonl"))
    assert [(s.video_id, s.text, s.gloss, s.signer, s.split) for s in samples] == [
        (s.video_id, s.text, s.gloss, s.signer, s.split) for s in listed
    ]
    assert all(sample.poses.is_file() for sample in samples)

"""From the layout of a corpus to a finished data set, with pictures for videos and captions for texts."""

from __future__ import annotations

import json

import pytest
from corpus import SETTINGS, moving_dot
from PIL import Image

from signgen.data.npz import read_npz
from signgen.data.poses import read_pose
from signgen.dataset.build import build_dataset
from signgen.dataset.corpora.base import corpora
from signgen.dataset.manifest import write_manifest

LIST = "name|video|start|end|speaker|orth|translation\na-1|a-1/1/*.png|-1|-1|Signer01|REGEN|regen .\n"


@pytest.fixture
def phoenix(tmp_path):
    base = tmp_path / "PHOENIX-2014-T"
    table = base / "annotations" / "manual" / "PHOENIX-2014-T.dev.corpus.csv"
    folder = base / "features" / "fullFrame-210x260px" / "dev" / "a-1"
    table.parent.mkdir(parents=True)
    folder.mkdir(parents=True)
    table.write_text(LIST, encoding="utf-8")
    for number, frame in enumerate(moving_dot(14, width=128, height=96)):
        Image.fromarray(frame).save(folder / f"images{number:04d}.png")
    return base


def made(name, root, tmp_path):
    found = corpora.build({"name": name})(root, tmp_path / "unpacked")
    write_manifest(found, tmp_path / "MANIFEST.jsonl")
    return build_dataset(tmp_path / "MANIFEST.jsonl", tmp_path / "out", SETTINGS, workers=0).folder


def test_pictures_of_phoenix(phoenix, tmp_path):
    video = made("phoenix14t", phoenix, tmp_path) / "videos" / "a-1"
    poses = read_pose(video / "poses.npz")
    assert (len(poses), poses.fps, poses.width, poses.height) == (14, 25.0, 128, 96)
    caption = json.loads((video / "caption.json").read_text(encoding="utf-8"))
    assert (caption["document_text"], caption["caption_language"], caption["english_source"]) == (
        "regen .",
        "de",
        "none",
    )
    assert (video / "a-1.complete").is_file()


def test_what_we_build_is_a_corpus_again(whole, tmp_path):
    shards = corpora.build({"name": "signverse"})(whole.folder / "shards", tmp_path / "unpacked")
    texts = {
        sample.video_id: json.loads(sample.captions.read_text(encoding="utf-8"))["document_text"]
        for sample in shards
    }
    assert texts == {f"v{n}": f"sentence {n}" for n in range(5)}
    assert {path.name for path in (tmp_path / "unpacked").iterdir()} == set(texts)


def test_unpacked_poses_keep_depth(tmp_path, shared_data):
    (first, *_) = corpora.build({"name": "progressive"})(shared_data / "pt150", tmp_path)
    poses = read_npz(first.poses)
    assert len(poses) == 86
    assert poses.depth is not None

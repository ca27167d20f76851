"""From clips and videos on disk to lines of text, as a user does it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import toy_parts  # noqa: F401  (registers the extractor "spots")
from toy_signing import make_clips

from signgen.cli.main import main
from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.data.poses import write_poses
from signgen.data.video import write_video
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.slt.settings import DecodeSettings, prepare
from signgen.slt.train import train
from signgen.slt.translate import SignTranslator, load_translator
from signgen.workflow.translate import How, translate_files

SMALL = {"width": 16, "inner": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}


def trained(corpus: Path, folder: Path, **settings) -> Path:
    values = {
        "data": {"sources": {"real": str(corpus)}},
        "tokens": {"kind": "words"},
        "model": SMALL,
        "train": {"steps": 2, "batch": 4, "validate_every": 2},
        **settings,
    }
    train(prepare(values), folder, device="cpu")
    return folder


@pytest.fixture(scope="module")
def checkpoint(small_corpus, tmp_path_factory):
    return trained(small_corpus, tmp_path_factory.mktemp("run") / "toy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pose files, one of them of a signer without shoulders."""
    found = tmp_path_factory.mktemp("poses")
    for number, clip in enumerate(make_clips(3, 5)):
        poses = clip.poses
        if number == 1:
            keypoints = poses.keypoints.copy()
            keypoints[:, 2] = 0
            poses = poses.replace(keypoints=keypoints)
        write_poses(poses, found / f"clip-{number}.npz")
    return found


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_shards_are_translated_as_the_translator_says(checkpoint, small_corpus, tmp_path):
    rows = translate_files(small_corpus / "test", str(checkpoint), tmp_path / "o.jsonl", How(beam=2))
    with Columnar(small_corpus / "test" / "0.col") as shard:
        poses = [shard.read(i) for i in range(len(shard))]
        texts = [entry.info["text"] for entry in shard.clips]
    expected = load_translator(checkpoint, "cpu").translate(poses, DecodeSettings(beam=2), 2)
    assert [row["text"] for row in rows] == [found.text for found in expected]
    assert [row["reference"] for row in rows] == texts
    assert lines(tmp_path / "o.jsonl") == rows
    assert not list(tmp_path.glob(".*"))


def test_command_prints_a_table_and_writes_texts(checkpoint, folder, tmp_path, capsys):
    asked = ["translate", str(folder), "--judge", str(checkpoint), "--n-best", "2"]
    assert main([*asked, "--glosses"]) == 3
    said = capsys.readouterr()
    assert "clip-0" in said.out
    assert "glosses" in said.out
    assert said.out.count("\n") >= 1 + 2 + 1 + 2
    assert "clip-1: " in said.err
    assert "shoulders" in said.err
    assert main([*asked, "-o", str(tmp_path / "o.txt")]) == 3
    texts = (tmp_path / "o.txt").read_text().split("\n")
    assert (len(texts), texts[1]) == (4, "")
    assert main([*asked, "-o", str(tmp_path / "o.txt")]) == 2
    assert "exists already" in capsys.readouterr().err


def test_best_of_several_comes_first(checkpoint, folder):
    row = translate_files(folder / "clip-0.npz", str(checkpoint), None, How(beam=4, n_best=3))[0]
    assert row["n_best"][0]["text"] == row["text"]
    assert len({text["text"] for text in row["n_best"]}) == len(row["n_best"]) == 3


def test_a_stopped_run_goes_on_to_the_same_bytes(checkpoint, small_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("signgen.workflow.translate._TOGETHER", 2)
    translate_files(small_corpus / "test", str(checkpoint), tmp_path / "whole.jsonl")
    calls = []
    original = SignTranslator.translate_frames

    def stops(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, *arguments)

    monkeypatch.setattr(SignTranslator, "translate_frames", stops)
    with pytest.raises(KeyboardInterrupt):
        translate_files(small_corpus / "test", str(checkpoint), tmp_path / "o.jsonl")
    assert not (tmp_path / "o.jsonl").exists()
    translate_files(small_corpus / "test", str(checkpoint), tmp_path / "o.jsonl")
    assert len(calls) == 3, "of two batches one was kept"
    assert (tmp_path / "o.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_poses_are_found_in_videos_first(checkpoint, tmp_path):
    frames = np.zeros((30, 64, 64, 3), np.uint8)
    frames[:, 20:40, 20:40] = 255
    write_video(frames, tmp_path / "clip.mp4", 25)
    how = How(extraction={"extractor": {"name": "spots"}})
    row = translate_files(tmp_path / "clip.mp4", str(checkpoint), None, how)[0]
    assert row["name"] == "clip"
    assert "text" in row


def test_a_translator_of_videos_reads_them(tmp_path):
    for split, seed in (("train", 1), ("dev", 2)):
        (tmp_path / split).mkdir()
        clips = [Clip(c.name, c.poses, {**c.info, "video": f"{c.name}.mp4"}) for c in make_clips(2, seed)]
        for clip in clips:
            write_video(np.full((18, 48, 48, 3), seed * 60, np.uint8), tmp_path / f"{clip.name}.mp4", 25)
        write_columnar(clips, tmp_path / split / "0.col")
    data = {"sources": {"real": str(tmp_path)}, "videos": str(tmp_path)}
    model = {"preset": "video", "image_size": 32, **SMALL}
    judge = trained(tmp_path, tmp_path / "run", data=data, model=model)
    rows = translate_files(tmp_path / "1-0.mp4", str(judge))
    assert "error" not in rows[0]
    rows = translate_files(tmp_path / "dev", str(judge))
    assert all("the translator reads videos" in row["error"] for row in rows)


@pytest.mark.parametrize(
    ("source", "judge", "output", "error", "message"),
    [
        ("clip-0.npz", "nobody", None, CheckpointError, "no such folder"),
        ("nothing.npz", "", None, DataError, r"nothing\.npz"),
        ("clip-0.npz", "", "o.csv", ConfigError, r"ends in \.jsonl or \.txt"),
    ],
)
def test_refusals(checkpoint, folder, tmp_path, source, judge, output, error, message):
    target = None if output is None else tmp_path / output
    with pytest.raises(error, match=message):
        translate_files(folder / source, judge or str(checkpoint), target)
    assert not list(tmp_path.iterdir())


def test_a_wrong_setting_of_the_extractor_is_refused_without_videos(checkpoint, folder):
    with pytest.raises(ConfigError, match="extractor"):
        translate_files(folder, str(checkpoint), None, How(extraction={"extractor": {"name": "nobody"}}))


def test_of_several_the_best_translates(checkpoint, small_corpus, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(checkpoint / "best", tmp_path / "pack" / name)
    rows = translate_files(small_corpus / "test", str(tmp_path / "pack"))
    assert rows == translate_files(small_corpus / "test", str(checkpoint))

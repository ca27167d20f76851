"""Texts of a test set by the names of its clips: what is read, what is refused, and that eval takes what is made."""

from __future__ import annotations

import json

import numpy as np
import pytest

from signgen.data.columnar_write import Clip, write_columnar
from signgen.errors import ConfigError, DataError
from signgen.pose.sequence import PoseSequence
from signgen.workflow.batch_lines import generate_lines
from signgen.workflow.clip_texts import read_texts
from signgen.workflow.evaluation_inputs import read_clips

POSES = PoseSequence(np.ones((2, 128, 3), np.float32), 24, 100, 100)


def listed(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "rows",
    [
        [{"name": "ä-1", "text": " Grüß  Gott. "}, {"name": "b", "text": "Hi."}],
        [{"video_id": "ä-1", "text": "Grüß Gott."}, {"id": "b", "text": "Hi."}],
    ],
)
def test_names_and_texts_of_a_list(tmp_path, rows):
    assert read_texts(listed(tmp_path / "a.jsonl", *rows)) == [("ä-1", "Grüß Gott."), ("b", "Hi.")]
    listed(tmp_path / "index.jsonl", *rows)
    assert len(read_texts(tmp_path)) == 2


def test_names_and_texts_of_shards(tmp_path):
    clips = [Clip(name, POSES, {"text": name.upper()}) for name in ("one", "two")]
    write_columnar(clips[:1], tmp_path / "a.col")
    write_columnar(clips[1:], tmp_path / "b.col")
    assert read_texts(tmp_path) == [("one", "ONE"), ("two", "TWO")]
    assert read_texts(tmp_path / "b.col") == [("two", "TWO")]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"name": "../a", "text": "Hi."}, "cannot name a file"),
        ({"name": "a\\b", "text": "Hi."}, "cannot name a file"),
        ({"name": ".a", "text": "Hi."}, "cannot name a file"),
        ({"name": "a" * 201, "text": "Hi."}, "cannot name a file"),
        ({"text": "Hi."}, "cannot name a file"),
        ({"name": "a"}, "has no text"),
        ({"name": "a", "text": 3}, "has no text"),
        ({"name": "b", "text": "Hi."}, "twice"),
    ],
)
def test_refused_lists(tmp_path, row, complaint):
    with pytest.raises(DataError, match=complaint):
        read_texts(listed(tmp_path / "a.jsonl", {"name": "b", "text": "Ho."}, row))


@pytest.mark.parametrize(
    ("name", "complaint"), [("none", "no such"), ("", "no clips with texts"), ("a.txt", "no clips with")]
)
def test_refused_places(tmp_path, name, complaint):
    (tmp_path / "a.txt").write_text("Hi.\n")
    with pytest.raises(DataError, match=complaint):
        read_texts(tmp_path / name)


def test_a_folder_of_poses_bears_the_names_and_goes_on(toy, tmp_path):
    lines = [("clip.1", "one"), ("clip.2", "two")]
    made = generate_lines(lines, tmp_path / "made", toy, kind="poses")
    assert [(line.file, line.status) for line in made] == [("clip.1.npz", "done"), ("clip.2.npz", "done")]
    found = read_clips(tmp_path / "made")
    assert [(name, clip.info["text"]) for name, clip in found.items()] == lines
    (tmp_path / "made" / "clip.2.npz").unlink()
    again = generate_lines(lines, tmp_path / "made", toy, kind="poses")
    assert [line.status for line in again] == ["kept", "done"]
    with pytest.raises(ConfigError, match="pass --force"):
        generate_lines([("clip.1", "other")], tmp_path / "made", toy, kind="poses")


def test_what_was_not_made_is_named_with_its_reason(toy, tmp_path):
    generate_lines([("a", "xx"), ("b", "one")], tmp_path / "made", toy, kind="poses")
    with pytest.raises(DataError, match=r"line 1: was not made \(text 'xx': no part of it can be signed"):
        read_clips(tmp_path / "made")

"""Whole jobs on real recordings: the installed alphabets, and real pose files where they are at hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

import signgen
from signgen.errors import DataError

SMALL = {"lexicon": "fingerspelling:ase", "width": 64, "height": 64, "fps": 12}


@pytest.fixture(autouse=True)
def _needs_lexicons() -> None:
    pytest.importorskip("spoken_to_signed")


def test_every_word_and_frame_is_accounted_for(tmp_path):
    result = signgen.generate("Hi, Bo!", tmp_path / "a.mp4", {"source": SMALL})
    assert [(token.text, token.outcome) for token in result.coverage] == [
        ("Hi", "spelled"), (",", "mark"), ("Bo", "spelled"), ("!", "mark"),
    ]  # fmt: skip
    record = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    origins = record["account"]["origins"]
    assert origins[0]["start"] == 0
    assert [a["end"] for a in origins[:-1]] == [b["start"] for b in origins[1:]]
    assert origins[-1]["end"] == result.frames == signgen.read_video(tmp_path / "a.mp4").num_frames
    assert len(record["sources"]) == 4
    assert all(row["licence"] for row in record["sources"])
    assert [cue["text"] for cue in record["account"]["tiers"]["gloss"]] == ["H", "I", "B", "O"]


@pytest.mark.parametrize("changes", [{}, {"handed": "left", "speed": 1.3}, {"variants": "random", "fps": 25}])
def test_rerun_gives_the_same_bytes(tmp_path, changes):
    signgen.generate("Hi Bo", tmp_path / "a.mp4", {"source": {**SMALL, **changes}, "seed": 3})
    again = signgen.rerun(tmp_path / "a.json", tmp_path / "b.mp4")
    assert (again.same_poses, again.same_frames) == (True, True)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (tmp_path / "a.vtt").read_bytes() == (tmp_path / "b.vtt").read_bytes()


@pytest.mark.parametrize("oov", ["skip", "fail"])
def test_what_the_lexicon_lacks(tmp_path, oov):
    with pytest.raises(signgen.SignGenError) as error:
        signgen.generate("日本語", tmp_path / "a.mp4", {"source": {**SMALL, "oov": oov}})
    assert error.value.exit_code == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["👋🏽", "日本語", "שלום"])
def test_text_without_letters_of_the_alphabet(tmp_path, text):
    with pytest.raises(signgen.SignGenError) as error:
        signgen.generate(text, tmp_path / "a.mp4", {"source": SMALL})
    assert error.value.exit_code == 4
    assert len(str(error.value).splitlines()) == 1


def test_emoji_beside_words_is_reported_missing(tmp_path):
    result = signgen.generate("Hi 👋🏽", tmp_path / "a.mp4", {"source": SMALL})
    assert result.missing == ("👋🏽",)


def test_faster_means_shorter(tmp_path):
    lengths = [
        signgen.generate_poses(
            "Hello Bo", tmp_path / f"{speed}.npz", {"source": {**SMALL, "speed": speed}}
        ).frames
        for speed in (0.5, 1.0, 2.0)
    ]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] / lengths[2] == pytest.approx(4, rel=0.35)


@pytest.mark.parametrize(
    ("name", "frames", "fps"),
    [
        ("pose/colin-SAD.pose", 76, 30.047),
        ("pose/openpose.pose", 93, 24),
        ("pose/mediapipe.pose", 170, 24),
        ("pose/phoenix_test17_holistic.pose", 86, 25),
    ],
)
def test_real_pose_files_are_drawn(shared_data, tmp_path, name, frames, fps):
    config = {"renderer": {"size": 64}, "crf": 40}
    result = signgen.render_video(shared_data / name, tmp_path / "a.mp4", config)
    video = signgen.read_video(tmp_path / "a.mp4")
    assert (result.frames, video.num_frames) == (frames, frames)
    assert video.fps == pytest.approx(fps, abs=1e-3)
    assert np.mean([frame.max() for frame in video.frames()]) > 100


def test_folder_of_frames_needs_a_rate_and_a_canvas(shared_data, tmp_path):
    folder = shared_data / "dwpose_signer" / "npz"
    with pytest.raises(DataError, match="no frame rate"):
        signgen.render_video(folder, tmp_path / "a.mp4")
    config = {"renderer": {"size": 64}, "crf": 40}
    made = signgen.render_video(folder, tmp_path / "a.mp4", config, fps=24, width=1280, height=720)
    assert made.frames == 135
    assert signgen.rerun(tmp_path / "a.json").is_identical

"""The commands that make something: outputs, flags, coverage, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from signgen.data.poses import read_pose
from signgen.data.video import read_video


def test_generate_writes_video_captions_and_sidecar(signgen, toy_flags, tmp_path):
    ran = signgen("generate", "good morning", "-o", "a.mp4", *toy_flags)
    assert (ran.code, ran.out.splitlines()) == (0, ["a.mp4", "a.vtt", "a.json"])
    assert ran.lines == ["signgen: 2 words: 2 signed, 0 spelled, 0 missing; word-by-word"]
    video = read_video(tmp_path / "a.mp4")
    assert (video.num_frames, video.fps, video.width, video.height) == (12, 12, 64, 64)
    assert "good morning" in (tmp_path / "a.vtt").read_text()
    record = json.loads((tmp_path / "a.json").read_text())
    assert (record["command"], record["text"], record["seed"]) == ("generate", "good morning", 0)
    assert record["config"]["source"] == {
        "name": "toy", "lexicon": "toy", "signed_language": "", "spoken_language": "", "oov": "fingerspell",
        "speed": 1.0, "transition_scale": 1.0, "handed": "right", "fps": 12.0, "width": 64, "height": 64,
    }  # fmt: skip
    assert [file["name"] for file in record["outputs"]] == ["a.mp4", "a.vtt"]
    assert record["sources"] == [{"entry": "toy/all", "frames": 12, "licence": "CC0"}]
    assert record["licences"] == ["CC0"]


@pytest.mark.parametrize(
    ("flags", "path", "value"),
    [
        (["--lexicon", "other"], "source.lexicon", "other"),
        (["--signed-language", "bfi"], "source.signed_language", "bfi"),
        (["--spoken-language", "de"], "source.spoken_language", "de"),
        (["--oov", "skip"], "source.oov", "skip"),
        (["--speed", "2"], "source.speed", 2.0),
        (["--transition-scale", "0.5"], "source.transition_scale", 0.5),
        (["--handed", "left"], "source.handed", "left"),
        (["--size", "32"], "source.height", 32),
        (["--size", "32"], "source.width", 32),
        (["--fps", "10"], "source.fps", 10.0),
        (["--style", "controlnet"], "renderer.style", "controlnet"),
        (["--seed", "7"], "seed", 7),
        (["--no-captions"], "captions", False),
        (["--eaf"], "eaf", True),
        (["--set", "crf=40", "--set", "source.speed=3"], "crf", 40),
        (["--speed", "2", "--set", "source.speed=3"], "source.speed", 3.0),
    ],
)
def test_flags_become_settings(signgen, toy_flags, tmp_path, flags, path, value):
    assert signgen("generate", "word", "-o", "a.mp4", *toy_flags, *flags).code == 0
    found = json.loads((tmp_path / "a.json").read_text())["config"]
    for key in path.split("."):
        found = found[key]
    assert found == value


def test_eaf_and_no_captions(signgen, toy_flags, tmp_path):
    ran = signgen("generate", "word", "-o", "a.mp4", "--eaf", "--no-captions", *toy_flags)
    assert ran.out.splitlines() == ["a.mp4", "a.eaf", "a.json"]
    assert not (tmp_path / "a.vtt").exists()


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("one", 0, "1 word: 1 signed, 0 spelled, 0 missing; word-by-word"),
        ("one fine xylophone", 3, "3 words: 1 signed, 1 spelled (fine), 1 missing (xylophone); word-by-word"),
    ],
)
def test_coverage_is_always_reported(signgen, toy_flags, text, code, line):
    ran = signgen("pose", text, "-o", "a.npz", "--quiet", *toy_flags)
    assert (ran.code, ran.lines) == (code, [f"signgen: {line}"])


def test_verbose_says_what_became_of_each_word(signgen, toy_flags):
    ran = signgen("pose", "one fine x", "-o", "a.npz", "-v", *toy_flags)
    assert ran.lines[1:] == [
        "signgen:   one: signed ONE",
        "signgen:   fine: spelled FINE",
        "signgen:   x: missing",
    ]


def test_text_comes_from_argument_file_or_standard_input(signgen, toy_flags, tmp_path):
    (tmp_path / "text.txt").write_text("\ufeffgood morning", encoding="utf-8")
    for name, arguments in [("a", ["good morning"]), ("b", ["--text-file", "text.txt"]), ("c", ["-"])]:
        assert signgen("pose", *arguments, "-o", f"{name}.npz", *toy_flags, stdin=b"good morning").code == 0
    assert len({(tmp_path / f"{name}.npz").read_bytes() for name in "abc"}) == 1


def test_pose_writes_each_format_and_keeps_clear_of_a_video_of_that_name(signgen, toy_flags, tmp_path):
    assert signgen("generate", "word", "-o", "a.mp4", *toy_flags).code == 0
    for suffix in ("npz", "pose", "json"):
        ran = signgen("pose", "word", "-o", f"b.{suffix}", *toy_flags)
        assert (ran.code, ran.out.splitlines()) == (0, [f"b.{suffix}", f"b.{suffix}.json"])
    original = read_pose(tmp_path / "b.npz").keypoints
    for suffix, tolerance in (("pose", 1e-3), ("json", 1e-2)):
        np.testing.assert_allclose(
            read_pose(tmp_path / f"b.{suffix}").keypoints[:, :18], original[:, :18], atol=tolerance
        )
    assert signgen("pose", "word", "-o", "a.npz", *toy_flags).code == 0


def test_render(signgen, toy_flags, tmp_path):
    signgen("pose", "two words", "-o", "a.npz", *toy_flags)
    ran = signgen("render", "a.npz", "-o", "b.mp4", *toy_flags)
    assert (ran.code, ran.out.splitlines()) == (0, ["b.mp4", "b.json"])
    assert read_video(tmp_path / "b.mp4").num_frames == 12
    assert "source" not in json.loads((tmp_path / "b.json").read_text())["config"]


def test_existing_output_is_kept_without_force(signgen, toy_flags, tmp_path):
    assert signgen("generate", "word", "-o", "a.mp4", *toy_flags).code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ran = signgen("generate", "other text", "-o", "a.mp4", *toy_flags)
    assert (ran.code, ran.error) == (2, "a.mp4: exists already; pass --force to replace it")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert signgen("generate", "other text", "-o", "a.mp4", "--force", *toy_flags).code == 0
    assert read_video(tmp_path / "a.mp4").num_frames == 12


def test_lines_make_numbered_videos_and_an_index(signgen, toy_flags, tmp_path):
    text = b"first line\n\nxx\nx and y\n"
    ran = signgen("generate", "-", "-o", "out", *toy_flags, stdin=text)
    assert (ran.code, ran.out) == (3, "out/index.jsonl\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "0001.json", "0001.mp4", "0001.vtt", "0004.json", "0004.mp4", "0004.vtt", "index.jsonl",
    ]  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [(row["name"], row["status"], row["missing"]) for row in rows] == [
        ("0001", "done", []), ("0003", "failed", []), ("0004", "done", ["x"]),
    ]  # fmt: skip
    assert "no part of it can be signed" in rows[1]["error"]
    assert ran.lines[-1] == "signgen: 3 texts: 2 done, 0 kept, 1 failed, 1 with missing words"


def test_lines_go_on_where_a_run_stopped(signgen, toy_flags, tmp_path):
    text = b"one\ntwo\nthree\n"
    assert signgen("generate", "-", "-o", "out", *toy_flags, stdin=text).code == 0
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.mp4")}
    (tmp_path / "out" / "0002.json").unlink()
    (tmp_path / "out" / "0003.mp4").write_bytes(b"cut")
    ran = signgen("generate", "-", "-o", "out", *toy_flags, stdin=text)
    assert ran.code == 0
    assert ran.lines[-1] == "signgen: 3 texts: 2 done, 1 kept, 0 failed, 0 with missing words"
    changed = [path.name for path, stamp in sorted(stamps.items()) if path.stat().st_mtime_ns != stamp]
    assert changed == ["0002.mp4", "0003.mp4"]
    ran = signgen("generate", "-", "-o", "out", *toy_flags, "--seed", "1", stdin=text)
    assert ran.code == 2
    assert "other settings; pass --force" in ran.error
    assert signgen("generate", "-", "-o", "out", *toy_flags, "--seed", "1", "--force", stdin=text).code == 0


def test_captions(signgen, toy_flags, tmp_path):
    (tmp_path / "film.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\ngood morning\n\n2\n00:00:05,000 --> 00:00:06,000\nxx\n"
    )
    ran = signgen("captions", "film.srt", "-o", "track.mp4", *toy_flags)
    assert (ran.code, ran.out.splitlines()) == (3, ["track.mp4", "track.vtt", "track.json"])
    assert ran.lines[0] == "signgen: 3 words: 2 signed, 0 spelled, 1 missing (xx); word-by-word"
    assert "cue at 5.00 s has nothing that can be signed: xx" in ran.err
    assert read_video(tmp_path / "track.mp4").num_frames == 72
    assert "00:00:01.000 --> 00:00:02.000" in (tmp_path / "track.vtt").read_text()


@pytest.mark.parametrize("command", ["generate", "pose", "render", "captions"])
def test_rerun_is_identical(signgen, toy_flags, tmp_path, command):
    (tmp_path / "film.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\ngood morning\n")
    signgen("pose", "word", "-o", "in.npz", *toy_flags)
    what = {"generate": "good morning", "pose": "good morning", "render": "in.npz", "captions": "film.srt"}[
        command
    ]
    name = "a.npz" if command == "pose" else "a.mp4"
    seed = [] if command == "render" else ["--seed", "5"]
    assert signgen(command, what, "-o", name, *toy_flags, *seed).code == 0
    sidecar = "a.npz.json" if command == "pose" else "a.json"
    frames = "not on record" if command == "pose" else "identical"
    ran = signgen("rerun", sidecar)
    assert (ran.code, ran.lines, ran.out) == (0, [f"signgen: poses: identical; frames: {frames}"], "")
    copy = name.replace("a", "copy", 1)
    assert signgen("rerun", sidecar, "-o", copy).code == 0
    assert (tmp_path / copy).read_bytes() == (tmp_path / name).read_bytes()


def test_rerun_notices_a_difference(signgen, toy_flags, tmp_path):
    signgen("generate", "word", "-o", "a.mp4", *toy_flags)
    record = json.loads((tmp_path / "a.json").read_text())
    record["config"]["seed"] = 1
    (tmp_path / "a.json").write_text(json.dumps(record))
    ran = signgen("rerun", "a.json")
    assert (ran.code, ran.lines) == (7, ["signgen: poses: DIFFERENT; frames: DIFFERENT"])


def test_rerun_notices_a_changed_input(signgen, toy_flags, tmp_path):
    signgen("pose", "word", "-o", "in.npz", *toy_flags)
    signgen("render", "in.npz", "-o", "a.mp4", *toy_flags)
    signgen("pose", "other", "-o", "in.npz", "--force", "--seed", "3", *toy_flags)
    ran = signgen("rerun", "a.json")
    assert ran.code == 4
    assert "has changed since the run" in ran.error


def test_texts_of_clips_make_poses_by_their_names(signgen, toy_flags, tmp_path):
    rows = [{"name": "a-1", "text": "good morning"}, {"name": "b-2", "text": "x and y"}]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = signgen("pose", "--texts-of", "test.jsonl", "-o", "made", *toy_flags)
    assert (ran.code, ran.out) == (3, "made/index.jsonl\n")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "a-1.npz", "a-1.npz.json", "b-2.npz", "b-2.npz.json", "index.jsonl",
    ]  # fmt: skip
    assert ran.lines[-1] == "signgen: 2 texts: 2 done, 0 kept, 0 failed, 1 with missing words"
    for wrong, complaint in (
        (("text", "--texts-of", "test.jsonl", "-o", "made"), "--texts-of: a text is given as well"),
        (("--texts-of", "test.jsonl", "-o", "made.npz"), "with --texts-of -o names a folder"),
    ):
        ran = signgen("pose", *wrong, *toy_flags)
        assert ran.code == 2
        assert complaint in ran.error


def test_lines_make_numbered_poses(signgen, toy_flags, tmp_path):
    ran = signgen("pose", "-", "-o", "out", *toy_flags, stdin=b"one\n\ntwo\n")
    assert (ran.code, ran.out) == (0, "out/index.jsonl\n")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.npz")) == ["0001.npz", "0003.npz"]

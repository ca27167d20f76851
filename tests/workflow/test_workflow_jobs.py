"""Jobs as functions: results, progress, fingerprints, clean-up."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

import signgen
from signgen.errors import ConfigError, DataError, RenderError
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest
from signgen.workflow.batch_lines import generate_lines
from signgen.workflow.outputs import all_or_nothing
from signgen.workflow.progress import counted
from signgen.workflow.settings import prepare
from signgen.workflow.texts import MAX_CHARACTERS, check_text, decode, numbered_lines


def test_generate_returns_what_it_made(toy, tmp_path):
    seen = []
    result = signgen.generate("one fine x", tmp_path / "a.mp4", toy, progress=lambda *step: seen.append(step))
    assert [path.name for path in result.outputs] == ["a.mp4", "a.vtt", "a.json"]
    assert (result.frames, result.seconds, result.mode, result.missing) == (12, 1.0, "word-by-word", ("x",))
    assert seen == [("drawing", done, 12) for done in range(13)]
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["account"]["poses"]["sha256"] == result.poses_sha256
    assert record["account"]["frames"]["sha256"] == result.frames_sha256
    assert {key: record["account"]["coverage"][key] for key in ("tokens", "signed", "spelled", "missing")} == {
        "tokens": 3, "signed": 1, "spelled": 1, "missing": 1,
    }  # fmt: skip


def test_same_seed_same_bytes(toy, tmp_path):
    one, same, other = (
        signgen.generate("word", tmp_path / f"{name}.mp4", {**toy, "seed": seed})
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one.frames_sha256 == same.frames_sha256 != other.frames_sha256
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_fingerprint_of_poses_sees_every_part():
    keypoints = np.ones((2, 128, 3), dtype=np.float32)
    plain = PoseSequence(keypoints, 24, 64, 64)
    others = [
        plain.replace(fps=25),
        plain.replace(width=65),
        plain.replace(depth=np.zeros((2, 128))),
        plain.replace(keypoints=keypoints * 0.5),
        plain[:1],
    ]
    assert len({digest.of_poses(poses) for poses in (plain, *others)}) == 6
    header = b"24.0 64x64 2\n"
    assert digest.of_poses(plain) == hashlib.sha256(header + keypoints.tobytes()).hexdigest()


def test_fingerprint_of_frames_is_of_the_stream():
    frames = [np.zeros((2, 4, 3), dtype=np.uint8), np.ones((2, 4, 3), dtype=np.uint8)]
    fingerprint = digest.FrameDigest()
    assert [frame.sum() for frame in fingerprint.over(frames)] == [0, 24]
    expected = b"(2, 4, 3)\n" + bytes(24) + b"(2, 4, 3)\n" + b"\1" * 24
    assert (fingerprint.frames, fingerprint.hexdigest) == (2, hashlib.sha256(expected).hexdigest())


def test_counted_reports_after_each_item():
    steps = []
    assert list(counted("ab", "letters", 2, lambda *step: steps.append(step))) == ["a", "b"]
    assert steps == [("letters", 0, 2), ("letters", 1, 2), ("letters", 2, 2)]


def test_all_or_nothing_takes_back_what_was_written(tmp_path):
    def job() -> None:
        with all_or_nothing() as written:
            (tmp_path / "a").write_text("")
            written.append(tmp_path / "a")
            raise RenderError("no")

    with pytest.raises(RenderError):
        job()
    assert list(tmp_path.iterdir()) == []


def test_settings_are_written_out_in_full(toy):
    config = prepare({**toy, "source": {"name": "toy", "speed": 2}}).config
    assert config["source"]["speed"] == 2.0
    assert config["source"]["oov"] == "fingerspell"
    assert (config["seed"], config["captions"], config["eaf"], config["crf"]) == (0, True, False, 30)
    assert prepare(config).config == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sede": 1}, "sede: unknown setting; did you mean 'seed'?"),
        ({"seed": "one"}, "seed: input should be a valid integer"),
        ({"crf": 52}, "crf: input should be less than or equal to 51"),
        ({"source": {"name": "toyy"}}, "no source called 'toyy'; did you mean 'toy'?"),
        (
            {"renderer": {"name": "dots", "stile": "x"}},
            "renderer.stile: unknown setting; did you mean 'style'?",
        ),
        ({"renderer": 3}, "renderer: expected a mapping"),
        ({"source": {"name": None}}, "source.name: a name is needed"),
    ],
)
def test_bad_settings(toy, change, message):
    with pytest.raises(ConfigError) as error:
        prepare({**toy, **change})
    assert str(error.value).startswith(message)


def test_a_part_can_be_named_in_short():
    assert prepare({"source": "toy", "renderer": "dots"}).config["source"]["name"] == "toy"


@pytest.mark.parametrize("text", ["a", "日本", "👋", "x" * MAX_CHARACTERS, "\u202eשלום\u202c", "10"])
def test_texts_that_can_be_signed(text):
    assert check_text(text) == text


@pytest.mark.parametrize("text", ["", " \u2003\n", "?!", "x" * (MAX_CHARACTERS + 1), "a\0", "\udc80a"])
def test_texts_that_cannot(text):
    with pytest.raises(DataError) as error:
        check_text(text)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("data", "expected"), [(b"\xef\xbb\xbfhi", "hi"), ("é".encode(), "é"), (b"", ""), (b"a\r\nb", "a\r\nb")]
)
def test_decode(data, expected):
    assert decode(data, "file") == expected


def test_numbered_lines_keep_their_numbers():
    assert numbered_lines("one\r\n\n  two \n") == [("0001", "one"), ("0003", "two")]


def test_stopped_lines_leave_an_index_of_what_was_done(toy, tmp_path):
    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_lines([("1", "one"), ("2", "two"), ("3", "three")], tmp_path / "out", toy, progress=stop)
    rows = (tmp_path / "out" / "index.jsonl").read_text().splitlines()
    assert [json.loads(row)["name"] for row in rows] == ["1", "2"]
    assert not list((tmp_path / "out").glob(".*"))


def test_lines_made_from_another_text_are_not_replaced(toy, tmp_path):
    generate_lines([("1", "one")], tmp_path / "out", toy)
    with pytest.raises(ConfigError, match="made from another text"):
        generate_lines([("1", "uno")], tmp_path / "out", toy)
    assert generate_lines([("1", "uno")], tmp_path / "out", toy, force=True)[0].status == "done"

"""Renderers that need something say so before any work, and what they used stands in the sidecar."""

import json

import pytest
from toy_parts import Dots, Toy

import signgen
from signgen.cli.main import main
from signgen.errors import CheckpointError
from signgen.pose.sequence import PoseSequence

TOLD = {
    "weights": [
        {"name": "toy-1", "sha256": "0" * 64, "licence": "LicenseRef-Toy", "source": "https://x.org"}
    ],
    "memory": ["decode: frames at once 8 -> 4"],
}
STEP = "memory ran out (decode: frames at once 8 -> 4): another machine may draw other pixels"


@pytest.fixture
def told(monkeypatch):
    """The toy renderer, with an account of its own."""
    monkeypatch.setattr(Dots, "account", lambda self: TOLD, raising=False)


@pytest.fixture
def lacking(monkeypatch):
    """The toy renderer without its weights; nothing may be signed for it."""

    def ready(self):
        raise CheckpointError("toy.bin: the weights are missing; run: hf download toy/toy")

    monkeypatch.setattr(Dots, "ready", ready, raising=False)
    monkeypatch.setattr(Toy, "explain", lambda *_, **__: pytest.fail("work was begun"))


def read(path):
    return json.loads(path.read_text())


def check(record, result):
    assert record["account"]["frames"]["renderer"] == TOLD
    assert "LicenseRef-Toy" in record["licences"]
    assert STEP in record["warnings"]
    assert STEP in result.warnings


def test_what_was_used_stands_beside_a_generated_video(toy, told, tmp_path):
    check_made = signgen.generate("one fine", tmp_path / "a.mp4", toy)
    check(read(tmp_path / "a.json"), check_made)
    assert read(tmp_path / "a.json")["licences"] == ["CC0", "LicenseRef-Toy"]


def test_what_was_used_stands_beside_a_rendered_video(toy, told, tmp_path):
    poses = PoseSequence([[[8, 8, 1]] * 128] * 3, 12, 32, 32)
    signgen.write_poses(poses, tmp_path / "p.npz")
    result = signgen.render_video(tmp_path / "p.npz", tmp_path / "b.mp4", {"renderer": {"name": "dots"}})
    check(read(tmp_path / "b.json"), result)


def test_what_was_used_stands_beside_captions(toy, told, tmp_path):
    (tmp_path / "c.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\none fine\n")
    result = signgen.caption_track(tmp_path / "c.srt", tmp_path / "c.mp4", toy)
    check(read(tmp_path / "c.json"), result)


def test_a_renderer_without_an_account_leaves_none(toy, tmp_path):
    signgen.generate("one", tmp_path / "a.mp4", toy)
    assert "renderer" not in read(tmp_path / "a.json")["account"]["frames"]


def test_what_is_missing_ends_the_command(toy_yaml, lacking, tmp_path, capsys):
    assert main(["generate", "one fine", "-o", str(tmp_path / "a.mp4"), "--config", str(toy_yaml)]) == 5
    said = capsys.readouterr().err.strip()
    assert said == "signgen: error: toy.bin: the weights are missing; run: hf download toy/toy"
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize("renderer", ["mimicmotion", "animatediff"])
def test_a_text_for_weights_that_are_not_here(renderer, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    command = ["generate", "hello", "--renderer", renderer, "-o", str(tmp_path / "a.mp4")]
    assert main(command) == 5
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"of the renderer {renderer} are missing; run: hf download " in line
    assert not list(tmp_path.iterdir())

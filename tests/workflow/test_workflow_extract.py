"""Extraction from files to files: one video, folders, what is kept, what is refused."""

import json

import numpy as np
import pytest

from signgen.data.npz import read_npz
from signgen.data.sidecar import read_sidecar
from signgen.data.video import write_video
from signgen.errors import ConfigError, DataError, ResourceError
from signgen.workflow.extract import extract_video
from signgen.workflow.extract_folder import extract_folder

SPOTS = {"extractor": {"name": "spots"}}


def film(path, count=24, seed=0, is_black=False):
    """A bright square that wanders."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)

    def frames():
        x = 30
        for _ in range(count):
            frame = np.zeros((64, 96, 3), np.uint8)
            frame[28:36, x : x + 8] = 0 if is_black else 255
            x = int(np.clip(x + rng.integers(-2, 3), 20, 70))
            yield frame

    write_video(frames(), path, 24)
    return path


def test_a_video_becomes_poses_with_an_account(tmp_path):
    row = extract_video(film(tmp_path / "a.mp4"), tmp_path / "a.npz", SPOTS)
    assert (row.outputs, row.frames, row.warnings) == (("a.npz", "a.npz.json"), 24, ())
    assert len(read_npz(tmp_path / "a.npz")) == 24
    record = read_sidecar(tmp_path / "a.npz.json")
    assert record.command == "extract"
    assert record.config["extractor"] == {"name": "spots", "confidence": 1.0}
    assert record.account["quality"]["face"] == 1.0
    assert record.account["input"]["path"].endswith("a.mp4")


@pytest.mark.parametrize(
    ("output", "error", "says"),
    [("a.txt", ConfigError, "no pose format"), ("b.npz", ConfigError, "exists already")],
)
def test_bad_outputs(tmp_path, output, error, says):
    (tmp_path / "b.npz").touch()
    with pytest.raises(error, match=says):
        extract_video(film(tmp_path / "a.mp4"), tmp_path / output, SPOTS)


def test_a_video_without_anybody_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="nobody was found"):
        extract_video(film(tmp_path / "a.mp4", is_black=True), tmp_path / "a.npz", SPOTS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("config", [{"extractor": "no such"}, {"extractor": "spots", "cleen": True}])
def test_bad_settings(tmp_path, config):
    with pytest.raises(ConfigError):
        extract_video(film(tmp_path / "a.mp4"), tmp_path / "a.npz", config)


def test_a_folder_is_worked_through_kept_and_mended(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    film(folder / "a.mp4"), film(folder / "deep" / "b.mp4", seed=1), film(folder / "black.mp4", is_black=True)
    (folder / "c.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("not a video either")
    first = extract_folder(folder, out, SPOTS)
    assert [(row.video, row.status) for row in first] == [
        ("a.mp4", "done"), ("black.mp4", "failed"), ("c.mp4", "failed"), ("deep/b.mp4", "done"),
    ]  # fmt: skip
    listed = (out / "index.jsonl").read_bytes()
    assert [json.loads(line)["video"] for line in listed.splitlines()] == [row.video for row in first]
    bytes_before = (out / "a.npz").read_bytes()
    (out / "deep" / "b.npz").write_bytes(b"damaged")
    second = extract_folder(folder, out, SPOTS)
    assert [row.status for row in second] == ["kept", "failed", "failed", "done"]
    assert (out / "index.jsonl").read_bytes() == listed
    assert (out / "a.npz").read_bytes() == bytes_before
    third = extract_folder(folder, out, {**SPOTS, "clean": False})
    assert third[0].status == "done"


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        extract_folder(tmp_path / "none", tmp_path / "out", SPOTS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no videos"):
        extract_folder(tmp_path / "empty", tmp_path / "out", SPOTS)
    film(tmp_path / "in" / "a.mp4"), film(tmp_path / "in" / "a.mkv.mp4").rename(tmp_path / "in" / "a.mov")
    with pytest.raises(ConfigError, match="same file"):
        extract_folder(tmp_path / "in", tmp_path / "out", SPOTS)
    (tmp_path / "in" / "a.mov").unlink()
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="this is a file"):
        extract_folder(tmp_path / "in", tmp_path / "file", SPOTS)

"""Weights by name."""

import hashlib
import os

import pytest

from signgen.data import checkpoints
from signgen.data.checkpoints import Checkpoint, describe_checkpoint, find_checkpoint, load_index
from signgen.errors import CheckpointError, ConfigError

DATA = b"weights" * 100
SIZE, SHA256 = len(DATA), hashlib.sha256(DATA).hexdigest()
ENTRY = """
toy:
  kind: pose-estimator
  file: toy.onnx
  source: https://example.org/toy.onnx
  revision: null
  bytes: {bytes}
  sha256: {sha256}
  licence: MIT
  layout: null
  input: [8, 8]
  fps: null
  note: a toy
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Makes an index of one checkpoint the index, with its folder."""

    def make(size=SIZE, sha256=SHA256):
        path = tmp_path / "index.yaml"
        path.write_text(ENTRY.format(bytes=size or "null", sha256=sha256 or "null"))
        monkeypatch.setattr(checkpoints, "_index_path", lambda: path)
        load_index.cache_clear()
        return tmp_path

    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    yield make
    load_index.cache_clear()


def test_the_index_is_complete():
    index = load_index()
    assert {"yolox_l", "dw-ll_ucoco_384"} <= set(index)
    files = [known.file for known in index.values()]
    assert len(set(files)) == len(files)
    for name, known in index.items():
        assert isinstance(known, Checkpoint)
        assert known.name == name
        assert known.source.startswith(("https://", "checkpoints/"))
        assert known.kind in ("person-detector", "pose-estimator", "renderer", "renderer-part")
        assert (known.layout in ("coco-wholebody", "openpose")) == (known.kind == "pose-estimator")


@pytest.mark.parametrize("given", [{}, {"size": None}, {"sha256": None}, {"size": None, "sha256": None}])
def test_a_file_in_the_folder_is_found(toy, given):
    folder = toy(**given)
    (folder / "toy.onnx").write_bytes(DATA)
    assert find_checkpoint("toy") == folder / "toy.onnx"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, r"the checkpoint toy is missing; get it from https://example.org/toy.onnx and put it there"),
        (DATA[:-1], "cut short"),
        (b"Weights" + DATA[7:], "its sha256 differs"),
    ],
)
def test_another_file_is_refused(toy, data, reason):
    folder = toy()
    if data is not None:
        (folder / "toy.onnx").write_bytes(data)
    with pytest.raises(CheckpointError, match=reason) as caught:
        find_checkpoint("toy")
    assert "\n" not in str(caught.value)


def test_a_file_that_changes_is_read_again(toy):
    path = toy() / "toy.onnx"
    path.write_bytes(DATA)
    find_checkpoint("toy")
    path.write_bytes(b"Weights" + DATA[7:])
    os.utime(path, ns=(7, 7))
    with pytest.raises(CheckpointError, match="sha256"):
        find_checkpoint("toy")


def test_a_path_is_taken_as_it_is(toy):
    folder = toy()
    (folder / "mine.onnx").write_bytes(b"anything")
    assert find_checkpoint(str(folder / "mine.onnx")) == folder / "mine.onnx"


def test_what_a_sidecar_says(toy):
    folder = toy()
    for name in ("toy.onnx", "mine.onnx"):
        (folder / name).write_bytes(DATA)
    told = {"name": "toy", "sha256": SHA256, "licence": "MIT", "source": "https://example.org/toy.onnx"}
    assert describe_checkpoint("toy") == told
    unknown = {"name": "mine.onnx", "sha256": SHA256, "licence": "", "source": ""}
    assert describe_checkpoint(str(folder / "mine.onnx")) == unknown


@pytest.mark.parametrize(
    ("name", "reason"),
    [("tou", "did you mean 'toy'"), ("models/mine.onnx", "no such file"), ("mine.onnx", "or one of toy")],
)
def test_unknown_names_and_paths(toy, name, reason):
    toy()
    with pytest.raises(CheckpointError, match=reason):
        find_checkpoint(name)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("file: toy.onnx", "file: ../toy.onnx", "file"),
        ("file: toy.onnx", "file: .toy", "file"),
        ("licence: MIT", "license: MIT", "unknown setting"),
        ("  note: a toy\n", "", "note"),
        ("sha256: null", "sha256: abc", "sha256"),
    ],
)
def test_a_wrong_index_names_the_entry(toy, old, new, reason):
    folder = toy(sha256=None)
    path = folder / "index.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=rf"toy\.?.*{reason}"):
        load_index(path)

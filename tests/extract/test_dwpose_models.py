"""ONNX files from strangers: damaged, huge, or reaching for files that are not theirs."""

import os
import sys
import time

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx makes the networks of this test")
pytest.importorskip("onnxruntime", reason="the extra [dwpose] is not installed")

import onnx
import onnx_graphs as graphs
from onnx import helper
from onnx.external_data_helper import convert_model_to_external_data

from signgen.errors import CheckpointError, DependencyError
from signgen.extract.onnx import external
from signgen.extract.onnx.external import external_files
from signgen.extract.onnx.model import open_model


def externally(path, location, inside=None):
    """A model whose weights are to be read from ``location``, as initializer, attribute or in a branch."""
    weights = np.arange(4096, dtype=np.float32).reshape(1, 4096)
    tensor = onnx.numpy_helper.from_array(weights, "weights")
    convert = onnx.TensorProto()
    convert.CopyFrom(tensor)
    convert.ClearField("raw_data")
    convert.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16384")):
        entry = convert.external_data.add()
        entry.key, entry.value = key, value
    picture = helper.make_tensor_value_info("input", graphs.FLOAT, [1, 3, 8, 8])
    out = helper.make_tensor_value_info("out", graphs.FLOAT, [1, 4096])
    if inside == "attribute":
        nodes, kept = [helper.make_node("Constant", [], ["out"], value=convert)], []
    elif inside == "branch":
        branch = helper.make_graph(
            [helper.make_node("Identity", ["weights"], ["chosen"])],
            "branch",
            [],
            [helper.make_tensor_value_info("chosen", graphs.FLOAT, [1, 4096])],
            [convert],
        )
        yes = onnx.numpy_helper.from_array(np.array(True), "yes")
        nodes = [helper.make_node("If", ["yes"], ["out"], then_branch=branch, else_branch=branch)]
        kept = [yes]
    else:
        nodes, kept = [helper.make_node("Identity", ["weights"], ["out"])], [convert]
    graph = helper.make_graph(nodes, "graph", [picture], [out], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return weights


@pytest.mark.parametrize("inside", [None, "attribute", "branch"])
def test_weights_beside_the_model_are_read(tmp_path, inside):
    path = tmp_path / "model.onnx"
    weights = externally(path, "weights.bin", inside)
    (tmp_path / "weights.bin").write_bytes(weights.tobytes())
    assert external_files(path) == ((tmp_path / "weights.bin").resolve(),)
    if inside != "attribute":  # onnxruntime itself reads none there.
        (out,) = open_model(path, "cpu")(np.zeros((1, 3, 8, 8), np.float32))
        assert np.array_equal(out, weights)


@pytest.mark.parametrize("inside", [None, "attribute", "branch"])
@pytest.mark.parametrize(
    "location", ["../secret.bin", "{folder}/secret.bin", "sub/../../secret.bin", "link.bin", "."]
)
def test_weights_from_elsewhere_are_refused(tmp_path, inside, location):
    folder = tmp_path / "model"
    folder.mkdir()
    weights = externally(path := folder / "model.onnx", location.format(folder=tmp_path), inside)
    (tmp_path / "secret.bin").write_bytes(weights.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(CheckpointError, match="outside its own folder"):
        open_model(path, "cpu")


def test_missing_weights_are_named(tmp_path):
    externally(path := tmp_path / "model.onnx", "weights.bin")
    with pytest.raises(CheckpointError, match=r"'weights.bin' are missing"):
        open_model(path, "cpu")


def test_the_file_that_onnx_writes_is_understood(tmp_path):
    """Against onnx's own code for weights in other files."""
    model = onnx.load(graphs.blob_estimator(tmp_path / "plain.onnx"))
    convert_model_to_external_data(model, location="all.bin", size_threshold=0)
    onnx.save(model, tmp_path / "split.onnx")
    assert external_files(tmp_path / "split.onnx") == ((tmp_path / "all.bin").resolve(),)
    assert external_files(tmp_path / "plain.onnx") == ()


def damaged(tmp_path, how):
    path = graphs.blob_estimator(tmp_path / "model.onnx")
    data = path.read_bytes()
    rng = np.random.default_rng(5)
    path.write_bytes(
        {
            "empty": b"",
            "text": b"<!DOCTYPE html><html><body>404: not found</body></html>",
            "zeros": bytes(5000),
            "noise": rng.bytes(5000),
            "pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
            "half": data[: len(data) // 2],
            "almost": data[:-1],
            "long": data + b"\x3a\xff\xff\xff\xff\x7f",
        }[how]
    )
    return path


@pytest.mark.parametrize("how", ["empty", "text", "zeros", "noise", "pickle", "half", "almost", "long"])
def test_damage_is_one_line(tmp_path, how):
    path = damaged(tmp_path, how)
    with pytest.raises(CheckpointError) as caught:
        open_model(path, "cpu")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [b"simcc_x", b"MatMul", b"input"])
def test_names_that_are_no_text_are_one_line_too(tmp_path, capfd, name):
    """onnxruntime would print its failures to the standard output and try again."""
    path = graphs.blob_estimator(tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes().replace(name, b"\x81" * len(name)))
    with pytest.raises(CheckpointError) as caught:
        open_model(path, "cpu")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_any_byte_flipped_is_a_model_or_one_line(tmp_path):
    path = graphs.constant(tmp_path / "model.onnx", {"out": np.ones((1, 4), np.float32)}, [1, 3, 8, 8])
    data = path.read_bytes()
    rng = np.random.default_rng(9)
    lines = []
    for number in range(200):
        changed = bytearray(data)
        changed[rng.integers(len(data))] ^= 1 << rng.integers(8)
        (other := tmp_path / f"{number}.onnx").write_bytes(changed)
        try:
            external_files(other)
        except CheckpointError as error:
            lines.append(str(error).count("\n"))
    assert lines
    assert not any(lines)


def test_nested_without_end_is_refused(tmp_path):
    message = b""
    for _ in range(2000):
        # An attribute that holds a graph that holds a node that holds an attribute.
        for number in (6, 1, 5):
            length, size = len(message), b""
            while length >= 128:
                size, length = size + bytes([length & 127 | 128]), length >> 7
            message = bytes([number << 3 | 2]) + size + bytes([length]) + message
    (path := tmp_path / "deep.onnx").write_bytes(b"\x3a" + _sized(message))
    with pytest.raises(CheckpointError, match="not an ONNX model"):
        open_model(path, "cpu")


def test_millions_of_empty_fields_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(external, "_MAX_FIELDS", 1000)
    (path := tmp_path / "many.onnx").write_bytes(b"\x3a\x00" * 1001)
    with pytest.raises(CheckpointError, match="not an ONNX model"):
        open_model(path, "cpu")


def _sized(message):
    length, size = len(message), b""
    while length >= 128:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return size + bytes([length]) + message


def test_large_weights_are_stepped_over(tmp_path):
    big = np.zeros(5_000_000, np.float32)
    path = graphs.constant(tmp_path / "big.onnx", {"out": big[None]}, [1, 3, 8, 8])
    start = time.perf_counter()
    assert external_files(path) == ()
    assert time.perf_counter() - start < 0.5


def test_operators_of_others_are_not_loaded(tmp_path):
    nodes = [helper.make_node("Evil", ["input"], ["out"], domain="custom")]
    path = graphs.write(
        tmp_path / "custom.onnx", nodes, {}, {"out": [1, 3, 8, 8]}, [1, 3, 8, 8], domain="custom"
    )
    with pytest.raises(
        CheckpointError, match=r"custom.onnx: not an ONNX model that runs here: .*Evil"
    ) as caught:
        open_model(path, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "size", "reason"),
    [
        ([1, 3, "h", "w"], None, "size in the settings"),
        ([1, 1, 8, 8], None, "3 channels"),
        ([1, 3, 8], None, "expected one picture"),
        ([1, 3, 8, 100_000], None, "at most 4096"),
        ([1, 3, 8, 16], (8, 8), "16 x 8, not 8 x 8"),
    ],
)
def test_networks_for_other_things_are_refused(tmp_path, shape, size, reason):
    path = graphs.constant(tmp_path / "model.onnx", {"out": np.ones((1, 4), np.float32)}, shape)
    with pytest.raises(CheckpointError, match=reason):
        open_model(path, "cpu", size=size)


@pytest.mark.parametrize(
    ("shape", "size"), [([1, 3, "h", "w"], (48, 64)), ([1, 3, 64, 48], None), ([1, 3, 64, "w"], (48, 64))]
)
def test_sizes_come_from_the_graph_or_the_settings(tmp_path, shape, size):
    path = graphs.constant(tmp_path / "model.onnx", {"out": np.ones((1, 4), np.float32)}, shape)
    model = open_model(path, "cpu", size=size)
    assert (model.width, model.height, model.batch) == (48, 64, 1)


def test_an_opened_model_stays_open_until_its_file_changes(tmp_path):
    path = graphs.constant(tmp_path / "model.onnx", {"out": np.ones((1, 4), np.float32)}, [1, 3, 8, 8])
    first = open_model(path, "cpu")
    assert open_model(path, "cpu") is first
    graphs.constant(path, {"out": np.full((1, 5), 2, np.float32)}, [1, 3, 8, 8])
    os.utime(path, ns=(1, 1))
    assert open_model(path, "cpu")(np.zeros((1, 3, 8, 8), np.float32))[0].tolist() == [[2.0] * 5]


def test_without_onnxruntime_the_pip_line_is_said(tmp_path, monkeypatch):
    path = graphs.constant(tmp_path / "model.onnx", {"out": np.ones((1, 4), np.float32)}, [1, 3, 8, 8])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyError, match=r'pip install "signgen\[dwpose\]"'):
        open_model(path, "cpu")


@pytest.mark.parametrize("what", ["missing", "folder", "fifo"])
def test_what_is_no_file(tmp_path, what):
    path = tmp_path / "model.onnx"
    if what == "folder":
        path.mkdir()
    if what == "fifo":
        os.mkfifo(path)
    with pytest.raises(CheckpointError, match="no such file"):
        open_model(path, "cpu")

"""The sidecar says the same in the same bytes, and what it does not understand it refuses."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.data.sidecar import (
    OutputFile,
    Sidecar,
    describe_output,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)  # fmt: skip
from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import DataError

FULL = Sidecar(
    command="generate",
    config={"b": {"y": 1, "x": Path("a") / "b"}, "a": (1, np.float32(0.5), None)},
    seed=7,
    text="Grüß dich, 世界",
    sources=[{"entry": "ase/A", "licence": "CC-BY-4.0", "frames": 12}],
    licences=("CC-BY-4.0",),
    outputs=(OutputFile("out.mp4", 3, "00"),),
    warnings=("one sign was spelled",),
    account={"coverage": {"tokens": 3}},
)


def test_round_trip(tmp_path):
    write_sidecar(tmp_path / "out.json", FULL)
    back = read_sidecar(tmp_path / "out.json")
    assert back.config == {"a": [1, 0.5, None], "b": {"x": "a/b", "y": 1}}
    assert (back.text, back.seed, back.outputs, back.licences) == (FULL.text, 7, FULL.outputs, FULL.licences)
    assert back.text_sha256 == hashlib.sha256(FULL.text.encode()).hexdigest()
    assert set(back.versions) == {"python", "numpy", "scipy", "numba", "av"}
    assert all(back.versions.values())
    write_sidecar(tmp_path / "again.json", back)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "out.json").read_bytes()


def test_order_is_fixed_and_nothing_of_the_machine_is_in_it(tmp_path):
    write_sidecar(tmp_path / "out.json", FULL)
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    values = json.loads(text)
    assert list(values)[:4] == ["command", "config", "seed", "text"]
    assert list(values["config"]) == ["a", "b"]
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert "世界" in text


@pytest.mark.parametrize(
    ("output", "sidecar"),
    [
        ("a/out.mp4", "a/out.json"),
        ("out.npz", "out.npz.json"),
        ("out.json", "out.json.json"),
        ("out", "out.json"),
    ],
)
def test_where_it_lives(output, sidecar):
    assert sidecar_path(Path(output)).as_posix() == sidecar


def test_outputs_are_hashed(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert describe_output(tmp_path / "a.bin") == OutputFile("a.bin", 3, digest)


def changed(tmp_path, **changes):
    path = tmp_path / "out.json"
    write_sidecar(path, FULL)
    values = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({name: value for name, value in values.items() if value != "gone"}))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 99}, "newer signgen"),
        ({"schema": "1"}, "not a sidecar"),
        ({"command": "gone"}, "not a sidecar"),
        ({"seed": "gone"}, "seed: missing"),
        ({"seed": 1.5}, "seed: expected int"),
        ({"seed": True}, "seed: expected int"),
        ({"colour": 1}, "colour: unknown field"),
        ({"config": []}, "config: expected dict"),
        ({"warnings": [1]}, "warnings: expected a list of str"),
        ({"outputs": [{"name": "a"}]}, "outputs: expected name"),
        ({"outputs": [{"name": 1, "bytes": 2, "sha256": ""}]}, "outputs: expected name"),
        ({"versions": {"python": 3}}, "versions"),
        ({"text": "another"}, "text: does not match"),
    ],
)
def test_wrong_sidecars_say_what_is_wrong(changes, message, tmp_path):
    path = changed(tmp_path, **changes)
    with pytest.raises(DataError, match=message) as error:
        read_sidecar(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not valid JSON"),
        (b"[1]", "expected a JSON object"),
        (b'{"a": 1, "a": 2}', "key twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a":' * 20_000, "nested too deeply|not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b" " * 200, "more than 100 bytes"),
    ],
)
def test_strict_json(data, message):
    with pytest.raises(DataError, match=message) as error:
        parse_json_object(data, "x.json", max_bytes=100 if data.isspace() else 1 << 20)
    assert "\n" not in str(error.value)


def test_a_hundred_megabytes_in_one_line_are_refused_unread(tmp_path):
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(DataError, match="larger than"):
        read_sidecar(path)


def test_what_json_cannot_say():
    for value, error in ((float("nan"), ValueError), ({1, "a"}, TypeError), (object(), TypeError)):
        with pytest.raises(error):
            to_json({"a": value})
    assert to_json({"b": {2, 1}, "a": np.arange(2)}) == '{"a": [0, 1], "b": [1, 2]}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_survives(value):
    assert parse_json_object(to_json(value).encode("utf-8"), "x") == value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123e-. \\nulltrefas', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_our_error(data):
    with suppress(DataError):
        assert isinstance(parse_json_object(data, "x"), dict)


def test_a_text_with_a_lone_surrogate(tmp_path):
    write_sidecar(tmp_path / "out.json", Sidecar("pose", text="a\ud800b"))
    assert read_sidecar(tmp_path / "out.json").text == "a\ud800b"

"""Which other files an ONNX model would have read: found in its bytes, before anything loads it.

A model may keep weights in files beside it and name them by any path. Only the few fields that can hold such
names are walked, in the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding); the
weights themselves are skipped, so that 200 MB take milliseconds.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from signgen.errors import CheckpointError

# Field numbers of onnx.proto: from each message to those inside it that lead to an external file name.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_MAX_DEPTH = 64
# Whole-body networks have some ten thousand; each costs about a microsecond.
_MAX_FIELDS = 5_000_000
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
Bytes = mmap.mmap | bytes


def external_files(path: Path) -> tuple[Path, ...]:
    """The files beside a model that hold weights of it.

    Raises:
        CheckpointError: not an ONNX file, or it names a file outside its own folder.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = sorted(set(_locations(data)))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path}: not an ONNX model, or damaged; get the file again") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None
    return tuple(_beside(path, name) for name in names)


def _beside(path: Path, name: str) -> Path:
    folder = path.parent.resolve()
    found = (folder / name).resolve() if "\0" not in name else None
    if found is None or folder not in found.parents:
        raise CheckpointError(f"{path}: wants weights from {name!r}, outside its own folder; refused")
    if not found.is_file():
        raise CheckpointError(f"{path}: its weights {name!r} are missing; put that file beside it")
    return found


def _locations(data: Bytes) -> Iterator[str]:
    budget = iter(range(_MAX_FIELDS))
    for start, end in _entries(data, 0, len(data), "model", 0, budget):
        fields = [(number, data[a:b]) for number, a, b in _fields(data, start, end, budget)]
        if (1, b"location") in fields:
            for number, value in fields:
                if number == 2:
                    yield value.decode("utf-8")


def _entries(
    data: Bytes, start: int, end: int, message: str, depth: int, budget: Iterator[int]
) -> Iterator[tuple[int, int]]:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    for number, a, b in _fields(data, start, end, budget):
        inner = _FIELDS[message].get(number)
        if inner == "entry":
            yield a, b
        elif inner is not None:
            yield from _entries(data, a, b, inner, depth + 1, budget)


def _fields(data: Bytes, start: int, end: int, budget: Iterator[int]) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the length-delimited fields of a message; the others are stepped over."""
    at = start
    while at < end:
        if next(budget, None) is None:
            raise ValueError("too many fields")
        tag, at = _varint(data, at, end)
        number, kind = tag >> 3, tag & 7
        if kind == _LENGTH:
            length, at = _varint(data, at, end)
            if length > end - at:
                raise ValueError("longer than its message")
            yield number, at, at + length
            at += length
        elif kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("unknown wire type")
    if at != end:
        raise ValueError("cut short")


def _varint(data: Bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("cut short")

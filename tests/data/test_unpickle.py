"""Object arrays of NumPy's own making are read; everything else in a pickle is refused unrun."""

from __future__ import annotations

import io
import pickle
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data.unpickle import load_object_array, load_pickle
from signgen.errors import DataError


def npy(value: object, protocol: int = 3) -> bytes:
    array = np.empty((), object)
    array[()] = value
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": ()})
    return buffer.getvalue() + pickle.dumps(array, protocol)


def raw(pickled: bytes) -> bytes:
    return npy(None)[: npy(None).index(b"\n") + 1] + pickled


VALUE = {
    "a": np.arange(6.0).reshape(2, 3),
    "f": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    "b": np.arange(3, dtype=">f8"),
    "n": np.float32(3.5),
    "l": [1, 2.5, (3, None, True), "ü"],
    "e": np.zeros((0, 3)),
}


@pytest.mark.parametrize("protocol", range(6))
def test_what_numpy_writes_is_read(protocol):
    out = load_object_array(npy(VALUE, protocol))
    for name in "afbe":
        assert np.array_equal(out[name], VALUE[name])
        assert out[name].shape == VALUE[name].shape
    assert out["n"] == 3.5
    assert out["l"] == VALUE["l"]


def test_plain_arrays_and_lists_of_objects():
    buffer = io.BytesIO()
    np.save(buffer, np.arange(4))
    assert load_object_array(buffer.getvalue()).tolist() == [0, 1, 2, 3]
    array = np.empty(2, object)
    array[:] = [{"x": 1}, {"x": 2}]
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    assert load_object_array(buffer.getvalue()) == [{"x": 1}, {"x": 2}]


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def attacks():
    import os
    import subprocess

    yield "os.system", pickle.dumps(Call(os.system, "touch /nowhere"))
    yield "exec", pickle.dumps(Call(exec, "1/0"))
    yield "eval", pickle.dumps(Call(eval, "1"))
    yield "popen", pickle.dumps(Call(subprocess.Popen, ["true"]))
    yield (
        "getattr",
        pickle.dumps(Call(getattr, "", "join")),
    )
    yield "open", pickle.dumps(Call(open, "/etc/passwd"))
    yield "import", pickle.dumps(Call(__import__, "os"))
    yield "numpy load", b"cnumpy\nload\n(X\x01\x00\x00\x00xtR."
    yield "numpy attribute", b"cnumpy\nndarray.__class__\n."
    yield "nested name", b"\x80\x04\x8c\x05numpy\x8c\x10lib.format.pickle\x93."
    yield "persistent id", b"Pxyz\n."
    yield "extension", b"\x80\x02\x82\x01."
    yield "inst", b"(ios\nsystem\n."
    yield "obj", b"(cos\nsystem\nX\x04\x00\x00\x00trueo."
    yield "newobj", b"\x80\x02cnumpy\nndarray\n)\x81."
    yield "state of a function", b"cnumpy.core.multiarray\n_reconstruct\n}X\x01\x00\x00\x00aK\x01sb."
    yield "memo bomb", b"Nr\xff\xff\xff\x7f."
    yield "text memo bomb", b"Np99999999999\n."
    yield "huge bytes", b"\x8e" + struct.pack("<Q", 1 << 40) + b"x."
    yield "huge frame", b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N."
    yield "huge number", b"I" + b"9" * 10000 + b"\n."
    yield "array as big as a disk", reconstructed(b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft")
    yield "negative shape", reconstructed(b"(K\x01(J\xff\xff\xff\xfft")
    yield "record type", b"cnumpy\ndtype\n(X\x05\x00\x00\x00i4,i4K\x00K\x01tR."
    yield "object type in bytes", reconstructed(b"(K\x01(K\x01t", b"O8")
    yield "depth", b"(" * 100000 + b"t" * 100000 + b"."
    yield "lone dtype", b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4K\x00K\x01tR."


def reconstructed(head: bytes, kind: bytes = b"f8") -> bytes:
    make = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
    dtype = b"cnumpy\ndtype\n(X" + struct.pack("<I", len(kind)) + kind + b"K\x00K\x01tR"
    return b"\x80\x03" + make + head + dtype + b"\x89C\x08" + b"\0" * 8 + b"tb."


@pytest.mark.parametrize(("name", "payload"), list(attacks()), ids=lambda v: v if isinstance(v, str) else "")
def test_payloads_are_refused_and_nothing_runs(name, payload, tmp_path, monkeypatch):
    import os

    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("it ran"))
    with pytest.raises(DataError):
        load_object_array(raw(payload))


def test_shared_containers_cannot_stand_for_billions():
    data = b"]q\x00" + b"".join(b"](" + b"h\x00" * 50 + b"eq\x00" for _ in range(6)) + b"."
    assert isinstance(load_pickle(data), list)
    array = np.empty(1, object)
    inner: list[object] = [1]
    for _ in range(5):
        inner = [inner] * 60
    array[0] = inner
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    assert len(load_object_array(buffer.getvalue())) == 60


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_truncation(length):
    with pytest.raises(DataError):
        load_object_array(npy(VALUE)[:length])


def check_one_line(error: Exception) -> None:
    assert "\n" not in str(error)


@given(st.data())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_mutations_raise_nothing_but_our_errors(data):
    mutant = bytearray(npy(VALUE, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 5))):
        mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
    try:
        load_object_array(bytes(mutant))
    except DataError as error:
        check_one_line(error)

"""Read object arrays from untrusted ``.npy`` bytes without running anything that they name.

NumPy stores dicts and lists of arrays as pickles, and a pickle can call any function it names. Here only
the handful of names that NumPy itself writes are known, and even those are replaced by stand-ins that check
every size before they build an array, so that no code of NumPy sees state it did not write.
"""

from __future__ import annotations

import ast
import io
import math
import pickle
import pickletools
import struct
from typing import Any, NoReturn

import numpy as np

from signgen.errors import DataError

MAX_PICKLE_BYTES = 1 << 30
MAX_ITEMS = 1 << 28
# Lists of small numbers are the worst that is honest: some 16 bytes of objects for each byte of the pickle.
OBJECT_BYTES_PER_BYTE = 24
MIN_OBJECT_BYTES = 64 << 20

# What pickle writes for plain values and NumPy arrays in any protocol.
_OPCODES = frozenset(
    {
        *(
            "PROTO",
            "FRAME",
            "STOP",
            "MARK",
            "POP",
            "POP_MARK",
            "NONE",
            "NEWTRUE",
            "NEWFALSE",
            "INT",
            "BININT",
        ),
        *("BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE", "BINUNICODE8"),
        *("SHORT_BINUNICODE", "BINBYTES", "BINBYTES8", "SHORT_BINBYTES", "BYTEARRAY8", "SHORT_BINSTRING"),
        *("BINSTRING", "EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2"),
        *("TUPLE3", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "GET", "BINGET", "LONG_BINGET", "PUT"),
        *("BINPUT", "LONG_BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
    }
)
# What an opcode adds to memory [bytes] beyond what it holds itself; others take a place on the stack.
_COSTS = {
    **dict.fromkeys(("EMPTY_DICT", "DICT", "EMPTY_LIST", "LIST", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"), 72),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "UNICODE"), 72),
    **dict.fromkeys(
        ("BININT", "BININT2", "INT", "LONG", "LONG1", "FLOAT", "BINFLOAT", "APPEND", "APPENDS"), 40
    ),
    **dict.fromkeys(("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"), 16),
    **dict.fromkeys(("SETITEM", "SETITEMS", "REDUCE"), 180),
}
_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


def load_object_array(data: bytes) -> Any:
    """The content of one ``.npy`` file, with object arrays allowed.

    Args:
        data: the whole file: magic, header, then the array or the pickle.

    Returns:
        A numeric array; or for an object array of one item that item (dicts, lists, numbers, strings and
        numeric arrays); or for a larger object array a list of its items in C order.

    Raises:
        DataError: damaged or unsafe; the text is without a path, which the caller puts before it.
    """
    is_object, start = _npy_header(data)
    if not is_object:
        try:
            return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, MemoryError, OverflowError):
            raise DataError("not a valid .npy array; is the file cut short?") from None
    array = load_pickle(memoryview(data)[start:])
    if not isinstance(array, _Array) or not isinstance(array.value, list):
        raise DataError("the pickle does not hold an array of objects")
    items = plain(array)
    return items[0] if len(items) == 1 else items


def load_pickle(data: bytes | memoryview) -> Any:
    """Unpickle plain values and NumPy arrays; anything else is refused before it is called.

    Raises:
        DataError: damaged or unsafe.
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise DataError(f"a pickle of {len(data)} bytes is larger than {MAX_PICKLE_BYTES}")
    data = bytes(data)
    try:
        _check_opcodes(data)
        return _Unpickler(io.BytesIO(data)).load()
    except DataError:
        raise
    except Exception as error:  # A damaged pickle can raise nearly anything, all of it the file's fault.
        raise DataError(f"damaged pickle ({type(error).__name__})") from None


def plain(value: Any) -> Any:
    """``value`` with the stand-ins replaced by the arrays they hold.

    Raises:
        DataError: containers more than 8 deep, or an object that is no data.
    """
    return _plain(value, 8, {})


def _plain(value: Any, depth: int, done: dict[int, Any]) -> Any:
    if isinstance(value, (_Dtype, _Name)):
        raise DataError("unsafe pickle: an unexpected object where data should be")
    if isinstance(value, _Array) and not isinstance(value.value, list):
        return value.value
    if not isinstance(value, (dict, list, tuple, _Array)):
        return value
    # Shared containers are visited once, or a few nested lists could stand for billions of items.
    if id(value) in done:
        return done[id(value)]
    if depth == 0:
        raise DataError("containers nested too deeply")
    if isinstance(value, dict):
        result: Any = {key: _plain(item, depth - 1, done) for key, item in value.items()}
    else:
        result = [
            _plain(item, depth - 1, done) for item in (value.value if isinstance(value, _Array) else value)
        ]
    done[id(value)] = tuple(result) if isinstance(value, tuple) else result
    return done[id(value)]


def _npy_header(data: bytes) -> tuple[bool, int]:
    """Whether the array holds objects, and where its data starts."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise DataError("not a .npy file")
    if data[6] == 1:
        length, start = struct.unpack_from("<H", data, 8)[0], 10
    else:
        length, start = struct.unpack_from("<I", data, 8)[0], 12
    if length > 1 << 16 or start + length > len(data):
        raise DataError("not a valid .npy header; is the file cut short?")
    try:
        header = ast.literal_eval(data[start : start + length].decode("latin-1").strip())
        return header["descr"] in ("|O", "O"), start + length
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise DataError("not a valid .npy header") from None


def _check_opcodes(data: bytes) -> None:
    """Refuse opcodes that NumPy's pickles lack, and what is made to exhaust memory."""
    budget = max(MIN_OBJECT_BYTES, OBJECT_BYTES_PER_BYTE * len(data))
    for opcode, argument, _ in pickletools.genops(data):
        budget -= _COSTS.get(opcode.name, 8)
        if budget < 0:
            raise DataError("a pickle bomb: it builds far more than it holds")
        if opcode.name not in _OPCODES:
            raise DataError(f"unsafe pickle: opcode {opcode.name} is not allowed")
        if opcode.name in _PUTS and not 0 <= int(argument or 0) <= len(data):
            raise DataError("damaged pickle: absurd memo number")


class _Name:
    """A stand-in for a name in the pickle: callable, without attributes, deaf to BUILD."""

    __slots__ = ("_made",)

    def __init__(self, made: Any) -> None:
        self._made = made

    def __call__(self, *arguments: Any) -> Any:
        return self._made(*arguments)

    def __setstate__(self, _state: Any) -> NoReturn:
        raise DataError("unsafe pickle: it changes a function")


class _Dtype:
    """``numpy.dtype`` of numbers and objects, from its string alone."""

    __slots__ = ("dtype",)

    def __init__(self, name: Any, *_flags: Any) -> None:
        if not isinstance(name, str) or len(name) > 8:
            raise DataError("an array of an unexpected type")
        self.dtype = np.dtype(name)
        if self.dtype.kind not in "biufOU" or self.dtype.shape or self.dtype.names:
            raise DataError(f"an array of type {name!r}, where numbers were expected")

    def __setstate__(self, state: Any) -> None:
        if state[1] in ("<", ">", "=", "|"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """``numpy.ndarray``: a numeric array, or the list of its objects."""

    __slots__ = ("value",)

    def __init__(self, *_arguments: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, fortran, data = state
        self.value = _build(data, dtype, shape, "F" if fortran else "C")


def _build(data: Any, dtype: Any, shape: Any, order: str) -> Any:
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple) or len(shape) > 8:
        raise DataError("an array without a type or shape")
    if not all(isinstance(side, int) and 0 <= side <= MAX_ITEMS for side in shape):
        raise DataError("an array of absurd shape")
    if dtype.dtype.kind == "O":
        if not isinstance(data, list) or len(data) != math.prod(shape):
            raise DataError("an array of objects whose size is not that of its shape")
        return data
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(data, (bytes, bytearray)) or len(data) != math.prod(shape) * dtype.dtype.itemsize:
        raise DataError("an array whose size is not that of its shape")
    return np.frombuffer(data, dtype.dtype).reshape(shape, order="F" if order == "F" else "C")


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any, *_rest: Any) -> _Array:
    array = _Array()
    array.value = _build(data, dtype, shape, order)
    return array


def _scalar(dtype: Any, data: Any) -> Any:
    return _build(data, dtype, (1,), "C")[0].item()


def _encode(text: Any, codec: Any = "latin1") -> bytes:
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise DataError("unsafe pickle: unexpected codec")
    return text.encode("latin-1")


def _no_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise DataError("unsafe pickle: it builds bytes")
    return b""


def _names() -> dict[tuple[str, str], _Name]:
    array, dtype = _Name(_Array), _Name(_Dtype)
    known = {("numpy", "ndarray"): array, ("numpy", "dtype"): dtype, ("_codecs", "encode"): _Name(_encode)}
    known["__builtin__", "bytes"] = known["builtins", "bytes"] = _Name(_no_bytes)
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.multiarray", "_reconstruct"] = array
        known[f"{core}.multiarray", "scalar"] = _Name(_scalar)
        known[f"{core}.numeric", "_frombuffer"] = _Name(_from_buffer)
    return known


_NAMES = _names()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise DataError(f"unsafe pickle: it names {module[:40]}.{name[:40]}") from None

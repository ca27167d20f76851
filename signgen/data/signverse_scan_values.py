"""What the scan of a SignVerse pickle knows: kinds of values, words, and how values combine.

Everything here works on single numbers: NumPy arrays are counted references in Numba, and passing them to a
function for each opcode would take ten times as long as the opcode.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit

# A whole number: to Numba one type, to a type checker int and several of NumPy.
Whole: TypeAlias = Any

# Kinds of values on the stack and what the number beside each of them means.
NONE = 1
FLAG = 2  # 0 or 1
INT = 3  # the number
FLOAT = 4  # unused; no float is needed
TEXT = 5  # token (see `_token`), -1 if unknown
BYTES = 6  # offset << 31 | length
CALLABLE = 7  # token of the name
EMPTY = 8  # ()
PAIR = 9  # (a, b): a << 31 | b
SINGLE = 10  # (a,): a
NEW_ARRAY = 11  # arguments of _reconstruct
NEW_DTYPE = 12  # arguments of dtype: token of the type
DTYPE = 13  # token of the type
DTYPE_STATE = 14  # token of the byte order
ARRAY = 15  # row of the array table, -1 before BUILD
ARRAY_STATE = 16  # row of the array table
FRAMES_STATE = 17  # number of frames
DICT = 18  # number of the dict
LIST = 19  # always 0: there is one list, the frames
FRAMES = 20  # the finished array of frames

MAX_DEPTH = 8192
MAX_MARKS = 32
# The machine is one array m: some registers, the places of the marks, then kinds and numbers of the stack.
AT_DEPTH, AT_MARK, AT_FENCE, AT_LISTS, AT_FRAMES, AT_DICTS, AT_ITEMS, AT_ARRAYS = range(8)
MARKS = 8
KINDS = MARKS + MAX_MARKS + 1
VALUES = KINDS + MAX_DEPTH + 2
SIZE = VALUES + MAX_DEPTH + 2

# Tokens: names that mean something. 64 and above: 64 + 16 * person + slot.
_WORDS = (
    b"numpy._core.multiarray", b"numpy.core.multiarray", b"_reconstruct", b"numpy", b"ndarray", b"dtype",
    b"f2", b"f4", b"f8", b"i4", b"i8", b"O8", b"O", b"<", b"|", b"",
    b"body", b"left_hand", b"right_hand", b"face",
)  # fmt: skip
_SLOTS = (
    b"", b"_body_keypoints", b"_body_scores", b"_left_hand_keypoints", b"_left_hand_scores",
    b"_right_hand_keypoints", b"_right_hand_scores", b"_face_keypoints", b"_face_scores",
)  # fmt: skip
RECONSTRUCT, _NUMPY, _NDARRAY, _DTYPE = 2, 3, 4, 5
F2, F4, F8 = 6, 7, 8
OBJECT, LITTLE, NO_ORDER = 11, 13, 14
BODY = 16
PERSON = 64
MAX_PEOPLE = 64


def _table(words: tuple[bytes, ...]) -> np.ndarray:
    table = np.zeros((len(words), 32), np.uint8)
    for row, word in enumerate(words):
        table[row, : len(word)] = np.frombuffer(word, np.uint8)
        table[row, 31] = len(word)
    return table


_WORD_TABLE = _table(_WORDS)
_SLOT_TABLE = _table(_SLOTS)
_PERSON_TABLE = _table((b"person_",))

# Outcomes of `scan`.
REFUSED, PLAIN, FULL = range(3)


@njit(cache=True, nogil=True)
def _find(table: np.ndarray, data: np.ndarray, start: Whole, length: Whole) -> Whole:
    """Row of ``table`` that equals the bytes, or -1."""
    for row in range(table.shape[0]):
        if table[row, 31] == length:
            same = True
            for i in range(length):
                if table[row, i] != data[start + i]:
                    same = False
                    break
            if same:
                return row
    return -1


@njit(cache=True, nogil=True)
def token(data: np.ndarray, start: Whole, length: Whole) -> Whole:
    """What a text means: a word, a key of a person, -1 if nothing, -2 if it may not be plain ASCII."""
    for i in range(start, start + length):
        if data[i] >= 128:
            return -2
    word = _find(_WORD_TABLE, data, start, length)
    if word >= 0:
        return word
    if length < 8 or _find(_PERSON_TABLE, data, start, 7) < 0:
        return -1
    i, person = start + 7, np.int64(0)
    end = start + length
    while i < end and i < start + 10 and 48 <= data[i] < 58:
        person = person * 10 + np.int64(data[i]) - 48
        i += 1
    slot = _find(_SLOT_TABLE, data, i, end - i) if i > start + 7 else -1
    if slot < 0:
        return -1
    return -2 if person >= MAX_PEOPLE else PERSON + 16 * person + slot


@njit(cache=True, nogil=True)
def number(data: np.ndarray, start: Whole, count: Whole) -> Whole:
    """Little-endian unsigned number."""
    value = np.int64(0)
    for i in range(count):
        value |= np.int64(data[start + i]) << (8 * i)
    return value


@njit(cache=True, nogil=True, inline="always")
def plain(op: Whole, word: Whole, left: Whole, i: Whole) -> tuple[Whole, Whole, Whole]:
    """Kind, number and size of what an opcode pushes by itself; kind 0 if it pushes nothing plain.

    Args:
        op: the opcode.
        word: the next four bytes as a number.
        left: bytes left after the opcode.
        i: position after the opcode.
    """
    if op == 0x4B and left >= 1:  # BININT1
        return INT, word & 0xFF, 1
    if op == 0x4D and left >= 2:  # BININT2
        return INT, word & 0xFFFF, 2
    if op == 0x4A and left >= 4:  # BININT
        return INT, word - ((word >> 31) << 32), 4
    if op == 0x4E:
        return NONE, np.int64(0), 0
    if op == 0x88 or op == 0x89:
        return FLAG, np.int64(0x89 - op), 0
    if op == 0x29:
        return EMPTY, np.int64(0), 0
    if op == 0x47 and left >= 8:  # BINFLOAT
        return FLOAT, np.int64(0), 8
    if op == 0x43 or op == 0x42:  # SHORT_BINBYTES, BINBYTES
        length, head = (word & 0xFF, 1) if op == 0x43 else (word, 4)
        if head + length <= left and length < 1 << 31:
            return BYTES, np.int64(i + head) << 31 | length, head + length
    return 0, np.int64(0), 0


@njit(cache=True, nogil=True, inline="always")
def memo_number(op: Whole, word: Whole, count: Whole) -> tuple[Whole, Whole]:
    """Number in the memo, and size of the number, of the opcodes that store or recall."""
    if op == 0x94:  # MEMOIZE
        return np.int64(count), 0
    return (word & 0xFF, 1) if op == 0x71 or op == 0x68 else (word, 4)


@njit(cache=True, nogil=True, inline="always")
def name_of(module: Whole, name: Whole) -> Whole:
    """Token of a callable NumPy's pickles use, or -1."""
    if name == RECONSTRUCT and (module == 0 or module == 1):
        return RECONSTRUCT
    if module == _NUMPY and name in (_NDARRAY, _DTYPE):
        return name
    return -1


@njit(cache=True, nogil=True, inline="always")
def _small_tuple(count: Whole, k0: Whole, v0: Whole, k1: Whole, v1: Whole, k2: Whole) -> tuple[Whole, Whole]:
    """A tuple of one to three values as one value; kind 0 if it is not one NumPy writes."""
    if count == 1:
        return (SINGLE, v0) if k0 == INT and 0 <= v0 < 1 << 31 else (0, np.int64(0))
    if count == 2:
        sizes = k0 == INT and k1 == INT and 0 <= v0 < 1 << 31 and 0 <= v1 < 1 << 31
        return (PAIR, v0 << 31 | v1) if sizes else (0, np.int64(0))
    if k0 == CALLABLE and v0 == _NDARRAY and k1 == SINGLE and v1 == 0 and k2 == BYTES:
        return NEW_ARRAY, np.int64(0)
    if k0 == TEXT and F2 <= v0 <= OBJECT + 1 and k1 == FLAG and k2 == FLAG:
        return NEW_DTYPE, v0
    return 0, np.int64(0)


@njit(cache=True, nogil=True)
def array_shape(shape: Whole, size: Whole, dtype: Whole, length: Whole) -> tuple[bool, Whole, Whole]:
    """Whether a shape and a type fill ``length`` bytes; rows; columns, 0 if there is one axis."""
    rows, columns = np.int64(1), np.int64(1)
    if shape == SINGLE:
        rows = size
    elif shape == PAIR:
        rows, columns = size >> 31, size & 0x7FFFFFFF
    elif shape != EMPTY:
        return False, 0, 0
    # A row or column count above the length cannot fit, and their product then cannot overflow.
    fits = max(rows, columns) <= length and rows * columns * _item_bytes(dtype) == length
    return fits, rows, (columns if shape == PAIR else 0)


@njit(cache=True, nogil=True)
def _item_bytes(dtype: Whole) -> Whole:
    if dtype == F2:
        return 2
    return 8 if dtype == F8 or dtype == F8 + 2 else 4


@njit(cache=True, nogil=True, inline="always")
def _reduced(kind: Whole, value: Whole, argument: Whole, token: Whole) -> tuple[Whole, Whole]:
    """What a callable returns; kind 0 if it is not one NumPy's pickles call so."""
    if kind == CALLABLE and value == RECONSTRUCT and argument == NEW_ARRAY:
        return ARRAY, -1
    if kind == CALLABLE and value == _DTYPE and argument == NEW_DTYPE:
        return DTYPE, token
    return 0, 0


@njit(cache=True, nogil=True, inline="always")
def _built(kind: Whole, value: Whole, state: Whole, number: Whole) -> tuple[Whole, Whole]:
    """A value after BUILD; kind 0 if the state does not fit it."""
    if kind == ARRAY and value == -1 and state == ARRAY_STATE:
        return ARRAY, number
    if kind == ARRAY and value == -1 and state == FRAMES_STATE:
        return FRAMES, number
    is_object = value == OBJECT or value == OBJECT + 1
    if kind == DTYPE and state == DTYPE_STATE and number == (NO_ORDER if is_object else LITTLE):
        return DTYPE, value
    return 0, 0


@njit(cache=True, nogil=True, inline="always")
def combined(
    op: Whole, k0: Whole, v0: Whole, k1: Whole, v1: Whole, k2: Whole, frames: Whole
) -> tuple[Whole, Whole]:
    """What TUPLE1 to TUPLE3, REDUCE, BUILD or STACK_GLOBAL makes of the values; kind 0 to refuse.

    Args:
        op: the opcode.
        k0: kind of the first value; ``v0`` is its number, and so on.
        v0: see above.
        k1: see above.
        v1: see above.
        k2: see above.
        frames: number of frames in the list so far.
    """
    if op == 0x52:
        return _reduced(k0, v0, k1, v1)
    if op == 0x62:
        kind, value = _built(k0, v0, k1, v1)
        return (0, value) if kind == FRAMES and value != frames else (kind, value)
    if op == 0x93:
        called = np.int64(name_of(v0, v1)) if k0 == TEXT and k1 == TEXT else np.int64(-1)
        return (CALLABLE, called) if called >= 0 else (0, called)
    return _small_tuple(op - 0x84, k0, v0, k1, v1, k2)

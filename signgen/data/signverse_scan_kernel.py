"""Walk the pickle of SignVerse frames without building an object: find where the bytes of each array lie.

A pickle is a program for a small stack machine. `scan` runs that machine on tagged integers: each value on
the stack is a kind and a number. It knows only what NumPy and pickle write for lists of dicts of arrays, and
refuses everything else, so that what it accepts means exactly what the real machine would build. Every read
is checked against the end of the buffer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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
_RECONSTRUCT, _NUMPY, _NDARRAY, _DTYPE = 2, 3, 4, 5
F2, F4, F8 = 6, 7, 8
_OBJECT, _LITTLE, _NO_ORDER = 11, 13, 14
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

_MAX_DEPTH = 8192
_MAX_MARKS = 32


@njit(cache=True, nogil=True)
def _find(table: np.ndarray, data: np.ndarray, start: int, length: int) -> int:
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
def _token(data: np.ndarray, start: int, length: int) -> int:
    """What a text means: a word, a key of a person, -1 if nothing, -2 if it may not be plain ASCII."""
    for i in range(start, start + length):
        if data[i] >= 128:
            return -2
    word = _find(_WORD_TABLE, data, start, length)
    if word >= 0:
        return word
    if length < 8 or _find(_PERSON_TABLE, data, start, 7) < 0:
        return -1
    i, person = start + 7, 0
    end = start + length
    while i < end and i < start + 10 and 48 <= data[i] < 58:
        person = person * 10 + np.int64(data[i]) - 48
        i += 1
    slot = _find(_SLOT_TABLE, data, i, end - i) if i > start + 7 else -1
    if slot < 0:
        return -1
    return -2 if person >= MAX_PEOPLE else PERSON + 16 * person + slot


@njit(cache=True, nogil=True)
def _number(data: np.ndarray, start: int, count: int) -> int:
    """Little-endian unsigned number."""
    value = np.int64(0)
    for i in range(count):
        value |= np.int64(data[start + i]) << (8 * i)
    return value


@njit(cache=True, nogil=True)
def _plain(op: int, word: int, left: int) -> tuple[int, int, int]:
    """Kind, number and size of what an opcode pushes by itself; kind 0 if it pushes nothing plain.

    Args:
        op: the opcode.
        word: the next four bytes as a number.
        left: bytes left after the opcode.
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
    return 0, np.int64(0), 0


@njit(cache=True, nogil=True)
def _sized(op: int, word: int, left: int) -> tuple[int, int, int]:
    """Kind, length and size of the length of a text or bytes; kind 0 if it is cut short or no such opcode."""
    if op == 0x8C or op == 0x43:
        kind, length, head = (TEXT if op == 0x8C else BYTES), word & 0xFF, 1
    elif op == 0x58 or op == 0x42:
        kind, length, head = (TEXT if op == 0x58 else BYTES), word, 4
    else:
        return 0, np.int64(0), 0
    return (kind, length, head) if head + length <= left and length < 1 << 31 else (0, np.int64(0), 0)


@njit(cache=True, nogil=True)
def _name(module: int, name: int) -> int:
    """Token of a callable NumPy's pickles use, or -1."""
    if name == _RECONSTRUCT and (module == 0 or module == 1):
        return _RECONSTRUCT
    if module == _NUMPY and name in (_NDARRAY, _DTYPE):
        return name
    return -1


@njit(cache=True, nogil=True)
def _global(data: np.ndarray, i: int) -> tuple[int, int]:
    """Token and next position of the two lines after GLOBAL; token -1 if unknown."""
    tokens = (-1, -1)
    for _line in range(2):
        start = i
        while i < data.shape[0] and i - start < 32 and data[i] != 10:
            i += 1
        if i >= data.shape[0] or data[i] != 10:
            return -1, i
        tokens = (tokens[1], _token(data, start, i - start))
        i += 1
    return _name(tokens[0], tokens[1]), i


@njit(cache=True, nogil=True)
def _small_tuple(count: int, k0: int, v0: int, k1: int, v1: int, k2: int) -> tuple[int, int]:
    """A tuple of one to three values as one value; kind 0 if it is not one NumPy writes."""
    if count == 1:
        return (SINGLE, v0) if k0 == INT and 0 <= v0 < 1 << 31 else (0, np.int64(0))
    if count == 2:
        sizes = k0 == INT and k1 == INT and 0 <= v0 < 1 << 31 and 0 <= v1 < 1 << 31
        return (PAIR, v0 << 31 | v1) if sizes else (0, np.int64(0))
    if k0 == CALLABLE and v0 == _NDARRAY and k1 == SINGLE and v1 == 0 and k2 == BYTES:
        return NEW_ARRAY, np.int64(0)
    if k0 == TEXT and F2 <= v0 <= _OBJECT + 1 and k1 == FLAG and k2 == FLAG:
        return NEW_DTYPE, v0
    return 0, np.int64(0)


@njit(cache=True, nogil=True)
def _dtype_state(kinds: np.ndarray, values: np.ndarray, base: int) -> tuple[int, int]:
    """The state of a dtype of plain items: version, byte order, three None, three numbers."""
    plain = kinds[base] == INT and kinds[base + 1] == TEXT
    for j in range(3):
        plain = plain and kinds[base + 2 + j] == NONE and kinds[base + 5 + j] == INT
    return (DTYPE_STATE, values[base + 1]) if plain else (0, 0)


@njit(cache=True, nogil=True)
def _array_shape(shape: int, size: int, dtype: int, length: int) -> tuple[bool, int, int]:
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
def _item_bytes(dtype: int) -> int:
    if dtype == F2:
        return 2
    return 8 if dtype == F8 or dtype == F8 + 2 else 4


@njit(cache=True, nogil=True)
def _reduced(kind: int, value: int, argument: int, token: int) -> tuple[int, int]:
    """What a callable returns; kind 0 if it is not one NumPy's pickles call so."""
    if kind == CALLABLE and value == _RECONSTRUCT and argument == NEW_ARRAY:
        return ARRAY, -1
    if kind == CALLABLE and value == _DTYPE and argument == NEW_DTYPE:
        return DTYPE, token
    return 0, 0


@njit(cache=True, nogil=True)
def _built(kind: int, value: int, state: int, number: int) -> tuple[int, int]:
    """A value after BUILD; kind 0 if the state does not fit it."""
    if kind == ARRAY and value == -1 and state == ARRAY_STATE:
        return ARRAY, number
    if kind == ARRAY and value == -1 and state == FRAMES_STATE:
        return FRAMES, number
    is_object = value == _OBJECT or value == _OBJECT + 1
    if kind == DTYPE and state == DTYPE_STATE and number == (_NO_ORDER if is_object else _LITTLE):
        return DTYPE, value
    return 0, 0


@njit(cache=True, nogil=True)
def _keep(kinds: np.ndarray, values: np.ndarray, start: int, end: int, items: np.ndarray, used: int) -> int:
    """Log the keys that matter of one dict as rows of ``items``; the new number of rows, -1 to refuse."""
    first = used
    for i in range(start, end, 2):
        key, kind, value = values[i], kinds[i + 1], values[i + 1]
        if kinds[i] != TEXT or kind in (LIST, FRAMES):
            return -1
        if key < BODY or kind == NONE:
            continue
        wanted = DICT if key >= PERSON and (key - PERSON) % 16 == 0 else ARRAY
        if kind != wanted or value < 0:
            return -1
        for j in range(first, used):
            if items[j, 0] == key:
                return -1
        items[used, 0] = key
        items[used, 1] = value
        used += 1
    return used


@njit(cache=True, nogil=True)
def _skipped(data: np.ndarray, op: int, i: int) -> int:
    """Next position after PROTO or FRAME, which push nothing; -1 if cut short."""
    left = data.shape[0] - i
    if op == 0x80 and left >= 1:
        return i + 1
    if op == 0x95 and left >= 8 and data[i + 7] == 0 and _number(data, i, 7) <= left - 8:
        return i + 8
    return -1


@njit(cache=True, nogil=True)
def _fill_dict(
    base: int, fence: int, depth: int, kinds: np.ndarray, values: np.ndarray, dicts: np.ndarray,
    items: np.ndarray, used: int,
) -> int:  # fmt: skip
    """SETITEM, SETITEMS: the new number of items, -1 to refuse."""
    if base - 1 < fence or base > depth or (depth - base) % 2 or kinds[base - 1] != DICT:
        return -1
    owner = values[base - 1]
    end = _keep(kinds, values, base, depth, items, used)
    if end < 0 or dicts[owner, 0] >= 0:
        return -1
    dicts[owner, 0], dicts[owner, 1] = used, end
    return end


@njit(cache=True, nogil=True)
def _fill_list(
    base: int, fence: int, depth: int, kinds: np.ndarray, values: np.ndarray, frames: np.ndarray, used: int
) -> int:
    """APPEND, APPENDS: the new number of frames, -1 to refuse."""
    if base - 1 < fence or base > depth or kinds[base - 1] != LIST or depth - base > frames.shape[0] - used:
        return -1
    for j in range(base, depth):
        if kinds[j] != DICT:
            return -1
        frames[used + j - base] = values[j]
    return used + depth - base


@njit(cache=True, nogil=True)
def scan(
    data: np.ndarray, i: int, frames: np.ndarray, dicts: np.ndarray, items: np.ndarray, arrays: np.ndarray,
    memo: np.ndarray,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Find the arrays in the pickle of an object array of frames.

    It is one long function because NumPy arrays are counted references in Numba: passing them to a function
    for each opcode takes ten times as long as the opcode.

    Args:
        data: the bytes, uint8.
        i: where the pickle starts.
        frames: (T,) int64, filled with the number of the dict of each frame.
        dicts: (D, 2) int64 of -1, filled with the first row and end row in the items of each dict.
        items: (N, 2) int64, filled with the token of a key and the number of a dict or the row of an array.
        arrays: (A, 4) int64, filled with type, rows, columns (0 for one axis) and offset of each array.
        memo: (M, 2) int64, scratch.

    Returns:
        ``PLAIN``, ``REFUSED`` (use the unpickler) or ``FULL`` (call again with larger tables), and the
        number of rows used of dicts, items and arrays.
    """
    kinds, values = np.zeros(_MAX_DEPTH + 2, np.int64), np.zeros(_MAX_DEPTH + 2, np.int64)
    marks = np.zeros(_MAX_MARKS + 1, np.int64)
    end, depth, mark, fence, memos, lists = data.shape[0], 0, 0, 0, 0, 0
    used_frames, used_dicts, used_items, used_arrays = 0, 0, 0, 0
    while 0 <= i < end and depth < _MAX_DEPTH:
        op = np.int64(data[i])
        i += 1
        left = end - i
        word = np.int64(0)
        if left >= 4:
            word = np.int64(data[i]) | np.int64(data[i + 1]) << 8
            word |= np.int64(data[i + 2]) << 16 | np.int64(data[i + 3]) << 24
        else:
            word = _number(data, i, left)
        kind, value, size = _plain(op, word, left)
        if kind:
            i += size
        elif op == 0x68 or op == 0x6A:  # BINGET, LONG_BINGET
            number = word & 0xFF if op == 0x68 else word
            i += 1 if op == 0x68 else 4
            if i > end or number >= memos:
                break
            kind, value = memo[number, 0], memo[number, 1]
        elif op == 0x94 or op == 0x71 or op == 0x72:  # MEMOIZE, BINPUT, LONG_BINPUT
            if op != 0x94:
                number = word & 0xFF if op == 0x71 else word
                i += 1 if op == 0x71 else 4
                if number != memos:
                    break
            if i > end or depth <= fence:
                break
            if memos == memo.shape[0]:
                return FULL, used_dicts, used_items, used_arrays
            memo[memos, 0], memo[memos, 1] = kinds[depth - 1], values[depth - 1]
            memos += 1
            continue
        elif op == 0x28:  # MARK
            if mark == _MAX_MARKS:
                break
            mark += 1
            marks[mark] = fence = depth
            continue
        elif op == 0x7D:  # EMPTY_DICT
            if used_dicts == dicts.shape[0]:
                return FULL, used_dicts, used_items, used_arrays
            kind, value = DICT, np.int64(used_dicts)
            used_dicts += 1
        elif op == 0x5D and lists == 0:  # EMPTY_LIST
            kind, lists = LIST, 1
        elif op == 0x75 or op == 0x73 or op == 0x65 or op == 0x61:  # SETITEMS, SETITEM, APPENDS, APPEND
            base = depth - (2 if op == 0x73 else 1)
            if op == 0x75 or op == 0x65:
                if mark == 0:
                    break
                base = marks[mark]
                mark -= 1
                fence = marks[mark]
            if op == 0x75 or op == 0x73:
                if used_items + depth > items.shape[0]:
                    return FULL, used_dicts, used_items, used_arrays
                used_items = _fill_dict(base, fence, depth, kinds, values, dicts, items, used_items)
            else:
                used_frames = _fill_list(base, fence, depth, kinds, values, frames, used_frames)
            if used_items < 0 or used_frames < 0:
                break
            depth = base
            continue
        elif op == 0x74:  # TUPLE
            if mark == 0:
                break
            base = marks[mark]
            mark -= 1
            fence = marks[mark]
            if depth - base == 8:
                kind, value = _dtype_state(kinds, values, base)
            elif depth - base == 5 and kinds[base + 2] == DTYPE and kinds[base + 3] == FLAG:
                is_object = values[base + 2] == _OBJECT or values[base + 2] == _OBJECT + 1
                shape, number, where = kinds[base + 1], values[base + 1], values[base + 4]
                if kinds[base] != INT or values[base] != 1 or values[base + 3] != 0:
                    break
                if is_object and shape == SINGLE and kinds[base + 4] == LIST:
                    kind, value = FRAMES_STATE, number
                elif not is_object and kinds[base + 4] == BYTES:
                    fits, rows, columns = _array_shape(shape, number, values[base + 2], where & 0x7FFFFFFF)
                    if not fits:
                        break
                    if used_arrays == arrays.shape[0]:
                        return FULL, used_dicts, used_items, used_arrays
                    arrays[used_arrays, 0], arrays[used_arrays, 1] = values[base + 2], rows
                    arrays[used_arrays, 2], arrays[used_arrays, 3] = columns, where >> 31
                    kind, value = ARRAY_STATE, np.int64(used_arrays)
                    used_arrays += 1
            depth = base
        elif 0x85 <= op <= 0x87:  # TUPLE1 to TUPLE3
            count = op - 0x84
            base = depth - count
            if base < fence:
                break
            kind, value = _small_tuple(
                count, kinds[base], values[base], kinds[base + 1], values[base + 1], kinds[base + 2]
            )
            depth = base
        elif op == 0x52 or op == 0x62 or op == 0x93:  # REDUCE, BUILD, STACK_GLOBAL
            base = depth - 2
            if base < fence:
                break
            first, number, second, argument = kinds[base], values[base], kinds[base + 1], values[base + 1]
            if op == 0x52:
                kind, value = _reduced(first, number, second, argument)
            elif op == 0x62:
                kind, value = _built(first, number, second, argument)
            elif first == TEXT and second == TEXT:
                kind, value = CALLABLE, np.int64(_name(number, argument))
            if (kind == FRAMES and value != used_frames) or (kind == CALLABLE and value < 0):
                break
            depth = base
        elif op == 0x80 or op == 0x95:
            i = _skipped(data, op, i)
            continue
        elif op == 0x63:  # GLOBAL
            value, i = _global(data, i)
            if value < 0:
                break
            kind = CALLABLE
        elif op == 0x2E:  # STOP
            is_whole = depth == 1 and mark == 0 and kinds[0] == FRAMES and used_frames == frames.shape[0]
            return (PLAIN if is_whole else REFUSED), used_dicts, used_items, used_arrays
        else:
            kind, length, head = _sized(op, word, left)
            value = np.int64(i + head) << 31 | length
            if kind == TEXT:
                value = np.int64(_token(data, i + head, length))
            if value == -2:
                break
            i += head + length
        if kind == 0:
            break
        kinds[depth], values[depth] = kind, value
        depth += 1
    return REFUSED, used_dicts, used_items, used_arrays

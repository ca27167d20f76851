"""Walk the pickle of SignVerse frames without building an object: find where the bytes of each array lie.

A pickle is a program for a small stack machine. `scan` runs that machine on tagged integers: each value on
the stack is a kind and a number. It knows only what NumPy and pickle write for lists of dicts of arrays, and
refuses everything else, so that what it accepts means exactly what the real machine would build. Every read
is checked against the end of the buffer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from signgen.data.signverse_scan_tables import dtype_state, fill_dict, fill_list
from signgen.data.signverse_scan_values import (
    ARRAY_STATE,
    AT_ARRAYS,
    AT_DEPTH,
    AT_DICTS,
    AT_FENCE,
    AT_FRAMES,
    AT_ITEMS,
    AT_LISTS,
    AT_MARK,
    BYTES,
    CALLABLE,
    DICT,
    DTYPE,
    FLAG,
    FRAMES,
    FRAMES_STATE,
    INT,
    KINDS,
    LIST,
    MARKS,
    MAX_DEPTH,
    MAX_MARKS,
    OBJECT,
    SINGLE,
    SIZE,
    TEXT,
    VALUES,
    Whole,
    array_shape,
    combined,
    memo_number,
    name_of,
    number,
    plain,
    token,
)  # fmt: skip

# Outcomes.
REFUSED, PLAIN, FULL = range(3)

# What `_rare` returns in place of a position.
_REFUSE, _GROW, _STOP = -1, -2, -3


@njit(cache=True, nogil=True)
def _global(data: np.ndarray, i: Whole) -> tuple[Whole, Whole]:
    """Token and next position of the two lines after GLOBAL; token -1 if unknown."""
    tokens = (-1, -1)
    for _line in range(2):
        start = i
        while i < data.shape[0] and i - start < 32 and data[i] != 10:
            i += 1
        if i >= data.shape[0] or data[i] != 10:
            return -1, i
        tokens = (tokens[1], token(data, start, i - start))
        i += 1
    return name_of(tokens[0], tokens[1]), i


@njit(cache=True, nogil=True)
def _skipped(data: np.ndarray, op: Whole, i: Whole) -> Whole:
    """Next position after PROTO or FRAME, which push nothing; -1 if cut short."""
    left = data.shape[0] - i
    if op == 0x80 and left >= 1:
        return i + 1
    if op == 0x95 and left >= 8 and data[i + 7] == 0 and number(data, i, 7) <= left - 8:
        return i + 8
    return -1


@njit(cache=True, nogil=True)
def _push(m: np.ndarray, kind: Whole, value: Whole) -> None:
    m[KINDS + m[AT_DEPTH]] = kind
    m[VALUES + m[AT_DEPTH]] = value
    m[AT_DEPTH] += 1


@njit(cache=True, nogil=True)
def _state(i: Whole, m: np.ndarray, arrays: np.ndarray) -> Whole:
    """TUPLE: the state of an array or of a dtype, the only long tuples there are. The next position or less."""
    if m[AT_MARK] == 0:
        return _REFUSE
    base = m[MARKS + m[AT_MARK]]
    count = m[AT_DEPTH] - base
    m[AT_MARK] -= 1
    m[AT_FENCE] = m[MARKS + m[AT_MARK]]  # the place of mark 0 stays 0
    if count != 5 and count != 8:
        return _REFUSE
    k, v = KINDS + base, VALUES + base
    kind, value = (0, np.int64(0))
    if count == 8:
        kind, value = dtype_state(m, k, v)
    elif m[k] == INT and m[v] == 1 and m[k + 2] == DTYPE and m[k + 3] == FLAG and m[v + 3] == 0:
        is_object = m[v + 2] == OBJECT or m[v + 2] == OBJECT + 1
        if is_object and m[k + 1] == SINGLE and m[k + 4] == LIST:
            kind, value = FRAMES_STATE, m[v + 1]
        elif not is_object and m[k + 4] == BYTES:
            fits, rows, columns = array_shape(m[k + 1], m[v + 1], m[v + 2], m[v + 4] & 0x7FFFFFFF)
            row = m[AT_ARRAYS]
            if row == arrays.shape[0]:
                return _GROW
            arrays[row, 0], arrays[row, 1], arrays[row, 2] = m[v + 2], rows, columns
            arrays[row, 3] = m[v + 4] >> 31
            kind, value = (ARRAY_STATE if fits else 0), row
            m[AT_ARRAYS] += 1
    m[k], m[v], m[AT_DEPTH] = kind, value, base + 1
    return i if kind else _REFUSE


@njit(cache=True, nogil=True)
def _fill(
    op: Whole, i: Whole, m: np.ndarray, frames: np.ndarray, dicts: np.ndarray, items: np.ndarray
) -> Whole:
    """SETITEMS, SETITEM, APPENDS, APPEND: the next position, or why there is none."""
    base = m[AT_DEPTH] - (2 if op == 0x73 else 1)
    if op == 0x75 or op == 0x65:
        if m[AT_MARK] == 0:
            return _REFUSE
        base = m[MARKS + m[AT_MARK]]
        m[AT_MARK] -= 1
        m[AT_FENCE] = m[MARKS + m[AT_MARK]]
    if base - 1 < m[AT_FENCE] or base > m[AT_DEPTH]:
        return _REFUSE
    if op == 0x65 or op == 0x61:
        return i if fill_list(m, base, frames) else _REFUSE
    if m[AT_ITEMS] + m[AT_DEPTH] > items.shape[0]:
        return _GROW
    return i if fill_dict(m, base, dicts, items) else _REFUSE


@njit(cache=True, nogil=True)
def _text(op: Whole, data: np.ndarray, i: Whole, m: np.ndarray) -> Whole:
    """SHORT_BINUNICODE, BINUNICODE: the next position, or why there is none."""
    head = 1 if op == 0x8C else 4
    if i + head > data.shape[0]:
        return _REFUSE
    length = number(data, i, head)
    if length > data.shape[0] - i - head:
        return _REFUSE
    meaning = token(data, i + head, length)
    _push(m, TEXT, meaning)
    return i + head + length if meaning != -2 else _REFUSE


@njit(cache=True, nogil=True)
def _rare(
    op: Whole,
    data: np.ndarray,
    i: Whole,
    m: np.ndarray,
    frames: np.ndarray,
    dicts: np.ndarray,
    items: np.ndarray,
) -> Whole:
    """Run one of the opcodes that are few in a frame: the next position, or why there is none."""
    if op == 0x75 or op == 0x73 or op == 0x65 or op == 0x61:
        return _fill(op, i, m, frames, dicts, items)
    if op == 0x8C or op == 0x58:  # SHORT_BINUNICODE, BINUNICODE
        return _text(op, data, i, m)
    if op == 0x80 or op == 0x95:  # PROTO, FRAME
        return _skipped(data, op, i)
    if op == 0x2E:  # STOP
        is_whole = (
            m[AT_DEPTH] == 1 and m[AT_MARK] == 0 and m[KINDS] == FRAMES and m[AT_FRAMES] == frames.shape[0]
        )
        return _STOP if is_whole else _REFUSE
    if m[AT_DEPTH] == MAX_DEPTH:
        return _REFUSE
    if op == 0x7D:  # EMPTY_DICT
        if m[AT_DICTS] == dicts.shape[0]:
            return _GROW
        _push(m, DICT, m[AT_DICTS])
        m[AT_DICTS] += 1
    elif op == 0x5D and m[AT_LISTS] == 0:  # EMPTY_LIST
        _push(m, LIST, 0)
        m[AT_LISTS] = 1
    elif op == 0x63:  # GLOBAL
        name, i = _global(data, i)
        _push(m, CALLABLE, name)
        i = i if name >= 0 else _REFUSE
    else:
        i = _REFUSE
    return i


@njit(cache=True, nogil=True)
def _run(
    data: np.ndarray, i: Whole, frames: np.ndarray, dicts: np.ndarray, items: np.ndarray, arrays: np.ndarray,
    memo: np.ndarray, m: np.ndarray,
) -> Whole:  # fmt: skip
    """The machine: the most frequent opcodes here, the others in `_state` and `_rare`."""
    kinds, values = m[KINDS:VALUES], m[VALUES:SIZE]
    end = data.shape[0]
    depth: Whole = 0
    memos: Whole = 0
    while 0 <= i < end and depth < MAX_DEPTH:
        op, left, word = np.int64(data[i]), end - i - 1, np.int64(0)
        i += 1
        if left >= 4:
            word = np.int64(data[i]) | np.int64(data[i + 1]) << 8
            word |= np.int64(data[i + 2]) << 16 | np.int64(data[i + 3]) << 24
        else:
            word = number(data, i, left)
        if op == 0x94 or op == 0x71 or op == 0x72:  # MEMOIZE, BINPUT, LONG_BINPUT
            place, size = memo_number(op, word, memos)
            if place != memos or size > left or depth <= m[AT_FENCE]:
                return REFUSED
            if memos == memo.shape[0]:
                return FULL
            memo[memos, 0], memo[memos, 1] = kinds[depth - 1], values[depth - 1]
            memos, i = memos + 1, i + size
            continue
        if op == 0x68 or op == 0x6A:  # BINGET, LONG_BINGET
            place, size = memo_number(op, word, memos)
            if size > left or place >= memos:
                return REFUSED
            kind, value = memo[place, 0], memo[place, 1]
        else:
            kind, value, size = plain(op, word, left, i)
        if kind:
            kinds[depth], values[depth], depth, i = kind, value, depth + 1, i + size
        elif 0x85 <= op <= 0x87 or op == 0x52 or op == 0x62 or op == 0x93:  # all that make one value of a few
            base = depth - (op - 0x84 if 0x85 <= op <= 0x87 else 2)
            if base < m[AT_FENCE]:
                return REFUSED
            kinds[base], values[base] = combined(
                op,
                kinds[base],
                values[base],
                kinds[base + 1],
                values[base + 1],
                kinds[base + 2],
                m[AT_FRAMES],
            )
            if kinds[base] == 0:
                return REFUSED
            depth = base + 1
        elif op == 0x28 and m[AT_MARK] < MAX_MARKS:  # MARK
            m[AT_MARK] += 1
            m[MARKS + m[AT_MARK]] = m[AT_FENCE] = depth
        else:
            m[AT_DEPTH] = depth
            i = _state(i, m, arrays) if op == 0x74 else _rare(op, data, i, m, frames, dicts, items)
            depth = m[AT_DEPTH]
    return PLAIN if i == _STOP else (FULL if i == _GROW else REFUSED)


@njit(cache=True, nogil=True)
def scan(
    data: np.ndarray, i: Whole, frames: np.ndarray, dicts: np.ndarray, items: np.ndarray, arrays: np.ndarray,
    memo: np.ndarray,
) -> tuple[Whole, Whole, Whole, Whole]:  # fmt: skip
    """Find the arrays in the pickle of an object array of frames.

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
    m = np.zeros(SIZE, np.int64)
    outcome = _run(data, i, frames, dicts, items, arrays, memo, m)
    return outcome, m[AT_DICTS], m[AT_ITEMS], m[AT_ARRAYS]

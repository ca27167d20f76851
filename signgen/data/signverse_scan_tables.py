"""What the scan of a SignVerse pickle writes down: the items of dicts and the order of frames."""

from __future__ import annotations

import numpy as np
from numba import njit

from signgen.data.signverse_scan_values import (
    ARRAY,
    AT_DEPTH,
    AT_FRAMES,
    AT_ITEMS,
    BODY,
    DICT,
    DTYPE_STATE,
    FRAMES,
    INT,
    KINDS,
    LIST,
    NONE,
    PERSON,
    TEXT,
    VALUES,
    Whole,
)  # fmt: skip


@njit(cache=True, nogil=True)
def fill_dict(m: np.ndarray, base: Whole, dicts: np.ndarray, items: np.ndarray) -> bool:
    """Log the keys that matter of the dict below ``base``; false to refuse.

    Args:
        m: the machine.
        base: place of the first key on the stack; keys and values follow in turn.
        dicts: (D, 2) first and end row in ``items`` of each dict, -1 before it is filled.
        items: (N, 2) token of a key and what it stands for.
    """
    owner, depth = m[VALUES + base - 1], m[AT_DEPTH]
    if m[KINDS + base - 1] != DICT or dicts[owner, 0] >= 0 or (depth - base) % 2:
        return False
    first = end = m[AT_ITEMS]
    for i in range(base, depth, 2):
        key, kind, value = m[VALUES + i], m[KINDS + i + 1], m[VALUES + i + 1]
        if m[KINDS + i] != TEXT or kind in (LIST, FRAMES):
            return False
        if key < BODY or kind == NONE:
            continue
        wanted = DICT if key >= PERSON and (key - PERSON) % 16 == 0 else ARRAY
        if kind != wanted or value < 0:
            return False
        for j in range(first, end):
            if items[j, 0] == key:
                return False
        items[end, 0], items[end, 1] = key, value
        end += 1
    dicts[owner, 0], dicts[owner, 1] = first, end
    m[AT_ITEMS], m[AT_DEPTH] = end, base
    return True


@njit(cache=True, nogil=True)
def fill_list(m: np.ndarray, base: Whole, frames: np.ndarray) -> bool:
    """Add the dicts from ``base`` on to the frames; false to refuse."""
    used, count = m[AT_FRAMES], m[AT_DEPTH] - base
    if m[KINDS + base - 1] != LIST or count > frames.shape[0] - used:
        return False
    for j in range(count):
        if m[KINDS + base + j] != DICT:
            return False
        frames[used + j] = m[VALUES + base + j]
    m[AT_FRAMES], m[AT_DEPTH] = used + count, base
    return True


@njit(cache=True, nogil=True)
def dtype_state(m: np.ndarray, k: Whole, v: Whole) -> tuple[Whole, Whole]:
    """The state of a dtype of plain items: version, byte order, three None, three numbers."""
    is_plain = m[k] == INT and m[k + 1] == TEXT
    for j in range(3):
        is_plain = is_plain and m[k + 2 + j] == NONE and m[k + 5 + j] == INT
    return (DTYPE_STATE, m[v + 1]) if is_plain else (0, np.int64(0))

"""Runs of one colour in a frame, eight bytes at a time.

Drawing is mostly short runs of three-byte pixels; written byte by byte they take longer than finding them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic


def _store_word(typing: Any, flat: Any, at: Any, word: Any) -> Any:
    """Write the eight bytes of ``word`` to ``flat`` from byte ``at`` on, aligned or not; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        start = builder.gep(array.data, [values[1]])
        builder.store(values[2], builder.bitcast(start, ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(flat, types.int64, types.uint64), generate


_store: Any = intrinsic(_store_word)


@njit(cache=True, nogil=True)
def pattern(red: int, green: int, blue: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Eight bytes of a row of pixels of one colour, starting at their red, green and blue."""
    r, g, b = np.uint64(red), np.uint64(green), np.uint64(blue)
    one, two, six = np.uint64(8), np.uint64(16), np.uint64(48)
    pixel, next_pixel, last_pixel = r | g << one | b << two, g | b << one | r << two, b | r << one | g << two
    half = np.uint64(24)
    return (
        pixel | pixel << half | pixel << six,
        next_pixel | next_pixel << half | next_pixel << six,
        last_pixel | last_pixel << half | last_pixel << six,
    )


@njit(cache=True, nogil=True)
def fill_run(
    flat: np.ndarray, first: int, count: int, colour: tuple[np.uint64, np.uint64, np.uint64]
) -> None:
    """Give ``count`` pixels of a frame, from pixel ``first`` on, one colour.

    Args:
        flat: (bytes,) uint8, the frame.
        first: number of the first pixel; the run must lie within the frame: nothing is checked.
        count: number of pixels; 0 or less fills none.
        colour: see `pattern`.
    """
    at, end = 3 * first, 3 * (first + count) - 8
    from_red, from_green, from_blue = colour
    if count < 3:
        for channel in range(3 * count):
            flat[at + channel] = from_red >> np.uint64(8 * channel) & np.uint64(255)
        return
    while at < end:
        _store(flat, at, from_red)
        at += 8
        from_red, from_green, from_blue = from_blue, from_red, from_green
    _store(flat, end, colour[1])

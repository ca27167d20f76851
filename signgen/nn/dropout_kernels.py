"""Compiled dropout: which elements stay is a function of a seed and their place, so no mask is kept."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract"})
def thin(x: np.ndarray, out: np.ndarray, seed: int, threshold: int, scale: float) -> None:
    """Fill ``out`` (N,) with ``x`` (N,) times ``scale``, or zero where a hash of the place is below ``threshold``.

    The hash is the finaliser of MurmurHash3 over a Weyl sequence: 32 bits for each element, in vector instructions.

    Args:
        x: (N,) float32, or uint16 that are the bits of bfloat16; of the latter, ``scale`` is left to the caller.
        out: like ``x``.
        seed: 64 bits.
        threshold: share of elements left out, times 2**32.
        scale: what those that stay are multiplied by.
    """
    start, mix = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    least, factor, nothing = np.uint32(threshold), x.dtype.type(scale), x.dtype.type(0)
    for i in range(x.size):
        h = np.uint32(np.uint32(np.uint32(i) * np.uint32(0x9E3779B9)) + start) ^ mix
        h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        h = np.uint32(h ^ (h >> np.uint32(16)))
        out[i] = x[i] * factor if h >= least else nothing

"""Compiled loops of augmentation: frames at any positions, moved by a 2 x 2 matrix and a shift, and made to shake."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def move(
    keypoints: np.ndarray, positions: np.ndarray, matrix: np.ndarray, noise: np.ndarray, out: np.ndarray
) -> None:
    """Fill ``out`` (n, K, 3) with the frames of ``keypoints`` (T, K, 3) at ``positions`` (n,), moved.

    Between two frames that both show a keypoint it is interpolated (confidence: the lower one), otherwise it has the
    state of the nearer frame. ``matrix`` is (2, 3); ``noise`` is (n, K, 2), or (0, K, 2) for none.
    """
    last = len(keypoints) - 1
    for i in range(len(positions)):
        low = min(int(positions[i]), last)
        high = min(low + 1, last)
        weight = np.float32(positions[i] - low)
        for k in range(keypoints.shape[1]):
            a, b = keypoints[low, k], keypoints[high, k]
            if a[2] > 0 and b[2] > 0:
                x, y = a[0] + weight * (b[0] - a[0]), a[1] + weight * (b[1] - a[1])
                confidence = a[2] if weight == 0 else min(a[2], b[2])
            else:
                x, y, confidence = a if weight < 0.5 else b
            if confidence > 0:
                out[i, k, 0] = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
                out[i, k, 1] = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
                out[i, k, 2] = confidence
                if len(noise):
                    out[i, k, 0] += noise[i, k, 0]
                    out[i, k, 1] += noise[i, k, 1]
            else:
                out[i, k, 0] = out[i, k, 1] = out[i, k, 2] = 0


@njit(cache=True, nogil=True)
def shake(out: np.ndarray, seed: int, deviation: float) -> None:
    """Fill ``out`` (N,) float32 with noise of mean 0 and a standard deviation, nearly normal.

    Each number is the sum of four uniform ones of 16 bits, from two hashes (the finaliser of MurmurHash3) of its
    place: numpy's normal numbers would take as long as everything else about a batch.
    """
    start, mix = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    # Four of variance 2**32 / 12 each.
    scale = np.float32(deviation * math.sqrt(3) / 65536)
    for i in range(out.size):
        total = np.float32(-4 * 32767.5)
        for half in range(2):
            h = np.uint32(np.uint32(np.uint32(2 * i + half) * np.uint32(0x9E3779B9)) + start) ^ mix
            h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
            h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
            h = np.uint32(h ^ (h >> np.uint32(16)))
            total += np.float32(np.int32(h & np.uint32(0xFFFF))) + np.float32(np.int32(h >> np.uint32(16)))
        out[i] = total * scale

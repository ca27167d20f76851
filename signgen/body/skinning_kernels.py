"""Compiled loops that turn bones and carry the skin along."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def chain(
    rotations: np.ndarray,
    translation: np.ndarray,
    heads: np.ndarray,
    parents: np.ndarray,
    turned: np.ndarray,
    placed: np.ndarray,
) -> None:
    """Fill ``turned`` (T, B, 3, 3) and ``placed`` (T, B, 3) with each bone's rotation and head in the world."""
    for t in range(rotations.shape[0]):
        for b in range(len(parents)):
            p = parents[b]
            if p < 0:
                for i in range(3):
                    placed[t, b, i] = heads[b, i] + translation[t, i]
                    for j in range(3):
                        turned[t, b, i, j] = rotations[t, b, i, j]
                continue
            for i in range(3):
                place = placed[t, p, i]
                for j in range(3):
                    place += turned[t, p, i, j] * (heads[b, j] - heads[p, j])
                    turned[t, b, i, j] = (
                        turned[t, p, i, 0] * rotations[t, b, 0, j]
                        + turned[t, p, i, 1] * rotations[t, b, 1, j]
                        + turned[t, p, i, 2] * rotations[t, b, 2, j]
                    )
                placed[t, b, i] = place


@njit(cache=True, nogil=True)
def act(
    rest: np.ndarray,
    weights: np.ndarray,
    first: int,
    start: np.ndarray,
    moved: np.ndarray,
    offsets: np.ndarray,
    out: np.ndarray,
) -> None:
    """``out`` (V, 3) = ``rest`` plus the facial actions; action a is shape ``first + a`` of the packed offsets."""
    out[:] = rest
    for a in range(len(weights)):
        weight = weights[a]
        if weight == 0:
            continue
        for k in range(start[first + a], start[first + a + 1]):
            vertex = moved[k]
            out[vertex, 0] += weight * offsets[k, 0]
            out[vertex, 1] += weight * offsets[k, 1]
            out[vertex, 2] += weight * offsets[k, 2]


@njit(cache=True, nogil=True, fastmath=True)
def blend(
    rest: np.ndarray,
    matrices: np.ndarray,
    bones: np.ndarray,
    weights: np.ndarray,
    chosen: np.ndarray,
    out: np.ndarray,
) -> None:
    """Linear blend skinning of the vertices ``chosen``: ``out`` (len(chosen), 3) float32.

    Args:
        rest: (V, 3) float32 vertices of the resting body with its facial actions.
        matrices: (B, 12) float32, rows of each bone's 3 x 4 movement.
        bones: (V, 4) bones of each vertex.
        weights: (V, 4) float32.
        chosen: indices of vertices.
        out: filled.
    """
    for i in range(len(chosen)):
        v = chosen[i]
        x, y, z = rest[v, 0], rest[v, 1], rest[v, 2]
        a = b = c = np.float32(0)
        for k in range(4):
            w = weights[v, k]
            if w == 0:
                break  # sorted by weight
            m = matrices[bones[v, k]]
            a += w * (m[0] * x + m[1] * y + m[2] * z + m[3])
            b += w * (m[4] * x + m[5] * y + m[6] * z + m[7])
            c += w * (m[8] * x + m[9] * y + m[10] * z + m[11])
        out[i, 0], out[i, 1], out[i, 2] = a, b, c

"""Triangles that reach behind the near plane of a pinhole camera, cut at it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Cut(NamedTuple):
    """What cutting adds to a mesh.

    Attributes:
        ends: (N, 2) int64: new vertex i lies between these two.
        share: (N, 1) float32: how far on the way from the first to the second.
        triangles: (M, 3) int32 new triangles; vertices from V on are the new ones.
        source: (M,) int64 the triangle each was cut from.
    """

    ends: np.ndarray
    share: np.ndarray
    triangles: np.ndarray
    source: np.ndarray

    def extended(self, values: np.ndarray) -> np.ndarray:
        """Values of the vertices, (V, ...), followed by those of the new ones."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        new = values[self.ends[:, 0]] * (1 - share) + values[self.ends[:, 1]] * share
        return np.concatenate([values, new.astype(values.dtype)])


def clip_near(triangles: np.ndarray, depth: np.ndarray, near: float) -> Cut:
    """Cut the triangles that have vertices on both sides of the near plane.

    Args:
        triangles: (F, 3) int32.
        depth: (V,) distance of the vertices along the optical axis [m].
        near: where the plane lies [m].
    """
    ahead = depth >= near
    behind = 3 - ahead[triangles].sum(axis=1)
    ends: list[tuple[int, int]] = []
    corners: list[tuple[int, int, int]] = []
    source: list[int] = []
    for t in np.flatnonzero((behind == 1) | (behind == 2)):
        a, b, c = (int(i) for i in triangles[t])
        # Turn the triangle until its lone vertex comes first.
        lone_is_ahead = behind[t] == 2
        while ahead[a] != lone_is_ahead or ahead[b] == lone_is_ahead or ahead[c] == lone_is_ahead:
            a, b, c = b, c, a
        first = len(depth) + len(ends)
        ends += [(a, b), (a, c)]
        new = [(a, first, first + 1)] if lone_is_ahead else [(first, b, c), (first, c, first + 1)]
        corners += new
        source += [int(t)] * len(new)
    pairs = np.array(ends, dtype=np.int64).reshape(-1, 2)
    start, end = depth[pairs[:, 0]].astype(np.float64), depth[pairs[:, 1]].astype(np.float64)
    # A hair beyond the plane, so that rounding leaves none behind it.
    share = (near * (1 + 1e-5) - start) / (end - start)
    return Cut(
        pairs,
        share.astype(np.float32)[:, None],
        np.array(corners, dtype=np.int32).reshape(-1, 3),
        np.array(source, dtype=np.int64),
    )

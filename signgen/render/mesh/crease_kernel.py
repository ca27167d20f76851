"""Compiled darkening of creases: where one finger lies beside or just behind another, less light gets in."""

from __future__ import annotations

import numpy as np
from numba import njit

# What a surface is to creases: nothing, a part that may lie behind another, a part that is narrow as a finger.
NONE, BROAD, NARROW = 0, 1, 2
BESIDE = np.float32(0.004)  # fingers that differ less in distance lie side by side [m]
BEHIND = np.float32(0.005)  # what is broad lies behind from here on; less is the same skin going on [m]
DEEP = np.float32(0.03)  # what is farther behind has light of its own [m]
AROUND = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
RINGS = 4  # how often it is looked around a pixel
DARKEST = 0.5  # of the encoded brightness, all around


@njit(cache=True, nogil=True, error_model="numpy")
def crease(
    scale: int, ids: np.ndarray, nearness: np.ndarray, surface: np.ndarray, kinds: np.ndarray, reach: int,
    parallel: bool, frame: np.ndarray,
) -> None:  # fmt: skip
    """Darken the pixels of ``frame`` in creases between surfaces.

    Args:
        scale: samples of a pixel along a side.
        ids: (H scale, W scale) int32 triangles of a z-buffer, -1 for none.
        nearness: (H scale, W scale) float32 of the same: -z of a parallel camera, else 1 / z.
        surface: (F,) int16.
        kinds: (S,) int8 what each surface is: NONE, BROAD or NARROW.
        reach: how far around a pixel is looked [samples].
        parallel: whether the camera is.
        frame: (H, W, 3) uint8; updated.
    """
    rows, columns = ids.shape
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            v, u = y * scale + scale // 2, x * scale + scale // 2
            t = ids[v, u]
            if t < 0 or kinds[surface[t]] == NONE:
                continue
            own, narrow = surface[t], kinds[surface[t]] == NARROW
            depth = -nearness[v, u] if parallel else 1 / nearness[v, u]
            count, alone = 0, True
            # From the outermost ring inwards: where that one shows nothing else, there is nothing nearer.
            for ring in range(RINGS, 0, -1):
                if alone and ring < RINGS:
                    break
                step = max(1, reach * ring // RINGS)
                for right, down in AROUND:
                    j, i = v + step * down, u + step * right
                    if j < 0 or i < 0 or j >= rows or i >= columns:
                        continue
                    other = surface[ids[j, i]] if ids[j, i] >= 0 else -1
                    if other == own:
                        continue
                    alone = False
                    if other < 0 or kinds[other] == NONE:
                        continue
                    behind = depth - (-nearness[j, i] if parallel else 1 / nearness[j, i])
                    least = -BESIDE if narrow and kinds[other] == NARROW else BEHIND
                    count += 1 if least < behind < DEEP else 0
            if count:
                share = 1 - DARKEST * min(count / (4 * RINGS), 1)
                for k in range(3):
                    frame[y, x, k] = np.uint8(frame[y, x, k] * share)

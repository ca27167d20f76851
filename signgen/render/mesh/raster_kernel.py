"""Compiled z-buffer: which triangle each sample of the picture sees.

Vertices are rounded to 1/256 of a sample and coverage is decided in whole numbers with the top-left rule, so
triangles that share an edge neither leave a gap nor both take a sample. Triangles are drawn in order and a
later one must be strictly nearer: the picture does not depend on how its rows are shared between threads.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit

# A number in a register: a Python number to mypy, an int64 or a float to numba.
Scalar: TypeAlias = Any

STEPS = 256  # fixed-point steps of a sample
FAR_OUT = 1 << 26  # clamp of fixed-point coordinates: products of two still fit 64 bits
BEHIND = np.float32(-1e30)  # nearness of what a pinhole camera cannot see
EMPTY = np.int32(-1)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def place(
    points: np.ndarray,
    rotation: np.ndarray,
    translation: np.ndarray,
    view: np.ndarray,
    seen: np.ndarray,
    fixed: np.ndarray,
    nearness: np.ndarray,
) -> bool:
    """World points to camera axes and to fixed-point samples.

    Args:
        points: (V, 3) float32 [m].
        rotation: (3, 3) float64.
        translation: (3,) float64.
        view: (5,) float64: focal length, centre x, centre y [samples], 1 if parallel, near distance [m].
        seen: (V, 3) float32 camera axes [m], overwritten.
        fixed: (V, 2) int32, overwritten.
        nearness: (V,) float32, larger is nearer: 1 / z, or -z of a parallel camera; overwritten.

    Returns:
        whether a point lies behind the near plane.
    """
    focal, cx, cy, near = view[0], view[1], view[2], view[4]
    parallel = view[3] != 0.0
    any_behind = False
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        u = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z + translation[0]
        v = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z + translation[1]
        w = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z + translation[2]
        seen[i, 0], seen[i, 1], seen[i, 2] = u, v, w
        if parallel:
            scale = focal
            nearness[i] = -w
        elif w < near:
            any_behind = True
            nearness[i] = BEHIND
            continue
        else:
            scale = focal / w
            nearness[i] = 1.0 / w
        fixed[i, 0] = np.int32(min(max(np.rint((u * scale + cx) * STEPS), -FAR_OUT), FAR_OUT))
        fixed[i, 1] = np.int32(min(max(np.rint((v * scale + cy) * STEPS), -FAR_OUT), FAR_OUT))
    return any_behind


@njit(cache=True, nogil=True)
def clear(nearness: np.ndarray, ids: np.ndarray) -> None:
    """Empty a z-buffer: (H, W) float32 and the (H, W) int32 triangle of each sample."""
    nearness[:] = BEHIND
    ids[:] = EMPTY


@njit(cache=True, nogil=True, inline="always")
def _bias(dx: Scalar, dy: Scalar) -> int:
    """0 for a top or left edge, which owns the samples it passes through; -1 for the others."""
    return 0 if dy < 0 or (dy == 0 and dx > 0) else -1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def fill(
    fixed: np.ndarray,
    near: np.ndarray,
    triangles: np.ndarray,
    two_sided: bool,
    first: int,
    last: int,
    nearness: np.ndarray,
    ids: np.ndarray,
) -> int:
    """Draw triangles into rows ``first`` to ``last - 1`` of a z-buffer.

    Args:
        fixed: (V, 2) int32 of `place`.
        near: (V,) float32 of `place`.
        triangles: (F, 3) int32; the right-hand normal of the front points out of the body.
        two_sided: draw the backs as well.
        first: first row.
        last: row after the last.
        nearness: (H, W) float32, updated.
        ids: (H, W) int32, updated.

    Returns:
        how many triangles covered a sample or could have.
    """
    width = ids.shape[1]
    drawn = 0
    for t in range(triangles.shape[0]):
        # In a picture with y down the front of an outward triangle runs the other way round.
        a, b, c = triangles[t, 0], triangles[t, 2], triangles[t, 1]
        na, nb, nc = near[a], near[b], near[c]
        if na == BEHIND or nb == BEHIND or nc == BEHIND:
            continue
        xa, ya = np.int64(fixed[a, 0]), np.int64(fixed[a, 1])
        xb, yb = np.int64(fixed[b, 0]), np.int64(fixed[b, 1])
        xc, yc = np.int64(fixed[c, 0]), np.int64(fixed[c, 1])
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if area <= 0:
            if area == 0 or not two_sided:
                continue
            xb, yb, nb, xc, yc, nc = xc, yc, nc, xb, yb, nb
            area = -area
        # Sample centres lie at STEPS / 2; rounding up at the low side, down at the high side.
        left: Scalar = max((min(xa, xb, xc) + STEPS // 2 - 1) >> 8, 0)
        right: Scalar = min((max(xa, xb, xc) - STEPS // 2) >> 8, width - 1)
        top: Scalar = max((min(ya, yb, yc) + STEPS // 2 - 1) >> 8, first)
        bottom: Scalar = min((max(ya, yb, yc) - STEPS // 2) >> 8, last - 1)
        if left > right or top > bottom:
            continue
        drawn += 1
        _fill_one(t, xa, ya, na, xb, yb, nb, xc, yc, nc, area, left, right, top, bottom, nearness, ids)
    return drawn


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline="always")
def _fill_one(
    t: Scalar,
    xa: Scalar, ya: Scalar, na: Scalar,
    xb: Scalar, yb: Scalar, nb: Scalar,
    xc: Scalar, yc: Scalar, nc: Scalar,
    area: Scalar,
    left: Scalar, right: Scalar, top: Scalar, bottom: Scalar,
    nearness: np.ndarray, ids: np.ndarray,
) -> None:  # fmt: skip
    """Samples of one triangle inside a box of rows and columns."""
    px, py = left * STEPS + STEPS // 2, top * STEPS + STEPS // 2
    # Edge functions at the first sample, positive inside; a's is the edge from b to c.
    ea = (xc - xb) * (py - yb) - (yc - yb) * (px - xb) + _bias(xc - xb, yc - yb)
    eb = (xa - xc) * (py - yc) - (ya - yc) * (px - xc) + _bias(xa - xc, ya - yc)
    ec = (xb - xa) * (py - ya) - (yb - ya) * (px - xa) + _bias(xb - xa, yb - ya)
    ax, ay = -(yc - yb) * STEPS, (xc - xb) * STEPS
    bx, by = -(ya - yc) * STEPS, (xa - xc) * STEPS
    cx, cy = -(yb - ya) * STEPS, (xb - xa) * STEPS
    scale = 1.0 / area
    dx = (ax * np.float64(na) + bx * np.float64(nb) + cx * np.float64(nc)) * scale
    dy = (ay * np.float64(na) + by * np.float64(nb) + cy * np.float64(nc)) * scale
    # The plane through the vertex a.
    start = na + (dx * (px - xa) + dy * (py - ya)) / STEPS
    for y in range(top, bottom + 1):
        fa, fb, fc = ea, eb, ec
        n = start
        inside = False
        for x in range(left, right + 1):
            if (fa | fb | fc) >= 0:
                inside = True
                value = np.float32(n)
                if value > nearness[y, x]:
                    nearness[y, x] = value
                    ids[y, x] = t
            elif inside:
                break
            fa += ax
            fb += bx
            fc += cx
            n += dx
        ea += ay
        eb += by
        ec += cy
        start += dy


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def smooth_normals(
    points: np.ndarray, triangles: np.ndarray, merged: np.ndarray, normals: np.ndarray
) -> None:
    """Outward unit normals of vertices, the area-weighted mean of the triangles around each.

    Args:
        points: (V, 3) float32.
        triangles: (F, 3) int32.
        merged: (V,) int32, the vertex that each one shares its normal with (itself, or its twin over a seam).
        normals: (V, 3) float32, overwritten.
    """
    normals[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            m = merged[triangles[t, k]]
            normals[m, 0] += x
            normals[m, 1] += y
            normals[m, 2] += z
    for i in range(points.shape[0]):
        m = merged[i]
        x, y, z = normals[m, 0], normals[m, 1], normals[m, 2]
        length = np.sqrt(x * x + y * y + z * z)
        scale = np.float32(1) / length if length > 0 else np.float32(0)
        if m == i:
            normals[i, 0], normals[i, 1], normals[i, 2] = x * scale, y * scale, z * scale
    for i in range(points.shape[0]):
        m = merged[i]
        if m != i:
            normals[i, 0], normals[i, 1], normals[i, 2] = normals[m, 0], normals[m, 1], normals[m, 2]

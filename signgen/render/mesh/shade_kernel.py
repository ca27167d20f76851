"""Compiled deferred shading: colours where a z-buffer shows triangles, resolved to the pixels of a frame.

The samples of a pixel that belong to one surface are shaded once, at their mean place, and weighted by their
number: inside a surface a pixel costs one evaluation, on an edge as many as surfaces meet there. Light adds up
in linear RGB and is encoded at the end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit

# A number in a register: a Python number to mypy, a float32 or an int64 to numba.
Scalar: TypeAlias = Any

STEPS = 256  # fixed-point steps of a sample
GROUPS = 4  # surfaces told apart in one pixel
APART = np.float32(0.01)  # samples of a surface whose distances differ by more than this share are two places
APART_PARALLEL = np.float32(0.02)  # the same of a parallel camera [m]
CURVE_SIZE = 4096
BEYOND = 0.5  # how far weights of a place outside its triangle may leave 0 to 1
OFF = np.float32(
    0.006
)  # how far off a surface its shadow is looked up [m]; less and it shades itself in rings

# Columns of the materials (colours are linear RGB).
RED, GREEN, BLUE, WRAP, WARMTH, SHINE, GLOSS, FUZZ, FIRST_LAYER, NUM_LAYERS = range(10)
MATERIAL_COLUMNS = 10
# Columns of the layers; a layer covers what lies below EDGE in its field, and blends over SOFT around it.
FIELD, EDGE, SOFT, LAYER_RED, LAYER_GREEN, LAYER_BLUE, OPACITY, LAYER_SHINE, LAYER_GLOSS = range(9)
LAYER_COLUMNS = 9
# Rows of the lights: directions point to the light, in camera axes.
KEY_WAY, KEY, FILL_WAY, FILL, RIM_WAY, RIM, UP, SKY, GROUND = range(9)
LIGHT_ROWS = 9

ZERO, ONE, HALF = np.float32(0), np.float32(1), np.float32(0.5)
# Under skin red light travels farthest: how much of the wrap and of the shade each colour sees.
REACH = (np.float32(1), np.float32(0.45), np.float32(0.3))
GLOW = (np.float32(0.24), np.float32(0.07), np.float32(0.04))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def weights(
    x: Scalar, y: Scalar, a: int, b: int, c: int, fixed: np.ndarray, near: np.ndarray, parallel: bool
) -> tuple[Scalar, Scalar, Scalar]:
    """Perspective-correct weights of three vertices at a place of the picture [samples].

    The weights of a place outside the triangle are held near it, so that slivers do not blow up.
    """
    px, py = x * STEPS, y * STEPS
    xa, ya = fixed[a, 0] - px, fixed[a, 1] - py
    xb, yb = fixed[b, 0] - px, fixed[b, 1] - py
    xc, yc = fixed[c, 0] - px, fixed[c, 1] - py
    wa, wb, wc = xb * yc - xc * yb, xc * ya - xa * yc, xa * yb - xb * ya
    if wa + wb + wc < 0.0:
        wa, wb, wc = -wa, -wb, -wc
    low, high = -BEYOND * (wa + wb + wc), (1.0 + BEYOND) * (wa + wb + wc)
    wa, wb, wc = min(max(wa, low), high), min(max(wb, low), high), min(max(wc, low), high)
    if not parallel:
        wa, wb, wc = wa * near[a], wb * near[b], wc * near[c]
    scale = 1.0 / (wa + wb + wc)
    return np.float32(wa * scale), np.float32(wb * scale), np.float32(wc * scale)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def _shine(
    nx: Scalar, ny: Scalar, nz: Scalar, vx: Scalar, vy: Scalar, vz: Scalar, way: np.ndarray, gloss: int
) -> Scalar:
    """Blinn's highlight, (n . h) to the power 2^gloss, of the light from ``way``."""
    hx, hy, hz = vx + way[0], vy + way[1], vz + way[2]
    half = max((nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz), ZERO)
    for _ in range(gloss):
        half *= half
    return half


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def key_arrives(x: Scalar, y: Scalar, z: Scalar, to_shadow: np.ndarray, shadow: np.ndarray) -> Scalar:
    """Share of the key light that reaches a place in camera axes [m]: 16 comparisons with a shadow map."""
    u = to_shadow[0, 0] * x + to_shadow[0, 1] * y + to_shadow[0, 2] * z + to_shadow[0, 3] - HALF
    v = to_shadow[1, 0] * x + to_shadow[1, 1] * y + to_shadow[1, 2] * z + to_shadow[1, 3] - HALF
    n = to_shadow[2, 0] * x + to_shadow[2, 1] * y + to_shadow[2, 2] * z + to_shadow[2, 3] + OFF
    column, row = int(np.floor(u)), int(np.floor(v))
    if column < 1 or row < 1 or column + 2 >= shadow.shape[1] or row + 2 >= shadow.shape[0]:
        return ONE
    fu, fv = np.float32(u - column), np.float32(v - row)
    total = ZERO
    for j in range(4):
        line = ZERO
        line += (ONE - fu) if shadow[row + j - 1, column - 1] <= n else ZERO
        line += ONE if shadow[row + j - 1, column] <= n else ZERO
        line += ONE if shadow[row + j - 1, column + 1] <= n else ZERO
        line += fu if shadow[row + j - 1, column + 2] <= n else ZERO
        total += line * ((ONE - fv) if j == 0 else (fv if j == 3 else ONE))
    return total * np.float32(1 / 9)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _coat(
    t: tuple[Scalar, Scalar, Scalar], a: int, b: int, c: int, footprint: Scalar,
    material: np.ndarray, layers: np.ndarray, fields: np.ndarray, tint: np.ndarray, colour: np.ndarray,
) -> None:  # fmt: skip
    """The colour of a material at a place: its base, tinted by the vertices, under its layers.

    Args:
        t: weights of the vertices a, b, c.
        a: vertex.
        b: vertex.
        c: vertex.
        footprint: width of a pixel on the surface [m], the least softness of a layer's edge.
        material: (MATERIAL_COLUMNS,) float32.
        layers: (L, LAYER_COLUMNS) float32.
        fields: (V, K) float32.
        tint: (V, 3) float32 factors.
        colour: (5,) float32 red, green, blue, shine, gloss; overwritten.
    """
    for k in range(3):
        colour[k] = material[RED + k] * (t[0] * tint[a, k] + t[1] * tint[b, k] + t[2] * tint[c, k])
    colour[3], colour[4] = material[SHINE], material[GLOSS]
    first = int(material[FIRST_LAYER])
    for i in range(first, first + int(material[NUM_LAYERS])):
        layer = layers[i]
        f = int(layer[FIELD])
        value = t[0] * fields[a, f] + t[1] * fields[b, f] + t[2] * fields[c, f]
        width = max(layer[SOFT], footprint)
        cover = min(max((layer[EDGE] - value) / width + HALF, ZERO), ONE)
        if cover > ZERO:
            cover *= layer[OPACITY]
            for k in range(3):
                colour[k] += cover * (layer[LAYER_RED + k] - colour[k])
            colour[3] += cover * (layer[LAYER_SHINE] - colour[3])
            if cover > HALF:
                colour[4] = layer[LAYER_GLOSS]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _light(
    x: Scalar, y: Scalar, z: Scalar, nx: Scalar, ny: Scalar, nz: Scalar,
    material: np.ndarray, colour: np.ndarray, lights: np.ndarray, open_sky: Scalar, open_key: Scalar,
    parallel: bool, share: Scalar, out: np.ndarray,
) -> None:  # fmt: skip
    """Add the light that a place at x, y, z [m] with unit normal n sends to the camera to ``out`` (3,).

    Args:
        x: in camera axes [m].
        y: in camera axes [m].
        z: in camera axes [m].
        nx: of the unit normal.
        ny: of the unit normal.
        nz: of the unit normal.
        material: (MATERIAL_COLUMNS,) float32.
        colour: (5,) float32 of `_coat`.
        lights: (LIGHT_ROWS, 3) float32.
        open_sky: how much of the light from all round arrives.
        open_key: how much of the key light arrives.
        parallel: the camera looks along z everywhere.
        share: weight of the place in its pixel.
        out: linear RGB.
    """
    vx, vy, vz = ZERO, ZERO, -ONE
    if not parallel:
        scale = -ONE / np.sqrt(x * x + y * y + z * z)
        vx, vy, vz = x * scale, y * scale, z * scale
    key = nx * lights[KEY_WAY, 0] + ny * lights[KEY_WAY, 1] + nz * lights[KEY_WAY, 2]
    fill = nx * lights[FILL_WAY, 0] + ny * lights[FILL_WAY, 1] + nz * lights[FILL_WAY, 2]
    rim = max(nx * lights[RIM_WAY, 0] + ny * lights[RIM_WAY, 1] + nz * lights[RIM_WAY, 2], ZERO)
    up = HALF + HALF * (nx * lights[UP, 0] + ny * lights[UP, 1] + nz * lights[UP, 2])
    wrap, warmth = material[WRAP], material[WARMTH]
    grazing = ONE - max(nx * vx + ny * vy + nz * vz, ZERO)
    grazing *= grazing
    gloss = int(colour[4])
    mirror = colour[3] * (np.float32(0.2) + grazing * grazing) * np.float32((1 << gloss) + 8)
    key_mirror = fill_mirror = ZERO
    if mirror > ZERO:
        key_mirror = (
            mirror * open_key * max(key, ZERO) * _shine(nx, ny, nz, vx, vy, vz, lights[KEY_WAY], gloss)
        )
        fill_mirror = mirror * max(fill, ZERO) * _shine(nx, ny, nz, vx, vy, vz, lights[FILL_WAY], gloss)
    for k in range(3):
        reach = wrap * (ONE + warmth * (REACH[k] - ONE))
        glow = warmth * GLOW[k]
        sky = open_sky + (ONE - open_sky) * glow
        direct = max((key + reach) / (ONE + reach), ZERO) * (open_key + (ONE - open_key) * glow)
        filled = max((fill + reach) / (ONE + reach), ZERO) * sky
        ambient = (lights[GROUND, k] + (lights[SKY, k] - lights[GROUND, k]) * up) * sky
        light = (
            direct * lights[KEY, k] + filled * lights[FILL, k] + ambient * (ONE + material[FUZZ] * grazing)
        )
        light += rim * lights[RIM, k] * sky
        gleam = key_mirror * lights[KEY, k] + fill_mirror * lights[FILL, k] * sky
        out[k] += share * (colour[k] * light + gleam)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _group(
    ids: np.ndarray, nearness: np.ndarray, surface: np.ndarray, y0: int, x0: int, scale: int, parallel: bool,
    groups: np.ndarray, places: np.ndarray,
) -> int:  # fmt: skip
    """Sort the samples of a pixel by the surface they see.

    Args:
        ids: (H, W) int32 triangles of a z-buffer, with its nearness (H, W) float32.
        nearness: see ids.
        surface: (F,) int16.
        y0: first sample row, with the column x0.
        x0: see y0.
        scale: samples of a pixel along a side.
        parallel: whether nearness is -z and not 1 / z.
        groups: (GROUPS, 3) int64 triangle, surface, number of samples; overwritten.
        places: (GROUPS, 3) float64 sums of x, y [samples] and the first nearness; overwritten.

    Returns:
        number of groups.
    """
    count = 0
    for j in range(scale):
        for i in range(scale):
            t = ids[y0 + j, x0 + i]
            if t < 0:
                continue
            n = nearness[y0 + j, x0 + i]
            limit = APART_PARALLEL if parallel else APART * n
            g = 0
            while g < count and (groups[g, 1] != surface[t] or abs(places[g, 2] - n) > limit):
                g += 1
            if g == GROUPS:
                g = GROUPS - 1
            elif g == count:
                groups[g, 0], groups[g, 1], groups[g, 2] = t, surface[t], 0
                places[g, 0], places[g, 1], places[g, 2] = 0.0, 0.0, n
                count += 1
            groups[g, 2] += 1
            places[g, 0] += x0 + i + 0.5
            places[g, 1] += y0 + j + 0.5
    return count


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _encode(light: Scalar, curve: np.ndarray) -> Scalar:
    return curve[min(max(int(light * CURVE_SIZE), 0), CURVE_SIZE - 1)]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def shade(
    scale: int, ids: np.ndarray, nearness: np.ndarray, fixed: np.ndarray, near: np.ndarray, seen: np.ndarray,
    normals: np.ndarray, triangles: np.ndarray, surface: np.ndarray, material_of: np.ndarray,
    materials: np.ndarray, layers: np.ndarray, fields: np.ndarray, tint: np.ndarray, sky: np.ndarray,
    lights: np.ndarray, view: np.ndarray, to_shadow: np.ndarray, shadow: np.ndarray,
    backdrop: np.ndarray, curve: np.ndarray, frame: np.ndarray,
) -> None:  # fmt: skip
    """Colour the pixels of ``frame`` that see a triangle; the others are left as they are.

    Args:
        scale: samples of a pixel along a side.
        ids: (H scale, W scale) int32 of `fill`, with nearness.
        nearness: float32, see ids.
        fixed: (V, 2) int32 of `place`, with near (V,) and seen (V, 3).
        near: see fixed.
        seen: see fixed.
        normals: (V, 3) float32 unit normals in camera axes.
        triangles: (F, 3) int32.
        surface: (F,) int16 what belongs together.
        material_of: (S,) int16 row of the materials for each surface.
        materials: (M, MATERIAL_COLUMNS) float32.
        layers: (L, LAYER_COLUMNS) float32.
        fields: (V, K) float32.
        tint: (V, 3) float32.
        sky: (V,) float32 how open each vertex lies.
        lights: (LIGHT_ROWS, 3) float32.
        view: (5,) float64 as for `place`.
        to_shadow: (3, 4) float32 camera axes to column, row and nearness of the shadow map.
        shadow: (S, S) float32 nearness seen from the key light; empty for no shadows.
        backdrop: (H, W, 3) float32 linear RGB behind partly covered pixels.
        curve: (CURVE_SIZE,) uint8 linear light to bytes.
        frame: (H, W, 3) uint8.
    """
    parallel = view[3] != 0.0
    inverse = ONE / np.float32(view[0])
    groups, places = np.empty((GROUPS, 3), np.int64), np.empty((GROUPS, 3), np.float64)
    colour, out = np.empty(5, np.float32), np.empty(3, np.float32)
    each = np.float32(1.0 / (scale * scale))
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            count = _group(ids, nearness, surface, y * scale, x * scale, scale, parallel, groups, places)
            if count == 0:
                continue
            out[:] = ZERO
            covered = 0
            for g in range(count):
                t, number = groups[g, 0], groups[g, 2]
                covered += number
                a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                u, v = places[g, 0] / number, places[g, 1] / number
                w = weights(u, v, a, b, c, fixed, near, parallel)
                pz = w[0] * seen[a, 2] + w[1] * seen[b, 2] + w[2] * seen[c, 2]
                pixel = inverse if parallel else pz * inverse
                px, py = np.float32(u - view[1]) * pixel, np.float32(v - view[2]) * pixel
                nx = w[0] * normals[a, 0] + w[1] * normals[b, 0] + w[2] * normals[c, 0]
                ny = w[0] * normals[a, 1] + w[1] * normals[b, 1] + w[2] * normals[c, 1]
                nz = w[0] * normals[a, 2] + w[1] * normals[b, 2] + w[2] * normals[c, 2]
                length = ONE / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
                nx, ny, nz = nx * length, ny * length, nz * length
                material = materials[material_of[groups[g, 1]]]
                footprint = pixel * scale / max(-nz, np.float32(0.25))
                _coat(w, a, b, c, footprint, material, layers, fields, tint, colour)
                open_key = ONE
                if shadow.size:
                    open_key = key_arrives(px + OFF * nx, py + OFF * ny, pz + OFF * nz, to_shadow, shadow)
                open_sky = w[0] * sky[a] + w[1] * sky[b] + w[2] * sky[c]
                _light(px, py, pz, nx, ny, nz, material, colour, lights, open_sky, open_key, parallel,
                       number * each, out)  # fmt: skip
            rest = ONE - covered * each
            for k in range(3):
                frame[y, x, k] = _encode(out[k] + rest * backdrop[y, x, k], curve)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def measure(
    scale: int, ids: np.ndarray, nearness: np.ndarray, fixed: np.ndarray, near: np.ndarray, seen: np.ndarray,
    normals: np.ndarray, triangles: np.ndarray, surface: np.ndarray, view: np.ndarray,
    alpha: np.ndarray, depth: np.ndarray, normal: np.ndarray, part: np.ndarray, triangle: np.ndarray,
    share: np.ndarray,
) -> None:  # fmt: skip
    """What each pixel shows at its centre, of the surface that fills most of it; ties go to the nearer.

    Args:
        scale: as for `shade`, with the arrays up to view.
        ids: see `shade`.
        nearness: see `shade`.
        fixed: see `shade`.
        near: see `shade`.
        seen: see `shade`.
        normals: see `shade`.
        triangles: see `shade`.
        surface: see `shade`.
        view: see `place`.
        alpha: (H, W) float32 share of the pixel that is covered.
        depth: (H, W) float32 along the optical axis [m]; 0 where nothing is.
        normal: (H, W, 3) float32 in camera axes; 0 where nothing is.
        part: (H, W) int16 surface; -1 where nothing is.
        triangle: (H, W) int32; -1 where nothing is.
        share: (H, W, 3) float32 weights of the triangle's vertices.
    """
    parallel = view[3] != 0.0
    groups, places = np.empty((GROUPS, 3), np.int64), np.empty((GROUPS, 3), np.float64)
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            count = _group(ids, nearness, surface, y * scale, x * scale, scale, parallel, groups, places)
            alpha[y, x], depth[y, x], part[y, x], triangle[y, x] = ZERO, ZERO, -1, -1
            normal[y, x], share[y, x] = ZERO, ZERO
            if count == 0:
                continue
            best, covered = 0, groups[0, 2]
            for g in range(1, count):
                covered += groups[g, 2]
                more = groups[g, 2] - groups[best, 2]
                if more > 0 or (more == 0 and places[g, 2] > places[best, 2]):
                    best = g
            t = groups[best, 0]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w = weights((x + 0.5) * scale, (y + 0.5) * scale, a, b, c, fixed, near, parallel)
            alpha[y, x] = covered / (scale * scale)
            part[y, x], triangle[y, x] = surface[t], t
            depth[y, x] = w[0] * seen[a, 2] + w[1] * seen[b, 2] + w[2] * seen[c, 2]
            square = ZERO
            for k in range(3):
                share[y, x, k] = w[k]
                value = w[0] * normals[a, k] + w[1] * normals[b, k] + w[2] * normals[c, k]
                normal[y, x, k] = value
                square += value * value
            normal[y, x] /= np.sqrt(square + np.float32(1e-12))

"""Compiled deferred shading: colours where a z-buffer shows triangles, resolved to the pixels of a frame.

The samples of a pixel that belong to one surface are shaded once, at their mean place, and weighted by their
number: inside a surface a pixel costs one evaluation, on an edge as many as surfaces meet there. Light adds up
in linear RGB and is encoded at the end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit

from signgen.render.mesh.arrays import Looks, Mesh

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
# Kinds of values in a block of places that are lit together; those of three numbers take three.
(NX, NY, NZ, VX, VY, VZ, SHINES, GLOSSES, WRAPS, WARM, FUZZES, OPEN_SKY, OPEN_KEY, SHARE, FOOTPRINT) = range(
    15
)
COLOUR, LIT, WEIGHT = 15, 18, 21
KINDS, BLOCK = 24, 256
MOST_GLOSS = 9  # a highlight's exponent is at most 2 to this power


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
def _coat(block: np.ndarray, spots: np.ndarray, count: int, mesh: Mesh, looks: Looks) -> None:
    """Colours of the places of a block: their materials, tinted by the vertices, under their layers.

    Args:
        block: (KINDS * BLOCK,) float32; WEIGHT, COLOUR and FOOTPRINT are read and written.
        spots: (BLOCK, 2) int64 pixel and triangle of each place.
        count: number of places.
        mesh: what was drawn.
        looks: its materials.
    """
    triangles, surface, active, fields, tint = (
        mesh.triangles,
        mesh.surface,
        mesh.active,
        mesh.fields,
        mesh.tint,
    )
    material_of, materials, layers = looks.material_of, looks.materials, looks.layers
    for i in range(count):
        t = spots[i, 1]
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        wa, wb, wc = (
            block[WEIGHT * BLOCK + i],
            block[(WEIGHT + 1) * BLOCK + i],
            block[(WEIGHT + 2) * BLOCK + i],
        )
        m = material_of[surface[t]]
        red = materials[m, RED] * (wa * tint[a, 0] + wb * tint[b, 0] + wc * tint[c, 0])
        green = materials[m, GREEN] * (wa * tint[a, 1] + wb * tint[b, 1] + wc * tint[c, 1])
        blue = materials[m, BLUE] * (wa * tint[a, 2] + wb * tint[b, 2] + wc * tint[c, 2])
        shine, gloss = materials[m, SHINE], materials[m, GLOSS]
        row, bits = int(materials[m, FIRST_LAYER]), active[t]
        while bits != 0:
            if bits & 1:
                f = int(layers[row, FIELD])
                value = wa * fields[a, f] + wb * fields[b, f] + wc * fields[c, f]
                width = max(layers[row, SOFT], block[FOOTPRINT * BLOCK + i])
                cover = layers[row, OPACITY] * min(max((layers[row, EDGE] - value) / width + HALF, ZERO), ONE)
                red += cover * (layers[row, LAYER_RED] - red)
                green += cover * (layers[row, LAYER_GREEN] - green)
                blue += cover * (layers[row, LAYER_BLUE] - blue)
                shine += cover * (layers[row, LAYER_SHINE] - shine)
                if cover > HALF:
                    gloss = layers[row, LAYER_GLOSS]
            bits >>= 1
            row += 1
        block[COLOUR * BLOCK + i], block[(COLOUR + 1) * BLOCK + i], block[(COLOUR + 2) * BLOCK + i] = (
            red,
            green,
            blue,
        )
        block[SHINES * BLOCK + i], block[GLOSSES * BLOCK + i] = shine, gloss
        block[WRAPS * BLOCK + i], block[WARM * BLOCK + i] = materials[m, WRAP], materials[m, WARMTH]
        block[FUZZES * BLOCK + i] = materials[m, FUZZ]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _light(block: np.ndarray, count: int, lights: np.ndarray) -> None:
    """The light that the first ``count`` places of a block send to the camera, times their share.

    The values of a kind lie side by side, so that the processor works on many places at once.

    Args:
        block: (KINDS * BLOCK,) float32; LIT to LIT + 2 are overwritten with linear RGB.
        count: number of places.
        lights: (LIGHT_ROWS, 3) float32.
    """
    kx, ky, kz = lights[KEY_WAY, 0], lights[KEY_WAY, 1], lights[KEY_WAY, 2]
    fx, fy, fz = lights[FILL_WAY, 0], lights[FILL_WAY, 1], lights[FILL_WAY, 2]
    rx, ry, rz = lights[RIM_WAY, 0], lights[RIM_WAY, 1], lights[RIM_WAY, 2]
    ux, uy, uz = lights[UP, 0], lights[UP, 1], lights[UP, 2]
    for k in range(3):
        key_light, fill_light, rim_light = lights[KEY, k], lights[FILL, k], lights[RIM, k]
        sky_light, ground_light = lights[SKY, k], lights[GROUND, k]
        far, deep = REACH[k], GLOW[k]
        for i in range(count):
            nx, ny, nz = block[NX * BLOCK + i], block[NY * BLOCK + i], block[NZ * BLOCK + i]
            vx, vy, vz = block[VX * BLOCK + i], block[VY * BLOCK + i], block[VZ * BLOCK + i]
            open_sky, open_key = block[OPEN_SKY * BLOCK + i], block[OPEN_KEY * BLOCK + i]
            wrap, warmth = block[WRAPS * BLOCK + i], block[WARM * BLOCK + i]
            gloss, shine = block[GLOSSES * BLOCK + i], block[SHINES * BLOCK + i]
            key = nx * kx + ny * ky + nz * kz
            fill = nx * fx + ny * fy + nz * fz
            grazing = ONE - max(nx * vx + ny * vy + nz * vz, ZERO)
            grazing *= grazing
            hx, hy, hz, gx, gy, gz = vx + kx, vy + ky, vz + kz, vx + fx, vy + fy, vz + fz
            one = max((nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz), ZERO)
            two = max((nx * gx + ny * gy + nz * gz) / np.sqrt(gx * gx + gy * gy + gz * gz), ZERO)
            lobe = np.float32(8)
            for step in range(MOST_GLOSS):  # Blinn's highlight, to the power of 2^gloss
                more = gloss > np.float32(step)
                one, two = (one * one if more else one), (two * two if more else two)
                lobe += np.float32(1 << step) if more else ZERO
            mirror = shine * (np.float32(0.2) + grazing * grazing) * lobe
            reach = wrap * (ONE + warmth * (far - ONE))
            glow = warmth * deep
            sky = open_sky + (ONE - open_sky) * glow
            direct = max((key + reach) / (ONE + reach), ZERO) * (open_key + (ONE - open_key) * glow)
            filled = max((fill + reach) / (ONE + reach), ZERO) * sky
            up = HALF + HALF * (nx * ux + ny * uy + nz * uz)
            ambient = (ground_light + (sky_light - ground_light) * up) * sky
            light = direct * key_light + filled * fill_light
            light += ambient * (ONE + block[FUZZES * BLOCK + i] * grazing)
            light += max(nx * rx + ny * ry + nz * rz, ZERO) * rim_light * sky
            gleam = one * open_key * max(key, ZERO) * key_light + two * max(fill, ZERO) * fill_light * sky
            lit = block[(COLOUR + k) * BLOCK + i] * light + mirror * gleam
            block[(LIT + k) * BLOCK + i] = lit * block[SHARE * BLOCK + i]


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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def _whole(
    ids: np.ndarray, nearness: np.ndarray, surface: np.ndarray, y0: int, x0: int, scale: int, parallel: bool
) -> int:
    """-1 for a pixel that sees nothing, 1 for one that sees one surface in one place, else 0."""
    covered, same = 0, True
    first = ids[y0, x0]
    belongs = surface[first] if first >= 0 else -1
    low = high = nearness[y0, x0]
    for j in range(scale):
        for i in range(scale):
            t = ids[y0 + j, x0 + i]
            if t >= 0:
                covered += 1
                same &= surface[t] == belongs
                low, high = min(low, nearness[y0 + j, x0 + i]), max(high, nearness[y0 + j, x0 + i])
    if covered == 0:
        return -1
    limit = APART_PARALLEL if parallel else APART * high
    return 1 if covered == scale * scale and same and high - low <= limit else 0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _place(
    block: np.ndarray, spots: np.ndarray, where: np.ndarray, count: int, scale: int, mesh: Mesh, view: np.ndarray,
    to_shadow: np.ndarray, shadow: np.ndarray,
) -> None:  # fmt: skip
    """Weights, normals, ways to the camera and light that arrives, for the places of a block; see `shade`."""
    triangles, fixed, near, seen, normals, sky = (
        mesh.triangles,
        mesh.fixed,
        mesh.near,
        mesh.seen,
        mesh.normals,
        mesh.sky,
    )
    parallel = view[3] != 0.0
    inverse = np.float32(1.0 / view[0])
    for i in range(count):
        t, u, v = spots[i, 1], where[i, 0], where[i, 1]
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        wa, wb, wc = weights(u, v, a, b, c, fixed, near, parallel)
        block[WEIGHT * BLOCK + i], block[(WEIGHT + 1) * BLOCK + i], block[(WEIGHT + 2) * BLOCK + i] = (
            wa,
            wb,
            wc,
        )
        z = wa * seen[a, 2] + wb * seen[b, 2] + wc * seen[c, 2]
        pixel = inverse * (ONE if parallel else z)
        x, y = np.float32(u - view[1]) * pixel, np.float32(v - view[2]) * pixel
        nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
        ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
        nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
        length = ONE / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
        nx, ny, nz = nx * length, ny * length, nz * length
        back = ZERO if parallel else -ONE / np.sqrt(x * x + y * y + z * z)
        block[NX * BLOCK + i], block[NY * BLOCK + i], block[NZ * BLOCK + i] = nx, ny, nz
        block[VX * BLOCK + i], block[VY * BLOCK + i] = x * back, y * back
        block[VZ * BLOCK + i] = -ONE if parallel else z * back
        block[FOOTPRINT * BLOCK + i] = pixel * scale / max(-nz, np.float32(0.25))
        block[OPEN_SKY * BLOCK + i] = wa * sky[a] + wb * sky[b] + wc * sky[c]
        block[OPEN_KEY * BLOCK + i] = (
            key_arrives(x + OFF * nx, y + OFF * ny, z + OFF * nz, to_shadow, shadow) if shadow.size else ONE
        )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _flush(
    block: np.ndarray, spots: np.ndarray, where: np.ndarray, count: int, scale: int, mesh: Mesh, looks: Looks,
    lights: np.ndarray, view: np.ndarray, to_shadow: np.ndarray, shadow: np.ndarray, line: np.ndarray,
) -> None:  # fmt: skip
    """Light the places of a block and add them to the pixels of a line (W, 3)."""
    _place(block, spots, where, count, scale, mesh, view, to_shadow, shadow)
    _coat(block, spots, count, mesh, looks)
    _light(block, count, lights)
    for i in range(count):
        for k in range(3):
            line[spots[i, 0], k] += block[(LIT + k) * BLOCK + i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def shade(
    scale: int, ids: np.ndarray, nearness: np.ndarray, mesh: Mesh, looks: Looks, lights: np.ndarray,
    view: np.ndarray, to_shadow: np.ndarray, shadow: np.ndarray, light_of: np.ndarray, curve: np.ndarray,
    frame: np.ndarray,
) -> None:  # fmt: skip
    """Colour the pixels of ``frame`` that see a triangle; the others are left as they are.

    Args:
        scale: samples of a pixel along a side.
        ids: (H scale, W scale) int32 of `fill`.
        nearness: (H scale, W scale) float32 of `fill`.
        mesh: what was drawn.
        looks: its materials.
        lights: (LIGHT_ROWS, 3) float32.
        view: as for `place`.
        to_shadow: (3, 4) float32 camera axes to column, row and nearness of the shadow map.
        shadow: (S, S) float32 nearness seen from the key light; empty for no shadows.
        light_of: (256,) float32 linear light of a byte of the frame.
        curve: (CURVE_SIZE,) uint8 linear light to bytes.
        frame: (H, W, 3) uint8, what is behind; updated.
    """
    parallel = view[3] != 0.0
    groups, places = np.empty((GROUPS, 3), np.int64), np.empty((GROUPS, 3), np.float64)
    block, line = np.zeros(KINDS * BLOCK, np.float32), np.zeros((frame.shape[1], 3), np.float32)
    spots, where = np.zeros((BLOCK, 2), np.int64), np.zeros((BLOCK, 2), np.float64)
    surface = mesh.surface
    covered = np.zeros(frame.shape[1], np.int64)
    each = np.float32(1.0 / (scale * scale))
    for y in range(frame.shape[0]):
        filled = 0
        for x in range(frame.shape[1]):
            covered[x] = 0
            whole = _whole(ids, nearness, surface, y * scale, x * scale, scale, parallel)
            if whole < 0:
                continue
            if filled > BLOCK - GROUPS:
                _flush(block, spots, where, filled, scale, mesh, looks, lights, view, to_shadow, shadow, line)
                filled = 0
            if whole == 1:
                covered[x] = scale * scale
                spots[filled, 0], spots[filled, 1] = x, ids[y * scale + scale // 2, x * scale + scale // 2]
                where[filled, 0], where[filled, 1] = (x + 0.5) * scale, (y + 0.5) * scale
                block[SHARE * BLOCK + filled] = ONE
                filled += 1
                continue
            count = _group(ids, nearness, surface, y * scale, x * scale, scale, parallel, groups, places)
            for g in range(count):
                number = groups[g, 2]
                covered[x] += number
                spots[filled, 0], spots[filled, 1] = x, groups[g, 0]
                where[filled, 0], where[filled, 1] = places[g, 0] / number, places[g, 1] / number
                block[SHARE * BLOCK + filled] = number * each
                filled += 1
        _flush(block, spots, where, filled, scale, mesh, looks, lights, view, to_shadow, shadow, line)
        for x in range(frame.shape[1]):
            if covered[x]:
                rest = ONE - covered[x] * each
                for k in range(3):
                    light = line[x, k] + rest * light_of[frame[y, x, k]]
                    frame[y, x, k] = curve[min(max(int(light * CURVE_SIZE), 0), CURVE_SIZE - 1)]
                    line[x, k] = ZERO


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def measure(
    scale: int, ids: np.ndarray, nearness: np.ndarray, mesh: Mesh, view: np.ndarray,
    alpha: np.ndarray, depth: np.ndarray, normal: np.ndarray, part: np.ndarray, triangle: np.ndarray,
    share: np.ndarray,
) -> None:  # fmt: skip
    """What each pixel shows at its centre, of the surface that fills most of it; ties go to the nearer.

    Args:
        scale: samples of a pixel along a side.
        ids: (H scale, W scale) int32 of `fill`.
        nearness: (H scale, W scale) float32 of `fill`.
        mesh: what was drawn.
        view: (5,) float64 as for `place`.
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
            count = _group(ids, nearness, mesh.surface, y * scale, x * scale, scale, parallel, groups, places)
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
            a, b, c = mesh.triangles[t, 0], mesh.triangles[t, 1], mesh.triangles[t, 2]
            w = weights((x + 0.5) * scale, (y + 0.5) * scale, a, b, c, mesh.fixed, mesh.near, parallel)
            alpha[y, x] = covered / (scale * scale)
            part[y, x], triangle[y, x] = mesh.surface[t], t
            depth[y, x] = w[0] * mesh.seen[a, 2] + w[1] * mesh.seen[b, 2] + w[2] * mesh.seen[c, 2]
            square = ZERO
            for k in range(3):
                share[y, x, k] = w[k]
                value = w[0] * mesh.normals[a, k] + w[1] * mesh.normals[b, k] + w[2] * mesh.normals[c, k]
                normal[y, x, k] = value
                square += value * value
            normal[y, x] /= np.sqrt(square + np.float32(1e-12))

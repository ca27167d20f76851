"""Hair as a shell over the scalp, with a bun or a fall where the style has one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from signgen.body.asset import Shape
from signgen.render.signer.body_parts import INDEX, surfaces
from signgen.render.signer.piece import Piece, averaged, cut, joined, piece_of, refined, smoothed


@dataclass(frozen=True)
class Style:
    """How hair is worn.

    Attributes:
        top: thickness on top of the head [m].
        side: thickness at the sides and the back [m].
        lumps: height of curls [m].
        bun: radius of a bun at the back; 0 for none [m].
        fall: how far hair falls below the ears; 0 for not [m].
    """

    top: float
    side: float
    lumps: float = 0.0
    bun: float = 0.0
    fall: float = 0.0


STYLES = {
    "buzz": Style(0.0035, 0.003),
    "short": Style(0.022, 0.009, lumps=0.003),
    "curly": Style(0.036, 0.030, lumps=0.008),
    "bun": Style(0.011, 0.008, bun=0.036),
    "bob": Style(0.020, 0.014, fall=0.105),
    "long": Style(0.020, 0.014, fall=0.25),
}


def hair(shape: Shape, style: Style) -> Piece:
    """The hair of a head, all one surface."""
    cap = _cap(shape, style)
    pieces = [cap]
    if style.bun:
        pieces.append(_bun(shape, cap, style.bun))
    if style.fall:
        pieces.append(_fall(shape, style))
    whole = joined(pieces)
    return whole.replace(
        surface=np.full(len(whole.triangles), INDEX["hair"]), source=np.full(len(whole.points), -1)
    )


def scalp_depth(points: np.ndarray, shape: Shape) -> np.ndarray:
    """(n,) how far places of the head lie inside the hairline, below 0 outside [m]."""
    scalp = shape.body.vertex_masks["scalp"]
    head = np.unique(shape.body.faces[shape.body.part_faces("head", "body")])
    inside = scalp[head] >= 128
    hairy, bare = (cKDTree(shape.vertices[head[chosen]]) for chosen in (inside, ~inside))
    to_bare, to_hair = bare.query(points)[0], hairy.query(points)[0]
    return np.asarray(np.where(to_bare > to_hair, to_bare, -to_hair))


def hairline(points: np.ndarray, shape: Shape) -> np.ndarray:
    """(n,) how far places of the head lie inside the hair as it is worn, below 0 outside [m]."""
    return np.asarray(np.minimum(scalp_depth(points, shape), _nape(points, shape)))


def _cap(shape: Shape, style: Style) -> Piece:
    body = shape.body
    skin = piece_of(shape, body.part_faces("head", "body"), surfaces(body))
    skin = cut(skin, shape.heads[body.bone["neck01"], 1] - skin.points[:, 1].astype(np.float64))
    mask = averaged(
        skin, np.asarray(body.vertex_masks["scalp"][skin.source], dtype=np.float64) / 255 - 0.5, 3
    )
    field = np.minimum(0.02 * mask, _nape(skin.points, shape))
    cap = refined(cut(smoothed(skin, 2), field))
    depth = np.maximum(scalp_depth(cap.points, shape), 0)
    normals = cap.normals()
    up = np.clip(-normals[:, 1] * 0.9 + 0.25, 0, 1)
    ramp = np.clip(depth / 0.03, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    thick = style.side + (style.top - style.side) * up
    off = 0.0008 + thick * (0.03 + 0.97 * ramp) + style.lumps * ramp * lumps(cap.points, 95.0)
    points = cap.points + off[:, None] * (normals + np.array([0.0, -0.12, 0.0]))
    return cap.replace(points=points.astype(np.float32))


def _nape(points: np.ndarray, shape: Shape) -> np.ndarray:
    """Height above the line where hair ends: below the ears, and lower towards the middle of the nape [m]."""
    ear = (shape.keypoints[16] + shape.keypoints[17]) / 2
    behind = np.clip((points[:, 2] - ear[2] - 0.015) / 0.05, 0, 1)
    return np.asarray(ear[1] + 0.005 + 0.045 * behind - points[:, 1])


def lumps(points: np.ndarray, frequency: float) -> np.ndarray:
    """(n,) smooth bumps from -1 to 1, of a wavelength of 2 pi / frequency [m]."""
    x, y, z = (frequency * points.astype(np.float64)).T
    wave = (
        np.sin(x + 1.3 * np.sin(0.7 * y))
        + np.sin(1.1 * y + 1.7 * np.sin(0.6 * z))
        + np.sin(0.9 * z + np.sin(x))
    )
    return np.asarray(wave / 3)


def strands(points: np.ndarray, shape: Shape) -> np.ndarray:
    """(n,) lightness of hair from 0.7 to 1.2: strands that part at the crown."""
    crown = _centre(shape) + np.array([0.0, -0.09, 0.03])
    x, y, z = (points - crown).T
    angle = np.arctan2(x, -z)
    wave = (
        np.sin(46 * angle + 14 * y) * 0.5 + np.sin(91 * angle - 30 * y + 2) * 0.35 + 0.3 * np.sin(17 * angle)
    )
    return np.asarray(0.95 + 0.16 * wave)


def _centre(shape: Shape) -> np.ndarray:
    """The middle of the skull."""
    head = shape.vertices[np.unique(shape.body.faces[shape.body.part_faces("head")])]
    return np.asarray([0.0, head[:, 1].min() + 0.105, (head[:, 2].max() + head[:, 2].min()) / 2 + 0.012])


def _one_bone(points: np.ndarray, triangles: np.ndarray, bone: int) -> Piece:
    count = len(points)
    weights = np.zeros((count, 4), dtype=np.float32)
    weights[:, 0] = 1
    return Piece(
        points.astype(np.float32), np.full((count, 4), bone), weights, np.full(count, -1), triangles,
        np.full(len(triangles), INDEX["hair"]),
    )  # fmt: skip


def _bun(shape: Shape, cap: Piece, radius: float) -> Piece:
    """A ball at the back of the crown."""
    way = np.array([0.0, -0.62, 0.78])
    centre = cap.points[np.argmax(cap.points @ way)] + 0.45 * radius * way
    theta = np.linspace(0, np.pi, 13)
    phi = np.arange(24) * 2 * np.pi / 24
    t, p = (grid.ravel() for grid in np.meshgrid(theta, phi, indexing="ij"))
    ball = np.stack([np.sin(t) * np.cos(p), np.cos(t), np.sin(t) * np.sin(p)], axis=1)
    points = centre + radius * ball * (1 + 0.07 * np.sin(6 * p + 5 * t))[:, None] * np.array(
        [1.05, 0.95, 0.95]
    )
    triangles = _grid(13, 24, wrap=True)
    return _one_bone(points, triangles, shape.body.bone["head"])


def _grid(rows: int, columns: int, *, wrap: bool) -> np.ndarray:
    """Triangles of a grid of vertices, row by row; ``wrap`` joins the last column to the first."""
    at = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(at, -1, axis=1) if wrap else at[:, 1:]
    left = at if wrap else at[:, :-1]
    a, b, c, d = left[:-1], right[:-1], right[1:], left[1:]
    return np.concatenate([np.stack([q.ravel() for q in t], 1) for t in ((a, b, c), (a, c, d))])


def _fall(shape: Shape, style: Style) -> Piece:
    """Hair that hangs from the sides and the back of the head: a closed curtain, following neck and chest."""
    centre = _centre(shape)
    head = shape.vertices[np.unique(shape.body.faces[shape.body.part_faces("head")])]
    half = np.array([head[:, 0].max() - 0.012, (head[:, 2].max() - head[:, 2].min()) / 2 - 0.008])
    around = np.radians(np.linspace(-118, 118, 57))
    down = np.linspace(0, 1, 22)
    s, a = np.meshgrid(down, around, indexing="ij")
    start, end = centre[1] - 0.035, centre[1] + 0.02 + style.fall
    length = end - start - 0.02 * np.cos(a)
    sheets = []
    front = np.clip((np.abs(a) - 1.6) / 0.46, 0, 1)
    for thick in (style.side - 0.004, -0.010):
        swell = thick + 0.010 * np.sin(np.pi * s) - 0.012 * np.clip((s - 0.8) / 0.2, 0, 1)
        swell = swell + 0.0015 * np.sin(23 * a) * np.clip(3 * s, 0, 1) - 0.014 * np.clip(1 - 4 * s, 0, 1)
        swell = swell - 0.006 * front * (thick > 0)
        x, z = np.sin(a) * (half[0] + swell), np.cos(a) * (half[1] + swell)
        sheets.append(np.stack([x, start + s * length, centre[2] + z], -1).reshape(-1, 3))
    rows, columns = s.shape
    outer = _grid(rows, columns, wrap=False)
    count = rows * columns
    rim = np.concatenate([
        np.arange(columns) + count - columns, np.arange(rows - 2, -1, -1) * columns + columns - 1,
    ])  # fmt: skip
    left = np.arange(rows) * columns
    edge = np.concatenate([left[:-1], rim])
    strip = [
        np.stack([edge[:-1], edge[1:], edge[1:] + count], 1),
        np.stack([edge[:-1], edge[1:] + count, edge[:-1] + count], 1),
    ]
    triangles = np.concatenate([outer, outer[:, ::-1] + count, *strip, *(s[:, ::-1] for s in strip)])
    return _hung(_one_bone(np.concatenate(sheets), triangles, shape.body.bone["head"]), shape)


def _hung(piece: Piece, shape: Shape) -> Piece:
    """Weights that hand hair over from the head to the chest on its way down."""
    bone = shape.body.bone
    low = np.clip((piece.points[:, 1] + 0.14) / 0.16, 0, 1).astype(np.float32)
    bones = np.tile(np.array([bone["head"], bone["neck01"], bone["spine01"], bone["spine01"]]), (len(low), 1))
    mid = low * (1 - low) * 2
    weights = np.stack([(1 - low) * (1 - mid), mid, low * (1 - mid), 0 * low], axis=1)
    return piece.replace(
        bones=bones, weights=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    )

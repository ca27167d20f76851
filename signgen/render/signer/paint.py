"""Paint on a dressed signer: fields of brows, lips, nails and irises, tints, and how open each place lies."""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.pose.layout import FACE
from signgen.render.mesh import raster_kernel as raster
from signgen.render.mesh.camera import Camera
from signgen.render.mesh.model import Material, plain
from signgen.render.mesh.zbuffer import ZBuffer
from signgen.render.signer.piece import Piece

# Columns of the fields; lengths in metres, masks as 0.5 - mask.
LIPS, NAILS, BROWS, SCALP, IRIS, BORDER, HEIGHT, BEARD, LIDS = range(9)
FIELDS = 9
FAR = 1.0


def fields(piece: Piece, shape: Shape, border: np.ndarray, scalp: np.ndarray) -> np.ndarray:
    """(n, FIELDS) float32.

    Args:
        piece: the signer.
        shape: the body it was made from.
        border: (n,) distance from the border of the clothes [m].
        scalp: (n,) distance inside the hairline [m].
    """
    out = np.full((len(piece.points), FIELDS), FAR, dtype=np.float32)
    own = piece.source >= 0
    source = piece.source[own]
    for column, name in ((LIPS, "lips"), (NAILS, "nails"), (LIDS, "eyelids")):
        out[own, column] = 0.5 - shape.body.vertex_masks[name][source] / np.float32(255)
    out[:, BROWS] = _brows(piece.points, shape)
    out[:, SCALP] = -scalp
    out[:, IRIS] = _irises(piece, shape)
    out[:, BORDER] = border
    out[:, HEIGHT] = -piece.points[:, 1]
    out[:, BEARD] = _beard(piece.points, shape)
    return out


def _brows(points: np.ndarray, shape: Shape) -> np.ndarray:
    """Distance from the brows, which taper outwards, below 0 within."""
    face = shape.keypoints[FACE]
    nearest = np.full(len(points), FAR)
    # From the inner end outwards: half the width of a brow [m].
    half = np.array([0.0034, 0.0038, 0.0036, 0.0026, 0.0008])
    for line in (face[21:16:-1], face[22:27]):
        line = line + np.array([0.0, -0.001, 0.0])
        for i in range(4):
            step = line[i + 1] - line[i]
            along = np.clip((points - line[i]) @ step / (step @ step), 0, 1)
            off = np.linalg.norm(points - line[i] - along[:, None] * step, axis=1)
            nearest = np.minimum(nearest, off - (half[i] + along * (half[i + 1] - half[i])))
    return nearest


def _irises(piece: Piece, shape: Shape) -> np.ndarray:
    """Distance from the axis of the eye that a vertex follows; far for the rest."""
    out = np.full(len(piece.points), FAR)
    for side in "LR":
        bone = shape.body.bone[f"eye.{side}"]
        mine = (piece.bones[:, 0] == bone) & (piece.weights[:, 0] > 0.9)
        if not mine.any():
            continue
        centre, axis = shape.heads[bone], shape.tails[bone] - shape.heads[bone]
        axis = axis / np.linalg.norm(axis)
        offset = piece.points[mine] - centre
        along = offset @ axis
        radius = np.linalg.norm(offset - along[:, None] * axis, axis=1)
        out[mine] = np.where(along > 0, radius, FAR)
    return out


def _beard(points: np.ndarray, shape: Shape) -> np.ndarray:
    """Distance from where a beard grows: jaw, chin and upper lip."""
    face = shape.keypoints[FACE]
    nose, mouth, chin = face[33], (face[51] + face[57]) / 2, face[8]
    cheek = face[3]
    x, y, z = points.T
    above = (nose[1] + 0.35 * (mouth[1] - nose[1])) - y + np.clip(np.abs(x) - 0.02, 0, 1) * 0.55
    behind = z - (cheek[2] + 0.012)
    below = y - (chin[1] + 0.03)
    return np.asarray(np.maximum(np.maximum(above, behind), below))


def openness(points: np.ndarray, triangles: np.ndarray, eyes: np.ndarray, rounds: int = 64) -> np.ndarray:
    """How much of the light from all round reaches each vertex, by looking at the mesh from all round.

    Args:
        points: (n, 3) float32 [m].
        triangles: (m, 3) triangles.
        eyes: (k, 2, 3) boxes [m], low and high corners, that are looked at on their own and so more closely.
        rounds: directions to look from.

    Returns:
        (n,) float32 from 0 to 1.
    """
    model = plain(triangles, len(points), Material((1, 1, 1)))
    normals = np.zeros((len(points), 3), dtype=np.float32)
    raster.smooth_normals(points, model.triangles, model.merged, normals)
    reach, seen = np.full(len(points), 1e-6), np.full(len(points), 1e-6)
    for low, high in eyes:
        inside = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        centre, span = (low + high) / 2, float(np.linalg.norm(high - low))
        size = 256
        total, got = np.zeros(len(inside)), np.zeros(len(inside))
        for ahead in _directions(rounds):
            side = np.cross((0.31, 0.87, 0.38), ahead)
            side /= np.linalg.norm(side)
            rotation = np.array([side, np.cross(ahead, side), ahead])
            camera = Camera(size, size, size / span, (size / 2, size / 2), rotation, -rotation @ centre, True)
            buffer = ZBuffer(camera)
            buffer.draw(points, model, with_normals=False)
            share = np.maximum(-(normals[inside] @ ahead.astype(np.float32)), 0)
            texel = span / size
            place = camera.project(points[inside] + (1.5 * texel) * normals[inside])
            column, row = (np.clip(place[:, k].astype(np.int64), 0, size - 1) for k in (0, 1))
            free = buffer.nearness[row, column] <= -place[:, 2] + texel
            total += share
            got += share * free
        reach[inside], seen[inside] = total + 1e-6, got + 1e-6
    share = np.where(reach > 1e-5, seen / reach, 1.0)
    return np.asarray(np.clip(share, 0.16, 1), dtype=np.float32)


def _directions(count: int) -> np.ndarray:
    """(count, 3) unit vectors spread evenly over the sphere (Fibonacci's spiral)."""
    i = np.arange(count) + 0.5
    height, angle = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], axis=1)

"""How skin and cloth follow the bones of a shoulder: weights spread so that neither tears when an arm is raised."""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.render.signer.piece import Piece, averaged, refined

# How far round the joint of a shoulder weights are spread, and how often each is blended with its neighbours'.
REACH, ROUNDS = 0.17, 14
# Skin vertices that a place on the cloth takes its weights from.
NEAREST = 6
MOST_LIFT = 0.02  # [m]


def spread(skin: Piece, shape: Shape) -> Piece:
    """Skin whose weights change gently over the shoulders.

    Args:
        skin: triangles of the body; nothing but the places near the shoulders changes.
        shape: the body.
    """
    share = np.zeros(len(skin.points))
    for side in "LR":
        joint = shape.heads[shape.body.bone[f"upperarm01.{side}"]]
        far = np.linalg.norm(skin.points - joint, axis=1) / REACH
        share = np.maximum(share, np.clip(2 - 2 * far, 0, 1))
    table = _table(skin, len(shape.body.bones))
    used = np.flatnonzero(table[share > 0].any(axis=0))
    values = table[:, used]
    pairs = np.concatenate([skin.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    pairs = pairs[share[pairs[:, 0]] > 0]
    count = np.maximum(np.bincount(pairs[:, 0], minlength=len(values)), 1)
    for _ in range(ROUNDS):
        for column in range(len(used)):
            own = values[:, column]
            mean = np.bincount(pairs[:, 0], own[pairs[:, 1]], len(own)) / count
            values[:, column] = own + 0.5 * share * (mean - own)
    table[:, used] = values
    return _strongest(skin, table)


def laid_on(cloth: Piece, skin: Piece, bones: int) -> Piece:
    """Cloth that lies on the skin and follows the bones as the skin below it does, so that it stays outside.

    Args:
        cloth: what to lay there; smoothing may have drawn it below the skin.
        skin: what it lies on.
        bones: how many there are.
    """
    near, share = _below(cloth.points, skin)
    normals = skin.normals()
    way = (share[..., None] * normals[near]).sum(axis=1)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    offset = cloth.points[:, None].astype(np.float64) - skin.points[near]
    height = (share * (offset * normals[near]).sum(axis=2)).sum(axis=1)
    lift = averaged(cloth, np.clip(-height, 0, MOST_LIFT), 1)
    table = _table(skin, bones)
    weights = np.einsum("nk,nkb->nb", share, table[near])
    lifted = (cloth.points + lift[:, None] * way).astype(np.float32)
    return _strongest(cloth.replace(points=lifted), weights)


def laid_close(
    cloth: Piece, skin: Piece, bones: int, chosen: np.ndarray, lowest: np.ndarray, highest: np.ndarray
) -> Piece:
    """Cloth that at some places lies as high above the drawn triangles of the skin as it should, and moves as they do.

    Args:
        cloth: what lies there.
        skin: the few triangles around those places; between its vertices it is as flat as it is drawn.
        bones: how many there are.
        chosen: (k,) vertices of the cloth.
        lowest: (k,) least height above the skin [m].
        highest: (k,) most height [m].
    """
    skin = refined(refined(skin))
    near, share = _below(cloth.points[chosen], skin)
    normals = skin.normals()
    way = (share[..., None] * normals[near]).sum(axis=1)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    offset = cloth.points[chosen][:, None].astype(np.float64) - skin.points[near]
    height = (share * (offset * way[:, None]).sum(axis=2)).sum(axis=1)
    points, table = cloth.points.copy(), _table(cloth, bones)
    points[chosen] += ((np.clip(height, lowest, highest) - height)[:, None] * way).astype(np.float32)
    table[chosen] = np.einsum("nk,nkb->nb", share, _table(skin, bones)[near])
    return _strongest(cloth.replace(points=points), table)


def _below(points: np.ndarray, skin: Piece) -> tuple[np.ndarray, np.ndarray]:
    """(n, NEAREST) the vertices of the skin nearest to points (n, 3), and their shares, which sum to 1."""
    from scipy.spatial import KDTree

    distance, near = KDTree(skin.points).query(points, NEAREST)
    share = 1 / (distance**2 + 1e-5)
    return near, share / share.sum(axis=1, keepdims=True)


def _table(piece: Piece, bones: int) -> np.ndarray:
    """(n, bones) float64 weights."""
    table = np.zeros((len(piece.points), bones))
    np.add.at(table, (np.arange(len(table))[:, None], piece.bones), piece.weights)
    return table


def _strongest(piece: Piece, table: np.ndarray) -> Piece:
    """The piece with the four largest of each vertex's weights."""
    top = np.argsort(-table, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(table, top, axis=1)
    kept /= np.maximum(kept.sum(axis=1, keepdims=True), 1e-12)
    return piece.replace(bones=top, weights=kept.astype(np.float32))

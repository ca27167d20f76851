"""`Piece`: part of a dressed signer, triangles at rest with what makes them move; cut, refined and joined."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Shape
from signgen.render.mesh.clip import clip_near


@dataclass(frozen=True, eq=False)
class Piece:
    """A mesh at rest.

    Attributes:
        points: (n, 3) float32 [m].
        bones: (n, 4) int64 bones that each vertex follows.
        weights: (n, 4) float32 that sum to 1.
        source: (n,) int64 vertex of the body whose facial actions it follows; -1 for none.
        triangles: (m, 3) int64.
        surface: (m,) int64.
    """

    points: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    source: np.ndarray
    triangles: np.ndarray
    surface: np.ndarray

    def replace(self, **changes: np.ndarray) -> Piece:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def compact(self) -> Piece:
        """Without the vertices that no triangle uses."""
        used, triangles = np.unique(self.triangles, return_inverse=True)
        rows = {name: getattr(self, name)[used] for name in ("points", "bones", "weights", "source")}
        return self.replace(triangles=triangles.reshape(-1, 3), **rows)

    def normals(self) -> np.ndarray:
        """(n, 3) float64 outward unit normals; 0 of a vertex without triangles."""
        corners = self.points[self.triangles].astype(np.float64)
        face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        total = np.zeros((len(self.points), 3))
        for k in range(3):
            np.add.at(total, self.triangles[:, k], face)
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


def piece_of(shape: Shape, faces: np.ndarray, surface: np.ndarray) -> Piece:
    """The triangles of a body that ``faces`` (F,) marks; ``surface`` (F,) says what they belong to."""
    body = shape.body
    whole = Piece(
        shape.vertices, body.skin_bones, body.skin_weights, np.arange(len(shape.vertices)),
        body.faces[faces], surface[faces],
    )  # fmt: skip
    return whole.compact()


def cut(piece: Piece, field: np.ndarray) -> Piece:
    """The side of a piece where ``field`` (n,) is above 0, its border cut through the triangles."""
    field = np.where(field == 0, 1e-9, field)
    line = clip_near(piece.triangles, field, 0.0)
    inside = (field[piece.triangles] > 0).all(axis=1)
    bones, weights = _mixed_weights(piece, line.ends, line.share[:, 0])
    return Piece(
        line.extended(piece.points),
        np.concatenate([piece.bones, bones]),
        np.concatenate([piece.weights, weights]),
        np.concatenate([piece.source, piece.source[_nearer(line.ends, line.share[:, 0])]]),
        np.concatenate([piece.triangles[inside], line.triangles]),
        np.concatenate([piece.surface[inside], piece.surface[line.source]]),
    ).compact()


def refined(piece: Piece) -> Piece:
    """Each triangle cut into four at the middles of its edges."""
    a, b, c = piece.triangles.T
    edges = np.sort(np.concatenate([np.stack(pair, 1) for pair in ((a, b), (b, c), (c, a))]), axis=1)
    ends, index = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = len(piece.points) + index.reshape(3, -1)
    triangles = np.concatenate(
        [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
    half = np.full(len(ends), 0.5, dtype=np.float32)
    bones, weights = _mixed_weights(piece, ends, half)
    return Piece(
        np.concatenate([piece.points, piece.points[ends].mean(axis=1)]),
        np.concatenate([piece.bones, bones]),
        np.concatenate([piece.weights, weights]),
        np.concatenate([piece.source, piece.source[ends[:, 0]]]),
        triangles,
        np.tile(piece.surface, 4),
    )


def joined(pieces: Sequence[Piece]) -> Piece:
    """One piece of several; nothing is welded."""
    starts = np.cumsum([0, *(len(piece.points) for piece in pieces)])
    triangles = [piece.triangles + start for piece, start in zip(pieces, starts, strict=False)]
    rows = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("points", "bones", "weights", "source", "surface")
    }
    return Piece(triangles=np.concatenate(triangles), **rows)


def smoothed(piece: Piece, rounds: int, fixed: np.ndarray | None = None) -> Piece:
    """Vertices drawn towards their neighbours and back out, so that bumps go and the size stays (Taubin 1995).

    Args:
        piece: what to smooth.
        rounds: how often.
        fixed: (n,) vertices that stay.
    """
    pairs = np.concatenate([piece.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    count = np.bincount(pairs[:, 0], minlength=len(piece.points))[:, None]
    points = piece.points.astype(np.float64)
    moves = np.ones((len(points), 1)) if fixed is None else ~fixed[:, None]
    for share in (0.5, -0.53) * rounds:
        total = np.zeros_like(points)
        np.add.at(total, pairs[:, 0], points[pairs[:, 1]])
        points += share * moves * (total / np.maximum(count, 1) - points) * (count > 0)
    return piece.replace(points=points.astype(np.float32))


def on_border(piece: Piece) -> np.ndarray:
    """(n,) vertices of edges that only one triangle has."""
    edges = np.concatenate([piece.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))])
    ends, count = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    marked = np.zeros(len(piece.points), dtype=np.bool_)
    marked[ends[count == 1]] = True
    return marked


def averaged(piece: Piece, values: np.ndarray, rounds: int) -> np.ndarray:
    """(n,) values of the vertices, each blended half and half with its neighbours' mean ``rounds`` times."""
    pairs = np.concatenate([piece.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    count = np.maximum(np.bincount(pairs[:, 0], minlength=len(values)), 1)
    for _ in range(rounds):
        values = 0.5 * values + 0.5 * np.bincount(pairs[:, 0], values[pairs[:, 1]], len(values)) / count
    return values


def _nearer(ends: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.where(share < 0.5, ends[:, 0], ends[:, 1])


def _mixed_weights(piece: Piece, ends: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest bones of vertices between two others, and their weights."""
    bones = np.concatenate([piece.bones[ends[:, 0]], piece.bones[ends[:, 1]]], axis=1)
    weights = np.concatenate(
        [piece.weights[ends[:, 0]] * (1 - share[:, None]), piece.weights[ends[:, 1]] * share[:, None]], axis=1
    )
    table = np.zeros((len(ends), int(piece.bones.max(initial=0)) + 1))
    np.add.at(table, (np.arange(len(ends))[:, None], bones), weights)
    top = np.argsort(-table, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(table, top, axis=1)
    return top, (kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)

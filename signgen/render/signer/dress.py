"""A body and its looks made into one mesh: skin, eyes, hair and clothes, with their materials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Shape
from signgen.body.kinematics import BodyPose, move_bones
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.render.mesh.model import Colour, Layer, Material, Model
from signgen.render.signer import clothes, paint
from signgen.render.signer.body_parts import INDEX, SURFACES, surfaces
from signgen.render.signer.following import spread
from signgen.render.signer.hair import STYLES, hair, hairline, strands
from signgen.render.signer.looks import Looks, luminance
from signgen.render.signer.piece import Piece, joined, piece_of, refined

_SKIN = (
    "torso",
    "head",
    "left_arm",
    "right_arm",
    *(name for name in SURFACES if name.startswith(("left_", "right_"))),
)
_BODY_PARTS = ("body", "head", "hand_left", "hand_right", "eye_cavity", "mouth", "tongue", "teeth", "lashes")


@dataclass(frozen=True, eq=False)
class Dressed:
    """A signer ready to move and be drawn.

    Attributes:
        shape: the body at rest.
        piece: everything that is drawn, at rest.
        model: the same for the painter.
        action_start: (A + 1,) where the offsets of each facial action start.
        action_rows: vertices of the piece that they move.
        action_offsets: (N, 3) float32, by how much [m].
    """

    shape: Shape
    piece: Piece
    model: Model
    action_start: np.ndarray
    action_rows: np.ndarray
    action_offsets: np.ndarray

    def movements(self, pose: BodyPose) -> np.ndarray:
        """(T, B, 12) float32: what each bone does to a resting point, rows of 3 x 4 matrices."""
        bones = move_bones(self.shape, pose)
        shift = bones.placed - np.einsum("tbij,bj->tbi", bones.turned, self.shape.heads)
        whole = np.concatenate([bones.turned, shift[..., None]], axis=-1)
        return np.ascontiguousarray(whole.reshape(*whole.shape[:2], 12), dtype=np.float32)

    def posed(self, movement: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The vertices in one pose.

        Args:
            movement: (B, 12) float32, of `movements`.
            actions: (A,) float32 weights of the facial actions.

        Returns:
            (n, 3) float32 [m].
        """
        from signgen.body import skinning_kernels as kernels

        piece = self.piece
        rest, out = np.empty_like(piece.points), np.empty_like(piece.points)
        kernels.act(piece.points, actions, 0, self.action_start, self.action_rows, self.action_offsets, rest)
        kernels.blend(rest, movement, piece.bones, piece.weights, np.arange(len(rest)), out)
        return out


def dressed(shape: Shape, looks: Looks) -> Dressed:
    """Put looks on a body."""
    piece, border = _assembled(shape, looks)
    scalp = hairline(piece.points, shape)
    model = _model(piece, shape, looks, paint.fields(piece, shape, border, scalp))
    return Dressed(shape, piece, model, *_actions(piece, shape))


def _assembled(shape: Shape, looks: Looks) -> tuple[Piece, np.ndarray]:
    body = shape.body
    surface = surfaces(body)
    skin = spread(piece_of(shape, body.part_faces(*_BODY_PARTS), surface), shape)
    under = clothes.below(skin)
    shown = ~clothes.hides(skin, shape, looks.clothes)
    shown &= skin.points[skin.triangles][..., 1].min(axis=1) < clothes.BELOW
    # Lower lashes are cards that look painted on.
    low_lash = skin.points[skin.triangles][..., 1].mean(axis=1) > shape.heads[body.bone["eye.L"], 1] - 0.001
    shown &= ~((skin.surface == INDEX["lashes"]) & low_lash)
    skin = skin.replace(triangles=skin.triangles[shown], surface=skin.surface[shown]).compact()
    eyes = refined(piece_of(shape, body.part_faces("eye_front", "eye_back"), surface))
    pieces = [skin, eyes, clothes.shirt(shape, looks.clothes, under)]
    pieces[2] = pieces[2].replace(source=np.full(len(pieces[2].points), -1))
    if looks.hair != "bald":
        pieces.append(hair(shape, STYLES[looks.hair]))
    whole = joined(pieces)
    order = np.argsort(-whole.weights, axis=1, kind="stable")
    whole = whole.replace(
        bones=np.take_along_axis(whole.bones, order, axis=1),
        weights=np.ascontiguousarray(np.take_along_axis(whole.weights, order, axis=1)),
    )
    return whole, clothes.border_of(whole, shape, looks.clothes)


def _actions(piece: Piece, shape: Shape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The facial actions of the body as those of a piece."""
    body = shape.body
    own = np.flatnonzero(piece.source >= 0)
    order = own[np.argsort(piece.source[own], kind="stable")]
    followed = piece.source[order]
    start, rows, offsets = [0], [], []
    for action in range(len(body.actions)):
        moved, by = body.offsets_of(len(body.components) + action)
        first, last = np.searchsorted(followed, moved, "left"), np.searchsorted(followed, moved, "right")
        copies = last - first
        at = (
            np.repeat(first, copies) + np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
        )
        rows.append(order[at])
        offsets.append(np.repeat(by, copies, axis=0))
        start.append(start[-1] + len(at))
    return (
        np.array(start),
        np.concatenate(rows),
        np.ascontiguousarray(np.concatenate(offsets), dtype=np.float32),
    )


def _model(piece: Piece, shape: Shape, looks: Looks, fields: np.ndarray) -> Model:
    names = {
        name: i
        for i, name in enumerate(("skin", "eyes", "mouth", "tongue", "teeth", "lashes", "hair", "shirt"))
    }
    own = {"legs": "shirt", "shirt_left_sleeve": "shirt", "shirt_right_sleeve": "shirt"}
    material_of = [names.get(own.get(name, name), names["skin"]) for name in SURFACES]
    triangles = piece.triangles.astype(np.int32)
    boxes = np.array(
        [[(-0.62, -0.45, -0.5), (0.62, clothes.BELOW, 0.3)], [(-0.12, -0.45, -0.2), (0.12, -0.03, 0.12)]]
    )
    sky = paint.openness(piece.points, triangles, boxes)
    return Model(
        triangles,
        piece.surface.astype(np.int16),
        np.array(material_of, dtype=np.int16),
        tuple(_materials(looks)),
        fields,
        _tint(piece, shape, looks),
        sky,
        np.arange(len(piece.points), dtype=np.int32),
    )


def _tint(piece: Piece, shape: Shape, looks: Looks) -> np.ndarray:
    """(n, 3) float32: red cheeks, nose, ears and knuckles; pale palms; strands of hair."""
    points, face = piece.points.astype(np.float64), shape.keypoints[60:]
    red = np.zeros(len(points))
    for centre, radius, amount in (
        (face[30], 0.022, 0.5), ((face[2] + face[31]) / 2, 0.032, 0.55), ((face[14] + face[35]) / 2, 0.032, 0.55),
        (shape.keypoints[16], 0.03, 0.7), (shape.keypoints[17], 0.03, 0.7), (face[8], 0.02, 0.25),
        *((shape.keypoints[k], 0.011, 0.5) for hand in (18, 39) for k in range(hand + 1, hand + 21)),
    ):  # fmt: skip
        red = np.maximum(red, amount * np.exp(-(((points - centre) ** 2).sum(axis=1)) / radius**2))
    tint = np.ones((len(points), 3))
    tint *= 1 + red[:, None] * np.array([0.03, -0.16, -0.17])
    lift = 1.3 * np.clip(1 - luminance(looks.skin) / 0.35, 0, 1)
    tint *= 1 + lift * _palms(piece, shape)[:, None] * np.array([1.0, 0.9, 0.85])
    hairy = np.zeros(len(points), dtype=np.bool_)
    hairy[piece.triangles[piece.surface == INDEX["hair"]]] = True
    tint[hairy] = strands(points[hairy], shape)[:, None]
    return tint.astype(np.float32)


def _palms(piece: Piece, shape: Shape) -> np.ndarray:
    """(n,) 1 on the palms and the insides of the fingers, falling to 0 at their sides."""
    normals, share = piece.normals(), np.zeros(len(piece.points))
    for side, first in (("L", LEFT_HAND.start), ("R", RIGHT_HAND.start)):
        wrist, index, middle, little, tip = shape.keypoints[
            [first, first + 5, first + 9, first + 17, first + 12]
        ]
        inside = np.cross(index - wrist, little - wrist)
        inside /= np.linalg.norm(inside)
        # Fingers at rest bend a little, towards the palm.
        along = (middle - wrist) / np.linalg.norm(middle - wrist)
        bend = (tip - middle) - ((tip - middle) @ along) * along
        facing = normals @ (inside * np.sign(bend @ inside))
        bones = [i for i, name in enumerate(shape.body.bones)
                 if name.endswith(f".{side}") and name.startswith(("finger", "metacarpal", "wrist"))]  # fmt: skip
        weight = (piece.weights * np.isin(piece.bones, bones)).sum(axis=1)
        share += weight * np.clip(facing / 0.6 + 0.1, 0, 1)
    return np.asarray(share)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    a, b, c = ((1 - share) * x + share * y for x, y in zip(one, other, strict=True))
    return a, b, c


def _scaled(srgb: Colour, factor: float) -> Colour:
    a, b, c = (min(x * factor, 1.0) for x in srgb)
    return a, b, c


def _materials(looks: Looks) -> list[Material]:
    skin, hair_colour = looks.skin, looks.hair_colour
    lips = _mixed(_scaled(skin, 0.86), (0.62, 0.20, 0.20), 0.25 + 0.5 * looks.lips)
    nails = _mixed(skin, (0.95, 0.74, 0.70), 0.55)
    layers = [
        Layer(paint.LIPS, lips, 0.0, 0.35, 0.9, shine=0.02, gloss=4),
        Layer(paint.NAILS, nails, 0.0, 0.25, 0.9, shine=0.05, gloss=5),
        Layer(paint.BROWS, _mixed(hair_colour, (0.09, 0.07, 0.06), 0.3), 0.0004, 0.0022, 0.82),
    ]
    if looks.beard:
        layers.append(
            Layer(paint.BEARD, _mixed(skin, _scaled(hair_colour, 0.8), 0.75), -0.004, 0.02, looks.beard)
        )
    scalp = 0.75 if looks.hair != "bald" else 0.18
    layers.append(Layer(paint.SCALP, _scaled(hair_colour, 0.9), 0.0, 0.012, scalp))
    iris = looks.eyes
    eye = (
        Layer(paint.IRIS, _scaled(iris, 0.35), 0.0063, 0.0009, 0.95, shine=0.08, gloss=8),
        Layer(paint.IRIS, iris, 0.0054, 0.0012, 1.0, shine=0.08, gloss=8),
        Layer(paint.IRIS, (0.015, 0.012, 0.012), 0.0024, 0.0005, 1.0, shine=0.08, gloss=8),
    )
    shirt = looks.clothes_colour
    trousers = (0.13, 0.14, 0.17)
    cloth = (
        Layer(paint.BORDER, _scaled(shirt, 0.86), 0.016, 0.0, 1.0),
        Layer(paint.HEIGHT, trousers, -0.52, 0.0, 1.0),
    )
    return [
        Material(skin, wrap=0.32, warmth=1.0, shine=0.009, gloss=4, layers=tuple(layers)),
        Material((0.90, 0.88, 0.86), wrap=0.3, warmth=0.4, shine=0.06, gloss=8, layers=eye),
        Material((0.22, 0.06, 0.06), wrap=0.1, warmth=0.2),
        Material((0.62, 0.31, 0.30), wrap=0.2, warmth=0.4, shine=0.02, gloss=4),
        Material((0.90, 0.87, 0.80), wrap=0.3, warmth=0.3, shine=0.03, gloss=5),
        Material(_mixed(skin, (0.05, 0.04, 0.035), 0.95 - 0.5 * (1 - looks.lips)), wrap=0.2),
        Material(hair_colour, wrap=0.3, shine=0.012, gloss=3, fuzz=0.6),
        Material(shirt, wrap=0.12, fuzz=0.5, layers=cloth),
    ]

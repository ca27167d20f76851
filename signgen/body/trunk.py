"""How deep points lie inside the trunk, taken for a pile of ellipses, each as wide and deep as the body at rest."""

from __future__ import annotations

import functools

import numpy as np

from signgen.body.asset import Shape
from signgen.body.kinematics import Bones

# Height of an ellipse; its axes reach to this share of the skin, which is squarer.
_STEP, _SHARE = 0.04, 98.0


def depth_in_trunk(shape: Shape, bones: Bones, points: np.ndarray) -> np.ndarray:
    """(T, K) how far points are inside [m], 0 outside; beside the thighs and over the shoulders nothing is inside.

    Args:
        shape: the signer at rest.
        bones: its bones in each frame; the trunk is taken to be as stiff as the chest.
        points: (T, K, 3) in the world [m].
    """
    chest = shape.body.bone["spine01"]
    local = np.einsum("tji,tkj->tki", bones.turned[:, chest], points - bones.placed[:, None, chest])
    local = local + shape.heads[chest]
    top, middle, half = _ellipses(shape)
    index = np.floor((local[..., 1] - top) / _STEP).astype(np.int64)
    is_beside = (index >= 0) & (index < len(half))
    index = np.clip(index, 0, len(half) - 1)
    across = local[..., [0, 2]] - middle[index]
    outward = np.linalg.norm(across / half[index], axis=-1)
    depth: np.ndarray = np.where(is_beside, np.maximum(1 - outward, 0) * half[index].min(axis=-1), 0)
    return depth


@functools.lru_cache(maxsize=4)
def _ellipses(shape: Shape) -> tuple[float, np.ndarray, np.ndarray]:
    """Height of the first ellipse, middles (N, 2) and half axes (N, 2) to the side and to the back [m]."""
    body = shape.body
    trunk = [i for i, name in enumerate(body.bones) if name.startswith(("spine", "root", "pelvis", "breast"))]
    skin = np.zeros(len(shape.vertices), np.bool_)
    skin[np.unique(body.faces[body.part_faces("body")])] = True
    points = shape.vertices[skin & np.isin(body.skin_bones[:, 0], trunk)].astype(np.float64)
    top = float(shape.heads[body.bone["upperarm01.L"], 1] + 2 * _STEP)
    index = np.floor((points[:, 1] - top) / _STEP).astype(np.int64)
    rows = [points[index == i][:, [0, 2]] for i in range(int(index.max()))]
    rows = rows[: next((i for i, row in enumerate(rows) if len(row) < 8), len(rows))]
    low = np.array([np.percentile(row, 100 - _SHARE, axis=0) for row in rows])
    high = np.array([np.percentile(row, _SHARE, axis=0) for row in rows])
    return top, (low + high) / 2, (high - low) / 2

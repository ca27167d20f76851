"""The baked body: what is in its file, and the shape that an identity gives it.

Everything is in metres as a frontal camera sees it: x right, y down, z away from the camera, the neck keypoint at
the origin. The body faces -z and stands with its arms out; its right hand is at negative x.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.body import landmarks
from signgen.data.files import read_file
from signgen.data.npz_file import Npz, open_npz
from signgen.errors import ConfigError, DataError
from signgen.pose.layout import NUM_KEYPOINTS

SCHEMA = 1
MAX_BODY_BYTES = 64 << 20
BODY_FILE = Path(__file__).parent / "data" / "body.npz"
_ANCESTRY = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class Identity:
    """A signer's shape: the neutral body plus weighted components.

    Attributes:
        weights: component name -> weight. The named phenotypes, such as ``woman_young_slim``, are meant to be
            mixed (weights of 0 or more that sum to 1 at most); ancestries likewise; features go from -1 to 1.
    """

    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_seed(cls, seed: int, body: Body | None = None) -> Identity:
        """A made-up signer: two phenotypes of one gender mixed, one ancestry, features varied; no real person."""
        body = body or load_body()
        rng = np.random.default_rng(seed)
        gender = ("woman", "man")[int(rng.integers(2))]
        names = [name for name in body.phenotypes if name.startswith(f"{gender}_")]
        first, second = (str(name) for name in rng.choice(names, 2, replace=False))
        share = float(rng.uniform(0.5, 1))
        weights = {first: share, second: 1 - share}
        weights[_ANCESTRY[int(rng.integers(3))]] = float(rng.uniform(0.2, 1))
        for name in body.features:
            weights[name] = float(np.clip(rng.normal(0, 0.25), -0.6, 0.6))
        return cls({name: round(weight, 4) for name, weight in weights.items()})


@dataclass(frozen=True, eq=False)
class Shape:
    """An identity at rest.

    Attributes:
        vertices: (V, 3) float32 [m].
        heads: (B, 3) float64, where each bone starts and turns [m].
        tails: (B, 3) float64, where each bone ends [m].
        body: what does not depend on the identity.
    """

    vertices: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    body: Body

    @functools.cached_property
    def keypoints(self) -> np.ndarray:
        """(128, 3) float64, the keypoints at rest [m]."""
        sources = (self.vertices.astype(np.float64), self.heads, self.tips)
        points = np.empty((NUM_KEYPOINTS, 3))
        for kind, source in enumerate(sources):
            chosen = self.body.keypoint_kind == kind
            points[chosen] = source[self.body.keypoint_index[chosen]].mean(axis=1)
        return points

    @functools.cached_property
    def tips(self) -> np.ndarray:
        """(B, 3) float64, where the keypoint of a fingertip lies that ends a bone [m]."""
        is_thumb = np.array([name.startswith("finger1-") for name in self.body.bones])
        shares = np.where(is_thumb, landmarks.THUMB_TIP, landmarks.FINGER_TIP)
        tips: np.ndarray = self.heads + shares[:, None] * (self.tails - self.heads)
        return tips


@dataclass(frozen=True, eq=False)
class Body:
    """The file's content; arrays are read-only.

    Attributes:
        vertices: (V, 3) float32, the neutral shape: mean of the phenotypes.
        heads: (B, 3) float64, starts of the bones of the neutral shape.
        tails: (B, 3) float64, their ends.
        bones: names of the B bones; ``.L`` and ``.R`` are the signer's sides.
        parents: (B,), -1 for the root; parents come first.
        components: names of the C identity components; ``phenotypes`` and ancestries, then features.
        component_heads: (C, B, 3), what each adds to ``heads``.
        component_tails: (C, B, 3), what each adds to ``tails``.
        phenotypes: the named phenotypes with their place on MakeHuman's axes.
        actions: names of the A facial actions, as ARKit names them ("Left" is the signer's).
        shape_start: (C + A + 1,) where the offsets of each component and then each action start.
        shape_vertices: vertices that they move.
        shape_offsets: (N, 3) float32, by how much [m].
        skin_bones: (V, 4) bones that each vertex follows.
        skin_weights: (V, 4) float32 that sum to 1.
        faces: (F, 3) triangles, sorted by part.
        uv: (U, 2) float32 texture coordinates in [0, 1], v up.
        face_uv: (F, 3) texture coordinates of the triangles.
        face_part: (F,) index into ``parts``.
        parts: names such as ``body``, ``head``, ``hand_left``, ``teeth``. ``garment`` is a suit
            around the skin, for whoever wants clothes with a body of their own.
        vertex_masks: name (lips, nails, eyelids, ears, brows, scalp) -> (V,) uint8.
        texture_masks: name -> ((H, W) uint8, (row, column, side)): a cut of a square texture of that side.
        keypoint_kind: (128,) 0 vertices, 1 heads of bones, 2 fingertips at tails of bones.
        keypoint_index: (128, 6) whose mean a keypoint is.
    """

    vertices: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    bones: tuple[str, ...]
    parents: np.ndarray
    components: tuple[str, ...]
    component_heads: np.ndarray
    component_tails: np.ndarray
    phenotypes: Mapping[str, Mapping[str, float]]
    actions: tuple[str, ...]
    shape_start: np.ndarray
    shape_vertices: np.ndarray
    shape_offsets: np.ndarray
    skin_bones: np.ndarray
    skin_weights: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    face_part: np.ndarray
    parts: tuple[str, ...]
    vertex_masks: Mapping[str, np.ndarray]
    texture_masks: Mapping[str, tuple[np.ndarray, tuple[int, int, int]]]
    keypoint_kind: np.ndarray
    keypoint_index: np.ndarray

    @functools.cached_property
    def bone(self) -> Mapping[str, int]:
        """Index of each bone by name."""
        return {name: i for i, name in enumerate(self.bones)}

    @property
    def features(self) -> tuple[str, ...]:
        """Components that are neither phenotypes nor ancestries."""
        return tuple(
            name for name in self.components if name not in self.phenotypes and name not in _ANCESTRY
        )

    def part_faces(self, *names: str) -> np.ndarray:
        """(F,) whether each triangle belongs to one of the parts."""
        mask: np.ndarray = np.isin(self.face_part, [self.parts.index(name) for name in names])
        return mask

    def offsets_of(self, shape: int) -> tuple[np.ndarray, np.ndarray]:
        """Vertices and offsets [m] of component ``shape``, or of action ``shape - len(components)``."""
        span = slice(int(self.shape_start[shape]), int(self.shape_start[shape + 1]))
        return self.shape_vertices[span], self.shape_offsets[span]

    def shape(self, identity: Identity | None = None) -> Shape:
        """The shape of an identity; the neutral one without.

        Raises:
            ConfigError: an unknown component.
        """
        vertices = self.vertices.copy()
        weights = np.zeros(len(self.components))
        for name, weight in (identity or Identity()).weights.items():
            if name not in self.components:
                raise ConfigError(
                    f"identity: unknown component {name!r}; there are: {', '.join(self.components)}"
                )
            component = self.components.index(name)
            weights[component] = weight
            moved, offsets = self.offsets_of(component)
            vertices[moved] += np.float32(weight) * offsets
        heads = self.heads + np.tensordot(weights, self.component_heads, axes=1)
        tails = self.tails + np.tensordot(weights, self.component_tails, axes=1)
        return Shape(vertices, heads, tails, self)

    def action_weights(self, frames: int, values: Mapping[str, Any]) -> np.ndarray:
        """(frames, A) float32 weights of the facial actions from a table of names and numbers or tracks."""
        weights = np.zeros((frames, len(self.actions)), np.float32)
        for name, value in values.items():
            weights[:, self.actions.index(name)] = value
        return weights


@functools.cache
def load_body(path: Path = BODY_FILE) -> Body:
    """Read a body file; the one that ships with signgen without an argument.

    Raises:
        DataError: missing, damaged or of another schema.
    """
    npz = open_npz(read_file(path, MAX_BODY_BYTES), str(path))
    try:
        meta = json.loads(npz.array("meta", kinds="u", ndim=1).tobytes())
        known = isinstance(meta, dict) and meta.get("schema") == SCHEMA
    except ValueError:
        known = False
    if not known:
        raise DataError(f"{path}: not a body file of schema {SCHEMA}; bake it again: signgen avatar bake")
    body = _body(npz, meta)
    _check(body, path)
    for value in vars(body).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return body


def _body(npz: Npz, meta: Mapping[str, Any]) -> Body:
    unit = np.repeat(npz.array("shape_scale", kinds="f"), np.diff(npz.array("shape_start", kinds="i")))
    masks = npz.array("vertex_masks", kinds="u", ndim=2)
    textures = [name.removesuffix("_place").removeprefix("mask_") for name in npz.members if "_place" in name]
    return Body(
        vertices=npz.array("vertices", kinds="f", ndim=2),
        heads=npz.array("heads", kinds="f", ndim=2).astype(np.float64),
        tails=npz.array("tails", kinds="f", ndim=2).astype(np.float64),
        bones=tuple(meta["bones"]),
        parents=npz.array("parents", kinds="i").astype(np.int64),
        components=tuple(meta["components"]),
        component_heads=npz.array("component_heads", kinds="f").astype(np.float64),
        component_tails=npz.array("component_tails", kinds="f").astype(np.float64),
        phenotypes=meta["phenotypes"],
        actions=tuple(meta["actions"]),
        shape_start=npz.array("shape_start", kinds="i").astype(np.int64),
        shape_vertices=npz.array("shape_vertices", kinds="u").astype(np.int64),
        shape_offsets=npz.array("shape_offsets", kinds="i", ndim=2).astype(np.float32) * unit[:, None],
        skin_bones=npz.array("skin_bones", kinds="u").astype(np.int64),
        skin_weights=npz.array("skin_weights", kinds="u").astype(np.float32) / np.float32(65535),
        faces=npz.array("faces", kinds="u").astype(np.int64),
        uv=npz.array("uv", kinds="u").astype(np.float32) / np.float32(65535),
        face_uv=npz.array("face_uv", kinds="u").astype(np.int64),
        face_part=npz.array("face_part", kinds="u"),
        parts=tuple(meta["parts"]),
        vertex_masks={name: np.ascontiguousarray(masks[:, i]) for i, name in enumerate(meta["masks"])},
        texture_masks={name: _texture(npz, name) for name in textures},
        keypoint_kind=npz.array("keypoint_kind", kinds="u"),
        keypoint_index=npz.array("keypoint_index", kinds="u").astype(np.int64),
    )


def _texture(npz: Npz, name: str) -> tuple[np.ndarray, tuple[int, int, int]]:
    row, column, side = (int(n) for n in npz.array(f"mask_{name}_place", kinds="i"))
    return npz.array(f"mask_{name}", kinds="u", ndim=2), (row, column, side)


def _check(body: Body, path: Path) -> None:
    """Refuse a file whose arrays do not fit together, so that no kernel reads beyond one."""
    count, bones, shapes = len(body.vertices), len(body.bones), len(body.components) + len(body.actions)
    limits: Sequence[tuple[str, np.ndarray, int, tuple[int, ...]]] = (
        ("parents", body.parents, bones, (bones,)),
        ("shape_vertices", body.shape_vertices, count, (len(body.shape_offsets),)),
        ("skin_bones", body.skin_bones, bones, (count, 4)),
        ("faces", body.faces, count, (len(body.face_part), 3)),
        ("face_uv", body.face_uv, len(body.uv), (len(body.face_part), 3)),
        ("face_part", body.face_part, len(body.parts), (len(body.faces),)),
        ("keypoint_kind", body.keypoint_kind, 3, (NUM_KEYPOINTS,)),
        ("keypoint_index", body.keypoint_index, count, (NUM_KEYPOINTS, 6)),
        ("keypoint_index of bones", body.keypoint_index[body.keypoint_kind > 0], bones, (-1, 6)),
        ("shape_start", body.shape_start, len(body.shape_offsets) + 1, (shapes + 1,)),
    )
    for name, array, limit, shape in limits:
        fits = array.shape == tuple(len(array) if side < 0 else side for side in shape)
        if not fits or (array.size and int(array.max()) >= limit):
            raise DataError(f"{path}: {name}: does not fit the other arrays; bake it again")
    if (body.parents >= np.arange(bones)).any() or (np.diff(body.shape_start) < 0).any():
        raise DataError(f"{path}: bones or offsets out of order; bake it again")

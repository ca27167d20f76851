"""`Model`: a triangle mesh with its surfaces, materials and what is painted on it; it never moves."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.render.mesh.colour import to_linear

Colour = tuple[float, float, float]
# Layers are looked at up to twice this far beyond their edges: half of a pixel's width on the surface [m].
WIDEST_PIXEL = 0.02


@dataclass(frozen=True)
class Layer:
    """Paint on a material, where a field of the vertices lies below an edge.

    Attributes:
        field: column of the fields; they are lengths [m] where a crisp edge is wanted.
        colour: sRGB in [0, 1].
        edge: what lies below is covered.
        soft: width of the blend [unit of the field]; never less than a pixel.
        opacity: at most.
        shine: of the paint.
        gloss: the highlight's exponent is two to this power.
    """

    field: int
    colour: Colour
    edge: float = 0.0
    soft: float = 0.0
    opacity: float = 1.0
    shine: float = 0.0
    gloss: int = 3


@dataclass(frozen=True)
class Material:
    """How a surface answers light.

    Attributes:
        colour: sRGB in [0, 1].
        wrap: how far light reaches round the shadow line, 0 to 1.
        warmth: how much of that, and of the light in creases, is red as under skin, 0 to 1.
        shine: strength of the highlight.
        gloss: its exponent is two to this power.
        fuzz: ambient light that gathers at the outline, as on cloth and hair.
        layers: paint, from the lowest to the highest.
    """

    colour: Colour
    wrap: float = 0.0
    warmth: float = 0.0
    shine: float = 0.0
    gloss: int = 3
    fuzz: float = 0.0
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, eq=False)
class Model:
    """What stays the same while a mesh moves.

    Attributes:
        triangles: (F, 3) int32; the right-hand normal of the front points outwards.
        surface: (F,) int16: triangles of one surface blend into each other, two surfaces have an edge.
        material_of: (S,) int16 index into ``materials`` for each surface.
        materials: the looks.
        fields: (V, K) float32 that layers refer to.
        tint: (V, 3) float32 factors of the material's colour.
        sky: (V,) float32, how open each vertex lies to light from all round, 0 to 1.
        merged: (V,) int32, the vertex that each one shares its normal with.
    """

    triangles: np.ndarray
    surface: np.ndarray
    material_of: np.ndarray
    materials: tuple[Material, ...]
    fields: np.ndarray
    tint: np.ndarray
    sky: np.ndarray
    merged: np.ndarray

    @property
    def num_vertices(self) -> int:
        """V."""
        return len(self.merged)

    @functools.cached_property
    def active(self) -> np.ndarray:
        """(F,) int64: bit i is set where layer i of the triangle's material may show."""
        bits = np.zeros(len(self.triangles), dtype=np.int64)
        lowest = self.fields[self.triangles].min(axis=1) if len(bits) else np.zeros((0, self.fields.shape[1]))
        material = self.material_of[self.surface]
        for m, look in enumerate(self.materials):
            for i, layer in enumerate(look.layers):
                near = lowest[:, layer.field] < layer.edge + max(layer.soft, WIDEST_PIXEL)
                bits[near & (material == m)] |= 1 << i
        return bits

    def replace(self, **changes: object) -> Model:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]


def plain(triangles: np.ndarray, num_vertices: int, material: Material) -> Model:
    """A model of one surface and one material."""
    return Model(
        np.ascontiguousarray(triangles, dtype=np.int32),
        np.zeros(len(triangles), dtype=np.int16),
        np.zeros(1, dtype=np.int16),
        (material,),
        np.zeros((num_vertices, 1), dtype=np.float32),
        np.ones((num_vertices, 3), dtype=np.float32),
        np.ones(num_vertices, dtype=np.float32),
        np.arange(num_vertices, dtype=np.int32),
    )


def material_rows(materials: Sequence[Material]) -> tuple[np.ndarray, np.ndarray]:
    """Materials and their layers as the float32 tables of `signgen.render.mesh.shade_kernel`."""
    rows: list[tuple[float, ...]] = []
    layers: list[tuple[float, ...]] = []
    for m in materials:
        rows.append(
            (*to_linear(m.colour), m.wrap, m.warmth, m.shine, m.gloss, m.fuzz, len(layers), len(m.layers))
        )
        layers += [
            (
                layer.field,
                layer.edge,
                layer.soft,
                *to_linear(layer.colour),
                layer.opacity,
                layer.shine,
                layer.gloss,
            )
            for layer in m.layers
        ]
    return np.array(rows, dtype=np.float32), np.array(layers or [(0.0,) * 9], dtype=np.float32)

"""The arrays that the compiled shading works on, by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Mesh(NamedTuple):
    """A mesh as a camera sees it.

    Attributes:
        triangles: (F, 3) int32.
        surface: (F,) int16 what belongs together.
        active: (F,) int64, bit i is set where layer i of the triangle's material may show.
        fixed: (V, 2) int32 of `place`.
        near: (V,) float32 of `place`.
        seen: (V, 3) float32 of `place`.
        normals: (V, 3) float32 unit normals in camera axes.
        fields: (V, K) float32.
        tint: (V, 3) float32.
        sky: (V,) float32 how open each vertex lies.
    """

    triangles: np.ndarray
    surface: np.ndarray
    active: np.ndarray
    fixed: np.ndarray
    near: np.ndarray
    seen: np.ndarray
    normals: np.ndarray
    fields: np.ndarray
    tint: np.ndarray
    sky: np.ndarray


class Looks(NamedTuple):
    """Materials: (S,) int16 row of each surface, (M, MATERIAL_COLUMNS) and (L, LAYER_COLUMNS) float32."""

    material_of: np.ndarray
    materials: np.ndarray
    layers: np.ndarray

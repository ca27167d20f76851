"""`Layers`: the ground truth of a frame, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.render.mesh.shade_kernel import measure
from signgen.render.mesh.zbuffer import Surface, ZBuffer


@dataclass(frozen=True, eq=False)
class Layers:
    """What each pixel shows of a model; where several surfaces meet, that which fills most of the pixel.

    Attributes:
        alpha: (H, W) float32 share of the pixel that is covered.
        depth: (H, W) float32 distance along the optical axis [m]; 0 where nothing is.
        normals: (H, W, 3) float32 unit normals in camera axes; 0 where nothing is.
        parts: (H, W) int16 surface of the model; -1 where nothing is.
        triangles: (H, W) int32 triangle; -1 where nothing is.
        weights: (H, W, 3) float32 weights of the triangle's vertices.
    """

    alpha: np.ndarray
    depth: np.ndarray
    normals: np.ndarray
    parts: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray

    def look_up(self, corners: np.ndarray) -> np.ndarray:
        """Values given at the corners of each triangle, such as UV coordinates, at each pixel.

        Args:
            corners: (F, 3, ...) values.

        Returns:
            (H, W, ...) in the type of ``corners``; 0 where nothing is.
        """
        values = np.zeros((*self.triangles.shape, *corners.shape[2:]), dtype=corners.dtype)
        shown = self.triangles >= 0
        at, weights = corners[self.triangles[shown]], self.weights[shown]
        values[shown] = np.einsum("nk...,nk->n...", at, weights)
        return values


def layers_of(surface: Surface, buffer: ZBuffer, samples: int) -> Layers:
    """Read the ground truth from a drawn z-buffer with ``samples`` samples of a pixel along a side."""
    height, width = (side // samples for side in buffer.ids.shape)
    alpha, depth = (np.empty((height, width), dtype=np.float32) for _ in range(2))
    normals, weights = (np.empty((height, width, 3), dtype=np.float32) for _ in range(2))
    parts, triangles = np.empty((height, width), dtype=np.int16), np.empty((height, width), dtype=np.int32)
    measure(
        samples, buffer.ids, buffer.nearness, surface.mesh(), buffer.view, alpha, depth, normals, parts, triangles,
        weights,
    )  # fmt: skip
    return Layers(alpha, depth, normals, parts, triangles, weights)

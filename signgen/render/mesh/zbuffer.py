"""`ZBuffer`: a view and the nearest triangle of each of its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from signgen.render.mesh import raster_kernel as raster
from signgen.render.mesh.arrays import Mesh
from signgen.render.mesh.camera import Camera
from signgen.render.mesh.clip import clip_near
from signgen.render.mesh.model import Model


class Placed(NamedTuple):
    """Vertices in camera axes (V, 3) [m], on the picture (V, 2) and their nearness (V,)."""

    seen: np.ndarray
    fixed: np.ndarray
    near: np.ndarray


@dataclass(frozen=True, eq=False)
class Surface:
    """A model as a camera sees it: arrays that `fill` and `shade` read, one row a vertex."""

    model: Model
    seen: np.ndarray
    fixed: np.ndarray
    near: np.ndarray
    normals: np.ndarray

    def mesh(self) -> Mesh:
        """The arrays as `signgen.render.mesh.shade_kernel` takes them."""
        model = self.model
        return Mesh(
            model.triangles, model.surface, model.active, self.fixed, self.near, self.seen, self.normals,
            model.fields, model.tint, model.sky,
        )  # fmt: skip


class ZBuffer:
    """The nearest triangle of each sample of a view."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.nearness = np.empty((camera.height, camera.width), dtype=np.float32)
        self.ids = np.empty((camera.height, camera.width), dtype=np.int32)
        self.view = np.array(
            [camera.focal, *camera.centre, camera.is_parallel, camera.near], dtype=np.float64
        )

    def draw(self, points: np.ndarray, model: Model, *, with_normals: bool = True) -> Surface:
        """Fill the buffer with a model whose vertices are at ``points`` (V, 3) float32 [m]."""
        count = model.num_vertices
        if points.shape != (count, 3):
            raise ValueError(f"expected points of shape {(count, 3)}, got {points.shape}")
        seen, any_behind = self._place(points, self.camera.rotation, self.camera.translation)
        normals = np.zeros((count, 3), dtype=np.float32)
        if with_normals:
            raster.smooth_normals(seen.seen, model.triangles, model.merged, normals)
        surface = Surface(model, *seen, normals)
        if any_behind:
            surface = self._clipped(surface)
        raster.clear(self.nearness, self.ids)
        raster.fill(
            surface.fixed,
            surface.near,
            surface.model.triangles,
            False,
            0,
            len(self.ids),
            self.nearness,
            self.ids,
        )
        return surface

    def _place(
        self, points: np.ndarray, rotation: np.ndarray, translation: np.ndarray
    ) -> tuple[Placed, bool]:
        count = len(points)
        seen = np.empty((count, 3), dtype=np.float32)
        fixed, near = np.empty((count, 2), dtype=np.int32), np.empty(count, dtype=np.float32)
        any_behind = raster.place(points, rotation, translation, self.view, seen, fixed, near)
        return Placed(seen, fixed, near), any_behind

    def _clipped(self, surface: Surface) -> Surface:
        model = surface.model
        cut = clip_near(model.triangles, surface.seen[:, 2], self.camera.near)
        placed, _ = self._place(cut.extended(surface.seen), np.eye(3), np.zeros(3))
        longer = model.replace(
            triangles=np.concatenate([model.triangles, cut.triangles]),
            surface=np.concatenate([model.surface, model.surface[cut.source]]),
            fields=cut.extended(model.fields),
            tint=cut.extended(model.tint),
            sky=cut.extended(model.sky),
        )
        return Surface(longer, *placed, cut.extended(surface.normals))

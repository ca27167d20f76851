"""`Painter`: one view of a model, which turns places of its vertices into frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.render.mesh.arrays import Looks
from signgen.render.mesh.backdrop_kernel import coarse_shadow, throw
from signgen.render.mesh.camera import Camera
from signgen.render.mesh.colour import curve, to_linear, to_srgb
from signgen.render.mesh.crease_kernel import crease
from signgen.render.mesh.layers import Layers, layers_of
from signgen.render.mesh.lights import Lights
from signgen.render.mesh.model import Model, material_rows
from signgen.render.mesh.shade_kernel import shade
from signgen.render.mesh.zbuffer import ZBuffer

MAX_SAMPLES = 4
MAX_PIXELS = 1 << 26


@dataclass(frozen=True)
class Shadows:
    """Shadows that the model throws on itself.

    Attributes:
        size: side of the shadow map [texels]; 0 for none.
        span: width of the world that the map covers, around the middle [m].
        middle: what the map looks at [m].
        wall: share of the light that the model takes from the backdrop, 0 for no shadow on it.
        creases: for each surface, what it is to `signgen.render.mesh.crease_kernel`; empty for no creases.
        crease_reach: how far around creases are dark [m].
    """

    size: int = 384
    span: float = 2.0
    middle: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wall: float = 0.0
    creases: tuple[int, ...] = ()
    crease_reach: float = 0.004


class Painter:
    """Draws one model from one camera; it owns the memory it works in, so each thread needs its own.

    Args:
        model: the mesh.
        camera: the view.
        lights: the studio.
        backdrop: (H, W, 3) float32 linear RGB behind the model.
        samples: samples of a pixel along a side, 1 to 4.
        shadows: how the model shades itself.
    """

    def __init__(
        self,
        model: Model,
        camera: Camera,
        lights: Lights | None = None,
        backdrop: np.ndarray | None = None,
        *,
        samples: int = 2,
        shadows: Shadows | None = None,
    ) -> None:
        if not 1 <= samples <= MAX_SAMPLES:
            raise ConfigError(f"samples: expected 1 to {MAX_SAMPLES}, got {samples}")
        if camera.width * camera.height * samples**2 > MAX_PIXELS:
            raise ConfigError(
                f"size: {camera.width} x {camera.height} px are too many; ask for a smaller size"
            )
        self.model, self.camera, self.samples = model, camera, samples
        self._lights = lights or Lights()
        self._shadows = shadows or Shadows()
        self._kinds = np.array(self._shadows.creases, dtype=np.int8)
        self._light_rows = self._lights.seen_from(camera)
        self._looks = Looks(model.material_of, *material_rows(model.materials))
        self.z_buffer = ZBuffer(camera.scaled(samples))
        self._map = self._shadow_map()
        self._curve = curve()
        self._light_of = to_linear(np.arange(256) / 255)
        self.set_backdrop(backdrop)

    def set_backdrop(self, backdrop: np.ndarray | None) -> None:
        """Put a picture behind the model: (H, W, 3) float32 linear RGB, or black."""
        shape = (self.camera.height, self.camera.width, 3)
        if backdrop is None:
            backdrop = np.zeros(shape, dtype=np.float32)
        if backdrop.shape != shape:
            raise ConfigError(f"backdrop: expected a picture of shape {shape}, got {backdrop.shape}")
        self._backdrop = np.ascontiguousarray(backdrop, dtype=np.float32)
        self._empty = np.rint(255 * to_srgb(self._backdrop)).astype(np.uint8)

    def paint(self, points: np.ndarray) -> np.ndarray:
        """One frame.

        Args:
            points: (V, 3) float32 world places of the vertices [m].

        Returns:
            (H, W, 3) uint8 sRGB, a new array.
        """
        model, buffer = self.model, self.z_buffer
        surface = buffer.draw(points, model)
        shadow, to_shadow = self._cast(points)
        frame = self._background()
        shade(
            self.samples, buffer.ids, buffer.nearness, surface.mesh(), self._looks, self._light_rows, buffer.view,
            to_shadow, shadow, self._light_of, self._curve, frame,
        )  # fmt: skip
        self._crease(frame)
        return frame

    def _crease(self, frame: np.ndarray) -> None:
        """Darken a frame between the fingers that the z-buffer holds."""
        if not self._shadows.creases:
            return
        buffer, camera = self.z_buffer, self.camera
        focal = camera.focal / (1 if camera.is_parallel else max(camera.translation[2], camera.near))
        reach = max(1, round(self._shadows.crease_reach * focal * self.samples))
        crease(
            self.samples, buffer.ids, buffer.nearness, self.model.surface, self._kinds, reach, camera.is_parallel,
            frame,
        )  # fmt: skip

    def _background(self) -> np.ndarray:
        """A frame without the signer, under the shadow of what the z-buffer holds."""
        if not self._shadows.wall:
            return np.array(self._empty, dtype=np.uint8)
        unit = self.camera.height / 512
        right, down, reach = (max(1, round(cells * unit)) for cells in (3, 2, 2))
        grid = coarse_shadow(self.z_buffer.ids, self.samples, right, down, reach)
        frame = np.empty(self._empty.shape, dtype=np.uint8)
        throw(self._backdrop, self._empty, grid, self._shadows.wall, self._curve, frame)
        return frame

    def measure(self, points: np.ndarray) -> Layers:
        """The ground truth of a frame: what each of its pixels shows of the model.

        Args:
            points: (V, 3) float32 world places of the vertices [m].
        """
        surface = self.z_buffer.draw(points, self.model)
        return layers_of(surface, self.z_buffer, self.samples)

    def _shadow_map(self) -> ZBuffer | None:
        size, span = self._shadows.size, self._shadows.span
        if size == 0:
            return None
        rotation = self._lights.key_rotation()
        moved = -rotation @ np.array(self._shadows.middle)
        return ZBuffer(
            Camera(size, size, size / span, (size / 2, size / 2), rotation, moved, is_parallel=True)
        )

    def _cast(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The shadow map of these points, and how camera axes lead to its texels."""
        if self._map is None:
            return np.zeros((0, 0), dtype=np.float32), np.zeros((3, 4), dtype=np.float32)
        self._map.draw(points, self.model, with_normals=False)
        light, camera = self._map.camera, self.camera
        turned = light.rotation @ camera.rotation.T
        moved = light.translation - turned @ camera.translation
        rows = np.column_stack([turned, moved]) * np.array([[light.focal], [light.focal], [-1.0]])
        rows[:2, 3] += light.centre
        return self._map.nearness, rows.astype(np.float32)

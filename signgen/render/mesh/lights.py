"""`Lights`: the studio, a key light with a shadow, a fill, a rim and light from all round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.render.mesh.camera import Camera

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Lights:
    """Directions point from the signer to the light (x right, y down, z away); colours are linear RGB.

    The studio stands still when the camera walks around the signer.
    """

    key_way: Triple = (-0.45, -0.62, -0.9)
    key: Triple = (0.76, 0.72, 0.67)
    fill_way: Triple = (0.8, -0.12, -0.75)
    fill: Triple = (0.18, 0.195, 0.22)
    rim_way: Triple = (0.75, -0.5, 0.6)
    rim: Triple = (0.24, 0.24, 0.26)
    sky: Triple = (0.29, 0.305, 0.335)
    ground: Triple = (0.13, 0.118, 0.11)

    def seen_from(self, camera: Camera) -> np.ndarray:
        """(LIGHT_ROWS, 3) float32 for `signgen.render.mesh.shade_kernel`, ways in camera axes."""
        ways = np.array([self.key_way, self.fill_way, self.rim_way, (0.0, -1.0, 0.0)])
        ways = ways / np.linalg.norm(ways, axis=1, keepdims=True) @ camera.rotation.T
        key, fill, rim, up = ways
        rows = [key, self.key, fill, self.fill, rim, self.rim, up, self.sky, self.ground]
        return np.array(rows, dtype=np.float32)

    def key_rotation(self) -> np.ndarray:
        """(3, 3) float64: world axes to those of a parallel camera that stands in the key light."""
        ahead = -np.array(self.key_way) / np.linalg.norm(self.key_way)
        right = np.cross((0.0, 1.0, 0.0), ahead)
        right /= np.linalg.norm(right)
        return np.array([right, np.cross(ahead, right), ahead])

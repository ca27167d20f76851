"""`Camera`: where a mesh is seen from, and how its points land on the picture."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError

MAX_ANGLE = 180.0


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole or parallel camera in a world of metres: x right, y down, z away.

    Attributes:
        width: picture width [px].
        height: picture height [px].
        focal: focal length [px]; of a parallel camera the scale [px / m].
        centre: where the optical axis meets the picture, x right and y down [px].
        rotation: (3, 3) float64, world to camera axes.
        translation: (3,) float64 [m], of the world's origin in camera axes.
        is_parallel: orthographic instead of perspective.
        near: nothing closer to a pinhole camera than this is drawn [m].
    """

    width: int
    height: int
    focal: float
    centre: tuple[float, float]
    rotation: np.ndarray = dataclasses.field(default_factory=lambda: np.eye(3))
    translation: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))
    is_parallel: bool = False
    near: float = 0.05

    def __post_init__(self) -> None:
        if not (self.width >= 1 and self.height >= 1):
            raise ConfigError(f"camera: a picture has at least 1 x 1 px, got {self.width} x {self.height}")
        if not (math.isfinite(self.focal) and self.focal > 0 and self.near > 0):
            raise ConfigError("camera: focal length and near distance must be above 0")

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) float64 points in camera axes [m]."""
        return np.asarray(points @ self.rotation.T + self.translation)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels of world points.

        Returns:
            (..., 3) float64: x right [px], y down [px], distance along the optical axis [m].
        """
        seen = self.to_camera(np.asarray(points, dtype=np.float64))
        scale = self.focal if self.is_parallel else self.focal / seen[..., 2:]
        return np.concatenate([seen[..., :2] * scale + self.centre, seen[..., 2:]], axis=-1)

    def scaled(self, factor: float) -> Camera:
        """The same view on a picture ``factor`` times as wide and high."""
        return dataclasses.replace(
            self,
            width=round(self.width * factor),
            height=round(self.height * factor),
            focal=self.focal * factor,
            centre=(self.centre[0] * factor, self.centre[1] * factor),
        )

    def orbited(self, pivot: np.ndarray, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Camera:
        """The camera carried around a world point; see `turn` for the angles."""
        turned = self.rotation @ turn(yaw, pitch, roll)
        moved = self.rotation @ pivot + self.translation - turned @ pivot
        return dataclasses.replace(self, rotation=turned, translation=moved)


def turn(yaw: float, pitch: float, roll: float = 0.0) -> np.ndarray:
    """Rotation of the world that a camera sees when it walks around it.

    Args:
        yaw: to the right of the picture, so that more of the signer's left side shows [degrees].
        pitch: upwards, so that the camera looks down [degrees].
        roll: clockwise tilt of the camera [degrees].

    Returns:
        (3, 3) float64.
    """
    for name, angle in (("yaw", yaw), ("pitch", pitch), ("roll", roll)):
        if not (math.isfinite(angle) and abs(angle) <= MAX_ANGLE):
            raise ConfigError(f"camera.{name}: expected degrees from -180 to 180, got {angle}")
    a, b, c = (math.radians(angle) for angle in (yaw, pitch, roll))
    around_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    around_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    around_z = np.array([[math.cos(c), math.sin(c), 0], [-math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return np.asarray(around_z @ around_x @ around_y)


def portrait(
    width: int, height: int, *, distance: float = 2.4, tall: float = 1.25, rise: float = 0.0
) -> Camera:
    """A pinhole camera that looks straight at the origin.

    Args:
        width: picture width [px].
        height: picture height [px].
        distance: from the origin [m].
        tall: height of the field of view at the origin [m].
        rise: how far above the middle of the picture the origin lies [m].
    """
    focal = height * distance / tall
    centre = (width / 2, height / 2 - rise * height / tall)
    return Camera(width, height, focal, centre, translation=np.array([0.0, 0.0, distance]))

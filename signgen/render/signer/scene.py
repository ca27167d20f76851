"""`Scene`: a clip of poses ready to be drawn, the dressed signer, its movement, the camera and what is behind."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Identity, Shape, load_body
from signgen.body.fit import fit_pose
from signgen.body.kinematics import BodyPose, keypoints
from signgen.body.shoulders import shoulders_along
from signgen.errors import PoseError
from signgen.pose.layout import LEFT_SHOULDER, RIGHT_SHOULDER
from signgen.pose.sequence import PoseSequence
from signgen.render.mesh.camera import Camera
from signgen.render.mesh.layers import Layers
from signgen.render.mesh.lights import Lights
from signgen.render.mesh.painter import Painter, Shadows
from signgen.render.signer.appearance import Appearance, who
from signgen.render.signer.backdrop import backdrop
from signgen.render.signer.body_parts import CREASES
from signgen.render.signer.dress import Dressed, dressed
from signgen.render.signer.looks import Looks

# Free space above the head, in heights of the picture, and how far the camera zooms out for it at most.
MARGIN, LEAST_ZOOM = 0.04, 0.5
LIGHTS = {
    "studio": Lights(),
    "soft": Lights(key_way=(-0.25, -0.5, -1.0), key=(0.5, 0.48, 0.46), fill=(0.28, 0.29, 0.31),
                   sky=(0.4, 0.41, 0.43), ground=(0.22, 0.21, 0.2)),
    "side": Lights(key_way=(-0.95, -0.45, -0.5), key=(0.9, 0.84, 0.76), fill=(0.1, 0.115, 0.14),
                   sky=(0.24, 0.26, 0.3), ground=(0.1, 0.09, 0.085)),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scene:
    """A clip ready to be drawn.

    Attributes:
        signer: the dressed body.
        pose: what it does.
        camera: the view.
        lights: the studio.
        behind: (H, W, 3) float32 linear RGB.
        samples: samples of a pixel along a side.
    """

    signer: Dressed
    pose: BodyPose
    camera: Camera
    lights: Lights
    behind: np.ndarray
    samples: int

    def __len__(self) -> int:
        return len(self.pose)

    @functools.cached_property
    def _movements(self) -> np.ndarray:
        return self.signer.movements(self.pose)

    def points(self, frame: int) -> np.ndarray:
        """(n, 3) float32 vertices of the dressed signer in one frame [m]."""
        return self.signer.posed(self._movements[frame], self.pose.actions[frame])

    def painter(self) -> Painter:
        """A painter of this view; each thread needs its own."""
        shadows = Shadows(middle=(0.0, 0.1, -0.1), span=1.9, wall=0.3, creases=CREASES)
        return Painter(
            self.signer.model, self.camera, self.lights, self.behind, samples=self.samples, shadows=shadows
        )

    def keypoints(self) -> np.ndarray:
        """(T, 128, 3) float64: x right, y down [px], distance along the optical axis [m] of the drawn body."""
        return self.camera.project(keypoints(self.signer.shape, self.pose))

    def layers(self, frame: int) -> Layers:
        """The ground truth of a frame; parts are indices into `signgen.render.signer.body_parts.SURFACES`."""
        return self.painter().measure(self.points(frame))


def scene_of(poses: PoseSequence, appearance: Appearance, size: tuple[int, int], samples: int = 2) -> Scene:
    """Fit a signer to poses with depth and set up the studio.

    Args:
        poses: at least one frame, with depth.
        appearance: looks, background and view.
        size: width and height of the frames [px].
        samples: samples of a pixel along a side.

    Raises:
        PoseError: no depth, or no frame with both shoulders.
        ConfigError: a setting that is none.
        DataError: a background picture that cannot be read.
    """
    if poses.depth is None:
        raise PoseError("poses: the avatar needs depth, these have none")
    person, looks = who(appearance)
    signer = _signer(tuple(sorted(person.weights.items())), looks)
    points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
    pose = shoulders_along(signer.shape, fit_pose(signer.shape, points, poses.confidence))
    behind = backdrop(appearance.backdrop, appearance.background, *size)
    scene = Scene(
        signer,
        pose,
        _camera(poses, signer.shape, appearance, size),
        LIGHTS[appearance.light],
        behind,
        samples,
    )
    if appearance.framing == "canvas":
        return scene
    return dataclasses.replace(scene, camera=_with_head(scene))


def _with_head(scene: Scene) -> Camera:
    """The camera zoomed out, its lower edge kept, as far as the head needs to stay in the picture."""
    camera, height = scene.camera, scene.camera.height
    step = max(1, len(scene) // 8)
    tops = [float(camera.project(scene.points(t))[:, 1].min()) for t in range(0, len(scene), step)]
    top, margin = min(tops), MARGIN * height
    if top >= margin:
        return camera
    zoom = max((height - margin) / (height - top), LEAST_ZOOM)
    centre = (
        camera.width / 2 + zoom * (camera.centre[0] - camera.width / 2),
        height - zoom * (height - camera.centre[1]),
    )
    return dataclasses.replace(camera, focal=camera.focal * zoom, centre=centre)


@functools.lru_cache(maxsize=8)
def _signer(weights: tuple[tuple[str, float], ...], looks: Looks) -> Dressed:
    return dressed(load_body().shape(Identity(dict(weights))), looks)


def _camera(poses: PoseSequence, shape: Shape, appearance: Appearance, size: tuple[int, int]) -> Camera:
    """The camera that shows the fitted body where the poses are on their canvas, then moved as asked."""
    both = (poses.confidence[:, [RIGHT_SHOULDER, LEFT_SHOULDER]] > 0).all(axis=1)
    if poses.depth is None or not both.any():
        raise PoseError("poses: both shoulders are needed in at least one frame to pose a body")
    points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1)[both]
    wide = np.median(np.linalg.norm(points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER], axis=1))
    own = np.linalg.norm(shape.keypoints[LEFT_SHOULDER] - shape.keypoints[RIGHT_SHOULDER])
    metres = float(own / wide)  # of a pixel of the canvas
    width, height = size
    exact = width - poses.width in (0, poses.width % 2) and height - poses.height in (0, poses.height % 2)
    scale = 1.0 if exact else min(width / poses.width, height / poses.height)
    middle = np.array(
        [width / 2, height / 2] if exact else [scale * poses.width / 2, scale * poses.height / 2]
    )
    # The fit puts the clip's median neck at the origin; the world point in the middle of the picture is then this.
    neck = np.median(points[:, [RIGHT_SHOULDER, LEFT_SHOULDER]].mean(axis=1), axis=0)
    target = np.array([*((middle / scale - neck[:2]) * metres), 0.0])
    focal = scale / metres * appearance.zoom
    centre = (width / 2, height / 2)
    if appearance.distance:
        camera = Camera(width, height, focal * appearance.distance, centre,
                        translation=np.array([0.0, 0.0, appearance.distance]) - target)  # fmt: skip
    else:
        camera = Camera(width, height, focal, centre, translation=-target, is_parallel=True)
    if not (appearance.yaw or appearance.pitch):
        return camera
    return camera.orbited(np.zeros(3), appearance.yaw, appearance.pitch)

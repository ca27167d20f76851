"""Faces for Wan-Animate, which reads expressions from pictures of a face: those of the avatar in the same poses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from signgen.pose.layout import FACE
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.resample import Box, resample, to_bytes

if TYPE_CHECKING:
    from signgen.render.signer.scene import Scene

GROWTH = 1.3  # area of a crop by that of the keypoints' box, as Wan-Animate's preprocessing cuts faces
SHARE_ABOVE = 0.75  # of what a crop is taller than the box; the rest is below
MOST_PIXELS = 1 << 21  # of the picture that crops are cut from


def avatar_faces(poses: PoseSequence, signer: str, side: int, frames: range) -> Iterator[Frame]:
    """A face for each of some poses, (side, side, 3) uint8, of an avatar drawn close.

    Args:
        poses: the clip, at least one frame; depth is lifted if there is none.
        signer: as the avatar's setting.
        side: width and height [px].
        frames: numbers of the poses.

    Raises:
        PoseError: poses in which no shoulders are ever seen.
        ConfigError: no such avatar.
    """
    from signgen.body.lift import lift
    from signgen.render.signer.appearance import Appearance
    from signgen.render.signer.scene import scene_of

    poses = lift(poses) if poses.depth is None else poses
    size = poses.width + poses.width % 2, poses.height + poses.height % 2
    scene = scene_of(poses, Appearance(signer=signer, framing="canvas", backdrop="plain"), size)
    boxes = [face_box(points) for points in scene.keypoints()[:, FACE, :2]]
    close, left, top, scale = _closer(scene, boxes, side)
    painter = close.painter()
    for frame in frames:
        box = boxes[frame]
        picture = painter.paint(close.points(frame))
        part = Box(
            *((edge - start) * scale for edge, start in zip(_edges(box), (left, top) * 2, strict=True))
        )
        yield to_bytes(resample(picture, part, side, side))


def face_box(points: np.ndarray) -> Box:
    """The crop around (68, 2) keypoints of a face [px]: larger by `GROWTH`, most of it above, for the forehead."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    wider, taller = ((sqrt(GROWTH) - 1) * side for side in (right - left, bottom - top))
    return Box(
        float(left - wider / 2),
        float(top - taller / 2 * 2 * SHARE_ABOVE),
        float(right + wider / 2),
        float(bottom + taller / 2 * 2 * (1 - SHARE_ABOVE)),
    )


def _closer(scene: Scene, boxes: list[Box], side: int) -> tuple[Scene, float, float, float]:
    """The scene seen so close that a face is as large as its crop, with the left, top and scale of the view."""
    from signgen.render.signer.backdrop import backdrop

    edges = np.array([_edges(box) for box in boxes])
    left, top = edges[:, :2].min(axis=0)
    right, bottom = edges[:, 2:].max(axis=0)
    largest = max(max(box.width, box.height) for box in boxes)
    area = max(float((right - left) * (bottom - top)), 1.0)
    scale = min(side / largest, sqrt(MOST_PIXELS / area))
    width, height = (max(2, int(np.ceil(scale * length))) for length in (right - left, bottom - top))
    camera = scene.camera
    centre = ((camera.centre[0] - left) * scale, (camera.centre[1] - top) * scale)
    close = dataclasses.replace(camera, width=width, height=height, focal=camera.focal * scale, centre=centre)
    behind = backdrop("plain", "grey", width, height)
    return dataclasses.replace(scene, camera=close, behind=behind), float(left), float(top), scale


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom

"""Frames that a clip starts from: those of an avatar, on which the pose pictures lie exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.guide import drawn_poses


def begin_with_avatar(
    signer: str, poses: PoseSequence, width: int, height: int, *, retarget: bool
) -> tuple[PoseSequence, Iterator[Frame]]:
    """The poses of an avatar that follows others, and its frames.

    Args:
        signer: who the avatar is.
        poses: what it does, given depth first if they have none.
        width: of the frames [px].
        height: of the frames [px].
        retarget: poses are those of the avatar's own body; else as they were given.

    Raises:
        ConfigError: no such signer.
        PoseError: poses in which no shoulders are ever seen.
    """
    from signgen.body.lift import lift
    from signgen.render.signer.appearance import Appearance
    from signgen.render.signer.scene import scene_of

    deep = poses if poses.depth is not None else lift(poses)
    scene = scene_of(deep, Appearance(signer=signer, framing="canvas"), (width, height))
    painter = scene.painter()
    frames = (painter.paint(scene.points(number)) for number in range(len(scene)))
    return drawn_poses(scene, poses.fps, range(len(scene))) if retarget else poses, frames


def padded(frames: Iterator[Frame], width: int, height: int, side: int) -> Iterator[Frame]:
    """Frames continued at their right and lower edges to whole latents of ``side`` pixels."""
    edges = ((0, -height % side), (0, -width % side), (0, 0))
    return (np.pad(frame, edges, mode="edge") for frame in frames)

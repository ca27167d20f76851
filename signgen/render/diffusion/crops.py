"""What a renderer must know to draw a part of a frame again: crops of its own, and where the signer stands in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.avatar import Avatar
from signgen.render.base import Frame, Renderer
from signgen.render.diffusion.appearance import AVATAR, open_appearance
from signgen.render.diffusion.settings import DiffusionSettings
from signgen.render.draw import fitted


@runtime_checkable
class Redraws(Protocol):
    """A renderer that can start from frames instead of nothing, as image-to-image models do."""

    def redraw(self, frames: Iterator[Frame], poses: PoseSequence, *, seed: int = 0) -> Iterator[Frame]:
        """Frames of poses on a canvas of their size that begin as ``frames`` look."""
        ...


@runtime_checkable
class DrawsCrops(Protocol):
    """A renderer that knows how to draw a crop itself."""

    def for_crops(self, size: int) -> Renderer:
        """A renderer whose frames are ``size`` x ``size`` px and show the poses' canvas exactly."""
        ...


@runtime_checkable
class SaysWhere(Protocol):
    """A renderer that knows where in its frames it draws the signer."""

    def drawn(self, poses: PoseSequence, width: int, height: int) -> PoseSequence:
        """The poses as they stand in frames of a size, on a canvas of that size."""
        ...


# Settings that make a renderer show more or less than the canvas, and what they are for crops.
WHOLE_CANVAS: dict[str, Any] = {
    "size": None, "framing": "canvas", "yaw": 0.0, "pitch": 0.0, "zoom": 1.0, "distance": 0.0, "left_handed": False,
    "retarget": False,
}  # fmt: skip


def crop_renderer(renderer: Renderer, size: int) -> Renderer:
    """A renderer as `care_for_hands` needs it for crops: frames of one size that show the whole canvas and no more.

    Raises:
        ConfigError: the renderer's frames cannot be given a size, or it draws from a picture of the whole signer.
    """
    if isinstance(renderer, DrawsCrops):
        return renderer.for_crops(size)
    name = type(renderer).__name__
    if isinstance(renderer, DiffusionSettings) and not isinstance(renderer, Redraws):
        raise ConfigError(
            f"{name}: cannot draw crops of hands; name who does, such as renderer.crops={{name: refine}}"
        )
    fields: set[str] = (
        {f.name for f in dataclasses.fields(renderer)} if dataclasses.is_dataclass(renderer) else set()
    )
    if not {"width", "height"} <= fields:
        raise ConfigError(f"{name}: cannot draw crops of hands, as its frames have no size to set")
    changes = {"width": size, "height": size}
    changes |= {name: value for name, value in WHOLE_CANVAS.items() if name in fields}
    return dataclasses.replace(renderer, **changes)  # type: ignore[type-var]


def poses_in_frames(renderer: Renderer, poses: PoseSequence, width: int, height: int) -> PoseSequence:
    """Where the signer stands in the frames of a renderer, on a canvas of their size.

    Args:
        renderer: it may have fitted the poses to an appearance, or show them from elsewhere.
        poses: as it was given them.
        width: of its frames [px].
        height: of its frames [px].
    """
    if isinstance(renderer, SaysWhere):
        return renderer.drawn(poses, width, height)
    avatar = renderer if isinstance(renderer, Avatar) else _begun_with(renderer)
    if avatar is not None:
        from signgen.render.diffusion.guide import avatar_scene, drawn_poses

        return drawn_poses(avatar_scene(avatar, poses, width, height), poses.fps, range(len(poses)))
    if isinstance(renderer, DiffusionSettings) and renderer.appearance and renderer.retarget:
        from signgen.render.diffusion.retarget import retarget

        still = open_appearance(
            renderer.appearance, poses, width, height, purpose=renderer.purpose, consent=renderer.consent
        )
        poses = poses if still.pose is None else retarget(poses, still.pose)[0]
    return _on_canvas(poses, width, height)


def _begun_with(renderer: Renderer) -> Avatar | None:
    """The avatar whose body a renderer's frames begin with and follow, if there is one."""
    if not isinstance(renderer, DiffusionSettings) or not renderer.retarget:
        return None
    if getattr(renderer, "start", "") != AVATAR:
        return None
    kind, _, name = renderer.appearance.partition(":")
    return Avatar(signer=name if kind == AVATAR and name else Avatar.signer, framing="canvas")


def _on_canvas(poses: PoseSequence, width: int, height: int) -> PoseSequence:
    """Poses on the canvas of frames, scaled by one factor and centred as renderers do."""
    exact = width - poses.width in (0, poses.width % 2) and height - poses.height in (0, poses.height % 2)
    scale = 1.0 if exact else min(width / poses.width, height / poses.height)
    depth = None if poses.depth is None else poses.depth * scale
    return poses.replace(keypoints=fitted(poses, width, height), depth=depth, width=width, height=height)

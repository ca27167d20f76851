"""The `skeleton` renderer: poses drawn as lines, the look of `signgen generate` where no avatar is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.pose.sequence import PoseSequence
from signgen.pose.views import MAX_ANGLE, rotate
from signgen.render.base import Frame, renderers
from signgen.render.draw import Style, by_short_side, draw

Level = Annotated[int, Ge(0), Le(255)]
Angle = Annotated[float, Ge(-MAX_ANGLE), Le(MAX_ANGLE)]
Side = Annotated[int, Ge(16), Le(8192)]


@renderers.register("skeleton")
@dataclass(frozen=True)
class Skeleton:
    """Poses as skeletons; see `signgen.render.draw` for the styles."""

    style: Style = setting(
        "openpose", "openpose for people; controlnet, mimicmotion, wan as input of generators"
    )
    size: Side | None = setting(None, "short side of the frames [px]; default: as the poses' canvas")
    width: Side | None = setting(None, "width of the frames [px]; default: as the poses' canvas")
    height: Side | None = setting(None, "height of the frames [px]; default: as the poses' canvas")
    background: tuple[Level, Level, Level] | None = setting(
        None, "red, green, blue from 0 to 255; default: near black; only for openpose"
    )
    yaw: Angle = setting(0.0, "camera to the right of the picture, for poses with depth [degrees]")
    pitch: Angle = setting(0.0, "camera upwards, for poses with depth [degrees]")
    zoom: Annotated[float, Gt(0), Le(10)] = setting(1.0, "size of the signer in the picture, about the neck")

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses. Nothing here is random, and a skeleton has no appearance: both are ignored."""
        poses = self._seen(poses)
        width, height = by_short_side(poses, self.size, self.width, self.height)
        return draw(poses, self.style, width=width, height=height, background=self.background)

    def _seen(self, poses: PoseSequence) -> PoseSequence:
        """The poses in the view asked for; zoom alone needs no depth."""
        if self.yaw == self.pitch == 0 and self.zoom != 1 and poses.depth is None:
            flat = poses.replace(depth=np.zeros(poses.confidence.shape, np.float32))
            return rotate(flat, zoom=self.zoom).replace(depth=None)
        return rotate(poses, self.yaw, self.pitch, self.zoom)

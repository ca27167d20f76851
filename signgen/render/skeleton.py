"""The `skeleton` renderer: poses drawn as lines, the look of `signgen generate` where no avatar is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.draw import Style, draw

Level = Annotated[int, Ge(0), Le(255)]
Side = Annotated[int, Ge(16), Le(8192)]


@renderers.register("skeleton")
@dataclass(frozen=True)
class Skeleton:
    """Poses as skeletons; see `signgen.render.draw` for the styles."""

    style: Style = setting("openpose", "openpose for people; controlnet, mimicmotion as input of generators")
    size: Side | None = setting(None, "short side of the frames [px]; default: as the poses' canvas")
    width: Side | None = setting(None, "width of the frames [px]; default: as the poses' canvas")
    height: Side | None = setting(None, "height of the frames [px]; default: as the poses' canvas")
    background: tuple[Level, Level, Level] | None = setting(
        None, "red, green, blue from 0 to 255; default: near black; only for openpose"
    )

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses. Nothing here is random, and a skeleton has no appearance: both are ignored."""
        width, height = self.width, self.height
        if self.size is not None:
            if width is not None or height is not None:
                raise ConfigError("renderer.size: give size, or width and height, not both")
            width, height = _by_short_side(poses, self.size)
        return draw(poses, self.style, width=width, height=height, background=self.background)


def _by_short_side(poses: PoseSequence, side: int) -> tuple[int, int]:
    scale = side / min(poses.width, poses.height)
    return round(poses.width * scale), round(poses.height * scale)

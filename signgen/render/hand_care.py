"""The `hand-care` renderer: another renderer whose hands are drawn a second time, larger, and blended in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Any

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, Renderer, account_of, renderers
from signgen.render.diffusion.crops import crop_renderer, poses_in_frames
from signgen.render.diffusion.hands import care_for_hands

FIRST = {"name": "avatar"}


@renderers.register("hand-care")
@dataclass(frozen=True)
class HandCare:
    """Another renderer, its hands drawn again in crops of higher resolution and blended with a soft mask."""

    over: dict[str, Any] | None = setting(
        None, "the renderer with its settings, such as {name: refine, steps: 30}; default: avatar"
    )
    crops: dict[str, Any] | None = setting(
        None, "the renderer that draws the crops, such as {name: refine}; default: the same"
    )
    size: Annotated[int, Ge(32), Le(1024)] = setting(
        256, "side of a crop [px]; a hand that is larger already is left alone"
    )
    room: Annotated[float, Ge(1.2), Le(4)] = setting(1.8, "side of a crop in sizes of the hand")

    def __post_init__(self) -> None:
        """Check the other renderer's settings."""
        if self.size % 8:
            raise ConfigError(f"renderer.size: {self.size} is no multiple of 8; use {self.size // 8 * 8}")
        _ = self._crops

    @cached_property
    def renderer(self) -> Renderer:
        """The other renderer."""
        return renderers.build(self.over or FIRST)

    @cached_property
    def _crops(self) -> Renderer:
        return crop_renderer(renderers.build(self.crops) if self.crops else self.renderer, self.size)

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What the last call did."""
        return {}

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the other renderer, which gets ``appearance``, with better hands."""
        self.notes.clear()
        frames = self.renderer(poses, appearance, seed=seed)
        place = partial(poses_in_frames, self.renderer, poses)
        return care_for_hands(
            frames, place, self._crops, size=self.size, room=self.room, seed=seed, report=self.notes
        )

    def account(self) -> dict[str, Any]:
        """The other renderer's account, and what became of each hand."""
        return {**account_of(self.renderer), "hand_care": dict(self.notes)}

"""The `refine` renderer: the avatar's frames made photographic by Stable Diffusion, its hands and face kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.avatar import Avatar
from signgen.render.base import Frame, renderers
from signgen.render.diffusion.stable.settings import Scale, StableSettings

Share = Annotated[float, Ge(0), Le(1)]
ALL_OF_THE_CLIP = ("size", "width", "height")  # settings that the avatar gets from here


@renderers.register("refine")
@dataclass(frozen=True)
class Refine(StableSettings):
    """Frames of the avatar, partly drawn anew: less of hands and face, so that fingers of the body model survive.

    SDEdit (Meng et al., arXiv 2108.01073) with a strength of its own for each place of the frame, held by pictures
    of the avatar's pose and, with ControlNets for them, of its depth and outline.
    """

    avatar: dict[str, Any] | None = setting(
        None, "settings of the avatar that is refined, such as {signer: bola}; default: ada"
    )
    strength: Annotated[float, Gt(0), Le(1)] = setting(
        0.45, "how much of body, clothes and wall is drawn anew"
    )
    hand_strength: Share = setting(0.2, "how much of the hands")
    face_strength: Share = setting(0.3, "how much of the face")
    depth: str = setting("", "ControlNet for depth pictures, as `controlnet`; default: none")
    depth_scale: Scale = setting(0.6, "how firmly depth holds the frames, against the poses")
    segmentation: str = setting(
        "", "ControlNet for segments in the colours of ADE20K, likewise; default: none"
    )
    segmentation_scale: Scale = setting(0.6, "how firmly segments hold the frames, against the poses")
    motion: str = setting(
        "",
        "AnimateDiff's motion adapter, as `weights`, such as animatediff-1.5.2; default: frames on their own",
    )
    window: Annotated[int, Ge(1), Le(4096)] | None = setting(
        None, "frames computed at once; default: 16 with a motion adapter, 4 without"
    )
    noise: Literal["shared", "fresh"] = setting(
        "shared", "noise that every frame gets: the same, which flickers less, or one of its own"
    )
    start: Literal["avatar"] = setting("avatar", "what the frames begin as; here always the avatar")
    retarget: bool = setting(
        True, "pose pictures show the avatar's body as it is drawn, and not the poses as they are given"
    )

    has_own_body: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        super().__post_init__()
        taken = [name for name in ALL_OF_THE_CLIP if name in (self.avatar or {})]
        if taken:
            raise ConfigError(f"renderer.avatar.{taken[0]}: set renderer.{taken[0]} instead")
        if self.overlap and not self.motion:
            raise ConfigError(
                "renderer.overlap: frames without a motion adapter do not know of each other; leave it out"
            )
        if self.appearance and not self.adapter:
            raise ConfigError(
                "renderer.appearance: nothing would look at it; give an IP-Adapter (renderer.adapter)"
            )
        _ = self.signer

    @cached_property
    def signer(self) -> Avatar:
        """The avatar without a size."""
        part = renderers.build({"name": "avatar", **(self.avatar or {})})
        assert isinstance(part, Avatar)
        return part

    def weight_names(self) -> tuple[str, ...]:
        """Those of Stable Diffusion, and further ControlNets and the motion adapter where they are asked for."""
        return (
            *super().weight_names(),
            *(name for name in (self.motion, self.depth, self.segmentation) if name),
        )

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` is for the IP-Adapter, before the setting.

        Raises:
            CheckpointError: weights that are missing, damaged or not of one family.
            ConfigError: settings that do not go together.
            DataError: an appearance that cannot be read, or that nobody has consented to.
            DependencyError: the extra ``diffusion`` is not installed.
            PoseError: poses in which no shoulders are ever seen.
            RenderError: numbers overflowed.
            ResourceError: memory or disk run out.
        """
        return self.part(poses, range(len(poses)), appearance, seed=seed)

    def part(
        self, poses: PoseSequence, frames: range, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Some of the frames, with the camera of the whole clip."""
        if len(frames) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("refine")
        from signgen.render.diffusion.stable.refining import refined

        return refined(self, poses, frames, appearance, seed)

    def drawn(self, poses: PoseSequence, width: int, height: int) -> PoseSequence:
        """The poses of the avatar's body in frames of a size."""
        from signgen.render.diffusion.guide import avatar_scene, drawn_poses

        return drawn_poses(avatar_scene(self.signer, poses, width, height), poses.fps, range(len(poses)))

    def redraw(self, frames: Iterator[Frame], poses: PoseSequence, *, seed: int = 0) -> Iterator[Frame]:
        """Frames drawn anew as little as hands are, such as crops of hands, held by poses on their canvas."""
        from signgen.render.diffusion.weights import need_extra

        need_extra("refine")
        from signgen.render.diffusion.stable.refining import redrawn

        return redrawn(self, frames, poses, seed)

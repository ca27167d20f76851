"""The `animatediff` renderer: poses as a moving clip by Stable Diffusion 1.5 with the user's own weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.diffusion.stable.settings import StableSettings

WINDOW = 16  # frames that AnimateDiff's adapters were trained with
LEAST_WINDOW = 4  # frames in which there is still motion


@renderers.register("animatediff")
@dataclass(frozen=True)
class AnimateDiff(StableSettings):
    """Poses as a clip by Stable Diffusion 1.5 with a ControlNet and AnimateDiff's motion adapter.

    The frames of a window know of each other; windows overlap and are blended among the latents, and take the
    same noise in another order (FreeNoise), so clips may have any length.
    """

    window: Annotated[int, Ge(1), Le(4096)] | None = setting(
        WINDOW, "frames seen at once; not more than the motion adapter takes"
    )
    overlap: Annotated[int, Ge(0), Le(4095)] | None = setting(
        None, "frames that neighbouring windows share; default: a quarter of the window"
    )
    motion: str = setting("animatediff-1.5.2", "AnimateDiff's motion adapter, as `weights`")
    betas: Literal["linear", "scaled_linear"] = setting(
        "linear", "variances of the noise; AnimateDiff's adapters were trained with linear"
    )
    noise: Literal["reused", "fresh"] = setting(
        "reused", "noise after the first window: that of the window before in another order, or its own"
    )

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        super().__post_init__()
        if self.shared >= self.at_once:
            raise ConfigError(
                f"renderer.overlap: {self.shared} of {self.at_once} frames leaves nothing new; use less"
            )

    @property
    def at_once(self) -> int:
        """Frames of a window."""
        return self.window or WINDOW

    @property
    def shared(self) -> int:
        """Frames that neighbouring windows share."""
        return self.at_once // 4 if self.overlap is None else self.overlap

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` is for the IP-Adapter or the start, before the setting.

        Raises:
            CheckpointError: weights that are missing, damaged or not of one family.
            ConfigError: settings that do not go together, or windows that the motion adapter cannot take.
            DataError: an appearance that cannot be read, or that nobody has consented to.
            DependencyError: the extra ``diffusion`` is not installed.
            RenderError: numbers overflowed.
            ResourceError: memory or disk run out.
        """
        if len(poses) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("animatediff")
        from signgen.render.diffusion.stable.film import clip
        from signgen.render.diffusion.stable.setting_up import Kind, set_stage

        schedule = {"beta_schedule": self.betas}
        kind = Kind("animatediff", self.at_once, self.shared, LEAST_WINDOW, self.motion, schedule)
        return clip(
            set_stage(self, kind, poses, appearance), len(poses), seed, is_reused=self.noise == "reused"
        )

    def weight_names(self) -> tuple[str, ...]:
        """Also the motion adapter."""
        base, controlnet, *looks = super().weight_names()
        return (base, controlnet, self.motion, *looks)

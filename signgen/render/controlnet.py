"""The `controlnet` renderer: poses as pictures by Stable Diffusion with the user's own weights."""

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


@renderers.register("controlnet")
@dataclass(frozen=True)
class ControlNet(StableSettings):
    """Poses as pictures by Stable Diffusion 1.5 or XL with a ControlNet, each frame on its own.

    No frame knows of another: what keeps the signer the same is the noise that all frames share, the prompt,
    an appearance, and frames of the avatar to start from. Clothes and background will still flicker.
    """

    window: Annotated[int, Ge(1), Le(4096)] | None = setting(
        4, "frames computed at once: more is faster and takes more memory; pictures stay the same"
    )
    noise: Literal["shared", "fresh"] = setting(
        "shared", "noise that every frame starts from: the same, or one of its own"
    )

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        super().__post_init__()
        if self.overlap:
            raise ConfigError(
                "renderer.overlap: frames of controlnet do not know of each other; leave it out"
            )

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` is for the IP-Adapter or the start, before the setting.

        Raises:
            CheckpointError: weights that are missing, damaged or not of one family.
            ConfigError: settings that do not go together.
            DataError: an appearance that cannot be read, or that nobody has consented to.
            DependencyError: the extra ``diffusion`` is not installed.
            RenderError: numbers overflowed.
            ResourceError: memory or disk run out.
        """
        if len(poses) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("controlnet")
        from signgen.render.diffusion.stable.film import pictures
        from signgen.render.diffusion.stable.setting_up import Kind, set_stage

        kind = Kind("controlnet", self.window or 1, overlap=0, least=1, motion=None, schedule={})
        stage = set_stage(self, kind, poses, appearance)
        return pictures(stage, len(poses), seed, is_shared=self.noise == "shared")

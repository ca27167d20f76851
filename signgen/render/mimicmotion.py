"""The `mimicmotion` renderer: poses as video of the signer in a picture, with the user's own weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.diffusion.settings import DiffusionSettings

Strength = Annotated[float, Ge(1), Le(30)]


@renderers.register("mimicmotion")
@dataclass(frozen=True)
class MimicMotion(DiffusionSettings):
    """Poses as video by MimicMotion: Stable Video Diffusion that follows drawn poses, any number of frames."""

    weights: str = setting(
        "mimicmotion-1.1",
        "a name in `signgen show checkpoints`; or the path of MimicMotion_1*.pth, of the UNet of the split layout, "
        "or of a folder with either",
    )
    base: str = setting(
        "svd-xt-1.1",
        "Stable Video Diffusion XT 1.1 in diffusers' layout, by name or folder: its VAE and image encoder",
    )
    pose_net: str = setting(
        "", "PoseNet of the split layout; default: mimic_motion_pose_net.safetensors beside the UNet"
    )
    guidance_last: Strength | None = setting(
        None, "guidance of the last frame, rising or falling evenly to it; default: as the first"
    )
    cfg: Literal["auto", "separate", "batched"] = setting(
        "auto", "passes with and without conditions: one by one, or together; auto: together on a CPU"
    )
    picture_noise: Annotated[float, Ge(0), Le(1)] = setting(
        0.0, "noise added to the picture, from -1 to 1: more of it keeps less of the picture"
    )
    reference_pose: str = setting(
        "", "poses of the one frame that the portrait is; default: beside it, under its name"
    )
    references: tuple[str, ...] = setting(
        (), "further portraits of the same signer, each with its poses beside it"
    )
    join: Literal["nearest", "mean"] = setting(
        "nearest", "of several portraits: the one nearest in pose to the clip, or the mean of what they give"
    )
    original_noise: bool = setting(
        False, "noise that repeats each window, and windows, as the original has them"
    )

    def __post_init__(self) -> None:
        """Check what needs more than one setting."""
        if self.profile not in (None, "mimicmotion"):
            from signgen.render.diffusion.card import check_profile

            check_profile(self.profile, "mimicmotion", "MimicMotion")
        if self.references and not self.appearance:
            raise ConfigError(
                "renderer.references: these are further portraits; set renderer.appearance first"
            )

    def weight_names(self) -> tuple[str, ...]:
        """MimicMotion, and what it builds on."""
        return self.weights, self.base

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` goes before the setting, and needs ``reference_pose``.

        Raises:
            CheckpointError: weights that are missing, damaged or of another network.
            ConfigError: nothing says how the signer looks, or settings that do not go together.
            DataError: a portrait that cannot be read, or that nobody has consented to.
            DependencyError: the extra ``diffusion`` is not installed.
            PoseError: the pose of the signer in the picture is not known.
            ResourceError: memory or disk run out.
        """
        if len(poses) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("mimicmotion")
        from signgen.render.diffusion.mimicmotion.setting_up import frames

        return frames(self, poses, appearance, seed)

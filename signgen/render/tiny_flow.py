"""The `tiny-flow` renderer: poses as video by a small network of signgen's own, on any processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.diffusion.settings import Count, DiffusionSettings

PACKAGES = ("torch", "safetensors")


@renderers.register("tiny-flow")
@dataclass(frozen=True)
class TinyFlow(DiffusionSettings):
    """Poses as video by a small network trained on avatar renders: shows the way of the large ones, not their looks."""

    weights: str = setting("tiny-flow", "tiny-flow, which is built in, or the folder of a training")
    steps: Count = setting(4, "denoising steps; 1 paints what is likeliest on average, a little blurred")
    guidance: Annotated[float, Ge(1), Le(30)] = setting(
        1.0, "how much more the poses count than learned; above 1 doubles the work"
    )
    appearance: str = setting("avatar:ada", "how the signer looks: avatar:NAME or a portrait (PNG, JPG)")
    retarget: bool = setting(
        False, "fit the poses to the limbs of the appearance; the network was taught with poses as they are"
    )

    def ready(self) -> None:
        """Raise unless all that a call needs is here.

        Raises:
            DependencyError: the extra is not installed.
            CheckpointError: weights are missing.
        """
        from signgen.render.diffusion.weights import find_all, need_extra

        need_extra("tiny-flow", *PACKAGES)
        find_all(self.weight_names(), "tiny-flow", download=self.download)

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` goes before the setting.

        Raises:
            CheckpointError: weights that are missing, damaged or of another network.
            ConfigError: settings that do not go together, or that the weights were not trained for.
            DataError: a portrait that cannot be read, or that nobody has consented to.
            DependencyError: the extra is not installed.
            PoseError: poses in which no shoulders are ever seen.
            ResourceError: memory or disk run out.
        """
        if len(poses) == 0:
            return iter(())
        from signgen.render.diffusion.weights import need_extra

        need_extra("tiny-flow", *PACKAGES)
        from signgen.render.diffusion.tiny.clip import frames

        return frames(self, poses, appearance, seed)

"""Settings that every diffusion renderer has, each with its meaning in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.render.base import renderers
from signgen.render.diffusion.consent import Purpose

Side = Annotated[int, Ge(16), Le(4096)]
Count = Annotated[int, Ge(1), Le(1000)]
Precision = Literal["auto", "float32", "float16", "bf16"]
Profile = Literal["openpose", "controlnet", "mimicmotion", "wan"]


@dataclass(frozen=True)
class DiffusionSettings:
    """What all diffusion renderers are told; a renderer is a frozen dataclass on top of it, with ``__call__``.

    A default that differs from one model to another is a field of the same name in the renderer's own class,
    or None and then what the card of the weights says.
    """

    weights: str = setting(
        "", "a name in `signgen show checkpoints`, a path, or OWNER/NAME@REVISION of a hub"
    )
    download: bool = setting(False, "get weights that are missing from their hub; else nothing is downloaded")
    steps: Count = setting(25, "denoising steps")
    guidance: Annotated[float, Ge(1), Le(30)] = setting(
        2.0, "how much the conditions count; 1 halves the work"
    )
    window: Annotated[int, Ge(1), Le(4096)] | None = setting(
        None, "frames seen at once; default: as the weights were trained"
    )
    overlap: Annotated[int, Ge(0), Le(4095)] | None = setting(
        None, "frames that neighbouring windows share; default: as the card of the weights says"
    )
    size: Side | None = setting(None, "short side of the frames [px], in the shape that was trained")
    width: Side | None = setting(None, "width of the frames [px]; default: as the weights were trained")
    height: Side | None = setting(None, "height of the frames [px]; default: as the weights were trained")
    profile: Profile | None = setting(
        None, "drawing of the poses; only the one the weights were trained with"
    )
    appearance: str = setting("", "how the signer looks: a portrait (PNG, JPG) or avatar:NAME")
    consent: str = setting(
        "", "consent.toml of the person in the portrait; default: the one beside the portrait"
    )
    purpose: Purpose = setting(
        "research", "what the video is for, which the consent of a portrayed person must cover"
    )
    retarget: bool = setting(True, "fit the poses to the limbs, head and hands of the appearance")
    device: str = setting("auto", "where to compute: auto, cpu, cuda, cuda:1 ...")
    precision: Precision = setting("auto", "of the network; auto: float16 on a GPU, float32 on a CPU")
    strict_memory: bool = setting(False, "fail when memory runs out, instead of computing in smaller parts")

    def weight_names(self) -> tuple[str, ...]:
        """The weights it needs, each a name, a path or a place on a hub; more where there is more than `weights`."""
        return (self.weights,)

    def ready(self) -> None:
        """Raise unless all that a call needs is here, so that nothing is begun in vain; may download.

        Raises:
            DataError: an appearance that cannot be read, or that nobody has consented to.
            DependencyError: the extra is not installed.
            CheckpointError: weights are missing.
            ResourceError: the GPU is smaller than their cards ask for, and ``strict_memory`` is set.
        """
        from signgen.render.diffusion.appearance import check_appearance
        from signgen.render.diffusion.weights import find_all, need_extra

        check_appearance(self.appearance, purpose=self.purpose, consent=self.consent)
        kind: object = type(self)
        name = next(name for name in renderers.names() if renderers.get(name) is kind)
        need_extra(name)
        weights = find_all(self.weight_names(), name, download=self.download)
        if self.strict_memory:
            from signgen.nn.device import device_named
            from signgen.render.diffusion.memory import check_fits

            check_fits([one.card for one in weights if one.card], device_named(self.device))

    def with_settings(self, **changes: Any) -> Self:
        """These settings with some changed; nothing that was loaded is shared."""
        return replace(self, **changes)

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What the last call has to say for the sidecar; a renderer fills it as it goes."""
        return {}

    def account(self) -> dict[str, Any]:
        """What the sidecar tells of the last call: weights with hash and licence, memory steps, appearance."""
        return dict(self.notes)

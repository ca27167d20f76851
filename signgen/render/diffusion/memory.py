"""What to give up, in which order, when memory runs out, and a record of what was given up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch

from signgen.data.checkpoints import Checkpoint
from signgen.errors import ConfigError, ResourceError
from signgen.render.diffusion.settings import Precision as Asked

T = TypeVar("T")
Precision = Literal["float32", "float16", "bf16"]
Stage = Literal["load", "encode", "denoise", "decode"]
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bf16": torch.bfloat16}
_SPOKEN = ("out of memory", "can't allocate memory", "not enough memory", "_status_alloc_failed")


@dataclass(frozen=True)
class Plan:
    """How a clip is computed, as far as it decides on memory. All of it changes pixels, if only their last bits.

    Attributes:
        precision: of the networks.
        window: frames seen at once.
        overlap: frames that windows share.
        decode_frames: frames that the autoencoder turns into pictures, or pictures into latents, at once.
        tiled: the autoencoder takes a picture in tiles.
        split_guidance: the passes with and without conditions run one after the other.
        offload: a network is on the GPU only while it is used.
    """

    precision: Precision
    window: int
    overlap: int
    decode_frames: int = 8
    tiled: bool = False
    split_guidance: bool = False
    offload: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """The precision as torch calls it."""
        return _DTYPES[self.precision]


@dataclass(frozen=True)
class Limits:
    """How far a backend can go.

    Attributes:
        half: the shorter precision it computes in; None if it has none.
        can_tile: its autoencoder can take tiles.
        can_split: it has guidance, in one pass so far.
        can_offload: its networks are on a GPU and can leave it.
        min_window: frames that a window needs.
    """

    half: Precision | None = "float16"
    can_tile: bool = True
    can_split: bool = True
    can_offload: bool = True
    min_window: int = 4


@dataclass(frozen=True)
class Step:
    """One thing given up: at which stage, and what became of what."""

    stage: Stage
    change: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.change}"


class Ladder:
    """Runs the stages of a clip, and each time memory runs out takes the next step down and runs again.

    Attributes:
        plan: as it is now.
        steps: what was given up, in order.
    """

    def __init__(self, plan: Plan, limits: Limits, *, strict: bool = False) -> None:
        """``strict``: fail where memory runs out, since each step changes pixels."""
        self.plan, self.steps, self._limits, self._strict = plan, (), limits, strict

    plan: Plan
    steps: tuple[Step, ...]

    def run(self, stage: Stage, attempt: Callable[[Plan], T]) -> T:
        """What ``attempt`` returns for the first plan that fits; it must begin anew each time it is called.

        Raises:
            ResourceError: memory runs out and nothing is left to give up, or nothing may be.
        """
        while True:
            try:
                return attempt(self.plan)
            except Exception as error:
                if not ran_out(error):
                    raise
                reason = str(error).strip().split("\n")[0]
            # Outside of the handler: the error holds the frames, and they hold the memory.
            self._step_down(stage, reason)
            release()

    def account(self) -> list[str]:
        """The steps for the sidecar, empty if memory sufficed."""
        return [str(step) for step in self.steps]

    def _step_down(self, stage: Stage, reason: str) -> None:
        if self._strict:
            raise ResourceError(
                f"out of memory at stage {stage} ({reason}); leave strict_memory out, or choose a smaller size"
            )
        smaller = next_plan(self.plan, stage, self._limits)
        if smaller is None:
            taken = "; ".join(self.account()) or "nothing"
            raise ResourceError(
                f"out of memory at stage {stage} ({reason}) after giving up all there is ({taken}); "
                "choose a smaller width and height, or a device with more memory"
            )
        self.plan, change = smaller
        self.steps = (*self.steps, Step(stage, change))


def next_plan(plan: Plan, stage: Stage, limits: Limits) -> tuple[Plan, str] | None:
    """The plan after the first step that helps a stage, and what it changed; None if there is none.

    The order: shorter numbers, an autoencoder in smaller parts, split guidance, networks off the GPU, shorter windows.
    """
    if limits.half is not None and plan.precision != limits.half and plan.precision == "float32":
        return replace(plan, precision=limits.half), f"precision {plan.precision} -> {limits.half}"
    if stage in ("encode", "decode"):
        if plan.decode_frames > 1:
            fewer = plan.decode_frames // 2
            return replace(plan, decode_frames=fewer), f"frames at once {plan.decode_frames} -> {fewer}"
        if limits.can_tile and not plan.tiled:
            return replace(plan, tiled=True), "autoencoder in tiles"
    if stage == "denoise" and limits.can_split and not plan.split_guidance:
        return replace(plan, split_guidance=True), "guidance in two passes"
    if limits.can_offload and not plan.offload:
        return replace(plan, offload=True), "networks on the GPU only while used"
    if stage == "denoise" and plan.window // 2 >= limits.min_window:
        window = plan.window // 2
        overlap = min(plan.overlap, max(1, window // 4))
        return replace(plan, window=window, overlap=overlap), f"window {plan.window} -> {window}"
    return None


def precision_of(asked: Asked, device: torch.device) -> Precision:
    """The precision that a setting means on a device.

    Raises:
        ConfigError: float16 on a CPU, which lacks most of its operations.
    """
    if asked == "auto":
        return "float16" if device.type == "cuda" else "float32"
    if asked == "float16" and device.type == "cpu":
        raise ConfigError("renderer.precision: float16 is for a GPU; use float32 or bf16 on a CPU")
    return asked


def limits_on(device: torch.device, *, guidance: bool = True, min_window: int = 4) -> Limits:
    """What can be given up on a device."""
    on_gpu = device.type == "cuda"
    return Limits(
        "float16" if on_gpu else "bf16", can_split=guidance, can_offload=on_gpu, min_window=min_window
    )


def check_fits(cards: Iterable[Checkpoint], device: torch.device) -> None:
    """Raise where a GPU is smaller than the cards of weights ask for: for those who may give nothing up.

    Raises:
        ResourceError: it is, with both numbers.
    """
    if device.type != "cuda":
        return
    has = torch.cuda.get_device_properties(device).total_memory / 1e9
    for card in cards:
        if card.vram is not None and card.vram > has:
            raise ResourceError(
                f"{card.name} asks for {card.vram:g} GB of GPU memory, {device} has {has:.1f}; "
                "leave strict_memory out, so that it computes in smaller parts"
            )


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory, of a GPU or of the machine, is exhausted."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SPOKEN)


def release() -> None:
    """Give memory that nothing uses back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

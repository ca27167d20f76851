"""What the card of weights allows: windows, sizes and pictures as they were trained, and what to ask for instead."""

from __future__ import annotations

from dataclasses import dataclass

from signgen.data.checkpoints import Checkpoint
from signgen.errors import ConfigError
from signgen.render.diffusion.settings import DiffusionSettings

MOST_PIXELS = 2.0  # of those trained with; beyond that, networks repeat bodies and heads


@dataclass(frozen=True)
class Shape:
    """How a clip is cut and how large its frames are.

    Attributes:
        window: frames seen at once.
        overlap: frames that windows share.
        width: of the frames [px].
        height: of the frames [px].
    """

    window: int
    overlap: int
    width: int
    height: int


def shape_for(settings: DiffusionSettings, card: Checkpoint, *, multiple: int = 2) -> Shape:
    """The shape that settings ask for, where they are silent that of the card.

    Args:
        settings: of the renderer.
        card: of the weights; for weights of somebody's own, that of the published ones they stand in for.
        multiple: what the sides must be multiples of.

    Raises:
        ConfigError: the weights were not trained for it; names what they were trained for.
    """
    window = _window(settings.window, card)
    overlap = _overlap(settings.overlap, window, card)
    return Shape(window, overlap, *_size(settings, card, multiple))


def check_profile(asked: str | None, trained: str, what: str) -> str:
    """The drawing profile of the weights, unless another is asked for.

    Args:
        asked: the setting; None for whatever is right.
        trained: the profile that the weights were trained with.
        what: the weights, for the message.

    Raises:
        ConfigError: they differ. A model shown lines in other colours or widths draws something else.
    """
    if asked not in (None, trained):
        raise ConfigError(
            f"renderer.profile: {what} was trained with {trained} pictures, not {asked}; "
            f"use profile={trained}, or leave it out"
        )
    return trained


def _window(asked: int | None, card: Checkpoint) -> int:
    trained = card.window or 1
    if asked is not None and asked > trained:
        raise ConfigError(
            f"renderer.window: {card.name} was trained with windows of {trained} frames, not {asked}; "
            f"use {trained}, or fewer where memory is short"
        )
    return asked or trained


def _overlap(asked: int | None, window: int, card: Checkpoint) -> int:
    if asked is None:
        return min(card.overlap or 0, window // 2)
    if asked >= window:
        raise ConfigError(
            f"renderer.overlap: windows of {window} frames share {window - 1} at most, not {asked}; "
            f"{card.name} shares {card.overlap or 0}"
        )
    return asked


def _size(settings: DiffusionSettings, card: Checkpoint, multiple: int) -> tuple[int, int]:
    wide, high = card.input or (512, 512)
    width, height = settings.width, settings.height
    if settings.size is not None:
        if width is not None or height is not None:
            raise ConfigError("renderer.size: give size, or width and height, not both")
        scale = settings.size / min(wide, high)
        width, height = _near(wide * scale, multiple), _near(high * scale, multiple)
    if width is None:
        width = wide if height is None else _near(height * wide / high, multiple)
    if height is None:
        height = high if width == wide else _near(width * high / wide, multiple)
    for name, side in (("width", width), ("height", height)):
        if side % multiple:
            raise ConfigError(
                f"renderer.{name}: {side} is no multiple of {multiple}; use {_near(side, multiple)}"
            )
    if width * height > MOST_PIXELS * wide * high:
        raise ConfigError(
            f"renderer.width: {width} x {height} has more than twice the pixels that {card.name} "
            f"was trained with; use {wide} x {high}"
        )
    return width, height


def _near(side: float, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)

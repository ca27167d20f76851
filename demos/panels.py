"""Words, bars and borders round frames: what the pictures of the demos are put together with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, QUIET, ACCENT = (17, 19, 26), (232, 234, 240), (128, 134, 150), (255, 183, 77)


def blank(width: int, height: int, colour: tuple[int, int, int] = PAPER) -> np.ndarray:
    """uint8 (H, W, 3) of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def fitted(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """The frame at another size, smoothly."""
    return np.array(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))


def written(
    frame: np.ndarray,
    x: float,
    y: float,
    text: str,
    size: int = 16,
    colour: tuple[int, int, int] = INK,
    anchor: str = "la",
) -> np.ndarray:
    """The frame with a line of text; ``anchor`` as in Pillow: la from the left, ma about the middle."""
    picture = Image.fromarray(frame)
    ImageDraw.Draw(picture).text((x, y), text, fill=colour, font=ImageFont.load_default(size), anchor=anchor)
    return np.array(picture)


def width_of(text: str, size: int) -> float:
    """How wide a line of text is [px]."""
    return ImageFont.load_default(size).getlength(text)


def beside(*frames: np.ndarray, gap: int = 0) -> np.ndarray:
    """Frames of one height from left to right."""
    parts = [frames[0]]
    for frame in frames[1:]:
        parts += [blank(gap, frame.shape[0]), frame] if gap else [frame]
    return np.concatenate(parts, axis=1)


def below(*frames: np.ndarray, gap: int = 0) -> np.ndarray:
    """Frames of one width from top to bottom."""
    parts = [frames[0]]
    for frame in frames[1:]:
        parts += [blank(frame.shape[1], gap), frame] if gap else [frame]
    return np.concatenate(parts, axis=0)


def save_picture(frame: np.ndarray, path: Path) -> None:
    """A still, PNG or JPEG by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(path, quality=84, optimize=True)


def save_film(frames: list[np.ndarray], path: Path, fps: float, colours: int = 192) -> None:
    """A GIF that repeats, in one palette for all frames so that still parts do not flicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sample = Image.fromarray(np.concatenate(frames[:: max(1, len(frames) // 8)], axis=0))
    palette = sample.quantize(colours, method=Image.Quantize.FASTOCTREE)
    pictures = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames
    ]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0, optimize=True
    )

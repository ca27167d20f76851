"""Pictures of how a network draws what it has never seen: poses, truth and drawing side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from signgen.data.atomic import atomic_path
from signgen.render.diffusion.training.batches import Reader
from signgen.render.diffusion.training.footage import Clip, frames_of

SHOWN_FRAMES = 3  # of a window, evenly spread
# (n, H, W, 3) uint8 frames of a clip as a network draws them.
Draw = Callable[[Clip, Sequence[int]], np.ndarray]


def write_samples(reader: Reader, draw: Draw, count: int, path: Path) -> None:
    """Draw some clips and write one PNG: a row for each clip, in it poses, truth and drawing of some frames.

    Args:
        reader: of the clips: of those held out, or those learned from if none is.
        draw: how the network draws now.
        count: of the clips.
        path: of the picture.
    """
    clips = (reader.footage.held_out or reader.footage.train)[:count]
    rows = [_row(reader, draw, clip) for clip in clips]
    _save_picture(path, np.concatenate(rows))


def _row(reader: Reader, draw: Draw, clip: Clip) -> np.ndarray:
    """(H, 3 n W, 3) uint8."""
    numbers = _middle(clip, reader.moving)
    with torch.no_grad():
        drawn = draw(clip, numbers)
    width, height = reader.footage.width, reader.footage.height
    poses = reader.row(clip, numbers, None)[1].transpose(0, 2, 3, 1)
    true = frames_of(clip, numbers, width, height)
    shown = np.unique(np.linspace(0, len(numbers) - 1, SHOWN_FRAMES).round().astype(int))
    return np.concatenate([strip[place] for place in shown for strip in (poses, true, drawn)], 1)


def _middle(clip: Clip, window: int) -> list[int]:
    """Frames to draw: the window in the middle, or, of frames on their own, some of the whole clip."""
    if window == 1:
        return sorted(set(np.linspace(0, len(clip) - 1, SHOWN_FRAMES + 2).round().astype(int)[1:-1].tolist()))
    first = (len(clip) - window) // 2
    return list(range(first, first + window))


def _save_picture(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG")

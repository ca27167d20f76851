"""Pictures of how a network paints what it has never seen, and how far off they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from signgen.data.atomic import atomic_path
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.tiny.batches import Reader
from signgen.render.diffusion.tiny.material import Clip
from signgen.render.diffusion.tiny.network import TinyFlowNet
from signgen.render.diffusion.tiny.painting import Painter, Way

SHOWN_CLIPS = 6
SHOWN_FRAMES = 3  # of a window, evenly spread


@dataclass(frozen=True)
class Samples:
    """Paints a window of held-out clips and lays reference, poses, truth and painting side by side.

    Attributes:
        reader: of the training.
        folder: gets ``0000500.png`` and so on.
        steps: from noise to pictures.
        shift: of the levels of noise.
        seed: of the noise.
    """

    reader: Reader
    folder: Path
    steps: int
    shift: float
    seed: int

    def paint(self, model: TinyFlowNet, total: int) -> dict[str, float]:
        """Write the picture of update ``total``; gives mean absolute errors in levels of 255, all and of parts."""
        rows, errors, near = [], [], []
        for clip in self._clips():
            looks = np.array(next(c for c in self.reader.material.train if c.source == clip.source).frames[0])
            length = self.reader.window
            start = (len(clip) - length) // 2
            true, control, _, weights = self.reader.window_of(clip, start, length, looks)
            painted = self._painted(model, control, looks)
            off = np.abs(painted.astype(np.float32) - true).mean(3)
            errors.append(off.mean())
            parts = np.repeat(np.repeat(weights > 1, model.cell, 1), model.cell, 2)
            near.append(off[parts].mean() if parts.any() else off.mean())
            shown = np.linspace(0, length - 1, min(SHOWN_FRAMES, length)).round().astype(int)
            rows.append(_row(looks, [picture[shown] for picture in (control, true, painted)]))
        self.folder.mkdir(parents=True, exist_ok=True)
        _save_picture(self.folder / f"{total:07d}.png", np.concatenate(rows))
        return {"error": float(np.mean(errors)), "error_parts": float(np.mean(near))}

    def _clips(self) -> Sequence[Clip]:
        """One held-out clip of each look, or of those learned from if none is held out."""
        found: dict[int, Clip] = {}
        for clip in self.reader.material.held_out or self.reader.material.train:
            found.setdefault(clip.source, clip)
        return list(found.values())[:SHOWN_CLIPS]

    def _painted(self, model: TinyFlowNet, control: np.ndarray, looks: np.ndarray) -> np.ndarray:
        drawn = torch.from_numpy(control).permute(0, 3, 1, 2) / 127.5 - 1

        def read(frames: Sequence[int]) -> Tensor:
            return drawn[list(frames)]

        way = Way(self.steps, self.shift, 1.0, len(control), 0)
        painter = Painter(model, read, looks, way)
        device = next(model.parameters()).device
        with LatentStore(len(control), painter.shape, device=device) as store:
            painter.paint(len(control), self.seed, store)
            return np.stack(list(painter.frames(store)))


def _row(looks: np.ndarray, strips: list[np.ndarray]) -> np.ndarray:
    """Reference, then for each shown frame poses, truth and painting."""
    shown = [picture for triple in zip(*strips, strict=True) for picture in triple]
    return np.concatenate([looks, *shown], 1)


def _save_picture(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG")

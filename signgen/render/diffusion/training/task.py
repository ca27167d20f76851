"""What the training loop asks of the thing that is trained, and what both kinds of it prepare alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from signgen.data.video import SYNTHETIC_MARK
from signgen.errors import ConfigError, DataError
from signgen.render.diffusion.training.batches import Reader
from signgen.render.diffusion.training.encoding import Encoder
from signgen.render.diffusion.training.footage import Clip, Footage, Studio, look_at, open_footage, size_of
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.settings import ControlNetRun, PoseNetRun

ENCODED = "encoded"
Run = ControlNetRun | PoseNetRun
Report = Callable[[str], None]


@dataclass(frozen=True)
class Crew:
    """The processes that train together.

    Attributes:
        index: of this one.
        count: of all.
        wait: returns when all have come as far.
        device: where this one computes.
        report: told what is going on.
    """

    index: int
    count: int
    wait: Callable[[], None]
    device: torch.device
    report: Report


class Task(Protocol):
    """Something that is trained: networks that learn, what they learn from, and how they are saved."""

    # Name of the folder that gets the result.
    name: str
    # All that learns, float32.
    learned: nn.Module
    reader: Reader

    def lesson(self, learned: nn.Module) -> nn.Module:
        """A module that takes a `Batch` and gives losses; only what learns is part of it."""
        ...

    def save(self, learned: nn.Module, folder: Path) -> None:
        """Write what was learned."""
        ...

    def finish(self, folder: Path) -> None:
        """Make the folder complete after the last update, if that is work that looks should not do."""
        ...

    def draw(self, learned: nn.Module, clip: Clip, numbers: Sequence[int]) -> np.ndarray:
        """(n, H, W, 3) uint8 frames of a clip as the network draws them."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What it started from: weights with hashes and licences."""
        ...


def shown_in(footage: Footage, count: int) -> list[Clip]:
    """Clips that samples are drawn of: held-out ones, or those learned from if none is held out."""
    return list(footage.held_out or footage.train)[:count]


def prepare_footage(run: Run, pairs: Sequence[Pair], folder: Path, encoder: Encoder, crew: Crew) -> Footage:
    """Clips of the pairs, encoded by all processes together.

    Raises:
        ConfigError: no sources.
        DataError: no clips, or damaged ones.
    """
    if not pairs:
        raise ConfigError("data.sources: name at least one folder of videos with poses")
    least = max(1, window_of(run) - 1)
    raws = look_at(pairs, least)
    if not raws:
        raise DataError(
            f"{pairs[0].source}: no clip has {least} frames; use a shorter data.window, or longer clips"
        )
    if len(raws) < len(pairs) and crew.index == 0:
        crew.report(
            f"{len(pairs) - len(raws)} of {len(pairs)} clips have fewer than {least} frames: left out"
        )
    size = size_of(raws, run.data, encoder.cell)
    studio = Studio(encoder, run.data, run.data.cache or folder / ENCODED, size, crew.report)
    studio.encode(raws[crew.index :: crew.count])
    crew.wait()
    encoder.leave()
    return open_footage(raws, studio)


def window_of(run: Run) -> int:
    """Frames that a network sees at once."""
    return run.data.window if isinstance(run, PoseNetRun) else 1


def reader_of(run: Run, footage: Footage, profile: str) -> Reader:
    """What reads batches."""
    has_picture = isinstance(run, PoseNetRun)
    return Reader(
        footage, profile, window_of(run), has_picture, run.train.batch, run.focus, run.seed, run.data.readers
    )


def described(footage: Footage) -> dict[str, Any]:
    """What a card says of the clips."""
    clips = (*footage.train, *footage.held_out)
    made = [str(clip.video.metadata.get("comment", "")).startswith(SYNTHETIC_MARK) for clip in clips]
    return {
        "id": footage.id,
        "clips": len(footage.train),
        "frames": sum(map(len, footage.train)),
        "held_out": len(footage.held_out),
        "marked_synthetic": sum(made),
        "width": footage.width,
        "height": footage.height,
    }

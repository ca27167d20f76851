"""A made-up extractor, quick and without any model: the bright spot of a picture is the middle of a signer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.config import setting
from signgen.extract.base import Detections, Frame, extractors

# A person of 128 keypoints about a middle: shoulders 0.5 apart, hands in front, a face above.
_ANGLES = np.linspace(0, 2 * np.pi, 128, endpoint=False)
PERSON = np.stack([0.15 * np.cos(_ANGLES), 0.15 * np.sin(_ANGLES)], axis=1)
PERSON[:8] = [(0, -0.2), (0, -0.1), (-0.25, 0), (-0.3, 0.2), (-0.1, 0.2), (0.25, 0), (0.3, 0.2), (0.1, 0.2)]
PERSON[18:39] += [(0.1, 0.2)]
PERSON[39:60] += [(-0.1, 0.2)]


@extractors.register("blobs")
@dataclass(frozen=True)
class Blobs:
    """Sees one person where the picture is brightest."""

    scale: float = setting(0.4, "size of the person [picture heights]")
    log: str = setting("", "a file that gets a line for each clip begun")
    slow: float = setting(0.0, "seconds a frame takes")
    hang_above: float = setting(0.0, "hangs where frames are wider than this; 0 never")
    die_above: float = setting(0.0, "the process dies where frames are wider than this; 0 never")
    break_above: float = setting(0.0, "raises where frames are wider than this; 0 never")

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        for number, frame in enumerate(frames):
            height, width = frame.shape[:2]
            if number == 0:
                self._begin(width)
            if self.slow:
                time.sleep(self.slow)
            y, x = np.unravel_index(int(frame.sum(axis=2).argmax()), (height, width))
            points = np.ones((1, 128, 3), np.float32)
            points[0, :, :2] = PERSON * self.scale * height + (x, y)
            yield Detections(points)

    def _begin(self, width: int) -> None:
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as file:
                file.write(f"{os.getpid()} {width}\n")
        if self.hang_above and width > self.hang_above:
            time.sleep(600)
        if self.die_above and width > self.die_above:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.break_above and width > self.break_above:
            raise RuntimeError("broken on purpose")

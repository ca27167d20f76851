"""`Extractor`: frames of a video to the people in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from signgen.config import Registry

# uint8 (H, W, 3) RGB; H and W are constant over a clip.
Frame: TypeAlias = np.ndarray
# What clips say in the place of an extractor's name when nobody found their poses in pictures.
SYNTHETIC = "none (synthetic)"


@dataclass(frozen=True, eq=False)
class Detections:
    """The people of one frame, in the order of the estimator, which says nothing about who is who.

    Attributes:
        keypoints: (P, 128, 3) float32 x, y [px] and confidence; what is missing is 0, 0, 0.
        z: (P, 128) float32, MediaPipe's z [frame widths], smaller is nearer; None if the estimator has none. Body,
            hands and face each have an origin of their own, so it becomes depth only once the clip is whole.
    """

    keypoints: np.ndarray
    z: np.ndarray | None = None


class Extractor(Protocol):
    """Anything that finds people in frames.

    It yields exactly one `Detections` for each frame, in order, as the frames come, and never changes a frame.
    A package or a file that it lacks is an error of the first call, not of the import. If it reads weights, a
    method ``sources()`` gives name, sha256, licence and source of each, for sidecars.
    """

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        """The people of each frame."""
        ...


extractors: Registry[Extractor] = Registry("extractor", "signgen.extract")

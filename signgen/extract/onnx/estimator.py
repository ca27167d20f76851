"""`Estimator`: 133 keypoints of the person in each box, by a network with SimCC heads (DWPose, RTMPose, RTMW).

SimCC (Li et al. 2022, https://arxiv.org/abs/2107.03332): for each keypoint one row of scores over x and one over
y, finer than the picture; the keypoint is where each is greatest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from signgen.errors import CheckpointError
from signgen.extract.onnx.model import Model
from signgen.pose.convert.coco_wholebody import NAMES, to_dwpose
from signgen.pose.layout import NUM_KEYPOINTS

# ImageNet's, in levels of red, green and blue; every export of MMPose has them.
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_NAMED = ("simcc_x", "simcc_y")
# A frame and the (P, 4) boxes of the people in it.
Framed = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Estimator:
    """A whole-body network with what comes before and after it.

    Attributes:
        model: the network.
        is_bgr: blue first in its pictures; the means stay as they are, as the tools that do so have it.
        padding: the cut-out is this many times the box.
        confidence: keypoints with less are missing.
        full_score: the score that counts as confidence 1.
        batch: people that one run of the network takes.
    """

    model: Model
    is_bgr: bool = False
    padding: float = 1.25
    confidence: float = 0.3
    full_score: float = 1.0
    batch: int = 8

    def __call__(self, framed: Iterable[Framed]) -> Iterator[np.ndarray]:
        """(P, 128, 3) keypoints of the P people of each frame; people of several frames are run together.

        Args:
            framed: frames with the (P, 4) boxes of the people in them.

        Raises:
            CheckpointError: the model is no whole-body network with SimCC heads.
        """
        for frames in _gathered(framed, self.batch):
            crops, views = self._crops(frames)
            points = [
                self._points(crops[start : start + self.batch], views[start : start + self.batch])
                for start in range(0, len(crops), self.batch)
            ]
            found = np.concatenate(points) if points else np.zeros((0, NUM_KEYPOINTS, 3), np.float32)
            start = 0
            for _, boxes in frames:
                yield found[start : start + len(boxes)]
                start += len(boxes)

    def _crops(self, frames: list[Framed]) -> tuple[np.ndarray, np.ndarray]:
        from signgen.extract.onnx.sampling_kernels import sample

        size = np.array([self.model.width, self.model.height])
        views = np.concatenate(
            [seen(boxes, self.model.width, self.model.height, self.padding) for _, boxes in frames]
        )
        crops = np.empty((len(views), 3, *size[::-1]), np.float32)
        sources = (np.ascontiguousarray(frame) for frame, boxes in frames for _ in boxes)
        for crop, view, frame in zip(crops, views, sources, strict=True):
            step = view[2:] / size
            start = view[:2] - view[2:] / 2
            sample(frame, tuple(start), tuple(step), False, self.is_bgr, MEAN, 1 / DEVIATION, crop)
        return crops, views

    def _points(self, crops: np.ndarray, views: np.ndarray) -> np.ndarray:
        names = _NAMED if set(_NAMED) <= set(self.model.outputs) else self.model.outputs[:2]
        arrays = self.model(crops, names)
        wanted = [(len(crops), len(NAMES))] * 2
        if [array.shape[:2] for array in arrays if array.ndim == 3] != wanted:
            raise CheckpointError(
                f"{self.model.path}: gives {[array.shape[1:] for array in arrays]}; "
                "expected scores over x and over y of the 133 keypoints of COCO-WholeBody (SimCC)"
            )
        places, scores = peaks(*arrays)
        points = np.empty((*scores.shape, 3), np.float32)
        bins = np.array([array.shape[2] for array in arrays])
        points[..., :2] = (places / bins - 0.5) * views[:, None, 2:] + views[:, None, :2]
        points[..., 2] = scores / self.full_score
        points[points[..., 2] < self.confidence] = 0
        return to_dwpose(points)


def seen(boxes: np.ndarray, width: int, height: int, padding: float) -> np.ndarray:
    """(P, 4) middle and size [px] of what the network sees of each box: padded, then widened to its shape."""
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * padding
    across = np.maximum(size[:, 0], size[:, 1] * (width / height))
    return np.column_stack([middle, across, across * (height / width)]).astype(np.float64)


def peaks(over_x: np.ndarray, over_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (N, K, 2) of the greatest scores in bins, and the lesser of both scores (N, K)."""
    places = np.stack([over_x.argmax(axis=2), over_y.argmax(axis=2)], axis=-1)
    return places, np.minimum(over_x.max(axis=2), over_y.max(axis=2))


def _gathered(framed: Iterable[Framed], batch: int) -> Iterator[list[Framed]]:
    """Runs of frames with at least ``batch`` people together, of at most ``batch`` frames."""
    frames: list[Framed] = []
    people = 0
    for frame, boxes in framed:
        frames.append((frame, boxes))
        people += len(boxes)
        if people >= batch or len(frames) == batch:
            yield frames
            frames, people = [], 0
    if frames:
        yield frames

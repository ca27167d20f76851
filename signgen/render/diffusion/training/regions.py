"""Where hands and face are among the latents of a frame, and how much errors there count.

The loss of a frame is a mean of means: over the whole frame, and over the box of each hand and of the face. What a
part gets of it is a share that is set, times how surely the part is seen; how large the part is does not matter,
until it is so small that single latents would count for more than is good. The weights of a frame sum to its area.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.render.diffusion.training.settings import Focus

PARTS = {"left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}


@dataclass(frozen=True)
class PartBox:
    """A part in one frame.

    Attributes:
        left: edge [px].
        top: edge [px].
        right: edge [px].
        bottom: edge [px].
        confidence: mean over all keypoints of the part, those that are not seen counting 0.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def part_box(points: np.ndarray, margin: float) -> PartBox | None:
    """The box around the keypoints of a part that are seen; None if none is.

    Args:
        points: (N, 3) x, y [px], confidence.
        margin: how far it reaches beyond them, in its larger side.
    """
    seen = points[points[:, 2] > 0, :2].astype(np.float64)
    if not len(seen):
        return None
    (left, top), (right, bottom) = seen.min(0), seen.max(0)
    reach = margin * max(right - left, bottom - top)
    confidence = float(np.clip(points[:, 2], 0, 1).mean())
    return PartBox(left - reach, top - reach, right + reach, bottom + reach, confidence)


def coverage(box: PartBox, shape: tuple[int, int], cell: int) -> np.ndarray:
    """(h, w) float64 share of each latent, ``cell`` pixels wide and high, that lies in a box."""
    rows, columns = (
        np.clip((end - np.arange(count) * cell) / cell, 0, 1)
        - np.clip((start - np.arange(count) * cell) / cell, 0, 1)
        for start, end, count in ((box.top, box.bottom, shape[0]), (box.left, box.right, shape[1]))
    )
    return np.outer(rows, columns)


def loss_weights(keypoints: np.ndarray, shape: tuple[int, int], cell: int, focus: Focus) -> np.ndarray:
    """How much each latent of each frame counts; 1 on average over a frame.

    Args:
        keypoints: (T, 128, 3) x, y in pixels of the frames, confidence.
        shape: height and width of the latents.
        cell: pixels of a latent along a side.
        focus: the shares of hands and face.

    Returns:
        (T, h, w) float32.
    """
    return np.stack([_of_frame(points, shape, cell, focus) for points in keypoints]).astype(np.float32)


def _of_frame(points: np.ndarray, shape: tuple[int, int], cell: int, focus: Focus) -> np.ndarray:
    weights, left = np.zeros(shape), 1.0
    for name, part in PARTS.items():
        box = part_box(points[part], focus.margin)
        if box is None:
            continue
        covered = coverage(box, shape, cell)
        area = covered.sum()
        if area == 0:  # outside of the frame
            continue
        share = (focus.face if name == "face" else focus.hands) * box.confidence
        share = min(share, focus.most * area / covered.size)
        weights += share * covered.size / area * covered
        left -= share
    return weights + left

"""What a camera and an extractor do to poses: noise, lost hands, missing keypoints."""

from __future__ import annotations

import numpy as np

from signgen.corpus.settings import Style
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence


def record(poses: PoseSequence, style: Style, rng: np.random.Generator) -> PoseSequence:
    """Poses as an extractor would have found them; depth goes unless the style keeps it."""
    depth = poses.depth if style.depth else None
    if not (style.noise or style.dropouts or style.missing):
        return poses if depth is poses.depth else poses.replace(depth=depth)
    keypoints = poses.keypoints.copy()
    if style.noise:
        spread = np.float32(style.noise * shoulder_frame(poses).width)
        keypoints[..., :2] += spread * rng.standard_normal((*keypoints.shape[:2], 2), np.float32)
    if style.missing:
        keypoints[rng.random(keypoints.shape[:2], np.float32) < style.missing, 2] = 0
    if style.dropouts:
        for hand in (LEFT_HAND, RIGHT_HAND):
            for start, stop in _losses(len(poses), poses.fps, style, rng):
                keypoints[start:stop, hand, 2] = 0
    keypoints[keypoints[..., 2] == 0] = 0
    return poses.replace(keypoints=keypoints, depth=depth)


def _losses(frames: int, fps: float, style: Style, rng: np.random.Generator) -> list[tuple[int, int]]:
    """When a hand is lost, first frame and one past the last."""
    count = rng.poisson(style.dropouts * frames / fps)
    starts = rng.integers(0, frames, count)
    lengths = rng.geometric(1 / style.dropout_frames, count)
    return [(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)]

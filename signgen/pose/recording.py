"""What a camera and an extractor do to poses: noise, lost hands, missing keypoints."""

from __future__ import annotations

import numpy as np

from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence


def record(
    poses: PoseSequence,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
    dropouts: float = 0.0,
    dropout_frames: int = 3,
    missing: float = 0.0,
) -> PoseSequence:
    """Poses as an extractor would have found them; depth stays as it is.

    Args:
        poses: as they are.
        rng: draws what goes wrong.
        noise: sd of the keypoints in the picture [shoulder widths].
        dropouts: times a second that each hand is lost.
        dropout_frames: mean length of such a loss.
        missing: share of single keypoints that are missing.

    Raises:
        PoseError: noise is asked for and no frame shows both shoulders.
    """
    if not (noise or dropouts or missing):
        return poses
    keypoints = poses.keypoints.copy()
    if noise:
        spread = np.float32(noise * shoulder_frame(poses).width)
        keypoints[..., :2] += spread * rng.standard_normal((*keypoints.shape[:2], 2), np.float32)
    if missing:
        keypoints[rng.random(keypoints.shape[:2], np.float32) < missing, 2] = 0
    if dropouts:
        for hand in (LEFT_HAND, RIGHT_HAND):
            for start, stop in _losses(len(poses), dropouts * len(poses) / poses.fps, dropout_frames, rng):
                keypoints[start:stop, hand, 2] = 0
    keypoints[keypoints[..., 2] == 0] = 0
    return poses.replace(keypoints=keypoints)


def _losses(frames: int, expected: float, length: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """When a hand is lost, first frame and one past the last; ``expected`` times."""
    count = rng.poisson(expected)
    starts = rng.integers(0, frames, count)
    lengths = rng.geometric(1 / length, count)
    return [(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)]

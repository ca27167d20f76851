"""Poses as a translator sees them: neck at the origin, shoulders one apart, at one frame rate, nothing filled."""

from __future__ import annotations

import numpy as np

from signgen.errors import PoseError
from signgen.pose.geometry import shoulder_frame
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence

# Half of the 25 fps that most corpora are recorded at.
FPS = 12.5
# Interpolation cannot bring back movement between frames that are further apart than this share of the rate.
LOWEST_RATE = 0.75
# Beyond this many shoulder widths a keypoint is an outlier of the extractor; the largest reach is about 4.
REACH = 8.0
LAYOUT = "dwpose-128"


def features(poses: PoseSequence, fps: float = FPS) -> np.ndarray:
    """The (T, 128, 3) float32 x, y, confidence of a signer, comparable between recordings.

    x and y are in shoulder widths from the neck, to the right and down, taken over the whole clip so that movement
    of the trunk stays. A missing keypoint is (0, 0, 0): its confidence of 0 says so, and it is never filled. Beyond
    `REACH` shoulder widths it counts as missing.

    Raises:
        PoseError: no frames, no frame shows both shoulders, or the recording is too slow for ``fps``.
    """
    if len(poses) == 0:
        raise PoseError("poses: no frames to translate")
    if poses.fps < LOWEST_RATE * fps:
        raise PoseError(
            f"poses: {poses.fps:g} fps is too few for a model of {fps:g} fps; extract the video at a higher rate"
        )
    frame = shoulder_frame(poses)
    keypoints = resample(poses, fps).keypoints
    found = np.empty(keypoints.shape, np.float32)
    np.subtract(keypoints[..., :2], np.array([frame.x, frame.y], np.float32), out=found[..., :2])
    found[..., :2] /= np.float32(frame.width)
    found[..., 2] = keypoints[..., 2]
    found[(found[..., 2] == 0) | (np.abs(found[..., :2]).max(-1) > REACH)] = 0
    return found

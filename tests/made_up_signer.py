"""A signer of known size whose hands go round in circles."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from signgen.pose.sequence import PoseSequence


def signer(frames: int = 60, fps: float = 24.0) -> PoseSequence:
    """A signer 100 px across the shoulders whose hands go round in circles, 0.8 Hz, either way round."""
    rng = np.random.default_rng(5)
    still = np.zeros((NUM_KEYPOINTS, 2))
    still[:18] = [
        (256, 120), (256, 200), (206, 200), (186, 280), (216, 300), (306, 200), (326, 280), (296, 300),
        (226, 380), (226, 460), (226, 500), (286, 380), (286, 460), (286, 500), (246, 110), (266, 110),
        (226, 120), (286, 120),
    ]  # fmt: skip
    shape = rng.uniform(-15, 15, (20, 2))
    for wrist, hand, sign in ((7, LEFT_HAND, 1), (4, RIGHT_HAND, -1)):
        still[hand.start] = still[wrist]
        still[hand.start + 1 : hand.stop] = still[wrist] + shape * (sign, 1)
    still[60:] = np.add((256, 110), rng.uniform(-20, 20, (68, 2)))
    keypoints = np.ones((frames, NUM_KEYPOINTS, 3), np.float32)
    keypoints[..., :2] = still
    phase = 2 * np.pi * 0.8 * np.arange(frames) / fps
    circle = 30 * np.stack([np.cos(phase), np.sin(phase)], axis=1)[:, None]
    for wrist, hand, sign in ((7, LEFT_HAND, 1), (4, RIGHT_HAND, -1)):
        moving = [wrist, *range(hand.start, hand.stop)]
        keypoints[:, moving, :2] += circle * (sign, 1)
    return PoseSequence(keypoints, fps, 512, 512)


def changed(poses: PoseSequence, change) -> PoseSequence:
    keypoints = poses.keypoints.copy()
    change(keypoints)
    return poses.replace(keypoints=keypoints)

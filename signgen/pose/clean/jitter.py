"""Movement that is too quick for a signer: what an estimator trembles."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import BODY, LEFT_HAND, RIGHT_HAND
from signgen.pose.motion import BODY_HZ, FINGER_HZ, filtered


def smoothed(points: np.ndarray, confidence: np.ndarray, fps: float) -> np.ndarray:
    """Points without what is above 6 Hz (body, wrists) and 9 Hz (fingers, relative to their wrist).

    Unlike `signgen.pose.motion.low_pass` it does not keep the length of each bone in each frame, which here is as
    wrong as its direction. The face is untouched.

    Args:
        points: (T, 128, D) coordinates.
        confidence: (T, 128).
        fps: frames per second.
    """
    out = points.copy()
    out[:, BODY] = filtered(points[:, BODY], confidence[:, BODY], fps, BODY_HZ)
    for hand in (LEFT_HAND, RIGHT_HAND):
        wrist, fingers = slice(hand.start, hand.start + 1), slice(hand.start + 1, hand.stop)
        together = np.minimum(confidence[:, fingers], confidence[:, wrist])
        out[:, wrist] = filtered(points[:, wrist], confidence[:, wrist], fps, BODY_HZ)
        turned = filtered(points[:, fingers] - points[:, wrist], together, fps, FINGER_HZ) + out[:, wrist]
        out[:, fingers] = np.where((together > 0)[..., None], turned, points[:, fingers])
    return out

"""A made-up signer: a whole upper body with hands and face, drawn from lengths and angles."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

# Bones in shoulder widths: the proportions of `STANDARD`.
UPPER_ARM, FOREARM, PALM = 0.90, 0.74, 0.28


def signer(
    frames: int,
    *,
    scale: float = 150.0,
    at: tuple[float, float] = (256.0, 180.0),
    arm: float = 1.0,
    hand: float = 1.0,
    raised: np.ndarray | None = None,
    swing: np.ndarray | None = None,
    left_hand: bool = True,
    left_arm: bool = True,
    fps: float = 24.0,
) -> PoseSequence:
    """Poses of a signer whose right hand is ``raised`` (0 hanging, 1 at the shoulder) and swings by an angle."""
    up = np.ones(frames) if raised is None else raised
    angle = np.zeros(frames) if swing is None else swing
    points = np.zeros((frames, 128, 2))
    points[:, 2], points[:, 5] = (-0.5, 0), (0.5, 0)
    points[:, 0], points[:, 14], points[:, 15] = (0, -0.58), (-0.1, -0.66), (0.1, -0.66)
    points[:, 16], points[:, 17] = (-0.22, -0.6), (0.22, -0.6)
    points[:, 8], points[:, 11] = (-0.3, 1.3), (0.3, 1.3)
    # right arm: the forearm turns up about an elbow that stays
    points[:, 3] = points[:, 2] + arm * UPPER_ARM * np.array([-np.sin(0.3), np.cos(0.3)])
    lift = np.pi * up + angle
    points[:, 4] = points[:, 3] + arm * FOREARM * np.stack([0.3 * np.sin(lift), np.cos(lift)], axis=-1)
    points[:, 6] = points[:, 5] + arm * UPPER_ARM * np.array([np.sin(0.1), np.cos(0.1)])
    points[:, 7] = points[:, 6] + arm * FOREARM * np.array([-0.1, 1.0])
    for part, wrist, way in ((RIGHT_HAND, 4, -1.0), (LEFT_HAND, 7, 1.0)):
        points[:, part] = points[:, wrist, None] + hand * _hand() * [1.0, way]
    points[:, FACE] = points[:, 0, None] + _face()
    keypoints = np.ones((frames, 128, 3))
    keypoints[..., :2] = points * scale + at
    keypoints[:, 9:14:4] = keypoints[:, 10] = keypoints[:, 12] = 0
    if not left_hand:
        keypoints[:, LEFT_HAND] = 0
    if not left_arm:
        keypoints[:, 6:8] = 0
    return PoseSequence(keypoints, fps, 512, 512)


def waving(frames: int, *, cycles: float = 1.5, phase: float = 0.0) -> PoseSequence:
    """A signer with a raised right hand that waves."""
    return signer(frames, swing=0.4 * np.sin(phase + 2 * np.pi * cycles * np.arange(frames) / max(frames, 1)))


def _hand() -> np.ndarray:
    """(21, 2) an open hand that points along y, wrist at 0."""
    out = np.zeros((21, 2))
    for finger in range(5):
        spread = 0.5 - 0.25 * finger
        for joint in range(4):
            reach = PALM * (1.0 + 0.4 * joint) * (0.75 if finger == 0 else 1.0)
            out[1 + 4 * finger + joint] = reach * np.sin(spread), reach * np.cos(spread)
    return out


def _face() -> np.ndarray:
    """(68, 2) an oval with brows, eyes, nose and mouth in iBUG order, round the nose tip."""
    out = np.zeros((68, 2))
    jaw = np.linspace(np.pi, 0, 17)
    out[:17] = np.stack([0.235 * np.cos(jaw), -0.1 + 0.33 * np.sin(jaw)], axis=1)
    for start, side in ((17, -1), (22, 1)):
        out[start : start + 5] = np.stack(
            [side * 0.1 + np.linspace(-0.06, 0.06, 5), np.full(5, -0.14)], axis=1
        )
    out[27:31] = np.stack([np.zeros(4), np.linspace(-0.1, 0, 4)], axis=1)
    out[31:36] = np.stack([np.linspace(-0.04, 0.04, 5), np.full(5, 0.02)], axis=1)
    for start, side in ((36, -1), (42, 1)):
        ring = np.array([np.pi, 4.3, 5.1, 0, 1.2, 1.9])
        out[start : start + 6] = np.stack(
            [side * 0.1 + 0.04 * np.cos(ring), -0.09 + 0.015 * np.sin(ring)], axis=1
        )
    for start, count, size in ((48, 12, 1.0), (60, 8, 0.6)):
        ring = np.pi + np.linspace(0, 2 * np.pi, count, endpoint=False)
        out[start : start + count] = np.stack(
            [0.08 * size * np.cos(ring), 0.12 + 0.03 * size * np.sin(ring)], axis=1
        )
    return out

"""A signer made of formulas: no person, no recording, free for pictures and tests."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import BODY, FACE, HAND_BONES, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

# In units of the canvas: x right, y down. Nose, neck, right arm, left arm, hips, eyes, ears (OpenPose-18).
BODY_XY = np.array([
    (0.50, 0.27), (0.50, 0.42), (0.37, 0.42), (0.31, 0.63), (0.23, 0.45), (0.63, 0.42), (0.68, 0.64), (0.57, 0.69),
    (0.42, 0.82), (0, 0), (0, 0), (0.58, 0.82), (0, 0), (0, 0), (0.47, 0.24), (0.53, 0.24), (0.43, 0.26), (0.57, 0.26),
])  # fmt: skip
# Length of the four bones of each finger, from the palm out.
FINGERS = np.array(
    [(0.030, 0.028, 0.022, 0.020), (0.065, 0.030, 0.020, 0.016), (0.063, 0.034, 0.022, 0.017),
     (0.060, 0.031, 0.021, 0.016), (0.057, 0.024, 0.016, 0.014)]
)  # fmt: skip
SPREAD = np.deg2rad([-50, -18, -4, 9, 22])
FRAMES, FPS = 48, 24
ZOOM = 1.3


def hand(wrist: np.ndarray, up: float, curl: np.ndarray, side: int) -> np.ndarray:
    """(21, 2) keypoints of a hand whose palm points to angle ``up``, with each finger bent by ``curl`` (5,)."""
    points = np.empty((21, 2))
    points[0] = wrist
    for parent, child in HAND_BONES:
        finger, bone = divmod(child - 1, 4)
        angle = up + side * (SPREAD[finger] + (bone > 0) * curl[finger] * (0.5 + 0.5 * bone))
        points[child] = points[parent] + FINGERS[finger, bone] * np.array([np.sin(angle), -np.cos(angle)])
    return points


def face(centre: np.ndarray, smile: float) -> np.ndarray:
    """(68, 2) keypoints of a face in the order of iBUG-68."""
    jaw = np.linspace(-1.35, 1.35, 17)
    brow = np.linspace(-1, 1, 5)
    lids = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    lips, inner = (
        np.linspace(np.pi, 3 * np.pi, 12, endpoint=False),
        np.linspace(np.pi, 3 * np.pi, 8, endpoint=False),
    )
    brows = np.stack([0.02 * brow, -0.056 - 0.006 * (1 - brow**2)], 1)
    parts = [
        np.stack([0.075 * np.sin(jaw), -0.015 + 0.105 * np.cos(jaw)], 1),
        *(brows + np.array([x, 0]) for x in (-0.032, 0.032)),
        np.stack([np.zeros(4), np.linspace(-0.03, 0.01, 4)], 1),
        np.stack([0.009 * brow, 0.02 - 0.003 * brow**2], 1),
        *(np.stack([x - 0.014 * np.cos(lids), -0.032 - 0.007 * np.sin(lids)], 1) for x in (-0.032, 0.032)),
        np.stack([0.03 * np.cos(lips), 0.05 + 0.012 * np.sin(lips) - 0.010 * smile * np.cos(lips) ** 2], 1),
        np.stack(
            [0.022 * np.cos(inner), 0.05 + 0.005 * np.sin(inner) - 0.008 * smile * np.cos(inner) ** 2], 1
        ),
    ]
    return centre + np.concatenate(parts)


def made_up_signer(size: int = 512) -> PoseSequence:
    """Two seconds of a friendly wave with the right hand."""
    keypoints = np.zeros((FRAMES, NUM_KEYPOINTS, 3), dtype=np.float32)
    for t, phase in enumerate(2 * np.pi * np.arange(FRAMES) / FPS):
        body = BODY_XY.copy()
        body[4] += 0.035 * np.sin(phase), -0.01 * np.cos(2 * phase)
        keypoints[t, BODY, :2] = body
        keypoints[t, RIGHT_HAND, :2] = hand(body[4], 0.06 + 0.22 * np.sin(phase), np.full(5, 0.06), side=-1)
        keypoints[t, LEFT_HAND, :2] = hand(body[7], -1.0, np.array([0.2, 0.8, 0.9, 0.9, 0.8]), side=1)
        keypoints[t, FACE, :2] = face(np.array([0.5, 0.27]), smile=1.0)
    keypoints[..., 2] = keypoints[..., :2].any(axis=-1)
    seen = keypoints[..., 2] > 0
    keypoints[seen, :2] = (0.5, 0.5) + ZOOM * (keypoints[seen, :2] - (0.5, 0.47))
    keypoints[..., :2] *= size
    return PoseSequence(keypoints, FPS, size, size)

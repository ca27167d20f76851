"""A signer cut from paper: bones of known lengths turn by known angles, the mouth opens by a known gap."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from signgen.pose.layout import FACE, HAND_BONES, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence


def face(width=60.0, height=80.0, mouth=24.0, lips=4.0, gap=0.0):
    """(68, 2) a symmetric iBUG face about the tip of its nose; x to the right of the picture, y down."""
    points = np.zeros((68, 2))
    turn = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([width / 2 * np.cos(turn), height * (np.sin(turn) * 0.6 - 0.15)], 1)
    points[17:22] = np.stack([np.linspace(-0.4, -0.1, 5) * width, np.full(5, -0.4 * height)], 1)
    points[22:27] = np.stack([np.linspace(0.1, 0.4, 5) * width, np.full(5, -0.4 * height)], 1)
    points[27:31] = np.stack([np.zeros(4), np.linspace(-0.25, 0, 4) * height], 1)
    points[31:36] = np.stack([np.linspace(-0.1, 0.1, 5) * width, np.full(5, 0.05 * height)], 1)
    lids = np.array([0, -3, -3, 0, 3, 3])
    for first, middle in ((36, -0.22), (42, 0.22)):
        across = np.array([-0.1, -0.04, 0.04, 0.1, 0.04, -0.04]) * width
        points[first : first + 6] = np.stack([middle * width + across, lids - 0.22 * height], 1)
    low = 0.2 * height
    x = np.linspace(-0.5, 0.5, 7) * mouth
    bow = lips * np.array([0, 0.8, 1, 1, 1, 0.8, 0])
    points[48:55] = np.stack([x, low - gap / 2 - bow], 1)
    points[55:60] = np.stack([x[5:0:-1], low + gap / 2 + bow[5:0:-1]], 1)
    inner = x[[1, 2, 3, 4, 5]]
    points[60:65] = np.stack([inner, np.full(5, low) - gap / 2 * np.array([0, 1, 1, 1, 0])], 1)
    points[65:68] = np.stack([inner[3:0:-1], np.full(3, low + gap / 2)], 1)
    return points


def hand(size=30.0):
    """(21, 2) fingers up, about the wrist."""
    points = np.zeros((21, 2))
    for _, child in HAND_BONES:
        finger, joint = divmod(child - 1, 4)
        points[child] = ((finger - 2) * 0.2 * size, -(0.5 + 0.2 * joint) * size)
    return points


@dataclass
class Paper:
    """Lengths [px] of a signer."""

    shoulders: float = 100.0
    upper: float = 80.0
    fore: float = 70.0
    trunk: float = 130.0
    neck: float = 60.0
    hand: float = 30.0
    face: dict = field(default_factory=dict)
    head: float = 1.0

    def pose(self, upper, fore, *, wrist=0.0, roll=0.0, gap=None, at=(256.0, 200.0)):
        """Poses from angles (T,) of both upper arms and forearms from straight down, outwards [radians].

        Args:
            upper: of the upper arms.
            fore: of the forearms.
            wrist: of the hands, from fingers up.
            roll: of the head.
            gap: (T,) between the lips [px].
            at: the neck.
        """
        upper, fore, wrist, roll = np.broadcast_arrays(
            *(np.atleast_1d(v).astype(float) for v in (upper, fore, wrist, roll))
        )
        gap = np.zeros(len(upper)) if gap is None else np.asarray(gap, float)
        points = np.zeros((len(upper), 128, 2))
        for side, s, e, w, block in ((-1, 2, 3, 4, RIGHT_HAND), (1, 5, 6, 7, LEFT_HAND)):
            points[:, s] = (side * self.shoulders / 2, 0)
            points[:, e] = points[:, s] + self.upper * np.stack([side * np.sin(upper), np.cos(upper)], 1)
            points[:, w] = points[:, e] + self.fore * np.stack([side * np.sin(fore), np.cos(fore)], 1)
            points[:, block] = points[:, [w]] + hand(self.hand) @ turned(side * wrist)
        points[:, [8, 11]] = np.array([(-0.3, 1), (0.3, 1)]) * self.trunk
        points[:, [9, 12]] = points[:, [8, 11]] + (0, 90)
        points[:, [10, 13]] = points[:, [9, 12]] + (0, 80)
        head = np.stack([self.head * face(**{**self.face, "gap": g}) for g in gap])
        ears = head[:, [0, 16]] * (1.1, 1)
        head = np.concatenate([head, ears], 1) @ turned(roll)
        head += (0, -self.neck) - (head[:, [0]] + head[:, [16]]) / 2
        points[:, FACE], points[:, [16, 17]] = head[:, :68], head[:, 68:]
        points[:, [0, 14, 15]] = np.stack([head[:, 30], head[:, 36:42].mean(1), head[:, 42:48].mean(1)], 1)
        keypoints = np.ones((len(upper), 128, 3), np.float32)
        keypoints[..., :2] = points + at
        return PoseSequence(keypoints, 24, 512, 512)


def turned(angle):
    """(T, 2, 2) that turn rows of points."""
    a = np.atleast_1d(angle)
    return np.stack([np.stack([np.cos(a), np.sin(a)], -1), np.stack([-np.sin(a), np.cos(a)], -1)], -2)


def length(poses, a, b):
    """(T,) distance of two keypoints [px]."""
    return np.linalg.norm(poses.xy[:, a] - poses.xy[:, b], axis=1)

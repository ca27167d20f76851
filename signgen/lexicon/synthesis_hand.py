"""Postures of a hand in a step: where its wrist is, how it is turned, what shape it has; for a right hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from signgen.body.skeleton import (
    THUMB,
    forearm_frame,
    hand_frame,
    hand_points,
    right_arm,
    rotation,
    turned_hand,
    wrist_angles,
)
from signgen.lexicon.handshapes import handshapes
from signgen.pose.bones import minimum_jerk

# Wrist, direction of the fingers and of the palm of an arm that hangs.
_REST_WRIST = np.array([-0.225, 0.500, -0.030])
_REST_FINGERS, _REST_PALM = np.array([0.08, 1.0, -0.12]), np.array([1.0, -0.05, 0.35])
# Frequency [Hz] and size of small movements: degrees, or centimetres for a thumb that rubs.
_INTERNAL = {
    "wiggle": (2.6, 17.0), "twist": (2.5, 30.0), "nod": (2.3, 27.0), "sway": (2.4, 20.0), "bend": (2.4, 34.0),
    "rub": (2.6, 1.3),
}  # fmt: skip
_AXES = {"twist": 0, "nod": 1, "sway": 2}
# Skin over the bones [m]: flat of hand and fingers, sides; fingertips are given theirs by the place they touch.
_FLAT, _SIDE = 0.012, 0.010
TIP_FLESH = 0.008
# Which finger touches where one of them is bent for it.
_TOUCHING_FINGER = {"f": (0,), "baby_o": (0,), "open_f": (0,), "8": (1,), "open_8": (1,), "7": (2,)}
_TIPS = {"thumb_tip": 4, "index_tip": 8, "middle_tip": 12, "ring_tip": 16, "little_tip": 20}
_OUTLINE = [4, 5, 8, 9, 12, 16, 17, 20]


@dataclass(frozen=True)
class Posture:
    """A hand over n frames: (n, 3) wrist [m], (n, 3, 3) hand frame, (n, 21) shape, (n,) swivel of the elbow."""

    wrist: np.ndarray
    frame: np.ndarray
    shape: np.ndarray
    swivel: np.ndarray

    def __getitem__(self, frames: slice) -> Posture:
        return Posture(self.wrist[frames], self.frame[frames], self.shape[frames], self.swivel[frames])

    def __len__(self) -> int:
        return len(self.wrist)

    def points(self) -> np.ndarray:
        """(n, 21, 3) keypoints of the hand [m]."""
        found: np.ndarray = self.wrist[:, None] + hand_points(self.shape) @ self.frame.transpose(0, 2, 1)
        return found

    def arm(self) -> tuple[np.ndarray, np.ndarray]:
        """(n, 3) elbow, (n, 21, 3) keypoints of the hand at the wrist that the arm reaches."""
        elbow, wrist = right_arm(self.wrist, self.swivel)
        return elbow, self.points() + (wrist - self.wrist)[:, None]


def joined(postures: list[Posture]) -> Posture:
    """One after the other."""
    return Posture(
        *(np.concatenate([getattr(p, name) for p in postures]) for name in Posture.__annotations__)
    )


def resting() -> Posture:
    """One frame of a hand that hangs."""
    frame = hand_frame(_REST_FINGERS, _REST_PALM)
    return Posture(_REST_WRIST[None], frame[None], handshapes()["lax"][None], np.zeros(1))


def blended(a: Posture, b: Posture, frames: int, bulge: float) -> Posture:
    """``frames`` frames strictly between the single frames ``a`` and ``b``; the way bulges forward [m].

    The hand turns as its forearm and wrist do, so that the wrist is never bent more than at either end.
    """
    ways = np.arange(1, frames + 1) / (frames + 1)
    done = minimum_jerk(ways)
    shape_done = minimum_jerk(np.minimum(1.0, ways / 0.85))[:, None]
    # Both ends are worked out along with the way between them.
    shares = np.concatenate([[0.0], done, [1.0]])
    wrist = a.wrist + shares[:, None] * (b.wrist - a.wrist)
    wrist[:, 2] -= bulge * np.sin(np.pi * shares)
    swivel = a.swivel + shares * (b.swivel - a.swivel)
    forearm = forearm_frame(*right_arm(wrist, swivel))
    first, last = wrist_angles(np.concatenate([a.frame, b.frame]), forearm[[0, -1]])
    way = slice(1, -1)
    frame = turned_hand(first + done[:, None] * (last - first), forearm[way])
    return Posture(wrist[way], frame, a.shape + shape_done * (b.shape - a.shape), swivel[way])


def shapes_of(hand: tuple[str, str], done: np.ndarray) -> np.ndarray:
    """(n, 21) hand shapes between the one at the start and the one at the end."""
    first, last = (handshapes()[name] for name in hand)
    found: np.ndarray = first + done[:, None] * (last - first)
    return found


def small_movement(internal: str, shape: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Shapes with the fingers' small movement, and (n, 3, 3) turns in the hand frame or None."""
    if internal == "none":
        return shape, None
    n = len(shape)
    hertz, size = _INTERNAL[internal]
    place = np.arange(n)
    ease = np.minimum(1.0, np.minimum(place, n - 1 - place) / 2)
    phase = 2 * np.pi * hertz * place / fps
    swing = size * ease * np.sin(phase)
    if internal in _AXES:
        # A nod goes down from the upright hand, the others to both sides.
        angles = np.radians(swing if internal != "nod" else -size * ease * (1 - np.cos(phase)) / 2 * 1.6)
        return shape, rotation(angles[:, None] * np.eye(3)[_AXES[internal]])
    shape = shape.copy()
    if internal == "rub":
        shape[:, THUMB.start + 3] += swing
        return shape, None
    fingers = shape[:, :16].reshape(n, 4, 4)
    lag = np.arange(4) * (1.5 if internal == "wiggle" else 0.0)
    wave = (1 - np.cos(phase[:, None] - lag)) / 2 * (ease * size)[:, None]
    is_out = (fingers[0, :, 0] + fingers[0, :, 2] < 130) * 1.0
    fingers[..., 0] += wave * is_out * 1.6
    shape[:, :16] = fingers.reshape(n, 16)
    return shape, None


@lru_cache(maxsize=4096)
def at_ends(hand: tuple[str, str], touch: str) -> tuple[np.ndarray, np.ndarray]:
    """(2, 3) the part that meets a place and (2, K, 3) tips and knuckles, in the hand frame at both ends [m]."""
    shape = shapes_of(hand, np.array([0.0, 1.0]))
    return touch_points(touch, hand[0], shape), hand_points(shape)[:, _OUTLINE]


def touch_points(touch: str, hand: str, shape: np.ndarray) -> np.ndarray:
    """(n, 3) the part of the hand that meets a place, in the hand frame [m]."""
    points = hand_points(shape)
    if touch in _TIPS:
        return np.asarray(points[:, _TIPS[touch]])
    lead = list(_leading(hand))
    palm = np.array([0.0, 0.0, 1.0])
    thumb = np.array([0.0, 1.0, 0.0])
    roots, middles, tips = (points[:, [k + 4 * i for i in lead]].mean(axis=1) for k in (5, 6, 8))
    is_folded = shape[0, 4 * lead[0]] + shape[0, 4 * lead[0] + 2] > 150 and hand not in _TOUCHING_FINGER
    where = {
        "fingertips": middles + _SIDE * palm if is_folded and shape[0, 4 * lead[0]] > 60 else tips,
        "palm": np.broadcast_to([0.060, -0.002, _FLAT], roots.shape),
        "back": np.broadcast_to([0.060, -0.002, -_FLAT], roots.shape),
        "heel": np.broadcast_to([0.016, -0.004, 1.2 * _FLAT], roots.shape),
        "wrist": np.broadcast_to([0.0, 0.0, 1.5 * _FLAT], roots.shape),
        "knuckles": points[:, 5::4].mean(axis=1) + np.array([_SIDE, 0.0, -0.002]),
        "index_side": points[:, 5:7].mean(axis=1) + _SIDE * thumb,
        "little_side": (points[:, 0] + points[:, 18]) / 2 - _SIDE * thumb,
        "finger_pads": (middles + tips) / 2 + _SIDE * palm,
        "finger_backs": (roots + 2 * middles) / 3 - _SIDE * palm,
    }
    return np.asarray(where[touch])


def _leading(hand: str) -> tuple[int, ...]:
    """The fingers whose tips touch: the ones that are bent for it, or the ones that are least bent."""
    if hand in _TOUCHING_FINGER:
        return _TOUCHING_FINGER[hand]
    fingers = handshapes()[hand][:16].reshape(4, 4)
    bent = fingers[:, 0] + fingers[:, 2]
    return tuple(int(i) for i in np.flatnonzero(bent <= bent.min() + 45))

"""The face of the canonical signer: 68 points at rest, what brows, eyes and mouth do to them, head turns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

# The head turns about this point between skull and neck [m].
PIVOT = np.array([0.0, -0.110, 0.010])
BODY_NOSE = np.array([0.0, -0.191, -0.112])
BODY_EYES = np.array([(-0.034, -0.230, -0.084), (0.034, -0.230, -0.084)])
BODY_EARS = np.array([(-0.078, -0.215, 0.005), (0.078, -0.215, 0.005)])
# Frequency of nods and shakes [Hz] and how far the head goes [degrees].
NOD_HZ, SHAKE_HZ = 1.8, 1.9
# yaw to the signer's left, pitch down, roll to the signer's right [degrees], forward [m].
HEAD_POSES: dict[str, tuple[float, float, float, float]] = {
    "nod": (0, 9, 0, 0), "shake": (13, 0, 0, 0), "tilt": (0, 0, 8, 0), "forward": (0, 4, 0, 0.025),
    "back": (0, -4, 0, -0.020), "turn_right": (-22, 0, 0, 0), "turn_left": (22, 0, 0, 0), "down": (0, 13, 0, 0),
    "up": (0, -10, 0, 0),
}  # fmt: skip
_JAW, _BROWS, _EYES, _OUTER, _INNER = (
    slice(0, 17), slice(17, 27), slice(36, 48), slice(48, 60), slice(60, 68),
)  # fmt: skip
_LIPS = slice(48, 68)
_LOWER_LIP = np.array([55, 56, 57, 58, 59, 65, 66, 67])
_UPPER_LIP = np.array([49, 50, 51, 52, 53, 61, 62, 63])
_CORNERS = np.array([48, 54, 60, 64])


@lru_cache(maxsize=1)
def rest_face() -> np.ndarray:
    """(68, 3) face points in iBUG-68 order at rest [m], read-only."""
    turn = np.linspace(-1, 1, 17)
    jaw = np.stack(
        [
            0.0775 * np.sign(turn) * np.abs(np.sin(np.pi * turn / 2)) ** 0.9,
            -0.108 - 0.114 * (1 - np.cos(np.pi * turn / 2)) ** 0.85,
            -0.085 + 0.090 * np.abs(turn) ** 1.6,
        ],
        axis=-1,
    )
    brow = np.array([(-0.062, -0.247, -0.072), (-0.051, -0.256, -0.084), (-0.039, -0.259, -0.090),
                     (-0.027, -0.257, -0.094), (-0.016, -0.252, -0.096)])  # fmt: skip
    bridge = np.array([(0, -0.232, -0.096), (0, -0.218, -0.102), (0, -0.204, -0.108), (0, -0.191, -0.114)])
    nostrils = np.array([(-0.017, -0.179, -0.094), (-0.009, -0.175, -0.099), (0, -0.173, -0.102),
                         (0.009, -0.175, -0.099), (0.017, -0.179, -0.094)])  # fmt: skip
    lid = np.array([(-0.0485, -0.230), (-0.039, -0.2355), (-0.029, -0.2355), (-0.0195, -0.230), (-0.029, -0.2255),
                    (-0.039, -0.2255)])  # fmt: skip
    eye = np.concatenate([lid, np.full((6, 1), -0.084)], axis=1)
    outer = np.array([(-26, 0), (-16, -7), (-6, -10), (0, -9), (6, -10), (16, -7), (26, 0), (16, 8), (7, 11), (0, 12),
                      (-7, 11), (-16, 8)])  # fmt: skip
    inner = np.array([(-22, 0), (-9, -2), (0, -2), (9, -2), (22, 0), (9, 2), (0, 2), (-9, 2)])
    lips = np.concatenate([outer, inner]) / 1000
    lips_z = -0.095 + 14.0 * lips[:, :1] ** 2
    lips = np.concatenate([lips + np.array([0, -0.152]), lips_z], axis=1)
    mirror = np.array([-1.0, 1.0, 1.0])
    other_eye = (eye * mirror)[[3, 2, 1, 0, 5, 4]]
    face = np.concatenate([jaw, brow, (brow * mirror)[::-1], bridge, nostrils, eye, other_eye, lips])
    face.setflags(write=False)
    return face


@lru_cache(maxsize=64)
def face_action(part: str, value: str) -> np.ndarray:
    """(68, 3) shift of the face points for a non-manual such as ``brows`` ``raised`` [m], read-only."""
    shift = np.zeros((68, 3))
    {"brows": _brows, "eyes": _eyes, "mouth": _mouth}[part](shift, value)
    shift.setflags(write=False)
    return shift


def moved_face(actions: Mapping[str, str], weights: np.ndarray) -> np.ndarray:
    """(T, 68, 3) face points with brows, eyes and mouth at (T,) weights from 0 to 1."""
    face = np.repeat(rest_face()[None], len(weights), axis=0)
    for part, value in actions.items():
        if part != "head":
            face += weights[:, None, None] * face_action(part, value)
    return face


def head_turns(head: str, weights: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 3) rotations about `PIVOT` and (T, 3) shifts [m] of a head that nods, shakes, tilts, ..."""
    yaw, pitch, roll, forward = np.array(HEAD_POSES[head])[:, None] * weights
    if head == "shake":
        yaw = yaw * np.sin(2 * np.pi * SHAKE_HZ * seconds)
    if head == "nod":
        pitch = pitch * (0.3 + np.sin(2 * np.pi * NOD_HZ * seconds))
    turns = _about(1, yaw) @ _about(0, pitch) @ _about(2, -roll)
    shifts = np.zeros((len(weights), 3))
    shifts[:, 2] = -forward
    return turns, shifts


def _about(axis: int, degrees: np.ndarray) -> np.ndarray:
    angle = np.radians(degrees)
    turns = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turns[:, axis, axis] = 1
    turns[:, i, i] = turns[:, j, j] = np.cos(angle)
    turns[:, i, j], turns[:, j, i] = -np.sin(angle), np.sin(angle)
    # The head faces -z: a positive turn about y takes the nose to -x, so yaw is negated here.
    return turns.transpose(0, 2, 1) if axis == 1 else turns


def _brows(shift: np.ndarray, value: str) -> None:
    if value == "raised":
        shift[_BROWS, 1] = -0.011
        shift[_EYES, 1] = (rest_face()[_EYES, 1] + 0.230) * 0.35
    else:
        inner = np.array([0.1, 0.3, 0.6, 0.9, 1.0, 1.0, 0.9, 0.6, 0.3, 0.1])
        shift[_BROWS, 1] = 0.008 * inner
        shift[_BROWS, 0] = 0.004 * inner * np.repeat([1.0, -1.0], 5)


def _eyes(shift: np.ndarray, value: str) -> None:
    opening = {"wide": 0.55, "squint": -0.5, "closed": -0.95}[value]
    shift[_EYES, 1] = (rest_face()[_EYES, 1] + 0.230) * opening


def _mouth(shift: np.ndarray, value: str) -> None:
    lips = rest_face()[_LIPS]
    # width factor, height factor, opening [m], corners up [m]
    width, height, opening, corners = {
        "open": (0.95, 1.0, 0.016, 0.0), "round": (0.62, 1.1, 0.008, 0.0), "wide": (1.18, 0.85, 0.003, 0.001),
        "smile": (1.16, 0.9, 0.002, 0.006), "frown": (1.0, 0.9, 0.0, -0.006), "pursed": (0.68, 1.0, 0.0, 0.0),
        "puffed": (0.85, 0.8, 0.0, 0.0), "th": (1.0, 1.0, 0.007, 0.0), "pressed": (1.04, 0.45, 0.0, 0.0),
    }[value]  # fmt: skip
    shift[_LIPS, 0] = lips[:, 0] * (width - 1)
    shift[_LIPS, 1] = (lips[:, 1] + 0.152) * (height - 1)
    shift[_LOWER_LIP, 1] += opening
    shift[_UPPER_LIP, 1] -= 0.15 * opening
    shift[_CORNERS, 1] -= corners
    shift[slice(5, 12), 1] += 0.8 * opening * np.array([0.3, 0.6, 0.9, 1.0, 0.9, 0.6, 0.3])
    if value == "puffed":
        shift[slice(2, 7), 0], shift[slice(10, 15), 0] = -0.005, 0.005

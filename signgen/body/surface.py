"""Places on and around the canonical signer: the skin of head and torso, with the way that it faces.

The coordinates are those of `signgen.body.skeleton`; the places are given for the right side.
"""

from __future__ import annotations

import numpy as np

# place: (x, y, z, direction of the skin x, y, z) [m]; x < 0 is the signer's right.
PLACES: dict[str, tuple[float, float, float, float, float, float]] = {
    "head_top": (0.0, -0.338, -0.010, 0.0, -1.0, 0.0),
    "forehead": (0.0, -0.275, -0.092, 0.0, -0.25, -1.0),
    "temple": (-0.066, -0.252, -0.050, -0.8, -0.1, -0.6),
    "eye": (-0.034, -0.230, -0.088, -0.2, 0.0, -1.0),
    "ear": (-0.079, -0.215, 0.005, -1.0, 0.0, -0.2),
    "cheek": (-0.050, -0.184, -0.072, -0.55, 0.0, -0.85),
    "nose": (0.0, -0.191, -0.112, 0.0, 0.0, -1.0),
    "upper_lip": (0.0, -0.166, -0.095, 0.0, 0.0, -1.0),
    "mouth": (0.0, -0.152, -0.093, 0.0, 0.0, -1.0),
    "chin": (0.0, -0.120, -0.085, 0.0, 0.2, -1.0),
    "under_chin": (0.0, -0.108, -0.062, 0.0, 1.0, -0.5),
    "face": (0.0, -0.195, -0.110, 0.0, 0.0, -1.0),
    "neck": (0.0, -0.060, -0.055, 0.0, 0.0, -1.0),
    "shoulder": (-0.165, -0.030, -0.030, -0.2, -0.9, -0.6),
    "clavicle": (-0.085, 0.035, -0.085, 0.0, -0.2, -1.0),
    "torso_top": (0.0, 0.120, -0.115, 0.0, 0.0, -1.0),
    "torso_mid": (0.0, 0.235, -0.115, 0.0, 0.0, -1.0),
    "torso_bottom": (0.0, 0.330, -0.115, 0.0, 0.0, -1.0),
    "waist": (0.0, 0.410, -0.110, 0.0, 0.0, -1.0),
    "hips": (-0.150, 0.460, -0.060, -0.6, 0.0, -0.8),
    "neutral": (-0.150, 0.130, -0.330, 0.0, 0.0, -1.0),
    "neutral_high": (-0.190, -0.140, -0.330, 0.0, 0.0, -1.0),
    "neutral_upper": (-0.195, -0.020, -0.265, 0.0, 0.0, -1.0),
    "neutral_low": (-0.150, 0.320, -0.300, 0.0, 0.0, -1.0),
}
# Side taken if none is given: 1 the signer's right, 0 the centre, -1 the left.
SIDES = {
    **dict.fromkeys(("temple", "eye", "ear", "cheek", "shoulder", "hips"), 1),
    **dict.fromkeys(("neutral", "neutral_high", "neutral_upper", "neutral_low"), 1),
    "clavicle": -1,
}
# How far "right" and "left" lie from the centre line where the place itself is on it [m].
_ASIDE = {
    "forehead": 0.045, "face": 0.060, "nose": 0.016, "mouth": 0.030, "chin": 0.030, "under_chin": 0.030,
    "upper_lip": 0.015, "neck": 0.035, "torso_top": 0.080, "torso_mid": 0.090, "torso_bottom": 0.090,
    "waist": 0.110, "head_top": 0.050,
}  # fmt: skip
# Neutral space nearer to the signer or farther away [m].
REACH = {"": 0.0, "near": 0.09, "far": -0.11}

# Ellipsoids that a hand does not enter: centre, half axes [m].
HEAD = (np.array([0.0, -0.225, -0.010]), np.array([0.074, 0.115, 0.092]))
TORSO = (np.array([0.0, 0.230, 0.0]), np.array([0.175, 0.330, 0.108]))
SOLIDS = (HEAD, TORSO)


def place_point(name: str, side: int | None = None, reach: str = "") -> tuple[np.ndarray, np.ndarray]:
    """(3,) point and (3,) unit direction of the skin of a place on head or torso or in neutral space.

    Args:
        name: a key of `PLACES`.
        side: 1 the signer's right, 0 the centre, -1 the left; None for the place's usual side.
        reach: a key of `REACH`, for neutral space.
    """
    numbers = np.array(PLACES[name])
    point, out = numbers[:3], numbers[3:]
    side = SIDES.get(name, 0) if side is None else side
    if point[0] == 0 and side:
        point[0] = -side * _ASIDE[name]
        out[0] = -0.4 * side * abs(out[2])
        point[2] += 0.004 if name.startswith(("torso", "waist", "neck")) else 0.012
    elif side == 0:
        point[0] *= 0.15 if name.startswith("neutral") else 0.0
        out[0] = 0.0
    elif side < 0:
        point[0] *= -1
        out[0] *= -1
    point[2] += REACH[reach] if name.startswith("neutral") else 0.0
    return point, out / np.linalg.norm(out)


def pushed_out(points: np.ndarray, margin: float) -> np.ndarray:
    """(T, 3) shift that brings each frame's keypoints out of head and torso, `margin` metres clear.

    Args:
        points: (T, K, 3) keypoints of a hand.
        margin: thickness of the flesh round a keypoint [m].
    """
    shift = np.zeros((len(points), 3))
    for centre, axes in SOLIDS:
        grown = axes + margin
        local = (points + shift[:, None] - centre) / grown
        radius = np.linalg.norm(local, axis=-1)
        worst = radius.argmin(axis=-1)
        frames = np.arange(len(points))
        depth = np.maximum(0.0, 1 - radius[frames, worst])
        out = local[frames, worst] / np.maximum(radius[frames, worst], 1e-6)[:, None]
        # A hand comes to the signer from the front: out of the body is mostly forward.
        out = out + np.array([0.0, 0.0, -0.6])
        out /= np.linalg.norm(out, axis=-1, keepdims=True)
        shift += out * (depth * grown.min())[:, None]
    return shift

"""The canonical skeleton that synthesis moves: a hand with its joints, two-bone arms, natural limits.

Metres; x right in the picture, y down, z away from the camera; the neck is the origin. The signer faces the
camera (-z), so the signer's right hand has negative x. Everything is worked out for a right hand; the left
one is its mirror image. Proportions are those of the standard signer of docs/stitching.md.
"""

from __future__ import annotations

import numpy as np

# Distance of the shoulder joints [m]; the other lengths follow from the standard signer's proportions.
SHOULDER_WIDTH = 0.33
UPPER_ARM = 0.90 * SHOULDER_WIDTH
FOREARM = 0.74 * SHOULDER_WIDTH
SHOULDER = np.array([-SHOULDER_WIDTH / 2, 0.0, 0.0])

# An elbow bends to about 145 degrees: no nearer does the wrist come to the shoulder [m].
_NEAREST_WRIST = 0.17

# A hand shape is 21 numbers: knuckle, spread, middle joint and end joint [degrees] of the four fingers from
# the index, then azimuth and elevation of the thumb's metacarpal [degrees] and its tip [cm] in the hand frame.
SHAPE_SIZE = 21
THUMB = slice(16, 21)
KNUCKLES, SPREADS, MIDDLE_JOINTS, END_JOINTS = (slice(i, 16, 4) for i in range(4))

# Hand frame: along the hand, to the thumb side, out of the palm; the wrist is its origin [m].
FINGER_ROOTS = np.array(
    [(0.091, 0.026, 0.0), (0.093, 0.005, -0.003), (0.088, -0.015, 0.0), (0.080, -0.032, 0.004)]
)
FINGER_BONES = np.array(
    [(0.044, 0.026, 0.021), (0.049, 0.030, 0.023), (0.045, 0.028, 0.023), (0.035, 0.021, 0.020)]
)
THUMB_ROOT = np.array([0.022, 0.024, 0.012])
THUMB_BONES = (0.043, 0.033, 0.026)
# Natural limits [degrees]: (lowest, highest) of knuckle, spread, middle joint, end joint.
FINGER_LIMITS = np.array([(-25.0, 100.0), (-30.0, 30.0), (-5.0, 112.0), (-5.0, 80.0)])
# Farthest that is easy [degrees]: forearm turned palm up or down, wrist bent back or to the palm, to the thumb or
# the little finger.
LIMITS = np.array([(-80.0, 80.0), (-60.0, 70.0), (-22.0, 32.0)])
# Strain at the limit of one of them [degrees], and of each degree beyond.
WITHIN, BEYOND = 15.0, 1.25


def hand_points(shapes: np.ndarray) -> np.ndarray:
    """(T, 21, 3) keypoints of a right hand in its own frame [m], wrist first, from (T, 21) hand shapes.

    The thumb's end is given as a place, since what matters about a thumb is what it touches: its two outer
    bones reach for it and bend away from the palm. A place out of reach is pointed at.
    """
    shapes = np.atleast_2d(shapes)
    points = np.zeros((len(shapes), 21, 3))
    fingers = shapes[:, :16].reshape(-1, 4, 4)
    limited = np.radians(np.clip(fingers, FINGER_LIMITS[:, 0], FINGER_LIMITS[:, 1]))
    spread = limited[..., 1]
    bend = np.cumsum(limited[..., [0, 2, 3]], axis=-1)
    along = np.cos(bend)
    steps = (
        np.stack(
            [along * np.cos(spread)[..., None], along * np.sin(spread)[..., None], np.sin(bend)], axis=-1
        )
        * FINGER_BONES[..., None]
    )
    points[:, 5::4] = FINGER_ROOTS
    for joint in range(3):
        points[:, 6 + joint :: 4][:, :4] = points[:, 5 + joint :: 4][:, :4] + steps[:, :, joint]
    points[:, 1:5] = _thumb_points(shapes[:, THUMB])
    return points


def _thumb_points(thumbs: np.ndarray) -> np.ndarray:
    azimuth, elevation = np.radians(thumbs[:, 0]), np.radians(thumbs[:, 1])
    metacarpal = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=-1
    )
    joint = THUMB_ROOT + THUMB_BONES[0] * metacarpal
    middle, tip = two_bones(joint, thumbs[:, 2:] / 100, THUMB_BONES[1], THUMB_BONES[2], metacarpal)
    return np.stack([np.broadcast_to(THUMB_ROOT, joint.shape), joint, middle, tip], axis=1)


def two_bones(
    root: np.ndarray, target: np.ndarray, first: float, second: float, pole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle joint and end of two bones that reach from ``root`` for ``target`` and bend towards ``pole``.

    Args:
        root: (..., 3) where the first bone begins.
        target: (..., 3) where the second should end; what is too far or too near is brought within reach.
        first: length of the first bone.
        second: length of the second bone.
        pole: (..., 3) direction in which the middle joint lies.

    Returns:
        (..., 3) middle joint, (..., 3) end.
    """
    way = target - root
    distance = _length(way)
    axis = way / np.maximum(distance, 1e-9)
    reach = np.clip(distance, abs(first - second) + 1e-4, (first + second) * 0.9995)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    aside = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    side = unit(pole - axis * _dot(pole, axis))
    return root + along * axis + aside * side, root + reach * axis


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 in the direction of (..., 3) ``vectors``."""
    found: np.ndarray = vectors / np.maximum(_length(vectors), 1e-12)
    return found


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 1)."""
    found: np.ndarray = np.einsum("...i,...i->...", a, b)[..., None]
    return found


def _length(vectors: np.ndarray) -> np.ndarray:
    """(..., 1)."""
    found: np.ndarray = np.sqrt(_dot(vectors, vectors))
    return found


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3) vector products, without the overhead of numpy's."""
    (ax, ay, az), (bx, by, bz) = ((v[..., 0], v[..., 1], v[..., 2]) for v in (a, b))
    found = np.empty(np.broadcast_shapes(a.shape, b.shape))
    found[..., 0], found[..., 1], found[..., 2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return found


def hand_frame(fingers: np.ndarray, palm: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation of a right hand: its columns are along the fingers, to the thumb, out of the palm.

    The finger direction is kept; the palm is turned until it is perpendicular to it.
    """
    along = unit(fingers)
    out = unit(palm - along * _dot(palm, along))
    return np.stack([along, cross(along, out), out], axis=-1)


def elbow_pole(wrist: np.ndarray, swivel: np.ndarray | float) -> np.ndarray:
    """(..., 3) direction of a right elbow that hangs, swung out by ``swivel`` degrees about the arm's axis."""
    axis = unit(wrist - SHOULDER)
    # Down and a little out; back for an arm that hangs, forward for one that is raised.
    hanging = np.empty_like(axis)
    hanging[..., 0], hanging[..., 1], hanging[..., 2] = -0.30, 1.0, 0.35 * axis[..., 1]
    base = unit(hanging - axis * _dot(axis, hanging))
    angle = np.radians(np.asarray(swivel, dtype=np.float64))[..., None]
    found: np.ndarray = np.cos(angle) * base + np.sin(angle) * cross(base, axis)
    return found


def right_arm(wrist: np.ndarray, swivel: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """(..., 3) elbow and (..., 3) wrist of a right arm that reaches for ``wrist`` (brought within reach)."""
    way = wrist - SHOULDER
    near = _NEAREST_WRIST / np.maximum(_length(way), 1e-6)
    wrist = SHOULDER + way * np.maximum(1.0, near)
    return two_bones(SHOULDER, wrist, UPPER_ARM, FOREARM, elbow_pole(wrist, swivel))


def forearm_frame(elbow: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """(..., 3, 3) hand frame of a right hand that goes on straight from its forearm, the forearm not turned."""
    forearm = wrist - elbow
    return hand_frame(forearm, cross(forearm, elbow - SHOULDER))


def wrist_angles(frame: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """(..., 3) turn of a right forearm, bend of its wrist to the palm and to the little finger [degrees].

    The forearm is not turned where the palm faces the way in which the elbow bends the arm sideways: in, for a
    forearm that points away from an elbow that hangs.

    Args:
        frame: (..., 3, 3) hand frame.
        forearm: (..., 3, 3) from `forearm_frame`.
    """
    local = np.swapaxes(forearm, -1, -2) @ frame
    turn = np.arctan2(local[..., 2, 1] - local[..., 1, 2], local[..., 1, 1] + local[..., 2, 2])
    cos, sin = np.cos(turn), np.sin(turn)
    to_thumb = cos * local[..., 1, 0] + sin * local[..., 2, 0]
    # A hand that points straight back along the forearm is bent to the palm.
    to_palm = cos * local[..., 2, 0] - sin * local[..., 1, 0] + 1e-12
    aside = np.hypot(to_thumb, to_palm)
    angle = np.arctan2(aside, local[..., 0, 0]) / aside
    found: np.ndarray = np.degrees(np.stack([turn, angle * to_palm, -angle * to_thumb], axis=-1))
    return found


def turned_hand(angles: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """(..., 3, 3) hand frame with the given `wrist_angles`."""
    angles = np.radians(angles)
    turn, bend, side = angles[..., 0], angles[..., 1], angles[..., 2]
    zero = np.zeros_like(turn)
    about_forearm = rotation(np.stack([turn, zero, zero], axis=-1))
    about_wrist = rotation(np.stack([zero, -bend, -side], axis=-1))
    found: np.ndarray = forearm @ about_forearm @ about_wrist
    return found


def rotation(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotations about (..., 3) ``vectors`` by their lengths [rad] (Rodrigues)."""
    angle = _length(vectors)
    axis = vectors / np.maximum(angle, 1e-12)
    x, y, z = axis[..., 0], axis[..., 1], axis[..., 2]
    across = np.zeros((*x.shape, 3, 3))
    across[..., 0, 1], across[..., 0, 2], across[..., 1, 2] = -z, y, -x
    across[..., 1, 0], across[..., 2, 0], across[..., 2, 1] = z, -y, x
    angle = angle[..., None]
    found: np.ndarray = np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * (across @ across)
    return found


def strain(angles: np.ndarray) -> np.ndarray:
    """(...) effort of (..., 3) `wrist_angles` [degrees]: a little within the limits, much beyond them."""
    low, high = LIMITS.T
    beyond = np.maximum(0.0, low - angles) + np.maximum(0.0, angles - high)
    used = angles / np.where(angles < 0, -low, high)
    found: np.ndarray = np.sum(BEYOND * beyond + WITHIN * used * used, axis=-1)
    return found

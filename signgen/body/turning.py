"""Rotations by the batch: about an axis, by the shortest arc, between frames and between sets of points."""

from __future__ import annotations

import numpy as np

EYE = np.eye(3)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 along the last axis; zero stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: np.ndarray = vectors / np.where(length > 0, length, 1)
    return scaled


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotations about unit axes (..., 3) by angles (...) [radians] (Rodrigues).

    >>> about(np.array([0.0, 0.0, 1.0]), np.array(np.pi / 2)).round(12)[0].tolist()
    [0.0, -1.0, 0.0]
    """
    axis, angle = np.asarray(axis, np.float64), np.asarray(angle, np.float64)
    cosine, sine = np.cos(angle)[..., None, None], np.sin(angle)[..., None, None]
    turned: np.ndarray = (
        cosine * EYE + sine * _cross_matrix(axis) + (1 - cosine) * axis[..., :, None] * axis[..., None, :]
    )
    return turned


def shortest_arc(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3, 3) smallest rotations that turn unit vectors ``a`` to ``b``; opposite ones turn any way."""
    a, b = np.broadcast_arrays(a, b)
    cross, cosine = np.cross(a, b), np.sum(a * b, axis=-1)
    matrix = _cross_matrix(cross)
    safe = np.maximum(1 + cosine, 1e-9)[..., None, None]
    arc = EYE + matrix + matrix @ matrix / safe
    opposite = cosine < -1 + 1e-8
    if opposite.any():
        helper = np.where(np.abs(a[opposite][..., :1]) < 0.9, EYE[0], EYE[1])
        arc[opposite] = about(unit(np.cross(a[opposite], helper)), np.full(int(opposite.sum()), np.pi))
    turned: np.ndarray = arc
    return turned


def frame(along: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """(..., 3, 3) right-handed frames: the first column ``along``, the second nearest to ``towards``."""
    first = unit(along)
    third = unit(np.cross(first, towards))
    return np.stack([first, np.cross(third, first), third], axis=-1)


def best_rotation(rest: np.ndarray, seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations that best turn ``rest`` (K, 3) to ``seen`` (T, K, 3), about the centroids (Kabsch).

    Args:
        rest: points at rest.
        seen: the points in each frame, at any scale and place.
        weights: (T, K), 0 for missing points.
    """
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    rest_middle = np.einsum("tk,ki->ti", share, rest)
    seen_middle = np.einsum("tk,tki->ti", share, seen)
    covariance = np.einsum("tk,tki,tkj->tij", share, seen - seen_middle[:, None], rest - rest_middle[:, None])
    left, _, right = np.linalg.svd(covariance)
    left[..., 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    turned: np.ndarray = left @ right
    return turned


def rotation_vector(rotations: np.ndarray) -> np.ndarray:
    """(..., 3) axis times angle [radians] of rotations (..., 3, 3)."""
    from scipy.spatial.transform import Rotation

    vectors: np.ndarray = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_rotvec()
    return vectors.reshape(rotations.shape[:-1])


def from_vector(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotations from axis times angle (..., 3)."""
    angle = np.linalg.norm(vectors, axis=-1)
    return about(vectors / np.where(angle > 0, angle, 1)[..., None], angle)


def share_of(rotations: np.ndarray, share: float, most: float = np.pi) -> np.ndarray:
    """A share of rotations (..., 3, 3), after holding their angles to ``most`` [radians]."""
    vectors = rotation_vector(rotations)
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return from_vector(vectors * share * np.minimum(1, most / np.maximum(angle, 1e-12)))


def relative(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation of a child in the axes of its parent."""
    local: np.ndarray = np.swapaxes(parent, -1, -2) @ child
    return local


def twist_about(rotations: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """(...) angle [radians] of the part of rotations (..., 3, 3) about unit axes (..., 3) (swing-twist)."""
    trace = np.trace(rotations, axis1=-2, axis2=-1)
    antisymmetric = np.stack(
        [
            rotations[..., 2, 1] - rotations[..., 1, 2],
            rotations[..., 0, 2] - rotations[..., 2, 0],
            rotations[..., 1, 0] - rotations[..., 0, 1],
        ],
        axis=-1,
    )
    # The quaternion up to scale is (1 + trace, antisymmetric part).
    angle: np.ndarray = 2 * np.arctan2(np.sum(antisymmetric * axis, axis=-1), 1 + trace)
    return (angle + np.pi) % (2 * np.pi) - np.pi


def angle_about(axis: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...) signed angle [radians] from ``a`` to ``b`` about unit axes, seen along them."""
    a = a - np.sum(a * axis, axis=-1, keepdims=True) * axis
    b = b - np.sum(b * axis, axis=-1, keepdims=True) * axis
    angle: np.ndarray = np.arctan2(np.sum(np.cross(a, b) * axis, axis=-1), np.sum(a * b, axis=-1))
    return angle


def held(values: np.ndarray, is_valid: np.ndarray, default: np.ndarray) -> np.ndarray:
    """Values (T, ...) with each invalid frame as the last valid one before it, else the first after it.

    Args:
        values: one value per frame.
        is_valid: (T,).
        default: the value where no frame is valid.

    >>> held(np.array([0.0, 5.0, 0.0, 7.0]), np.array([False, True, False, True]), np.array(1.0)).tolist()
    [5.0, 5.0, 5.0, 7.0]
    """
    valid = np.flatnonzero(is_valid)
    if not len(valid):
        return np.broadcast_to(default, values.shape).copy()
    last = np.searchsorted(valid, np.arange(len(values)), side="right") - 1
    chosen: np.ndarray = values[valid[np.maximum(last, 0)]]
    return chosen


def _cross_matrix(vectors: np.ndarray) -> np.ndarray:
    out = np.zeros((*vectors.shape, 3))
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    out[..., 0, 1], out[..., 0, 2] = -z, y
    out[..., 1, 0], out[..., 1, 2] = z, -x
    out[..., 2, 0], out[..., 2, 1] = -y, x
    return out

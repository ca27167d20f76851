"""What seems to touch in the picture, touches in space: hands before the face and hands before each other.

A hand whose points lie on the face, or on the other hand, is likelier to touch it than to hover before it. How far its
depth moves towards that goes by its own uncertainty; where they disagree by more than both allow, nothing moves.
"""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND

# Nearest points of both are this near in the picture [m], and this far apart in depth: half a finger and flesh [m].
NEAR, FLESH = 0.02, 0.012
# Deviation of the depth at which things touch [m], and how many deviations of both may lie between.
_CONTACT, _MOST = 0.03, 2.0


def settle_contacts(points: np.ndarray, uncertainty: np.ndarray, seen: np.ndarray) -> None:
    """Move hands, as a whole, to the depth of what they touch, in place; arms are left to follow.

    Everything fades with distance, so that no depth jumps where a contact begins or ends.

    Args:
        points: (T, 128, 3) lifted points [m].
        uncertainty: (T, 128) of their depth [m]; becomes less where a contact was settled.
        seen: (T, 128).
    """
    for hand in (RIGHT_HAND, LEFT_HAND):
        _move(points, uncertainty, hand, *_gap(points, seen, hand, FACE, FLESH))
    between, weight = _gap(points, seen, RIGHT_HAND, LEFT_HAND, 0.0)
    right, left = uncertainty[:, RIGHT_HAND.start] ** 2, uncertainty[:, LEFT_HAND.start] ** 2
    share = right / np.maximum(right + left, 1e-12)
    _move(points, uncertainty, RIGHT_HAND, between * share, weight)
    _move(points, uncertainty, LEFT_HAND, -between * (1 - share), weight)


def _gap(
    points: np.ndarray, seen: np.ndarray, hand: slice, other: slice, flesh: float
) -> tuple[np.ndarray, np.ndarray]:
    """(T,) how far away a hand would have to move to touch, over its points that lie near [m]; how near, 0 to 1."""
    away = np.linalg.norm(points[:, hand, None, :2] - points[:, None, other, :2], axis=3)
    both = seen[:, hand, None] & seen[:, None, other]
    weights = np.where(both, np.maximum(0.0, 1 - (away / NEAR) ** 2), 0.0)
    depths = points[:, None, other, 2] - flesh - points[:, hand, None, 2]
    total = weights.sum(axis=(1, 2))
    return (weights * depths).sum(axis=(1, 2)) / np.maximum(total, 1e-12), weights.max(axis=(1, 2))


def _move(
    points: np.ndarray, uncertainty: np.ndarray, hand: slice, gap: np.ndarray, weight: np.ndarray
) -> None:
    spread = uncertainty[:, hand.start]
    total = spread**2 + _CONTACT**2
    belief = weight * np.maximum(0.0, 1 - gap**2 / (_MOST**2 * total))
    share = belief * spread**2 / total
    points[:, hand, 2] += (share * gap)[:, None]
    uncertainty[:, hand] *= np.sqrt(1 - share)[:, None]

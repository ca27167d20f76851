"""Bones: vectors from parent to child in the kinematic tree, their lengths and movement between two poses.

Straight-line interpolation of coordinates shortens a turning bone (to zero at half a turn). Here bones turn
by the shortest arc and their lengths change linearly, so that hands keep their size through a transition.
"""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, PARENTS, RIGHT_HAND


def _topological(parents: np.ndarray) -> np.ndarray:
    order: list[int] = []
    while len(order) < len(parents):
        order += [i for i, p in enumerate(parents) if i not in order and (p < 0 or p in order)]
    return np.array(order, dtype=np.int64)


# Every keypoint after its parent.
ORDER = _topological(PARENTS)
# The 40 finger and palm bones, by their child keypoint.
FINGER_BONES = np.array(
    [*range(LEFT_HAND.start + 1, LEFT_HAND.stop), *range(RIGHT_HAND.start + 1, RIGHT_HAND.stop)]
)
# Keypoints that are skin rather than the end of a bone: they keep their offset from the parent instead of turning.
IS_RIGID = np.zeros(len(PARENTS), dtype=np.bool_)
IS_RIGID[FACE] = True
IS_RIGID[14:18] = True
for _array in (ORDER, FINGER_BONES, IS_RIGID):
    _array.setflags(write=False)


def bone_vectors(xy: np.ndarray) -> np.ndarray:
    """Vectors from each keypoint's parent to it, (..., 128, D) like ``xy``; the root's vector is its position."""
    vectors = np.array(xy)
    children = PARENTS >= 0
    vectors[..., children, :] -= xy[..., PARENTS[children], :]
    return vectors


def bone_lengths(xy: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Lengths of the bones ending at each keypoint, (..., 128); NaN for the root and where an end is missing.

    Args:
        xy: (..., 128, 2) coordinates.
        confidence: (..., 128); 0 is missing.
    """
    lengths: np.ndarray = np.linalg.norm(bone_vectors(xy), axis=-1)
    seen = confidence > 0
    lengths[~(seen & seen[..., PARENTS]) | (PARENTS < 0)] = np.nan
    return lengths


def minimum_jerk(u: np.ndarray) -> np.ndarray:
    """Position on a straight minimum-jerk movement from 0 to 1 (Flash & Hogan 1985): 10u³ - 15u⁴ + 6u⁵.

    >>> minimum_jerk(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    eased: np.ndarray = u**3 * (10 - 15 * u + 6 * u**2)
    return eased

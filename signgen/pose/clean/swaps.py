"""Left and right taken for each other: the sides of the body, and which hand is whose.

An estimator that sees a signer from behind, or crossed arms, may exchange left and right for some frames. Between two
frames limbs then jump to the other side and back; the cheapest way through the clip (Viterbi over *kept* and
*exchanged*) finds where.
"""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MIRROR,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

# What tells the sides apart: pairs of the trunk and arms.
_PAIRS = np.array(
    [
        (RIGHT_SHOULDER, LEFT_SHOULDER),
        (RIGHT_ELBOW, LEFT_ELBOW),
        (RIGHT_WRIST, LEFT_WRIST),
        (RIGHT_HIP, LEFT_HIP),
    ]
)
# Cost of a frame that is taken to be exchanged [shoulder widths].
EXCHANGED = 0.02
# A hand belongs to the wrist of the body that it is nearer to by this much, and to nobody farther off than that.
NEARER, STRAY = 0.25, 0.9
# Two hands are one if their keypoints are this near while the wrists of the body are this far apart.
SAME_HAND, APART = 0.08, 0.35


def exchange(points: np.ndarray, frames: np.ndarray, hands: bool = True) -> None:
    """Exchange left and right of ``points`` (T, 128, ...) in the frames of a mask (T,), in place; not of the face."""
    stop = LEFT_HAND.start if not hands else RIGHT_HAND.stop
    points[frames, :stop] = points[frames][:, MIRROR[:stop]]


def swapped_sides(xy: np.ndarray, confidence: np.ndarray, width: float) -> np.ndarray:
    """(T,) in which frames the sides of the body are exchanged.

    Args:
        xy: (T, 128, 2) keypoints [px].
        confidence: (T, 128).
        width: of the shoulders [px].
    """
    if len(xy) < 2:
        return np.zeros(len(xy), np.bool_)
    stay, cross = _moves(xy, confidence, width)
    each = np.array([0.0, EXCHANGED])
    score, back = each, np.zeros((len(xy), 2), np.int64)
    for t in range(1, len(xy)):
        arrive = score[None] + np.array([[stay[t], cross[t]], [cross[t], stay[t]]])
        back[t] = arrive.argmin(axis=1)
        score = arrive.min(axis=1) + each
    states = np.zeros(len(xy), np.int64)
    states[-1] = int(score.argmin())
    for t in range(len(xy) - 1, 0, -1):
        states[t - 1] = back[t, states[t]]
    return np.asarray(states == 1)


def wrong_hands(xy: np.ndarray, confidence: np.ndarray, width: float) -> np.ndarray:
    """(T,) in which frames the hands hang at each other's wrists."""
    to_left, to_right = (
        _to_wrists(xy, confidence, width, LEFT_HAND),
        _to_wrists(xy, confidence, width, RIGHT_HAND),
    )
    kept = np.nansum([to_left[:, 0], to_right[:, 1]], axis=0)
    exchanged = np.nansum([to_left[:, 1], to_right[:, 0]], axis=0)
    return np.asarray(exchanged + NEARER < kept)


def stray_hands(xy: np.ndarray, confidence: np.ndarray, width: float) -> dict[str, np.ndarray]:
    """For each side (T,) in which frames its hand is too far from the body's wrist, as another person's hand is."""
    own = {
        "left_hand": _to_wrists(xy, confidence, width, LEFT_HAND)[:, 0],
        "right_hand": _to_wrists(xy, confidence, width, RIGHT_HAND)[:, 1],
    }
    return {side: np.nan_to_num(distance) > STRAY for side, distance in own.items()}


def doubled_hands(xy: np.ndarray, confidence: np.ndarray, width: float) -> dict[str, np.ndarray]:
    """For each side (T,) in which frames its hand is the other one, found twice."""
    both = (confidence[:, LEFT_HAND] > 0) & (confidence[:, RIGHT_HAND] > 0)
    apart = np.linalg.norm(xy[:, LEFT_HAND] - xy[:, RIGHT_HAND], axis=2) / width
    count = both.sum(axis=1)
    mean = np.where(both, apart, 0).sum(axis=1) / np.maximum(count, 1)
    wrists = confidence[:, [LEFT_WRIST, RIGHT_WRIST]].all(axis=1)
    far = np.linalg.norm(xy[:, LEFT_WRIST] - xy[:, RIGHT_WRIST], axis=1) / width
    same = (count > 10) & (mean < SAME_HAND) & wrists & (far > APART)
    left = _to_wrists(xy, confidence, width, LEFT_HAND)[:, 0]
    right = _to_wrists(xy, confidence, width, RIGHT_HAND)[:, 1]
    return {"left_hand": same & (left >= right), "right_hand": same & (left < right)}


def _moves(xy: np.ndarray, confidence: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """(T,) how far the pairs travel into each frame if both frames are alike, and if one is exchanged."""
    right, left = xy[:, _PAIRS[:, 0]] / width, xy[:, _PAIRS[:, 1]] / width
    seen = np.asarray((confidence[:, _PAIRS] > 0).all(axis=2))
    both = seen[1:] & seen[:-1]
    stay = _way(right[:-1], right[1:]) + _way(left[:-1], left[1:])
    cross = _way(right[:-1], left[1:]) + _way(left[:-1], right[1:])
    zero = np.zeros(1)
    stay, cross = (np.concatenate([zero, np.where(both, way, 0).sum(axis=1)]) for way in (stay, cross))
    return stay, cross


def _way(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(end - start, axis=2))


def _to_wrists(xy: np.ndarray, confidence: np.ndarray, width: float, hand: slice) -> np.ndarray:
    """(T, 2) distance of a hand's wrist from the body's left and right wrist [shoulder widths]; NaN where unknown."""
    wrists = [LEFT_WRIST, RIGHT_WRIST]
    distance = np.linalg.norm(xy[:, [hand.start]] - xy[:, wrists], axis=2) / width
    known = (confidence[:, [hand.start]] > 0) & (confidence[:, wrists] > 0)
    return np.where(known, distance, np.nan)

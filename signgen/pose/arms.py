"""Arms: a hand moved as a whole, with an arm that follows."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import LEFT_ELBOW, LEFT_WRIST, PARENTS, RIGHT_ELBOW, RIGHT_WRIST

# (wrist, elbow, first keypoint of the hand) of the signer's left and right.
SIDES = ((LEFT_WRIST, LEFT_ELBOW, 18), (RIGHT_WRIST, RIGHT_ELBOW, 39))
# The share of its full length to which an arm stretches at most, and folds at least.
STRAIGHT = 0.995


def move_hand(
    points: np.ndarray, confidence: np.ndarray, side: tuple[int, int, int], change: np.ndarray
) -> None:
    """Move a hand in place, as far as its arm reaches; it keeps its shape and turn.

    In space the elbow is put where both bones of the arm keep their length; in the picture it goes half the way.
    Frames in which wrist, elbow or shoulder are missing stay as they are.

    Args:
        points: (T, 128, 2 or 3).
        confidence: (T, 128).
        side: one of `SIDES`.
        change: (T, 2 or 3) how far the wrist should go.
    """
    wrist, elbow, first = side
    seen = confidence[:, [wrist, elbow, PARENTS[elbow]]].min(axis=1) > 0
    if not seen.any():
        return
    start = points[:, wrist].copy()
    target = start + np.where(seen[:, None], change, 0.0)
    if points.shape[2] == 3:
        target, bent = bend_arm(points[:, PARENTS[elbow]], points[:, elbow], start, target)
        points[seen, elbow] = bent[seen]
    else:
        points[seen, elbow] += change[seen] / 2
    points[seen, wrist] = target[seen]
    hand = slice(first, first + 21)
    moved = np.where(seen[:, None], target - start, 0.0)
    points[:, hand] += moved[:, None] * (confidence[:, hand] > 0)[..., None]


def bend_arm(
    shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wrist as near to ``target`` as the arm reaches, and the elbow on the side it was on; all (T, 3).

    Both bones keep their length.
    """
    upper, fore = _length(elbow - shoulder), _length(wrist - elbow)
    way = target - shoulder
    length = np.maximum(_length(way), 1e-9)
    # An arm that was straighter or more folded than this before may stay so.
    before = _length(wrist - shoulder)
    longest = np.maximum(STRAIGHT * (upper + fore), before)
    shortest = np.minimum(np.abs(upper - fore) / STRAIGHT, before)
    reach = np.clip(length, shortest, longest)
    along = way / length
    aside = elbow - shoulder
    aside = aside - (aside * along).sum(axis=1, keepdims=True) * along
    aside = aside / np.maximum(_length(aside), 1e-9)
    # The triangle of both bones and the line from shoulder to wrist.
    near = (upper**2 + reach**2 - fore**2) / (2 * np.maximum(reach, 1e-9))
    off = np.sqrt(np.maximum(upper**2 - near**2, 0))
    return shoulder + reach * along, shoulder + near * along + off * aside


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=1, keepdims=True)))

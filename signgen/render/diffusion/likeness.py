"""How well poses found in frames match the poses that were asked for, frame by frame, hands first."""

from __future__ import annotations

import numpy as np

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

LEAST_CONFIDENCE = 0.3
# Shares of the parts in the error of a frame that asks for all of them.
HAND_SHARE, ARM_SHARE, FACE_SHARE = 0.3, 0.1, 0.2
# What counts as wholly wrong: a hand's points off by half its size, a face's by a quarter, an arm by a right angle.
HAND_LIMIT, FACE_LIMIT = 0.5, 0.25
ARMS = ((2, 3), (3, 4), (5, 6), (6, 7))
LEAST_POINTS = 6


def errors(asked: PoseSequence, found: PoseSequence) -> np.ndarray:
    """(T,) from 0 (as asked) to 1 (nothing as asked, or nothing found); NaN where nothing was asked for.

    Hands and face are compared in shape and turn, about their own middle and in their own size; arms by their
    directions. So neither proportions nor place of the signer count, which an appearance changes by right.

    Args:
        asked: poses that were drawn.
        found: what an extractor sees in the frames, as many.
    """
    parts = [
        *((HAND_SHARE, _shape(asked, found, hand, HAND_LIMIT)) for hand in (LEFT_HAND, RIGHT_HAND)),
        *((ARM_SHARE / 2, _turn(asked, found, bone)) for bone in ARMS),
        (FACE_SHARE, _shape(asked, found, FACE, FACE_LIMIT)),
    ]
    shares = np.array([share for share, _ in parts])[:, None]
    values = np.stack([value for _, value in parts])
    known = np.isfinite(values)
    total = (shares * known).sum(axis=0)
    wrong = (shares * np.where(known, values, 0)).sum(axis=0)
    return np.asarray(np.divide(wrong, total, out=np.full(len(asked), np.nan), where=total > 0))


def _shape(asked: PoseSequence, found: PoseSequence, part: slice, limit: float) -> np.ndarray:
    """(T,) mean distance of a part's points, both middle and size taken out; 1 where it is not found."""
    wanted = asked.confidence[:, part] >= LEAST_CONFIDENCE
    both = wanted & (found.confidence[:, part] >= LEAST_CONFIDENCE)
    one, other = (_centred(poses.xy[:, part].astype(np.float64), both) for poses in (asked, found))
    count = np.maximum(both.sum(axis=1), 1)
    away = (np.linalg.norm(one - other, axis=2) * both).sum(axis=1) / count
    error = np.minimum(away / limit, 1)
    # Points that are asked for and not found are wholly wrong.
    share = both.sum(axis=1) / np.maximum(wanted.sum(axis=1), 1)
    error = np.where(both.sum(axis=1) >= LEAST_POINTS, share * error + 1 - share, 1.0)
    return np.where(wanted.sum(axis=1) >= LEAST_POINTS, error, np.nan)


def _centred(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Points about their middle, in units of their root mean square distance from it."""
    weights = counts[..., None] / np.maximum(counts.sum(axis=1), 1)[:, None, None]
    middle = (points * weights).sum(axis=1, keepdims=True)
    moved = points - middle
    size = np.sqrt((moved**2 * weights).sum(axis=(1, 2), keepdims=True))
    return np.asarray(moved / np.maximum(size, 1e-6))


def _turn(asked: PoseSequence, found: PoseSequence, bone: tuple[int, int]) -> np.ndarray:
    """(T,) sine of the angle between two bones, 1 beyond a right angle or where it is not found."""
    wanted, seen = ((p.confidence[:, bone] >= LEAST_CONFIDENCE).all(axis=1) for p in (asked, found))
    one, other = (p.xy[:, bone[1]].astype(np.float64) - p.xy[:, bone[0]] for p in (asked, found))
    product = np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1), 1e-9)
    cosine, sine = (
        (one * other).sum(axis=1) / product,
        np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / product,
    )
    error = np.where(seen, np.where(cosine > 0, np.minimum(sine, 1), 1.0), 1.0)
    return np.where(wanted, error, np.nan)

"""Hands kept where they were against face, body and each other when limbs change their lengths.

A sign is where it touches. With arms of another length a hand would stop short of the chin or reach through it,
so near the body its place there counts more than the angles of the arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.render.diffusion.head_shape import HEAD

# In shoulder widths: up to NEAR a hand keeps its place against what it is near; beyond FAR the arm alone decides.
NEAR, FAR = 0.1, 0.5
# How fast points that are not the nearest lose their say.
BLUR = 0.05
TRUNK = np.array([NECK, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP])
BODY = np.concatenate([HEAD, TRUNK])


@dataclass(frozen=True)
class Arm:
    """Keypoints of an arm."""

    shoulder: int
    elbow: int
    wrist: int
    hand: slice


ARMS = (
    Arm(RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND),
    Arm(LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND),
)


@dataclass(frozen=True)
class Sizes:
    """What lengths become.

    Attributes:
        unit: shoulder width of the signer.
        trunk: factor of lengths along the trunk.
        head: of the head.
        hand: of the hands.
        upper_arm: full length on the appearance; 0 if unknown.
        forearm: the same.
    """

    unit: float
    trunk: float
    head: float
    hand: float
    upper_arm: float
    forearm: float


def keep_touch(
    before: np.ndarray, after: np.ndarray, seen: np.ndarray, sizes: Sizes
) -> tuple[np.ndarray, float]:
    """Move arms and hands so that hands are where they were against what they were near.

    Args:
        before: (T, 128, D) the signer.
        after: (T, 128, D) the signer with limbs of other lengths.
        seen: (T, 128).
        sizes: how lengths change.

    Returns:
        (T, 128, D), and the longest way a hand was moved [shoulder widths of the appearance].
    """
    out = after.copy()
    factors = np.concatenate([np.full(len(HEAD), sizes.head), np.full(len(TRUNK), sizes.trunk)])
    holds = []
    for arm in ARMS:
        shift, hold = _pull(before, after, seen, arm.hand, BODY, factors, sizes.unit)
        out = _carry(out, arm, shift * hold[:, None], sizes)
        holds.append(hold)
    first, second = ARMS
    hands = np.arange(second.hand.start, second.hand.stop)
    together, hold = _pull(before, out, seen, first.hand, hands, np.full(len(hands), sizes.hand), sizes.unit)
    # The hand that touches less moves more.
    free = np.stack([1 - holds[0], 1 - holds[1]], axis=1) + 1e-3
    share = free / free.sum(axis=1, keepdims=True)
    whole = together * hold[:, None]
    out = _carry(out, first, whole * share[:, :1], sizes)
    out = _carry(out, second, -whole * share[:, 1:], sizes)
    way = [
        np.linalg.norm(out[:, arm.hand.start] - after[:, arm.hand.start], axis=1).max(initial=0)
        for arm in ARMS
    ]
    return out, float(max(way)) / (sizes.unit * sizes.trunk)


def _pull(
    before: np.ndarray,
    after: np.ndarray,
    seen: np.ndarray,
    hand: slice,
    others: np.ndarray,
    factors: np.ndarray,
    unit: float,
) -> tuple[np.ndarray, np.ndarray]:
    """How far a hand must move to be where it was against other keypoints, and how much that counts.

    Args:
        before: (T, 128, D).
        after: (T, 128, D).
        seen: (T, 128).
        hand: keypoints of the hand.
        others: (n,) keypoints that it may touch.
        factors: (n,) by which offsets from each of them change.
        unit: shoulder width before.

    Returns:
        (T, D) and (T,) from 0 to 1.
    """
    offset = before[:, hand, None] - before[:, None, others]
    square = (offset**2).sum(axis=-1)
    square = np.where(seen[:, hand, None] & seen[:, None, others], square, np.inf)
    least = square.min(axis=(1, 2))
    near = np.isfinite(least)
    gap = np.where(near[:, None, None], square - np.where(near, least, 0)[:, None, None], np.inf)
    weights = np.exp(-gap / (2 * (BLUR * unit) ** 2))
    weights /= np.maximum(weights.sum(axis=(1, 2), keepdims=True), 1e-300)
    wrong = factors[:, None] * offset - (after[:, hand, None] - after[:, None, others])
    shift = np.einsum("thn,thnd->td", weights, wrong)
    distance = np.sqrt(np.where(near, least, np.inf)) / unit
    rise = np.clip((FAR - distance) / (FAR - NEAR), 0, 1)
    return shift, rise**2 * (3 - 2 * rise)


def _carry(points: np.ndarray, arm: Arm, shift: np.ndarray, sizes: Sizes) -> np.ndarray:
    """The points with a hand shifted (T, D) as far as the arm reaches, the elbow taking its share."""
    whole = sizes.upper_arm + sizes.forearm
    wrist = points[:, arm.wrist] - points[:, arm.shoulder]
    if whole > 0:
        aim = wrist + shift
        # An arm that is already longer than it should be is not made shorter here.
        reach = np.maximum(whole, np.linalg.norm(wrist, axis=1))
        far = np.linalg.norm(aim, axis=1)
        shift = aim * np.minimum(1, reach / np.maximum(far, 1e-12))[:, None] - wrist
    out = points.copy()
    out[:, arm.elbow] += shift * (sizes.upper_arm / whole if whole > 0 else 0.5)
    out[:, arm.wrist] += shift
    out[:, arm.hand] += shift[:, None]
    return out

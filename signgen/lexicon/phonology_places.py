"""What a hand is near to in keypoints: head, body, the other hand or its arm."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from signgen.body.surface import PLACES, SOLIDS, place_point
from signgen.pose.layout import LEFT_ELBOW, LEFT_HAND, LEFT_SHOULDER, LEFT_WRIST, RIGHT_HAND

# Farthest that a hand is from the hand, arm or body that it signs at [m].
AT_HAND, AT_ARM, AT_TORSO, AT_HEAD = 0.090, 0.065, 0.075, 0.120
# Height of the chin [m under the neck], and how much nearer than the head a place of the body must be there.
_CHIN, _NECK = -0.085, 0.04
# The ellipsoid has no shoulders; places of the body count as this much farther away than it [m].
_SHOULDER = 0.012
# What touches lies within about this [m]; an arm is nearer than the hand by this [m] where it is signed at.
_CONTACT, _CLEARLY = 0.020, 0.008


def on_body(hand: np.ndarray, at_head: float, at_torso: float) -> str:
    """Head or body within these distances [m]; of both the head, unless places of the body are clearly nearer."""
    head, torso = (_solid_gap(hand, *solid) for solid in SOLIDS)
    is_at_head = head < at_head and float(np.median(hand[..., 1].min(axis=1))) < _CHIN
    to_head, to_body = (
        np.linalg.norm(hand[:, :, None] - np.array(places), axis=-1).min() for places in _places()
    )
    is_at_torso = min(torso, to_body + _SHOULDER) < at_torso
    if is_at_head and is_at_torso:
        return "Head" if to_head < to_body + _NECK else "Body"
    return "Head" if is_at_head else "Body" if is_at_torso else "Neutral"


@lru_cache(maxsize=1)
def _places() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Points of the head and of the body that signs are made at [m]."""
    names = [name for name in PLACES if not name.startswith("neutral")]
    points = {name: [place_point(name, side)[0] for side in (-1, 0, 1)] for name in names}
    head = [point for name in names if PLACES[name][1] < _CHIN for point in points[name]]
    return head, [point for name in names if PLACES[name][1] >= _CHIN for point in points[name]]


def gaps(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 25) distances of the points of the first hand from the second hand and from its arm [m].

    Middles of the palm's bones count as points of a hand; wrist and root of the thumb belong to the arm.
    """
    first, second = (
        np.concatenate([hand, (hand[:, :1] + hand[:, [5, 9, 13, 17]]) / 2], axis=1)
        for hand in (points[:, RIGHT_HAND], points[:, LEFT_HAND])
    )
    chain = [points[:, i] for i in (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST)]
    shares = np.linspace(0.05, 1.0, 16)[:, None, None]
    arm = np.concatenate([a + shares * (b - a) for a, b in pairwise(chain)]).transpose(1, 0, 2)
    to_hand, to_arm = (
        np.linalg.norm(first[:, :, None] - other[:, None], axis=-1).min(axis=-1)
        for other in (second[:, 2:], arm)
    )
    return to_hand, to_arm


def is_at_arm(to_hand: np.ndarray, to_arm: np.ndarray) -> bool:
    """Whether the first hand signs at the second arm and not at its hand: what is near to it on the whole."""
    nearest = np.minimum(to_hand, to_arm)
    weights = np.exp(-(nearest - nearest.min()) / _CONTACT)
    return float(np.average(to_arm - to_hand, weights=weights)) < -_CLEARLY


def _solid_gap(hand: np.ndarray, centre: np.ndarray, axes: np.ndarray) -> float:
    """About how far the nearest keypoint is from an ellipsoid [m]."""
    away = hand - centre
    radius = np.linalg.norm(away / axes, axis=-1)
    return float((np.linalg.norm(away, axis=-1) * (1 - 1 / np.maximum(radius, 1e-6))).min())

"""Choose the variant of each sign and the frames where neighbours meet, over the whole sentence (Viterbi).

A join costs the distance that hands and fingers must travel between the two frames plus a quarter of their
velocity mismatch; cutting into a sign costs the travel that is lost. The face takes no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.kernels import cheapest_path, join_cost

WINDOW_SECONDS = 0.3
WINDOW_SHARE = 0.3
VELOCITY_WEIGHT = 0.25
HANDSHAPE_WEIGHT = 0.5
# Cost of a hand that only one of the two frames has.
ABSENT = 0.3
LOST_TRAVEL_WEIGHT = 2.0
# Weights that turn a squared difference of `features` into a squared cost; velocities are per transition time.
WEIGHTS = np.concatenate(
    [[0.0], np.ones(2), np.full(2, (VELOCITY_WEIGHT * 0.1) ** 2), np.full(42, HANDSHAPE_WEIGHT**2 / 21 * 4)]
)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One variant of a sign, already cropped.

    Attributes:
        clip: the whole recording.
        start: first frame of the sign.
        stop: one past its last.
    """

    clip: Clip
    start: int
    stop: int


@dataclass(frozen=True)
class Choice:
    """The variant chosen for a sign and the frames it is cut to, ``start`` to one before ``stop``."""

    variant: int
    start: int
    stop: int


def choose(signs: Sequence[Sequence[Candidate]]) -> list[Choice]:
    """The cheapest way through a sentence.

    Args:
        signs: the candidates of each sign, none empty.

    Returns:
        one choice per sign.
    """
    variant: list[int] = []
    frame: list[int] = []
    lost: list[np.ndarray] = []
    features: list[np.ndarray] = []
    bounds = [0]
    for sign in signs:
        for is_exit in (False, True):
            for v, candidate in enumerate(sign):
                window = _window(candidate)
                first = candidate.stop - window if is_exit else candidate.start
                edge = candidate.stop - 1 if is_exit else first
                travel = candidate.clip.travel
                variant += [v] * window
                frame += range(first, first + window)
                lost.append(travel[first : first + window] - travel[edge])
                features.append(candidate.clip.features[first : first + window])
            bounds.append(len(frame))
    frames, variants = np.array(frame), np.array(variant)
    cost = LOST_TRAVEL_WEIGHT * np.abs(np.concatenate(lost))
    path = cheapest_path(np.concatenate(features), variants, frames, cost, np.array(bounds), WEIGHTS, ABSENT)
    return [
        Choice(int(variants[a]), int(frames[a]), int(frames[b]) + 1)
        for a, b in zip(path[::2], path[1::2], strict=True)
    ]


def distance(before: Clip, after: Clip) -> float:
    """Cost of joining the last frame of one clip to the first of another [shoulder widths]."""
    return float(join_cost(before.features[-1], after.features[0], WEIGHTS, ABSENT))


def _window(candidate: Candidate) -> int:
    length = candidate.stop - candidate.start
    return max(1, min(int(WINDOW_SECONDS * candidate.clip.fps), int(WINDOW_SHARE * length)))

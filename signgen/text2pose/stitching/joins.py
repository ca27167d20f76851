"""Choose the variant of each sign and the frames where neighbours meet, over the whole sentence (Viterbi).

A join costs the distance that hands and fingers must travel between the two frames plus a quarter of their
velocity mismatch; cutting into a sign costs the travel that is lost. The face takes no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.text2pose.stitching.clip import Clip

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
    layers = [options for sign in signs for options in (_entries(sign), _exits(sign))]
    variant, frame, lost, features = (np.concatenate(column) for column in zip(*layers, strict=True))
    bounds = np.concatenate([[0], np.cumsum([len(layer[0]) for layer in layers])])
    from signgen.text2pose.stitching.kernels import cheapest_path

    path = cheapest_path(features, variant, frame, lost, bounds, WEIGHTS, ABSENT)
    return [
        Choice(int(variant[a]), int(frame[a]), int(frame[b]) + 1)
        for a, b in zip(path[::2], path[1::2], strict=True)
    ]


def distance(before: Clip, after: Clip) -> float:
    """Cost of joining the last frame of one clip to the first of another [shoulder widths]."""
    from signgen.text2pose.stitching.kernels import join_cost

    return float(join_cost(before.features[-1], after.features[0], WEIGHTS, ABSENT))


_Layer = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _entries(sign: Sequence[Candidate]) -> _Layer:
    return _layer(sign, [np.arange(c.start, c.start + _window(c)) for c in sign], [c.start for c in sign])


def _exits(sign: Sequence[Candidate]) -> _Layer:
    return _layer(sign, [np.arange(c.stop - _window(c), c.stop) for c in sign], [c.stop - 1 for c in sign])


def _layer(sign: Sequence[Candidate], frames: Sequence[np.ndarray], edges: Sequence[int]) -> _Layer:
    """Variant, frame, lost travel and features of each option."""
    lost = []
    for candidate, chosen, edge in zip(sign, frames, edges, strict=True):
        travel = np.cumsum(candidate.clip.wrist_speed) / candidate.clip.fps
        lost.append(LOST_TRAVEL_WEIGHT * np.abs(travel[chosen] - travel[edge]))
    return (
        np.concatenate([np.full(len(chosen), v) for v, chosen in enumerate(frames)]),
        np.concatenate(frames),
        np.concatenate(lost),
        np.concatenate([c.clip.features[chosen] for c, chosen in zip(sign, frames, strict=True)]),
    )


def _window(candidate: Candidate) -> int:
    length = candidate.stop - candidate.start
    return max(1, min(int(WINDOW_SECONDS * candidate.clip.fps), int(WINDOW_SHARE * length)))

"""How long signs, transitions and pauses last, and how a recording is bent to fit.

The default profile was fitted by ``benchmarks/fit_duration_profile.py`` from 61,614 aligned glosses of
PHOENIX14T, 98 of DGS sentences and the 2,179 citation forms of ASL-LEX 2.0 (see docs/stitching.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class DurationProfile:
    """The tempo of a corpus of continuous signing.

    Attributes:
        citation: 5th, 25th, 50th, 75th and 95th percentile of citation forms [s].
        continuous: the same percentiles of signs in sentences, transition included [s].
        sign_share: share of that time that lies inside the sign.
        final_factor: how much longer the last sign of a sentence lasts.
        letter: hold of a fingerspelled letter [s].
        letter_final: how much longer the first and last letter of a word are held.
        slow_wrist: lower bound of the speed that sizes a transition [shoulder widths per second].
        fast_wrist: its upper bound.
        shortest_transition: [s].
        longest_transition: [s].
        jerk: wrist jerk above which a transition is made longer [shoulder widths per second cubed]; inside signs the
            95th percentile is 513 for the letters of ASL and 433 in fluent DGS sentences.
        written: share of its own duration that a sign gets which was written and not recorded: it is made at one even,
            unhurried tempo, without the long holds of citation forms.
        letter_transition: shortest transition between letters, whose fingers have further to go than the hand [s].
    """

    citation: tuple[float, ...] = (0.40, 0.67, 0.83, 1.03, 1.37)
    continuous: tuple[float, ...] = (0.16, 0.32, 0.52, 0.72, 1.16)
    sign_share: float = 0.61
    final_factor: float = 1.30
    letter: float = 0.17
    letter_final: float = 1.5
    slow_wrist: float = 2.5
    fast_wrist: float = 6.0
    shortest_transition: float = 0.08
    longest_transition: float = 0.40
    letter_transition: float = 0.13
    written: float = 0.75
    jerk: float = 390.0

    def sign_seconds(self, natural: float, is_final: bool = False) -> float:
        """Duration of a sign in a sentence from its duration as a citation form, by matching percentiles [s]."""
        seconds = self.sign_share * float(
            np.exp(np.interp(np.log(natural), np.log(self.citation), np.log(self.continuous)))
        )
        return seconds * (self.final_factor if is_final else 1.0)

    def written_seconds(self, natural: float, is_final: bool = False) -> float:
        """Duration in a sentence of a sign whose movement was written [s]."""
        return self.written * natural * (self.final_factor if is_final else 1.0)

    def letter_seconds(self, is_edge: bool) -> float:
        """How long a letter is held; the first and the last of a word are held longer [s]."""
        return self.letter * (self.letter_final if is_edge else 1.0)

    def shortest(self, is_letter: bool) -> float:
        """Shortest transition between two signs or two letters [s]."""
        return self.letter_transition if is_letter else self.shortest_transition

    def transition_seconds(self, gap: float, speed: float, is_letter: bool = False) -> float:
        """Duration of the movement over ``gap`` between signs that move at ``speed`` (shoulder widths, per second)."""
        seconds = gap / min(max(speed, self.slow_wrist), self.fast_wrist)
        return min(max(seconds, self.shortest(is_letter)), self.longest_transition)


DEFAULT_PROFILE = DurationProfile()

# A frame this much slower than the clip's median, or than this speed [shoulder widths per second], is a hold.
HOLD_SHARE = 0.15
HOLD_SPEED = 0.3
SHORTEST_HOLD = 0.05
LONGEST_HOLD = 3.0
FASTEST = 2.0


@njit(cache=True, nogil=True)
def warp(speed: np.ndarray, count: int, fastest: float = FASTEST) -> tuple[np.ndarray, bool]:
    """Positions of ``count`` frames in a clip: holds give way first, then all frames alike.

    Args:
        speed: (T,) wrist speed of the clip's frames [shoulder widths per second].
        count: wanted number of frames.
        fastest: movement may run at up to this many times its recorded speed.

    Returns:
        (n,) positions from 0 to T - 1 and whether that limit made n larger than ``count``.
    """
    intervals = len(speed) - 1
    if intervals < 1:
        return np.zeros(max(count, 1)), False
    slow = max(HOLD_SHARE * np.median(speed), HOLD_SPEED)
    still = 0
    for t in range(intervals):
        still += speed[t + 1] < slow
    moving = intervals - still
    total = max(count - 1, 1)
    shortest = moving / fastest + SHORTEST_HOLD * still
    is_capped = total < shortest - 1e-9
    if is_capped:
        total = int(np.ceil(shortest))
    hold = min(max((total - moving) / still, SHORTEST_HOLD), LONGEST_HOLD) if still else 1.0
    length = moving + hold * still
    positions = np.empty(total + 1)
    t, time = 0, 0.0
    for i in range(total + 1):
        wanted = length * i / total
        while t < intervals - 1:
            weight = hold if speed[t + 1] < slow else 1.0
            if time + weight >= wanted:
                break
            time += weight
            t += 1
        weight = hold if speed[t + 1] < slow else 1.0
        positions[i] = min(t + (wanted - time) / weight, float(intervals))
    return positions, is_capped


def odd_frames(count: float) -> int:
    """The odd number nearest to ``count``, at least 1: a movement then has a frame at its very middle.

    >>> [odd_frames(count) for count in (0.2, 2.9, 3.0, 4.1)]
    [1, 3, 3, 5]
    """
    return max(1, 2 * round((count - 1) / 2) + 1)

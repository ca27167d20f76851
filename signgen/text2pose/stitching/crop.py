"""Cut rest, lead-in and lead-out off a recording by hand travel.

A citation form starts at rest, travels to the place of the sign (lead-in), is performed, and travels back.
The sign begins where the raised hand first comes to a near stop, as sign onset is annotated in ASL-LEX 2.0
("the first frame in which the fully formed handshape ... arrives at the target location").
"""

from __future__ import annotations

import numpy as np

from signgen.text2pose.stitching.clip import SIDES, Clip

MIN_FRAMES = 4
# The hand rises by more than this from the clip's first frame to the sign: there is a lead-in to cut.
RISE = 0.25
# A recording that starts at this speed [shoulder widths per second] was cut while the hand still travelled.
TRAVELLING = 1.0
# A lead-in is over when the speed has fallen to this share of its peak, or turns up again below the second one.
ARRIVED = 0.15
TURNED = 0.6
# Travel before this share of the whole path belongs to rest.
STILL = 0.02


def active_span(clip: Clip) -> tuple[int, int]:
    """First frame of the sign and one past its last; at least four frames where the clip has as many."""
    count = len(clip)
    if count <= MIN_FRAMES:
        return 0, count
    side = dominant_side(clip)
    height = _height(clip, side)
    speed = _smoothed(clip.side_speeds[side])
    start = _onset(speed, height)
    stop = count - _onset(speed[::-1], height[::-1])
    if stop - start < MIN_FRAMES:
        middle = min(max((start + stop) // 2, MIN_FRAMES // 2), count - MIN_FRAMES // 2)
        start, stop = middle - MIN_FRAMES // 2, middle + MIN_FRAMES // 2
    return start, stop


def stillest(clip: Clip, start: int, stop: int, count: int) -> tuple[int, int]:
    """The ``count`` consecutive frames of a span in which wrist and fingers move least."""
    if stop - start <= count:
        return start, stop
    step = np.abs(np.diff(clip.features[start:stop], axis=0)).sum(axis=(1, 2))
    total = np.concatenate([[0.0], np.cumsum(step)])
    first = start + int(np.argmin(total[count - 1 :] - total[: len(total) - count + 1]))
    return first, first + count


def dominant_side(clip: Clip) -> int:
    """0 (left) or 1 (right): the hand that is seen and travels more; right if they tie."""
    travel = clip.side_speeds.sum(axis=1) / clip.fps
    seen = [(clip.confidence[:, first] > 0).mean() for _, _, first in SIDES]
    score = [seen[i] * (1.0 + travel[i]) for i in range(2)]
    return 0 if score[0] > score[1] * 1.05 else 1


def _height(clip: Clip, side: int) -> np.ndarray:
    """(T,) height of the wrist above the neck, in shoulder widths; a wrist not seen counts as hanging down."""
    wrist = SIDES[side][0]
    return np.where(clip.confidence[:, wrist] > 0, -clip.points[:, wrist, 1], -2.0)


def _smoothed(speed: np.ndarray) -> np.ndarray:
    padded = np.pad(speed, 1, mode="edge")
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _onset(speed: np.ndarray, height: np.ndarray) -> int:
    count = len(speed)
    raised = float(np.median(height[count // 4 : count - count // 4]))
    if height[0] > raised - RISE and speed[0] < TRAVELLING:
        travel = np.cumsum(speed)
        moved = int(np.searchsorted(travel, STILL * travel[-1])) if travel[-1] > 0 else 0
        return min(moved, count // 3)
    # The lead-in is the first burst of speed; it ends where the hand is up and slow or turns to the sign itself.
    half = max(2, int(0.6 * count))
    falling = np.flatnonzero(np.diff(speed[: half + 1]) < 0)
    peak = int(falling[0]) if len(falling) else half
    for t in range(peak, half):
        is_up = height[t] > raised - RISE
        is_turning = speed[t] < speed[t + 1] and speed[t] < TURNED * speed[peak]
        if is_up and (speed[t] <= ARRIVED * speed[peak] or is_turning):
            return t
    above = np.flatnonzero(height[:half] > raised - RISE)
    return int(above[0]) if len(above) else 0

"""Cut rest, lead-in and lead-out off a recording by hand travel.

A citation form starts at rest, travels to the place of the sign (lead-in), is performed, and travels back.
The sign begins where the raised hand first comes to a near stop, as sign onset is annotated in ASL-LEX 2.0
("the first frame in which the fully formed handshape ... arrives at the target location").
"""

from __future__ import annotations

import numpy as np
from numba import njit

from signgen.text2pose.stitching.clip import HANDS, WRISTS, Clip

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
    span: tuple[int, int] = _active_span(
        clip.points, clip.confidence, clip.side_speeds, clip.fps, WRISTS, HANDS
    )
    return span


def stillest(clip: Clip, start: int, stop: int, count: int) -> tuple[int, int]:
    """The ``count`` consecutive frames of a span in which wrist and fingers move least."""
    if stop - start <= count:
        return start, stop
    first = int(_stillest(clip.features, start, stop, count))
    return first, first + count


@njit(cache=True, nogil=True)
def _active_span(
    points: np.ndarray,
    confidence: np.ndarray,
    speeds: np.ndarray,
    fps: float,
    wrists: np.ndarray,
    hands: np.ndarray,
) -> tuple[int, int]:
    count = len(points)
    if count <= MIN_FRAMES:
        return 0, count
    side = _dominant_side(confidence, speeds, fps, hands)
    height = np.empty(count)
    for t in range(count):
        # A wrist that is not seen counts as hanging down.
        height[t] = -points[t, wrists[side], 1] if confidence[t, wrists[side]] > 0 else -2.0
    speed = np.empty(count)
    for t in range(count):
        speed[t] = (speeds[side, max(t - 1, 0)] + speeds[side, t] + speeds[side, min(t + 1, count - 1)]) / 3
    start = _onset(speed, height)
    stop = count - _onset(speed[::-1], height[::-1])
    if stop - start < MIN_FRAMES:
        middle = min(max((start + stop) // 2, MIN_FRAMES // 2), count - MIN_FRAMES // 2)
        start, stop = middle - MIN_FRAMES // 2, middle + MIN_FRAMES // 2
    return start, stop


@njit(cache=True, nogil=True)
def _dominant_side(confidence: np.ndarray, speeds: np.ndarray, fps: float, hands: np.ndarray) -> int:
    """0 (left) or 1 (right): the hand that is seen and travels more; right if they tie."""
    score = np.zeros(2)
    for side in range(2):
        seen = 0
        for t in range(len(confidence)):
            seen += confidence[t, hands[side]] > 0
        score[side] = seen / len(confidence) * (1.0 + speeds[side].sum() / fps)
    return 0 if score[0] > score[1] * 1.05 else 1


@njit(cache=True, nogil=True)
def _onset(speed: np.ndarray, height: np.ndarray) -> int:
    count = len(speed)
    raised = np.median(height[count // 4 : count - count // 4])
    if height[0] > raised - RISE and speed[0] < TRAVELLING:
        total, travel = speed.sum(), 0.0
        for t in range(count // 3):
            travel += speed[t]
            if travel >= STILL * total:
                return t
        return count // 3
    # The lead-in is the first burst of speed; it ends where the hand is up and slow or turns to the sign itself.
    half = max(2, int(0.6 * count))
    peak = 0
    while peak < half and speed[peak + 1] >= speed[peak]:
        peak += 1
    for t in range(peak, half):
        is_up = height[t] > raised - RISE
        is_turning = speed[t] < speed[t + 1] and speed[t] < TURNED * speed[peak]
        if is_up and (speed[t] <= ARRIVED * speed[peak] or is_turning):
            return t
    for t in range(half):
        if height[t] > raised - RISE:
            return t
    return 0


@njit(cache=True, nogil=True)
def _stillest(features: np.ndarray, start: int, stop: int, count: int) -> int:
    step = np.zeros(stop - start)
    for t in range(start + 1, stop):
        for side in range(2):
            for j in range(features.shape[2]):
                step[t - start] += abs(features[t, side, j] - features[t - 1, side, j])
    best, first = np.inf, start
    for t in range(start, stop - count + 1):
        total = step[t - start + 1 : t - start + count].sum()
        if total < best - 1e-12:
            best, first = total, t
    return first

"""Transitions in space: for poses whose depth is real, so that arms pass round the body and not through it."""

from __future__ import annotations

import numpy as np

from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.body.surface import HEAD, TORSO
from signgen.pose.bones import IS_RIGID, ORDER
from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.motion import BODY_HZ, filters
from signgen.text2pose.stitching.clip import WRISTS, Clip

# Shoulder, elbow, wrist, first keypoint of the hand of the signer's left and right.
ARMS = np.array(
    [
        (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND.start),
        (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND.start),
    ]
)
# What arms stay out of, in shoulder widths from the neck: head, trunk, hips and both thighs; centre, half axes [m].
_HIPS = ((0.0, 0.560, 0.0), (0.200, 0.200, 0.118))
_THIGHS = [((x, 0.740, -0.010), (0.100, 0.280, 0.110)) for x in (-0.100, 0.100)]
BODIES = np.array([HEAD, TORSO, _HIPS, *_THIGHS]) / SHOULDER_WIDTH
# The way of a hand bulges forward by this share of its length.
RISE = 0.05
# A hand turns by one radian in the time in which it goes this far [shoulder widths].
TURN_WAY = 0.4


def are_in_space(before: Clip, after: Clip) -> bool:
    """Whether the movement from one clip to the next can be made in space."""
    return before.is_spatial and after.is_spatial and bool(_moved_arms(before, after).any())


def farthest_reach(before: Clip, after: Clip) -> float:
    """Way of the wrist that goes farther, or the way that is worth the turn of its hand [shoulder widths]."""
    from signgen.text2pose.stitching.reach_kernels import farthest

    way, turn = farthest(before.points[-1], after.points[0], ARMS)
    return max(way, turn * TURN_WAY)


def bridge_in_space(
    before: Clip,
    after: Clip,
    count: int,
    wanted: float,
    limit: float,
    longest: float,
    context: int,
    leads: tuple[np.ndarray, float, float],
    moving: np.ndarray,
) -> tuple[Clip, float]:
    """Like `signgen.pose.smooth_kernels.bridge`, with arms and hands that move in space.

    Args:
        before: the clip before.
        after: the clip after.
        count: frames to begin with.
        wanted: the number of frames, not rounded, that it should have.
        limit: largest jerk of the smoothed wrists in the picture.
        longest: a transition with this many frames is not made longer.
        context: frames on either side that the smoothing depends on.
        leads: share of the time after which each bone (K,), the palms and the fingers are ready.
        moving: (K,) bones that take over the speed of the neighbouring frames.
    """
    from signgen.pose.smooth_kernels import peak_jerk, transition
    from signgen.text2pose.stitching.reach_kernels import reach

    lead, palm_lead, finger_lead = leads
    is_moved, fps = _moved_arms(before, after), before.fps
    a, a_seen = _two(before.points, -1), _two(before.confidence, -1)
    b, b_seen = _two(after.points, 0), _two(after.confidence, 0)
    way = (a, b, ARMS, is_moved, (palm_lead, finger_lead, RISE), BODIES)
    while True:
        points, confidence = transition(a, a_seen, b, b_seen, count, lead, moving, PARENTS, ORDER, IS_RIGID)
        reach(points, *way, False)
        if count >= longest or not np.isfinite(limit):
            break
        track = np.concatenate((before.points[-context:], points, after.points[:context]))[:, WRISTS, :2]
        first = min(context, len(before))
        span = first - 1, first + count + 1
        jerk = max(
            peak_jerk(np.ascontiguousarray(track[:, i]), fps, filters(fps, BODY_HZ), *span) for i in (0, 1)
        )
        if jerk <= limit:
            break
        wanted = max(wanted, (count + 1) * (jerk / limit) ** (1 / 3) - 1)
        count = max(count + 2, 2 * round((wanted - 1) / 2) + 1)
    reach(points, *way, True)
    return Clip(points, confidence, np.full(count, np.nan), fps, is_spatial=True), wanted


def _two(frames: np.ndarray, place: int) -> np.ndarray:
    """The last two frames (``place`` -1) or the first two (0); one alone twice."""
    pair = frames[-2:] if place else frames[:2]
    return np.ascontiguousarray(pair if len(pair) == 2 else np.repeat(pair, 2, axis=0))


def _moved_arms(before: Clip, after: Clip) -> np.ndarray:
    """(2,) whether an arm with its hand is whole on both sides."""
    seen = np.minimum(before.confidence[-1], after.confidence[0]) > 0
    found: np.ndarray = seen[ARMS[:, :3]].all(axis=1) & np.array([seen[a : a + 21].all() for a in ARMS[:, 3]])
    return found

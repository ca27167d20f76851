"""Compiled: an arm with its hand between two poses in space, round the body and the other arm.

The wrist goes its way by a quintic and bulges where something is in between; the elbow swings evenly about the line
from shoulder to wrist; the hand turns at the wrist and the fingers at their joints, each between the angles it has
at both ends, so that no joint is bent further on the way than at the ends. A left arm is worked out as the mirror
image of a right one. Shoulder widths; x right, y down, z away from the camera.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Points of an arm: shoulder, elbow, wrist, then the 21 keypoints of the hand.
ARM_SIZE = 24
# Of a hand: numbers that tell its pose (swivel, lengths of both arm bones, bend about two axes, twist) before the
# direction of 20 bones in the frame of the bone before, and their lengths.
_SWIVEL, _UPPER, _FORE, _BEND_Y, _BEND_Z, _TWIST, _BONES = 0, 1, 2, 3, 4, 5, 6
_STATE = _BONES + 20 * 4
# An elbow so near [of the upper arm] to the line from shoulder to wrist tells no swivel.
_STRAIGHT = 0.06
# A forearm turns through its rest even if the other way round is shorter, up to this turn [rad].
_MOST_TWIST = 4.0
# No nearer does a wrist come to its shoulder [shoulder widths].
_NEAREST = 0.5
# Part of a forearm, from the elbow, at which it is held against bodies, and how thick it and a hand are
# [shoulder widths].
_FOREARM_AT = (0.4, 0.6, 0.8)
_FOREARM_RADIUS, _HAND_RADIUS = 0.11, 0.05
_SAMPLES = 24
# So deep a point may be in what its flesh touches [shoulder widths].
_TOLERANCE = 0.006
# Ways to swing out of a body: directions for a right hand; amplitudes [shoulder widths] of which the least that is
# free of it is taken, and what a shoulder width of it costs against one of depth, summed over points and frames.
_WAYS = np.array(
    [(0, 0, -1), (-0.6, 0, -0.8), (0.5, 0, -0.87), (0, -0.6, -0.8), (0, 0.6, -0.8), (-1, 0, 0)],
    dtype=np.float64,
)
_SIZES = (0.07, 0.14, 0.21, 0.3, 0.42, 0.6)
_COST = 0.4


@njit(cache=True, nogil=True)
def reach(
    points: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    arms: np.ndarray,
    is_moved: np.ndarray,
    manner: tuple[float, float, float],
    bodies: np.ndarray,
    is_watchful: bool,
) -> None:
    """Put the arms of a transition where they go in space, in place.

    Args:
        points: (T, K, 3) frames of the transition, with everything else in place.
        before: (2, K, 3) the last two frames on the way in.
        after: (2, K, 3) the first two on the way out.
        arms: (2, 4) shoulder, elbow, wrist and first hand keypoint of the signer's left and right arm.
        is_moved: (2,) which arms.
        manner: share of the time after which the hand has turned, share after which the fingers are ready, and how far
            the way bulges forward, of its length.
        bodies: (n, 2, 3) centres and half axes of ellipsoids that arms stay out of.
        is_watchful: go round bodies and the other arm.
    """
    count = len(points)
    tracks = np.empty((2, count, ARM_SIZE, 3))
    ends = np.empty((2, 2, ARM_SIZE, 3))
    for side in range(2):
        _gather(before[1], arms[side], ends[side, 0])
        _gather(after[0], arms[side], ends[side, 1])
        for i in range(count):
            _gather(points[i], arms[side], tracks[side, i])
    for side in range(2):
        if not is_moved[side]:
            continue
        flip = -1.0 if side == 0 else 1.0
        _, elbow, wrist, first = arms[side]
        steps = np.empty((2, 3))
        steps[0], steps[1] = before[1, wrist] - before[0, wrist], after[1, wrist] - after[0, wrist]
        steps = _mirrored(steps * (count + 1), flip)
        track, pair = _mirrored(tracks[side], flip), _mirrored(ends[side], flip)
        # The left arm goes first, and the right one round it.
        others = np.empty((side * (count + 2), ARM_SIZE, 3))
        if side == 1:
            others[:2], others[2:] = ends[0], tracks[0]
        _free_way(track, pair, steps, manner, bodies, others, is_watchful)
        tracks[side] = _mirrored(track, flip)
        for i in range(count):
            points[i, elbow], points[i, wrist] = tracks[side, i, 1], tracks[side, i, 2]
            points[i, first : first + 21] = tracks[side, i, 3:]


@njit(cache=True, nogil=True)
def farthest(before: np.ndarray, after: np.ndarray, arms: np.ndarray) -> tuple[float, float]:
    """Way of the wrist that goes farther, and the turn of the hand that turns farther [rad], between two frames."""
    way, turn = 0.0, 0.0
    a, b = np.empty((ARM_SIZE, 3)), np.empty((ARM_SIZE, 3))
    for side in range(2):
        _gather(before, arms[side], a)
        _gather(after, arms[side], b)
        way = max(way, _norm(b[2] - a[2]))
        trace = np.sum(_hand_frame(a) * _hand_frame(b))
        turn = max(turn, math.acos(min(max((trace - 1) / 2, -1.0), 1.0)))
    return way, turn


@njit(cache=True, nogil=True)
def _gather(frame: np.ndarray, arm: np.ndarray, out: np.ndarray) -> None:
    out[0], out[1], out[2] = frame[arm[0]], frame[arm[1]], frame[arm[2]]
    out[3:] = frame[arm[3] : arm[3] + 21]


@njit(cache=True, nogil=True)
def _mirrored(frames: np.ndarray, flip: float) -> np.ndarray:
    out = frames.copy()
    out[..., 0] *= flip
    return out


@njit(cache=True, nogil=True)
def _free_way(
    track: np.ndarray,
    ends: np.ndarray,
    steps: np.ndarray,
    manner: tuple[float, float, float],
    bodies: np.ndarray,
    others: np.ndarray,
    is_watchful: bool,
) -> None:
    """The arm's way with the least bulge that is free of bodies and the other arm, into ``track``."""
    states = _states(ends, len(track), manner[0], manner[1])
    straight = np.zeros(3)
    straight[2] = -manner[2] * _norm(ends[1, 2] - ends[0, 2])
    _go(track, ends, states, steps, straight)
    if not is_watchful:
        return
    least = _trespass(track, ends, bodies, others)
    if least == 0.0:
        return
    best, tried = straight, track.copy()
    for way in range(len(_WAYS)):
        for size in _SIZES:
            bulge = straight + size * _WAYS[way]
            if least <= _COST * size:
                break
            _go(tried, ends, states, steps, bulge)
            inside = _trespass(tried, ends, bodies, others)
            cost = inside + _COST * size * (1.0 if way == 0 else 1.15)
            if cost < least:
                least, best = cost, bulge
            if inside == 0.0:
                break
    _go(track, ends, states, steps, best)


@njit(cache=True, nogil=True)
def _trespass(track: np.ndarray, ends: np.ndarray, bodies: np.ndarray, others: np.ndarray) -> float:
    """How deep points of the arm are in bodies, or in the other arm, beyond what they are at the ends, summed.

    ``others`` is the other arm at both ends and then in each frame, or empty.
    """
    total, has_other = 0.0, len(others) > 0
    mine, theirs = np.empty((3, _SAMPLES, 4)), np.empty((3, _SAMPLES, 4))
    for e in range(2):
        _sample_arm(ends[e], mine[e])
        if has_other:
            _sample_arm(others[e], theirs[e])
    for i in range(len(track)):
        u = (i + 1) / (len(track) + 1)
        _sample_arm(track[i], mine[2])
        if has_other:
            _sample_arm(others[2 + i], theirs[2])
        for j in range(_SAMPLES):
            for body in bodies:
                depth = _depth(mine[2, j], body)
                if depth > 0:
                    total += max(depth - _allowed(_depth(mine[0, j], body), _depth(mine[1, j], body), u), 0.0)
            for k in range(_SAMPLES if has_other else 0):
                depth = _nearness(mine[2, j], theirs[2, k])
                if depth > 0:
                    first, last = _nearness(mine[0, j], theirs[0, k]), _nearness(mine[1, j], theirs[1, k])
                    total += max(depth - _allowed(first, last, u), 0.0)
    return total


@njit(cache=True, nogil=True)
def _allowed(first: float, last: float, u: float) -> float:
    """Depth that is let pass at ``u``: what touches at an end comes off, or comes in, little by little."""
    return max(first, 0.0) * (1 - u) + max(last, 0.0) * u + _TOLERANCE


@njit(cache=True, nogil=True)
def _sample_arm(arm: np.ndarray, out: np.ndarray) -> None:
    """Points of forearm and hand (24, 3) with their radius."""
    for j in range(3):
        for d in range(3):
            out[j, d] = arm[1, d] + _FOREARM_AT[j] * (arm[2, d] - arm[1, d])
        out[j, 3] = _FOREARM_RADIUS
    out[3:, :3] = arm[3:]
    out[3:, 3] = _HAND_RADIUS


@njit(cache=True, nogil=True)
def _depth(ball: np.ndarray, body: np.ndarray) -> float:
    """How deep a ball (x, y, z, radius) is in an ellipsoid, to first order; below 0 outside."""
    square, slope, half = 0.0, 0.0, 0.0
    for d in range(3):
        half = body[1, d] + ball[3]
        q = (ball[d] - body[0, d]) / half
        square += q * q
        slope += (q / half) ** 2
    if square > 1.0:
        return -1.0
    radius = math.sqrt(square)
    return (1 - radius) * radius / math.sqrt(max(slope, 1e-12))


@njit(cache=True, nogil=True)
def _nearness(a: np.ndarray, b: np.ndarray) -> float:
    """How much two balls overlap."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    overlap: float = a[3] + b[3] - math.sqrt(x * x + y * y + z * z)
    return overlap


@njit(cache=True, nogil=True)
def _go(
    track: np.ndarray, ends: np.ndarray, states: np.ndarray, steps: np.ndarray, bulge: np.ndarray
) -> None:
    """Put an arm (T, 24, 3), whose shoulder is in place, in its ``states`` on a way that ``bulge``s, in place."""
    count = len(track)
    wrist, slow = np.empty(3), np.empty(2)
    # A fast sign overshoots by no more than a little.
    limit = 1.2 * _norm(ends[1, 2] - ends[0, 2]) + 0.15
    for e in range(2):
        slow[e] = min(1.0, limit / max(_norm(steps[e]), 1e-9))
    for i in range(count):
        u = (i + 1) / (count + 1)
        out = (4 * u * (1 - u)) ** 2
        for d in range(3):
            way = _quintic(ends[0, 2, d], ends[1, 2, d], slow[0] * steps[0, d], slow[1] * steps[1, d], u)
            wrist[d] = way + out * bulge[d]
        _place(track[i], wrist, states[i])


@njit(cache=True, nogil=True)
def _states(ends: np.ndarray, count: int, palm_lead: float, finger_lead: float) -> np.ndarray:
    """(T, 86) numbers that tell the pose of an arm on its way."""
    a, b = _state(ends[0]), _state(ends[1])
    change = _change(a, b)
    states = np.empty((count, _STATE))
    for i in range(count):
        u = (i + 1) / (count + 1)
        arm, palm, fingers = _ease(u), _ease(min(1.0, u / palm_lead)), _ease(min(1.0, u / finger_lead))
        for n in range(_BONES):
            states[i, n] = a[n] + (arm if n < _BEND_Y else palm) * change[n]
        for n in range(_BONES, _STATE, 4):
            _slerp(a, b, states[i], n, fingers)
            states[i, n + 3] = a[n + 3] + fingers * (b[n + 3] - a[n + 3])
    return states


@njit(cache=True, nogil=True)
def _change(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Change of the arm's numbers; the elbow swings the short way, the forearm turns through its rest."""
    change: np.ndarray = b[:_BONES] - a[:_BONES]
    change[_SWIVEL] = _wrapped(change[_SWIVEL])
    if abs(change[_TWIST]) > _MOST_TWIST:
        change[_TWIST] = _wrapped(change[_TWIST])
    return change


@njit(cache=True, nogil=True)
def _state(arm: np.ndarray) -> np.ndarray:
    """The numbers that tell the pose of a right arm (24, 3) from its shoulder on; see `_place`."""
    out = np.zeros(_STATE)
    shoulder, elbow, wrist = arm[0], arm[1], arm[2]
    out[_UPPER], out[_FORE] = _norm(elbow - shoulder), _norm(wrist - elbow)
    axis = _unit(wrist - shoulder)
    side = elbow - shoulder
    side = side - axis * np.sum(axis * side)
    base = _base_pole(axis)
    if _norm(side) > _STRAIGHT * out[_UPPER]:
        out[_SWIVEL] = math.atan2(np.sum(np.cross(axis, base) * side), np.sum(base * side))
    fore = _fore_frame(shoulder, elbow, wrist, out[_SWIVEL])
    hand = _hand_frame(arm)
    relative = fore.T @ hand
    bend = math.acos(min(max(relative[0, 0], -1.0), 1.0))
    across = math.hypot(relative[1, 0], relative[2, 0])
    if across > 1e-9:
        out[_BEND_Y] = -bend * relative[2, 0] / across
        out[_BEND_Z] = bend * relative[1, 0] / across
    twisted = _swing(out[_BEND_Y], out[_BEND_Z]).T @ relative
    out[_TWIST] = math.atan2(twisted[2, 1], twisted[1, 1])
    frame, turned = np.empty((3, 3)), np.empty((3, 3))
    for k in range(4, ARM_SIZE):
        is_palm = k % 4 == 0
        if is_palm:
            frame[:] = hand
        bone = arm[k] - arm[3 if is_palm else k - 1]
        n = _BONES + 4 * (k - 4)
        out[n + 3] = _norm(bone)
        for d in range(3):
            out[n + d] = np.sum(frame[:, d] * bone) / max(out[n + 3], 1e-12)
        turned[:] = frame
        _turn(turned, out, n)
        if not is_palm:
            frame[:] = turned
    return out


@njit(cache=True, nogil=True)
def _place(arm: np.ndarray, wanted: np.ndarray, state: np.ndarray) -> None:
    """Elbow, wrist and hand of a right arm (24, 3) that reaches for ``wanted`` from its shoulder, in place."""
    shoulder = arm[0].copy()
    way = wanted - shoulder
    upper, fore = state[_UPPER], state[_FORE]
    distance = _norm(way)
    axis = way / max(distance, 1e-9)
    reached = min(max(distance, max(_NEAREST, abs(upper - fore) + 1e-3)), (upper + fore) * 0.9995)
    along = (upper * upper - fore * fore + reached * reached) / (2 * reached)
    aside = math.sqrt(max(upper * upper - along * along, 0.0))
    base = _base_pole(axis)
    pole = math.cos(state[_SWIVEL]) * base + math.sin(state[_SWIVEL]) * np.cross(axis, base)
    arm[1] = shoulder + along * axis + aside * pole
    arm[2] = shoulder + reached * axis
    hand = _fore_frame(shoulder, arm[1], arm[2], state[_SWIVEL])
    hand = hand @ _swing(state[_BEND_Y], state[_BEND_Z])
    cosine, sine = math.cos(state[_TWIST]), math.sin(state[_TWIST])
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    hand = hand @ turn
    arm[3] = arm[2]
    frame = np.empty((3, 3))
    for k in range(4, ARM_SIZE):
        is_palm = k % 4 == 0
        if k % 4 < 2:
            # The roots of the fingers are in the frame of the hand, and so is the first bone after each.
            frame[:] = hand
        n, parent = _BONES + 4 * (k - 4), 3 if is_palm else k - 1
        _turn(frame, state, n)
        for d in range(3):
            arm[k, d] = arm[parent, d] + state[n + 3] * frame[d, 0]


@njit(cache=True, nogil=True)
def _base_pole(axis: np.ndarray) -> np.ndarray:
    """Where a right elbow hangs off the line from shoulder to wrist (see `signgen.body.skeleton.elbow_pole`)."""
    hanging = np.array([-0.30, 1.0, 0.35 * axis[1]])
    return _unit(hanging - axis * np.sum(axis * hanging))


@njit(cache=True, nogil=True)
def _fore_frame(shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray, swivel: float) -> np.ndarray:
    """Columns along the forearm, to the thumb, out of the back of a hand at rest between palm up and palm down."""
    axis = _unit(wrist - shoulder)
    base = _base_pole(axis)
    pole = math.cos(swivel) * base + math.sin(swivel) * np.cross(axis, base)
    along = _unit(wrist - elbow)
    # The elbow's hinge, from the swivel: it is known of straight arms too.
    hinge = _unit(np.cross(pole, axis))
    hinge = _unit(hinge - along * np.sum(hinge * along))
    return _columns(along, np.cross(hinge, along), hinge)


@njit(cache=True, nogil=True)
def _hand_frame(arm: np.ndarray) -> np.ndarray:
    """Columns along the palm, to the thumb, out of the back of a right hand."""
    roots = (arm[8] + arm[12] + arm[16] + arm[20]) / 4
    along = _unit(roots - arm[3])
    thumb = arm[8] - arm[20]
    thumb = _unit(thumb - along * np.sum(thumb * along))
    return _columns(along, thumb, np.cross(along, thumb))


@njit(cache=True, nogil=True)
def _columns(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    out = np.empty((3, 3))
    out[:, 0], out[:, 1], out[:, 2] = a, b, c
    return out


@njit(cache=True, nogil=True)
def _turn(frame: np.ndarray, state: np.ndarray, n: int) -> None:
    """Turn a frame by the smallest rotation that brings its x axis to its own direction at ``n``, in place."""
    x, y, z = state[n], state[n + 1], state[n + 2]
    share = 1.0 / max(1.0 + x, 1e-6)
    for d in range(3):
        along = x * frame[d, 0] + y * frame[d, 1] + z * frame[d, 2]
        both = share * (frame[d, 0] + along)
        frame[d, 0] = along
        frame[d, 1] -= y * both
        frame[d, 2] -= z * both


@njit(cache=True, nogil=True)
def _swing(y: float, z: float) -> np.ndarray:
    """Rotation by a vector (0, y, z) [rad]."""
    angle = math.hypot(y, z)
    share = math.sin(angle) / angle if angle > 1e-9 else 1.0
    frame = np.eye(3)
    _turn(frame, np.array([math.cos(angle), share * z, -share * y]), 0)
    return frame


@njit(cache=True, nogil=True)
def _slerp(a: np.ndarray, b: np.ndarray, out: np.ndarray, n: int, done: float) -> None:
    """The unit vector at ``done`` of the arc between those at ``n`` of ``a`` and ``b``, into ``out``."""
    cosine = min(max(a[n] * b[n] + a[n + 1] * b[n + 1] + a[n + 2] * b[n + 2], -1.0), 1.0)
    angle = math.acos(cosine)
    sine = math.sin(angle)
    p, q = (
        (1 - done, done)
        if sine < 1e-6
        else (math.sin((1 - done) * angle) / sine, math.sin(done * angle) / sine)
    )
    for d in range(3):
        out[n + d] = p * a[n + d] + q * b[n + d]


@njit(cache=True, nogil=True)
def _quintic(start: float, end: float, v0: float, v1: float, u: float) -> float:
    """Quintic with velocities ``v0``, ``v1`` (per unit of u) and no acceleration at its ends."""
    gap = end - start
    cubic = 10 * gap - 6 * v0 - 4 * v1 + u * (8 * v0 + 7 * v1 - 15 * gap + u * (6 * gap - 3 * v0 - 3 * v1))
    return start + v0 * u + u * u * u * cubic


@njit(cache=True, nogil=True)
def _ease(u: float) -> float:
    return u * u * u * (10 - 15 * u + 6 * u * u)


@njit(cache=True, nogil=True)
def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


@njit(cache=True, nogil=True)
def _norm(v: np.ndarray) -> float:
    return math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])


@njit(cache=True, nogil=True)
def _unit(v: np.ndarray) -> np.ndarray:
    return v / max(_norm(v), 1e-12)

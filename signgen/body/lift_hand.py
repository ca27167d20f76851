"""Depth of a hand: the jointed hand that looks like its 21 points in every frame and moves without leaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.skeleton import FINGER_BONES, FINGER_ROOTS, THUMB_BONES, THUMB_ROOT

# Deviation of a point in the picture from the hand's, and of its acceleration per frame² [m]. The noise that is found
# is nearer to 0.004; with less of it, what hands usually do weighs less, and depth is nearer to the truth.
NOISE, ACCELERATION = 0.0025, 0.008
# Deviation of depth even where nothing else is likely [m].
DEPTH_NOISE = 0.008
# Long clips are fitted in parts that overlap on both sides [frames].
_PART, _OVERLAP = 400, 16
# Views from which a frame's hand is tried, kept fits per frame, rounds of descent.
_VIEWS, _KEPT, _ROUNDS = 90, 7, 12
# From frame to frame the points of a hand move about so far [m].
_CHANGE = 0.03
# How far the length of a bone may be from the usual one, as a share.
_LENGTH_SPREAD = 0.03
_REFINEMENTS, _STEPS = 3, 6


@dataclass(frozen=True)
class HandModel:
    """Lengths of a hand's 20 bones [m], by the keypoint at their end less one, and (5, 3) directions in the palm."""

    lengths: np.ndarray
    roots: np.ndarray


@dataclass(frozen=True)
class HandFit:
    """A right hand over T frames.

    Attributes:
        points: (T, 21, 3) [m], x and y as in the picture, z from the wrist.
        uncertainty: (T, 21) of z [m].
        is_fitted: (T,) false in frames with too few points, where the rest is of no use.
    """

    points: np.ndarray
    uncertainty: np.ndarray
    is_fitted: np.ndarray


def usual_hand() -> HandModel:
    """The hand of the canonical skeleton."""
    roots = np.concatenate([THUMB_ROOT[None], FINGER_ROOTS])
    first = np.linalg.norm(roots, axis=1)
    bones = np.concatenate([np.array(THUMB_BONES)[None], FINGER_BONES])
    return HandModel(np.concatenate([first[:, None], bones], axis=1).ravel(), roots / first[:, None])


def views(count: int = _VIEWS) -> np.ndarray:
    """(n, 3, 3) hand frames whose line of sight goes evenly over all directions (Fibonacci sphere)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    ring = np.sqrt(1 - height**2)
    third = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)
    helper = np.where(np.abs(height)[:, None] < 0.9, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    first = np.cross(helper, third)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    # Along the hand, to the thumb, out of the palm is a left-handed system for a right hand.
    return np.stack([first, -np.cross(third, first), third], axis=1)


def fit_hand(seen: np.ndarray, weight: np.ndarray, arms: np.ndarray, model: HandModel) -> HandFit:
    """The hand in all frames.

    Args:
        seen: (T, 21, 2) places in the picture [m].
        weight: (T, 21) 1 for points that are sure, 0 for missing ones.
        arms: (T, 2, 3) direction of the forearm and hinge of the elbow, zero where unknown.
        model: bones of the hand.
    """
    frames = len(seen)
    parts = []
    for start in range(0, frames, _PART):
        first, last = max(0, start - _OVERLAP), min(frames, start + _PART + _OVERLAP)
        part = _fit_part(seen[first:last], weight[first:last], arms[first:last], model)
        kept = slice(start - first, min(start + _PART, frames) - first)
        parts.append((part.points[kept], part.uncertainty[kept], part.is_fitted[kept]))
    points, uncertainty, is_fitted = (np.concatenate(values) for values in zip(*parts, strict=True))
    return HandFit(points, uncertainty, is_fitted)


def _fit_part(seen: np.ndarray, weight: np.ndarray, arms: np.ndarray, model: HandModel) -> HandFit:
    from signgen.body.lift_hand_kernels import candidates, placed
    from signgen.body.lift_start_kernels import begin

    variance = weight / NOISE**2
    starts = begin(seen, variance, views(), model.lengths, model.roots)
    states, turns, costs = candidates(
        *starts, seen, variance, arms, model.lengths, model.roots, _KEPT, _ROUNDS
    )
    is_fitted = np.isfinite(costs).any(axis=1)
    points = np.zeros((*seen.shape[:2], 3))
    uncertainty = np.zeros(seen.shape[:2])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_fitted, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        run = slice(start, stop)
        tried = np.stack(
            [placed(states[run, n], turns[run, n], model.lengths, model.roots) for n in range(_KEPT)], axis=1
        )
        path, share = likeliest(tried, costs[run])
        at = np.arange(stop - start)
        chosen, ways, lengths = _refined(
            states[run][at, path], turns[run][at, path], seen[run], variance[run], arms[run], model
        )
        points[run] = placed(chosen, ways, lengths, model.roots)
        off = tried[..., 2] - tried[..., :1, 2] - (points[run, :, 2] - points[run, :1, 2])[:, None]
        uncertainty[run] = np.sqrt(np.sum(share[..., None] * off**2, axis=1) + DEPTH_NOISE**2)
    return HandFit(points, uncertainty, is_fitted)


def likeliest(tried: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best of (T, n, 21, 3) fits in each frame given all frames (Viterbi), and (T, n) how likely each is."""
    frames, count = costs.shape
    fits = np.minimum(costs - costs.min(axis=1, keepdims=True), 200.0) / 2
    relative = tried - tried[:, :, :1]
    steps = np.zeros((frames, count, count))
    for t in range(1, frames):
        gap = relative[t - 1][:, None] - relative[t][None]
        far = np.sum(gap * gap, axis=-1).mean(axis=-1) / _CHANGE**2
        steps[t] = 8.0 * np.log1p(far / 8.0) * 1.5
    total, back = fits[0], np.zeros((frames, count), np.int64)
    forward = [-fits[0]]
    for t in range(1, frames):
        ways = total[:, None] + steps[t]
        back[t] = np.argmin(ways, axis=0)
        total = ways.min(axis=0) + fits[t]
        forward.append(_log_sum(forward[-1][:, None] - steps[t], 0) - fits[t])
    path = np.zeros(frames, np.int64)
    path[-1] = np.argmin(total)
    after, share = np.zeros(count), np.zeros((frames, count))
    for t in range(frames - 1, -1, -1):
        if t < frames - 1:
            path[t] = back[t + 1, path[t + 1]]
            after = _log_sum((after - fits[t + 1])[None] - steps[t + 1], 1)
        share[t] = forward[t] + after
    share = np.exp(share - share.max(axis=1, keepdims=True))
    return path, share / share.sum(axis=1, keepdims=True)


def _log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    most = values.max(axis=axis)
    found: np.ndarray = most + np.log(np.exp(values - np.expand_dims(most, axis)).sum(axis=axis))
    return found


def _refined(
    states: np.ndarray,
    turns: np.ndarray,
    seen: np.ndarray,
    variance: np.ndarray,
    arms: np.ndarray,
    model: HandModel,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All frames at once, in turn with the lengths of the bones."""
    from signgen.body.lift_hand_kernels import placed

    lengths = model.lengths
    for i in range(_REFINEMENTS):
        if i:
            lengths = _lengths(placed(states, turns, lengths, model.roots), seen, variance, lengths, model)
        states, turns = _descended(states, turns, seen, variance, arms, lengths, model.roots)
    return states, turns, lengths


def _descended(
    states: np.ndarray,
    turns: np.ndarray,
    seen: np.ndarray,
    variance: np.ndarray,
    arms: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg-Marquardt over all frames."""
    from signgen.body.lift_hand_kernels import angles_of, moved
    from signgen.body.lift_track_kernels import solve_banded

    columns = np.full((21, 11), -1)
    for point in range(21):
        low, high = angles_of(point)
        columns[point, : 5 + high - low] = [*range(5), *range(low, high)]
    fixed = (seen, variance, arms, lengths, roots, columns)
    cost, band, gradient = _system(states, turns, *fixed)
    damping = 1e-3
    for _ in range(_STEPS):
        damped = band.copy()
        damped[:, 0] = damped[:, 0] * (1 + damping) + 1e-6
        step = np.clip(solve_banded(damped, gradient), -0.5, 0.5)
        tried, ways = moved(states, turns, step.reshape(states.shape))
        found, other, slope = _system(tried, ways, *fixed)
        if found < cost:
            states, turns, cost, band, gradient = tried, ways, found, other, slope
            damping *= 0.3
        else:
            damping *= 8
    return states, turns


def _system(
    states: np.ndarray,
    turns: np.ndarray,
    seen: np.ndarray,
    variance: np.ndarray,
    arms: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    columns: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Cost, banded Gauss-Newton matrix and gradient of all frames."""
    from signgen.body.lift_hand_kernels import normals
    from signgen.body.lift_track_kernels import banded

    cost, points, jacobians, matrices, slopes = normals(states, turns, seen, variance, arms, lengths, roots)
    moving, band, gradient = banded(points, jacobians, matrices, slopes, columns, ACCELERATION)
    return cost + moving, band, gradient


def _lengths(
    points: np.ndarray, seen: np.ndarray, variance: np.ndarray, lengths: np.ndarray, model: HandModel
) -> np.ndarray:
    """Bone lengths that explain what is seen, near the usual ones (least squares with a prior)."""
    parents = np.array([0 if i % 4 == 1 else i - 1 for i in range(1, 21)])
    ways = (points[:, 1:] - points[:, parents])[..., :2] / lengths[:, None]
    bones = seen[:, 1:] - seen[:, parents]
    weight = np.minimum(variance[:, 1:], variance[:, parents]) / 2
    prior = 1 / (_LENGTH_SPREAD * model.lengths) ** 2
    # Directions are themselves fitted to what is seen, so frames count for less than one measurement each.
    share = 0.3
    up = share * np.sum(weight * np.sum(ways * bones, axis=-1), axis=0) + prior * model.lengths
    found: np.ndarray = up / (share * np.sum(weight * np.sum(ways * ways, axis=-1), axis=0) + prior)
    return np.asarray(np.clip(found, 0.7 * model.lengths, 1.4 * model.lengths))

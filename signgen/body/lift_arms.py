"""Depth of elbows and wrists, from how long the bones of the arms look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.body.skeleton import FOREARM, UPPER_ARM

# Noise of a bone's length in the picture [m], and what is allowed for while lengths are sought: the grid is coarse.
LENGTH_NOISE, _SOUGHT_NOISE = 0.008, 0.007
# Lengths of an arm's bones that are tried, as shares of the usual ones; how far people's go from them, and a person's
# left from their right.
_SHARES = np.arange(0.70, 1.361, 0.03)
_PEOPLE, _SIDES = 0.11, 0.06
# Lengths are sought in at most so many frames; postures nearer to each other than this tell the same [m].
_FRAMES, _SAME = 48, 0.05
# Depths change as much from frame to frame as places in the picture do, and a little more [m].
_LEAST_CHANGE, _SHARE, _ELBOW_SHARE = 0.006, 0.7, 0.6
# Deviation of depth even where nothing else is likely: bodies are not all built alike [m].
_LEAST_SPREAD = 0.02
# The mean of what is likely is taken this near to the likeliest depths [steps of the grid].
_NEAR = 10


@dataclass(frozen=True)
class SeenArm:
    """A right arm in the picture over T frames.

    Attributes:
        elbow: (T, 2) from the shoulder [m], smoothed; anything where missing.
        wrist: (T, 2).
        has: (T, 2) whether elbow and wrist are seen.
        shoulder: (T, 3) place of the shoulder from the neck [m].
    """

    elbow: np.ndarray
    wrist: np.ndarray
    has: np.ndarray
    shoulder: np.ndarray

    @property
    def upper_length(self) -> np.ndarray:
        """(T,) length of the upper arm in the picture [m]."""
        return np.asarray(np.linalg.norm(self.elbow, axis=1))

    @property
    def fore_length(self) -> np.ndarray:
        """(T,) length of the forearm in the picture [m]."""
        return np.asarray(np.linalg.norm(self.wrist - self.elbow, axis=1))


@dataclass(frozen=True)
class ArmLengths:
    """(2,) lengths of upper arm and forearm and their deviations [m]."""

    mean: np.ndarray
    spread: np.ndarray


def arm_lengths(arms: Sequence[SeenArm]) -> list[ArmLengths]:
    """Bone lengths of both arms of a person: what explains best how they look, near the usual and near each other.

    No bone looks longer than it is, and while it turns it looks nearly as long most of the time; where wrists are
    when they are low, high or before the breast tells the rest.
    """
    told = [_told(arm) for arm in arms]
    usual = -0.5 * ((_SHARES - 1) / _PEOPLE) ** 2
    found = []
    for i, own in enumerate(told):
        log = own + usual[:, None] + usual[None]
        for other in told[:i] + told[i + 1 :]:
            log = log + np.log(_blurred(np.exp(other - other.max())) + 1e-6)
        share = np.exp(log - log.max())
        share /= share.sum()
        means, spreads = [], []
        for axis, length in enumerate((UPPER_ARM, FOREARM)):
            each = share.sum(axis=1 - axis)
            mean = each @ _SHARES
            means.append(mean * length)
            spreads.append(np.sqrt(each @ (_SHARES - mean) ** 2) * length)
        found.append(ArmLengths(np.array(means), np.array(spreads)))
    return found


def _told(arm: SeenArm) -> np.ndarray:
    """(n, n) log likelihood of the shares `_SHARES` of the usual upper arm and forearm."""
    from signgen.body.lift_arm_kernels import evidence, places

    frames = np.flatnonzero(arm.has.all(axis=1))
    if not len(frames):
        return np.zeros((len(_SHARES), len(_SHARES)))
    frames = frames[np.unique(np.linspace(0, len(frames) - 1, _FRAMES).astype(int))]
    # The longest that the arm looks is a first guess of its size.
    looks = np.array([arm.upper_length[frames], arm.fore_length[frames]]) / [[UPPER_ARM], [FOREARM]]
    size = float(np.clip(np.percentile(looks, 95, axis=1).mean(), _SHARES[0], _SHARES[-1]))
    has = arm.has[frames]
    base = places(arm.elbow[frames], arm.wrist[frames], has, arm.shoulder[frames], size)
    seen = arm.upper_length[frames], arm.fore_length[frames]
    weight = _news(np.concatenate([arm.elbow[frames], arm.wrist[frames]], axis=1))
    log: np.ndarray = evidence(
        base, *seen, has, _SHARES * UPPER_ARM, _SHARES * FOREARM, _SOUGHT_NOISE, weight
    )
    return log


def _news(postures: np.ndarray) -> np.ndarray:
    """(T,) how much each of the (T, n) postures says that the others do not: a hand at rest says it once."""
    gap = postures[:, None] - postures[None]
    alike = np.exp(-0.5 * np.sum(gap * gap, axis=-1) / _SAME**2)
    return np.asarray(1 / alike.sum(axis=1))


def _blurred(share: np.ndarray) -> np.ndarray:
    """(n, n) probabilities of one side's lengths as those of the other side's."""
    bell = np.exp(-0.5 * ((_SHARES[:, None] - _SHARES[None]) / _SIDES) ** 2)
    return np.asarray(bell @ share @ bell)


def lift_arm(arm: SeenArm, lengths: ArmLengths) -> tuple[np.ndarray, np.ndarray]:
    """Depths of a right arm's elbow and wrist and their uncertainty, each (T, 2) [m]; depth is from the neck's."""
    from signgen.body.lift_arm_kernels import ELBOWS, WRISTS, costs, likelihoods, most_likely, places

    size = float(lengths.mean.sum() / (UPPER_ARM + FOREARM))
    base = places(arm.elbow, arm.wrist, arm.has, arm.shoulder, size)
    noise = np.hypot(LENGTH_NOISE, lengths.spread)
    cost = costs(base, arm.upper_length, arm.fore_length, arm.has, lengths.mean, noise)
    spreads = _changes(arm.elbow, arm.wrist, arm.has)
    path = most_likely(cost, *spreads)
    share = likelihoods(cost, *spreads)
    e, w = np.arange(len(ELBOWS)), np.arange(len(WRISTS))
    near = (np.abs(e - path[:, :1]) <= _NEAR)[:, :, None] & (np.abs(w - path[:, 1:]) <= _NEAR)[:, None, :]
    local = share * near + 1e-12 * near
    local /= local.sum(axis=(1, 2), keepdims=True)
    depths, spread = [], []
    for grid, axis in ((ELBOWS, 2), (WRISTS, 1)):
        mean = local.sum(axis=axis) @ grid
        depths.append(mean + arm.shoulder[:, 2])
        variance = np.sum(share.sum(axis=axis) * (grid - mean[:, None]) ** 2, axis=1)
        spread.append(np.sqrt(variance + _LEAST_SPREAD**2))
    return np.stack(depths, axis=1), np.stack(spread, axis=1)


def smoothed(track: np.ndarray, has: np.ndarray) -> np.ndarray:
    """A (T, 2) track without the noise of single frames: a parabola over five frames, where all are seen."""
    out = track.copy()
    if len(track) < 5:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(track, 5, axis=0)
    whole = np.asarray(np.lib.stride_tricks.sliding_window_view(has, 5).all(axis=1))
    # Savitzky and Golay 1964, order 2.
    middle = windows @ (np.array([-3.0, 12.0, 17.0, 12.0, -3.0]) / 35)
    out[2:-2] = np.where(whole[:, None], middle, track[2:-2])
    return out


def _changes(elbow: np.ndarray, wrist: np.ndarray, has: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T,) each: how far the depths of elbow and wrist may go since the frame before [m]."""
    change = np.zeros((2, len(elbow)))
    for i, places in enumerate((elbow, wrist)):
        change[i, 1:] = np.linalg.norm(np.diff(places, axis=0), axis=1)
        change[i, 1:][~(has[1:, i] & has[:-1, i])] = 0.1
    # An elbow that crosses the plane of the picture hardly moves within it; that the wrist moves tells.
    change[0] = np.maximum(change[0], _ELBOW_SHARE * change[1])
    found = _LEAST_CHANGE + _SHARE * change
    return found[0], found[1]

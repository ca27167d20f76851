"""Depth of elbows and wrists, from how long the bones of the arms look."""

from __future__ import annotations

import numpy as np

from signgen.body.skeleton import FOREARM, UPPER_ARM

# Noise of a bone's length in the picture, and how much longer or shorter than usual an arm's bone may be.
LENGTH_NOISE = 0.008
LENGTHS = (0.92, 1.25)
# Depths change as much from frame to frame as places in the picture do, and a little more [m].
_LEAST_CHANGE, _SHARE, _ELBOW_SHARE = 0.006, 0.7, 0.6
# The mean of what is likely is taken this near to the likeliest depths [steps of the grid].
_NEAR = 5


def lift_arm(
    elbow: np.ndarray, wrist: np.ndarray, has: np.ndarray, shoulder: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Depths of a right arm's elbow and wrist and their uncertainty, each (T, 2) [m]; depth is from the neck's.

    Args:
        elbow: (T, 2) places from the neck [m], smoothed; anything where missing.
        wrist: (T, 2).
        has: (T, 2) whether elbow and wrist are seen.
        shoulder: (T, 3) with depth.
    """
    from signgen.body.lift_arm_kernels import ELBOWS, WRISTS, costs, likelihoods, most_likely

    to_elbow, to_wrist = elbow - shoulder[:, :2], wrist - shoulder[:, :2]
    upper = bone_length(to_elbow, has[:, 0], UPPER_ARM)
    fore = bone_length(to_wrist - to_elbow, np.asarray(has.all(axis=1)), FOREARM)
    cost = costs(to_elbow, to_wrist, has, shoulder, upper, fore, LENGTH_NOISE)
    spreads = _changes(to_elbow, to_wrist, has)
    path = most_likely(cost, *spreads)
    share = likelihoods(cost, *spreads)
    e, w = np.arange(len(ELBOWS)), np.arange(len(WRISTS))
    near = (np.abs(e - path[:, :1]) <= _NEAR)[:, :, None] & (np.abs(w - path[:, 1:]) <= _NEAR)[:, None, :]
    local = share * near + 1e-12 * near
    local /= local.sum(axis=(1, 2), keepdims=True)
    depths, spread = [], []
    for grid, axis in ((ELBOWS, 2), (WRISTS, 1)):
        mean = local.sum(axis=axis) @ grid
        depths.append(mean + shoulder[:, 2])
        spread.append(np.sqrt(np.sum(share.sum(axis=axis) * (grid - mean[:, None]) ** 2, axis=1)))
    return np.stack(depths, axis=1), np.stack(spread, axis=1)


def bone_length(bones: np.ndarray, has: np.ndarray, usual: float) -> float:
    """Length of a bone [m]: the longest that it looks in the clip (98th percentile), near the usual one."""
    if not has.any():
        return usual
    longest = float(np.percentile(np.linalg.norm(bones[has], axis=1), 98))
    return float(np.clip(longest, LENGTHS[0] * usual, LENGTHS[1] * usual)) if longest > usual else usual


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

"""Kernels of lifting an arm: how far elbow and wrist are from the camera, over a grid of depths and all frames."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Elbow and wrist are sought at these depths behind the shoulder [m], a step apart.
STEP = 0.015
ELBOWS = np.arange(-0.30, 0.261, STEP)
WRISTS = np.arange(-0.60, 0.201, STEP)
# The elbow hangs: swing about the line from shoulder to wrist that is easy, and what is usual [rad].
SWINGS = math.radians(-35.0), math.radians(80.0)
SWING_SOFTNESS, USUAL_SWING, SWING_SPREAD = math.radians(12.0), math.radians(3.0), math.radians(22.0)
# Where a wrist usually is by its height below the neck: height, depth, deviation [m]. Hands work in front of the
# body, farthest out at the breast; hanging hands are beside it.
USUAL_WRISTS = np.array(
    [(-0.35, -0.12, 0.10), (-0.10, -0.20, 0.10), (0.05, -0.25, 0.10), (0.15, -0.27, 0.10), (0.25, -0.25, 0.10),
     (0.35, -0.18, 0.09), (0.44, -0.10, 0.07), (0.52, -0.04, 0.05)]
)  # fmt: skip
# Elbows hardly ever go farther behind the shoulder than this, and not by more than so [m].
BEHIND, BEHIND_SOFTNESS = 0.09, 0.025
# Half axes of what an arm does not enter [m]: torso and head about their centres.
SOLIDS = np.array([(0.0, 0.230, 0.0, 0.165, 0.320, 0.100), (0.0, -0.225, -0.010, 0.074, 0.115, 0.092)])


@njit(cache=True, nogil=True)
def _length_cost(seen: float, length: float, deep: float, noise: float) -> float:
    """How badly a bone of a length, ``deep`` along the line of sight, looks ``seen`` long."""
    left = length * length - deep * deep
    flat = math.sqrt(left) if left > 0 else 0.0
    over = max(0.0, abs(deep) - length) / (0.5 * noise)
    return min(((seen - flat) / noise) ** 2 + over * over, 60.0)


@njit(cache=True, nogil=True)
def _swing_cost(elbow: np.ndarray, wrist: np.ndarray) -> float:
    far = math.sqrt(wrist[0] ** 2 + wrist[1] ** 2 + wrist[2] ** 2) + 1e-9
    ax, ay, az = wrist[0] / far, wrist[1] / far, wrist[2] / far
    # An arm that hangs: down, a little out and back.
    along = -0.25 * ax + ay + 0.35 * az
    bx, by, bz = -0.25 - along * ax, 1.0 - along * ay, 0.35 - along * az
    size = math.sqrt(bx * bx + by * by + bz * bz) + 1e-9
    bx, by, bz = bx / size, by / size, bz / size
    cx, cy, cz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    along = elbow[0] * ax + elbow[1] * ay + elbow[2] * az
    ex, ey, ez = elbow[0] - along * ax, elbow[1] - along * ay, elbow[2] - along * az
    aside = math.sqrt(ex * ex + ey * ey + ez * ez)
    swing = math.atan2(ex * cx + ey * cy + ez * cz, ex * bx + ey * by + ez * bz)
    beyond = (min(0.0, swing - SWINGS[0]) + max(0.0, swing - SWINGS[1])) / SWING_SOFTNESS
    usual = (swing - USUAL_SWING) / SWING_SPREAD
    return min(1.0, aside / 0.08) * (beyond * beyond + usual * usual)


@njit(cache=True, nogil=True)
def _wrist_cost(x: float, y: float, z: float, size: float) -> float:
    """How unusual a wrist's place is, from the neck [m], for an arm ``size`` times as long as usual."""
    usual = size * np.interp(y / size, USUAL_WRISTS[:, 0], USUAL_WRISTS[:, 1])
    spread = np.interp(y / size, USUAL_WRISTS[:, 0], USUAL_WRISTS[:, 2])
    return float(((z - usual) / spread) ** 2)


@njit(cache=True, nogil=True)
def _solid_cost(x: float, y: float, z: float) -> float:
    """How far a wrist is inside trunk or head, or behind them, where nothing is signed."""
    cost = 0.0
    for solid in SOLIDS:
        aside = ((x - solid[0]) / solid[3]) ** 2 + ((y - solid[1]) / solid[4]) ** 2
        cost += 20.0 * max(0.0, 1.0 - aside - ((z - solid[2]) / solid[5]) ** 2)
        if aside < 1.0 and z > 0:
            cost += 20.0
    return cost


@njit(cache=True, nogil=True)
def places(
    elbow: np.ndarray, wrist: np.ndarray, has: np.ndarray, shoulder: np.ndarray, size: float
) -> np.ndarray:
    """(T, E, W) cost of depths of elbow and wrist of a right arm, whatever its bones look like.

    Args:
        elbow: (T, 2) from the shoulder [m].
        wrist: (T, 2).
        has: (T, 2) whether elbow and wrist are seen.
        shoulder: (T, 3) place of the shoulder from the neck [m].
        size: how much longer the arm is than the usual one.
    """
    found = np.zeros((len(elbow), len(ELBOWS), len(WRISTS)))
    at_elbow, at_wrist = np.zeros(3), np.zeros(3)
    for t in range(len(elbow)):
        at_elbow[:2], at_wrist[:2] = elbow[t], wrist[t]
        x, y = wrist[t, 0] + shoulder[t, 0], wrist[t, 1] + shoulder[t, 1]
        for w in range(len(WRISTS)):
            at_wrist[2] = WRISTS[w]
            base = 0.0
            if has[t, 1]:
                z = WRISTS[w] + shoulder[t, 2]
                base = _wrist_cost(x, y, z, size) + _solid_cost(x, y, z)
            for e in range(len(ELBOWS)):
                cost = base + (max(0.0, ELBOWS[e] - BEHIND) / BEHIND_SOFTNESS) ** 2
                if has[t, 0] and has[t, 1]:
                    at_elbow[2] = ELBOWS[e]
                    cost += _swing_cost(at_elbow, at_wrist)
                found[t, e, w] = cost
    return found


@njit(cache=True, nogil=True)
def _looks(seen: np.ndarray, has: np.ndarray, length: float, noise: float) -> np.ndarray:
    """(T, E + W) cost of what a bone looks like if it goes so many steps of the grid along the line of sight."""
    count = len(ELBOWS) + len(WRISTS)
    found = np.zeros((len(seen), count))
    for t in range(len(seen)):
        if has[t]:
            for i in range(count):
                found[t, i] = _length_cost(seen[t], length, i * STEP, noise)
    return found


@njit(cache=True, nogil=True)
def _from_elbow(e: int, w: int) -> int:
    """Steps of the grid between the depths of an elbow and a wrist."""
    steps: int = abs(round((WRISTS[w] - ELBOWS[e]) / STEP))
    return steps


@njit(cache=True, nogil=True)
def costs(
    base: np.ndarray,
    upper_seen: np.ndarray,
    fore_seen: np.ndarray,
    has: np.ndarray,
    lengths: np.ndarray,
    noise: np.ndarray,
) -> np.ndarray:
    """(T, E, W) cost of depths: `places` and how long the bones look.

    Args:
        base: (T, E, W) from `places`.
        upper_seen: (T,) length of the upper arm in the picture [m].
        fore_seen: (T,) of the forearm.
        has: (T, 2) whether elbow and wrist are seen.
        lengths: (2,) of upper arm and forearm [m].
        noise: (2,) of their lengths in the picture [m].
    """
    found = base.copy()
    upper = _looks(upper_seen, has[:, 0], lengths[0], noise[0])
    fore = _looks(fore_seen, has[:, 0] & has[:, 1], lengths[1], noise[1])
    for e in range(len(ELBOWS)):
        deep = abs(round(ELBOWS[e] / STEP))
        for w in range(len(WRISTS)):
            between = _from_elbow(e, w)
            for t in range(len(base)):
                found[t, e, w] += upper[t, deep] + fore[t, between]
    return found


@njit(cache=True, nogil=True)
def evidence(
    base: np.ndarray,
    upper_seen: np.ndarray,
    fore_seen: np.ndarray,
    has: np.ndarray,
    uppers: np.ndarray,
    fores: np.ndarray,
    noise: float,
    weight: np.ndarray,
) -> np.ndarray:
    """(U, F) log likelihood of what an arm looks like, for each pair of lengths [m], frames weighted (T,).

    Directions of the upper arm are alike likely, so its depth is even within its length (Archimedes); where the
    forearm goes is told by where wrists are.
    """
    frames, elbows, wrists = base.shape
    found = np.zeros((len(uppers), len(fores)))
    between = np.zeros((elbows, wrists), np.int64)
    for e in range(elbows):
        for w in range(wrists):
            between[e, w] = _from_elbow(e, w)
    count = len(ELBOWS) + len(WRISTS)
    upper, fore = np.zeros((frames, len(uppers), count)), np.zeros((frames, len(fores), count))
    for u in range(len(uppers)):
        upper[:, u] = np.exp(-0.5 * _looks(upper_seen, has[:, 0], uppers[u], noise)) / uppers[u]
    for f in range(len(fores)):
        fore[:, f] = np.exp(-0.5 * _looks(fore_seen, has[:, 0] & has[:, 1], fores[f], noise))
    by_step, total = np.zeros(count), np.zeros((len(uppers), len(fores)))
    for t in range(frames):
        likely = np.exp(-0.5 * (base[t] - base[t].min()))
        total[:] = 1e-9
        for e in range(elbows):
            by_step[:] = 0.0
            for w in range(wrists):
                by_step[between[e, w]] += likely[e, w]
            deep = abs(round(ELBOWS[e] / STEP))
            for f in range(len(fores)):
                share = 0.0
                for i in range(count):
                    share += by_step[i] * fore[t, f, i]
                for u in range(len(uppers)):
                    total[u, f] += share * upper[t, u, deep]
        found += weight[t] * np.log(total)
    return found


@njit(cache=True, nogil=True)
def _bell(count: int, spread: float) -> np.ndarray:
    """(n, n) how likely a depth goes from one of the grid to another within a frame; leaps are rare, not impossible."""
    table = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            table[i, j] = math.exp(-0.5 * ((i - j) * STEP / spread) ** 2) + 1e-6
    return table


@njit(cache=True, nogil=True)
def _best(before: np.ndarray, go_elbow: np.ndarray, go_wrist: np.ndarray) -> np.ndarray:
    """Max-product message: first over the elbow, then over the wrist."""
    half, full = np.zeros_like(before), np.zeros_like(before)
    for j in range(before.shape[0]):
        for i in range(before.shape[0]):
            for w in range(before.shape[1]):
                half[j, w] = max(half[j, w], before[i, w] * go_elbow[i, j])
    for e in range(before.shape[0]):
        for j in range(before.shape[1]):
            for i in range(before.shape[1]):
                full[e, j] = max(full[e, j], half[e, i] * go_wrist[i, j])
    return full


@njit(cache=True, nogil=True)
def most_likely(cost: np.ndarray, spread_elbow: np.ndarray, spread_wrist: np.ndarray) -> np.ndarray:
    """(T, 2) the likeliest indices of elbow and wrist over all frames (Viterbi).

    ``spread_elbow`` (T,) and ``spread_wrist`` (T,) are how far depths change from frame t-1 to t [m].
    """
    frames, elbows, wrists = cost.shape
    kept = np.zeros(cost.shape)
    path = np.zeros((frames, 2), np.int64)
    for t in range(frames):
        now = np.exp(-0.5 * (cost[t] - cost[t].min()))
        if t > 0:
            go_elbow, go_wrist = _bell(elbows, spread_elbow[t]), _bell(wrists, spread_wrist[t])
            now = now * _best(kept[t - 1], go_elbow, go_wrist)
        kept[t] = now / max(now.max(), 1e-300)
    for t in range(frames - 1, -1, -1):
        score = kept[t]
        if t < frames - 1:
            go_elbow, go_wrist = _bell(elbows, spread_elbow[t + 1]), _bell(wrists, spread_wrist[t + 1])
            e, w = path[t + 1]
            score = score * np.outer(go_elbow[:, e], go_wrist[:, w])
        best = np.argmax(score)
        path[t] = best // wrists, best % wrists
    return path


@njit(cache=True, nogil=True)
def likelihoods(cost: np.ndarray, spread_elbow: np.ndarray, spread_wrist: np.ndarray) -> np.ndarray:
    """(T, E, W) probability of each pair of depths given all frames (forward and backward)."""
    frames, elbows, wrists = cost.shape
    found = np.zeros(cost.shape)
    for t in range(frames):
        now = np.exp(-0.5 * (cost[t] - cost[t].min()))
        if t > 0:
            now = now * (_bell(elbows, spread_elbow[t]) @ found[t - 1] @ _bell(wrists, spread_wrist[t]))
        found[t] = now / max(now.sum(), 1e-300)
    after = np.ones((elbows, wrists))
    for t in range(frames - 2, -1, -1):
        after = after * np.exp(-0.5 * (cost[t + 1] - cost[t + 1].min()))
        after = _bell(elbows, spread_elbow[t + 1]) @ after @ _bell(wrists, spread_wrist[t + 1])
        after = after / max(after.sum(), 1e-300)
        now = found[t] * after
        found[t] = now / max(now.sum(), 1e-300)
    return found

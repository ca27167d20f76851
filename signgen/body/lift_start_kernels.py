"""Kernels that find where the fit of a hand begins: from all sides, palm by least squares, fingers by a table."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# The state of a hand is that of `signgen.body.lift_hand_kernels`.
SIZE, FINGERS, THUMB = 27, 5, 21
THUMB_START = np.radians(np.array([32.0, 36.0, -5.0, 24.0, -35.0, -7.0]))
# How fingers may begin: knuckle, middle, end [degrees].
STARTS = np.radians(
    np.array([(0.0, 5.0, 3.0), (0.0, 60.0, 30.0), (10.0, 100.0, 50.0), (40.0, 20.0, 10.0), (45.0, 60.0, 30.0),
              (80.0, 10.0, 5.0), (80.0, 90.0, 45.0), (60.0, 95.0, 60.0)])
)  # fmt: skip
PALM = np.array([0, 5, 9, 13, 17])


@njit(cache=True, nogil=True)
def _start_fingers(
    state: np.ndarray,
    turn: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
) -> float:
    """Set each finger as the nearest of a few postures, the thumb to its usual place; return a rough cost."""
    total = 0.0
    for i in range(THUMB, SIZE):
        state[i] = THUMB_START[i - THUMB]
    for i in PALM:
        x = y = 0.0
        if i > 0:
            f = i // 4
            for a in range(3):
                x += turn[0, a] * roots[f, a] * lengths[4 * f]
                y += turn[1, a] * roots[f, a] * lengths[4 * f]
        far = weight[i] * ((x + state[0] - seen[i, 0]) ** 2 + (y + state[1] - seen[i, 1]) ** 2)
        total += 9.0 * math.log1p(far / 9.0)
    for finger in range(1, 5):
        k = FINGERS + 4 * finger - 4
        best = np.inf
        for start in range(len(STARTS)):
            cost, bend = 0.0, 0.0
            at = 4 * finger + 1
            x = turn[0, 0] * roots[finger, 0] + turn[0, 1] * roots[finger, 1] + turn[0, 2] * roots[finger, 2]
            y = turn[1, 0] * roots[finger, 0] + turn[1, 1] * roots[finger, 1] + turn[1, 2] * roots[finger, 2]
            x, y = x * lengths[4 * finger] + state[0], y * lengths[4 * finger] + state[1]
            for bone in range(3):
                bend += STARTS[start, bone]
                size = lengths[4 * finger + bone + 1]
                x += size * (turn[0, 0] * math.cos(bend) + turn[0, 2] * math.sin(bend))
                y += size * (turn[1, 0] * math.cos(bend) + turn[1, 2] * math.sin(bend))
                i = at + bone + 1
                far = weight[i] * ((x - seen[i, 0]) ** 2 + (y - seen[i, 1]) ** 2)
                cost += 9.0 * math.log1p(far / 9.0)
            if cost < best:
                best = cost
                state[k], state[k + 1], state[k + 2], state[k + 3] = (
                    STARTS[start, 0],
                    0.0,
                    STARTS[start, 1],
                    STARTS[start, 2],
                )
        total += best
    return total


@njit(cache=True, nogil=True)
def _start_turn(
    view: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    state: np.ndarray,
    turn: np.ndarray,
) -> None:
    """Turn a view of the hand within the picture, and shift it, so that the palm is met (least squares)."""
    mx = my = sx = sy = total = 0.0
    model = np.zeros((5, 2))
    for n in range(5):
        i = PALM[n]
        if i > 0:
            f = i // 4
            for a in range(3):
                model[n, 0] += view[0, a] * roots[f, a] * lengths[4 * f]
                model[n, 1] += view[1, a] * roots[f, a] * lengths[4 * f]
        mx, my = mx + weight[i] * model[n, 0], my + weight[i] * model[n, 1]
        sx, sy = sx + weight[i] * seen[i, 0], sy + weight[i] * seen[i, 1]
        total += weight[i]
    mx, my, sx, sy = mx / total, my / total, sx / total, sy / total
    dot = cross = 0.0
    for n in range(5):
        i = PALM[n]
        ax, ay, bx, by = model[n, 0] - mx, model[n, 1] - my, seen[i, 0] - sx, seen[i, 1] - sy
        dot += weight[i] * (ax * bx + ay * by)
        cross += weight[i] * (ax * by - ay * bx)
    angle = math.atan2(cross, dot)
    c, s = math.cos(angle), math.sin(angle)
    for a in range(3):
        turn[0, a] = c * view[0, a] - s * view[1, a]
        turn[1, a] = s * view[0, a] + c * view[1, a]
        turn[2, a] = view[2, a]
    state[0], state[1] = sx - (c * mx - s * my), sy - (s * mx + c * my)


@njit(cache=True, nogil=True)
def begin(
    seen: np.ndarray, weight: np.ndarray, views: np.ndarray, lengths: np.ndarray, roots: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, V, 27) states, (T, V, 3, 3) turns and (T, V) rough costs for V views; inf where less than 3 points of the
    palm are seen.
    """
    frames, count = len(seen), len(views)
    states, turns = np.zeros((frames, count, SIZE)), np.zeros((frames, count, 3, 3))
    costs = np.full((frames, count), np.inf)
    for t in range(frames):
        palm = 0
        for i in PALM:
            palm += weight[t, i] > 0
        if palm < 3:
            continue
        for v in range(count):
            _start_turn(views[v], seen[t], weight[t], lengths, roots, states[t, v], turns[t, v])
            costs[t, v] = _start_fingers(states[t, v], turns[t, v], seen[t], weight[t], lengths, roots)
    return states, turns, costs

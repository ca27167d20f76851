"""Kernels of lifting a hand: a jointed hand seen from the front, fitted to its 21 points in the picture.

The state of a hand is 27 numbers: shift in x and y [m], three that stand for a small turn, knuckle, spread, middle and
end joint of four fingers [rad], and azimuth and elevation of the three thumb bones [rad], all of a right hand.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SIZE = 27
FINGERS, THUMB = 5, 21
# Of the angles, from state 5 on: what they usually are, how far from it they go, natural limits [degrees].
_FINGER = (
    (40.0, 38.0, -25.0, 100.0),
    (0.0, 8.0, -30.0, 30.0),
    (45.0, 45.0, -5.0, 112.0),
    (25.0, 30.0, -5.0, 80.0),
)
_THUMB = (
    (32.0, 18.0, 5.0, 80.0), (36.0, 20.0, -10.0, 70.0), (-5.0, 48.0, -80.0, 80.0), (24.0, 20.0, -25.0, 65.0),
    (-35.0, 60.0, -130.0, 90.0), (-7.0, 25.0, -50.0, 60.0),
)  # fmt: skip
ANGLES = np.radians(np.array([*_FINGER * 4, *_THUMB]))
LIMIT_SOFTNESS = math.radians(4.0)
# What goes together: an angle, another one, the share of it that the first takes, how much more, deviation [degrees].
# End joints follow middle joints, fingers their neighbours; a thumb swings round in front of the palm and bends.
_PAIRS = (
    *((FINGERS + 4 * f + 3, FINGERS + 4 * f + 2, 0.52, 1.5, 10.0) for f in range(4)),
    *((FINGERS + 4 * f + 4, FINGERS + 4 * f, 1.0, 0.0, 32.0) for f in range(3)),
    *((FINGERS + 4 * f + 6, FINGERS + 4 * f + 2, 1.0, 0.0, 40.0) for f in range(3)),
    (22, 21, -0.9, 65.0, 14.0), (23, 21, 1.0, -37.0, 36.0), (24, 22, 1.0, -12.0, 18.0), (25, 23, 1.0, -30.0, 38.0),
    (26, 24, 1.0, -30.0, 20.0),
)  # fmt: skip
PAIRS = np.array([(*pair[:3], *np.radians(pair[3:])) for pair in _PAIRS])
# Easy range of the wrist (see signgen.body.skeleton): bend, to the side, turn of the forearm; softness [rad].
WRIST = np.radians(np.array([(-60.0, 70.0), (-22.0, 32.0), (-80.0, 85.0)]))
WRIST_SOFTNESS = math.radians(12.0)


@njit(cache=True, nogil=True)
def angles_of(point: int) -> tuple[int, int]:
    """The part of the state that bends the finger of a point, from and to; nothing bends the wrist."""
    if point == 0:
        return FINGERS, FINGERS
    finger = (point - 1) // 4
    return (THUMB, SIZE) if finger == 0 else (FINGERS + 4 * finger - 4, FINGERS + 4 * finger)


@njit(cache=True, nogil=True)
def place(
    state: np.ndarray,
    turn: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    points: np.ndarray,
    jacobian: np.ndarray,
) -> None:
    """Write the (21, 3) points of a hand and their (21, 3, 27) derivatives."""
    local, inner = np.zeros((21, 3)), np.zeros((21, 3, SIZE))
    way, by_side, by_bend = np.zeros(3), np.zeros(3), np.zeros(3)
    for finger in range(5):
        first = 4 * finger + 1
        low, high = angles_of(first)
        for a in range(3):
            local[first, a] = roots[finger, a] * lengths[4 * finger]
        for bone in range(3):
            at, size = first + bone + 1, lengths[4 * finger + bone + 1]
            local[at] = local[at - 1]
            inner[at, :, low:high] = inner[at - 1, :, low:high]
            side, bend = state[low + 1], state[low]
            for joint in range(bone):
                bend += state[low + 2 + joint]
            if finger == 0:
                side, bend = state[low + 2 * bone], state[low + 2 * bone + 1]
            ca, sa, cb, sb = math.cos(side), math.sin(side), math.cos(bend), math.sin(bend)
            way[:] = cb * ca, cb * sa, sb
            by_side[:] = -cb * sa, cb * ca, 0.0
            by_bend[:] = -sb * ca, -sb * sa, cb
            for a in range(3):
                local[at, a] += size * way[a]
                if finger == 0:
                    inner[at, a, low + 2 * bone] += size * by_side[a]
                    inner[at, a, low + 2 * bone + 1] += size * by_bend[a]
                    continue
                inner[at, a, low + 1] += size * by_side[a]
                inner[at, a, low] += size * by_bend[a]
                for joint in range(bone):
                    inner[at, a, low + 2 + joint] += size * by_bend[a]
    jacobian[:] = 0.0
    for i in range(21):
        low, high = angles_of(i)
        x, y, z = (
            turn[0, 0] * local[i, 0] + turn[0, 1] * local[i, 1] + turn[0, 2] * local[i, 2],
            turn[1, 0] * local[i, 0] + turn[1, 1] * local[i, 1] + turn[1, 2] * local[i, 2],
            turn[2, 0] * local[i, 0] + turn[2, 1] * local[i, 1] + turn[2, 2] * local[i, 2],
        )
        points[i, 0], points[i, 1], points[i, 2] = x + state[0], y + state[1], z
        jacobian[i, 0, 0] = jacobian[i, 1, 1] = 1.0
        jacobian[i, 1, 2], jacobian[i, 2, 2] = -z, y
        jacobian[i, 0, 3], jacobian[i, 2, 3] = z, -x
        jacobian[i, 0, 4], jacobian[i, 1, 4] = -y, x
        if i > 0:
            for k in range(low, high):
                for a in range(3):
                    jacobian[i, a, k] = (
                        turn[a, 0] * inner[i, 0, k]
                        + turn[a, 1] * inner[i, 1, k]
                        + turn[a, 2] * inner[i, 2, k]
                    )


@njit(cache=True, nogil=True)
def turned(turn: np.ndarray, by: np.ndarray) -> np.ndarray:
    """A rotation followed by a turn about the axis and by the angle of ``by`` (Rodrigues)."""
    angle = math.sqrt(by[0] ** 2 + by[1] ** 2 + by[2] ** 2)
    if angle < 1e-12:
        return turn.copy()
    x, y, z = by[0] / angle, by[1] / angle, by[2] / angle
    c, s = math.cos(angle), math.sin(angle)
    d = 1 - c
    rotation = np.array(
        [
            (c + x * x * d, x * y * d - z * s, x * z * d + y * s),
            (y * x * d + z * s, c + y * y * d, y * z * d - x * s),
            (z * x * d - y * s, z * y * d + x * s, c + z * z * d),
        ]
    )
    found: np.ndarray = rotation @ turn
    return found


@njit(cache=True, nogil=True)
def _beyond(angle: float, limits: np.ndarray) -> float:
    return float(min(0.0, angle - limits[0]) + max(0.0, angle - limits[1]))


@njit(cache=True, nogil=True)
def wrist_strain(turn: np.ndarray, forearm: np.ndarray, hinge: np.ndarray, out: np.ndarray) -> None:
    """Write four residuals: wrist bent, bent aside, forearm turned too far, hand folded back."""
    along = turn[0, 0] * forearm[0] + turn[1, 0] * forearm[1] + turn[2, 0] * forearm[2]
    aside = turn[0, 1] * forearm[0] + turn[1, 1] * forearm[1] + turn[2, 1] * forearm[2]
    through = turn[0, 2] * forearm[0] + turn[1, 2] * forearm[1] + turn[2, 2] * forearm[2]
    bend = math.atan2(-through, max(along, 1e-3))
    side = math.atan2(aside, max(math.hypot(along, through), 1e-3))
    out[0] = _beyond(bend, WRIST[0]) / WRIST_SOFTNESS
    out[1] = _beyond(side, WRIST[1]) / WRIST_SOFTNESS
    out[3] = 6.0 * min(0.0, along)
    out[2] = 0.0
    straight = math.sqrt(hinge[0] ** 2 + hinge[1] ** 2 + hinge[2] ** 2)
    if straight > 0.05:
        px = turn[0, 2] - through * forearm[0]
        py = turn[1, 2] - through * forearm[1]
        pz = turn[2, 2] - through * forearm[2]
        hx, hy, hz = -hinge[0], -hinge[1], -hinge[2]
        cx, cy, cz = hy * pz - hz * py, hz * px - hx * pz, hx * py - hy * px
        sine = cx * forearm[0] + cy * forearm[1] + cz * forearm[2]
        cosine = hx * px + hy * py + hz * pz
        out[2] = (
            _beyond(math.atan2(sine, cosine), WRIST[2]) / WRIST_SOFTNESS * min(1.0, straight / 0.35) * 0.7
        )


@njit(cache=True, nogil=True)
def normal(
    state: np.ndarray,
    turn: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    arm: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    points: np.ndarray,
    jacobian: np.ndarray,
    matrix: np.ndarray,
    gradient: np.ndarray,
) -> float:
    """Write Gauss-Newton matrix and gradient of one frame; return the cost.

    ``seen`` (21, 2) places [m], ``weight`` (21,) 1 / variance, ``arm`` (2, 3) direction of the forearm and hinge of
    the elbow, both zero where unknown.
    """
    matrix[:] = 0.0
    gradient[:] = 0.0
    place(state, turn, lengths, roots, points, jacobian)
    cost = 0.0
    for i in range(21):
        if weight[i] == 0.0:
            continue
        dx, dy = points[i, 0] - seen[i, 0], points[i, 1] - seen[i, 1]
        far = (dx * dx + dy * dy) * weight[i]
        # Beyond three deviations a point counts less and less (Cauchy).
        cost += 9.0 * math.log1p(far / 9.0)
        w = weight[i] / (1.0 + far / 9.0)
        for j in range(SIZE):
            jx, jy = jacobian[i, 0, j], jacobian[i, 1, j]
            if jx == 0.0 and jy == 0.0:
                continue
            gradient[j] += w * (jx * dx + jy * dy)
            for k in range(j + 1):
                matrix[j, k] += w * (jx * jacobian[i, 0, k] + jy * jacobian[i, 1, k])
    cost += _habits(state, matrix, gradient)
    if arm[0, 0] != 0.0 or arm[0, 1] != 0.0 or arm[0, 2] != 0.0:
        cost += _wrist(turn, arm, matrix, gradient)
    for j in range(SIZE):
        for k in range(j):
            matrix[k, j] = matrix[j, k]
    return cost


@njit(cache=True, nogil=True)
def _habits(state: np.ndarray, matrix: np.ndarray, gradient: np.ndarray) -> float:
    """What fingers do of themselves: usual angles, limits, joints that go together."""
    cost = 0.0
    for i in range(len(ANGLES)):
        at, angle = FINGERS + i, state[FINGERS + i]
        w = 1.0 / ANGLES[i, 1] ** 2
        off = angle - ANGLES[i, 0]
        cost += w * off * off
        gradient[at] += w * off
        matrix[at, at] += w
        off = min(0.0, angle - ANGLES[i, 2]) + max(0.0, angle - ANGLES[i, 3])
        if off != 0.0:
            w = 1.0 / LIMIT_SOFTNESS**2
            cost += w * off * off
            gradient[at] += w * off
            matrix[at, at] += w
    for pair in PAIRS:
        cost += _together(state, pair, matrix, gradient)
    return cost


@njit(cache=True, nogil=True)
def _together(state: np.ndarray, pair: np.ndarray, matrix: np.ndarray, gradient: np.ndarray) -> float:
    second, first, share = int(pair[0]), int(pair[1]), pair[2]
    w = 1.0 / pair[4] ** 2
    off = state[second] - share * state[first] - pair[3]
    gradient[second] += w * off
    gradient[first] -= w * share * off
    matrix[second, second] += w
    matrix[first, first] += w * share * share
    # Only the half below the diagonal is filled in.
    matrix[max(first, second), min(first, second)] -= w * share
    return float(w * off * off)


@njit(cache=True, nogil=True)
def _wrist(turn: np.ndarray, arm: np.ndarray, matrix: np.ndarray, gradient: np.ndarray) -> float:
    here, there, change = np.zeros(4), np.zeros(4), np.zeros((4, 3))
    wrist_strain(turn, arm[0], arm[1], here)
    cost = 0.0
    for i in range(4):
        cost += here[i] ** 2
    if cost == 0.0:
        return cost
    step = np.zeros(3)
    for axis in range(3):
        step[:] = 0.0
        step[axis] = 1e-5
        wrist_strain(turned(turn, step), arm[0], arm[1], there)
        for i in range(4):
            change[i, axis] = (there[i] - here[i]) / 1e-5
            # A jump from one end of the range of an angle to the other has no slope.
            if abs(change[i, axis]) > 200.0:
                change[i, axis] = 0.0
    for i in range(4):
        for j in range(3):
            gradient[2 + j] += here[i] * change[i, j]
            for k in range(j + 1):
                matrix[2 + j, 2 + k] += change[i, j] * change[i, k]
    return cost


@njit(cache=True, nogil=True)
def solve(matrix: np.ndarray, gradient: np.ndarray, damping: float) -> np.ndarray:
    """The step that lowers the cost, by Cholesky decomposition of the damped matrix."""
    n = len(gradient)
    lower = np.zeros((n, n))
    step = np.zeros(n)
    for j in range(n):
        total = matrix[j, j] * (1.0 + damping) + 1e-6
        for k in range(j):
            total -= lower[j, k] ** 2
        lower[j, j] = math.sqrt(max(total, 1e-12))
        for i in range(j + 1, n):
            total = matrix[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = total / lower[j, j]
    for i in range(n):
        total = -gradient[i]
        for k in range(i):
            total -= lower[i, k] * step[k]
        step[i] = total / lower[i, i]
    for i in range(n - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, n):
            total -= lower[k, i] * step[k]
        step[i] = total / lower[i, i]
    return step


@njit(cache=True, nogil=True)
def descend(
    state: np.ndarray,
    turn: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    arm: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    rounds: int,
) -> float:
    """Levenberg-Marquardt from a start: state and turn (both changed in place) of lower cost; returns the cost."""
    points, jacobian = np.zeros((21, 3)), np.zeros((21, 3, SIZE))
    matrix, gradient = np.zeros((SIZE, SIZE)), np.zeros(SIZE)
    cost = normal(state, turn, seen, weight, arm, lengths, roots, points, jacobian, matrix, gradient)
    other, slope = np.zeros((SIZE, SIZE)), np.zeros(SIZE)
    damping = 0.01
    for _ in range(rounds):
        step = solve(matrix, gradient, damping)
        for i in range(SIZE):
            step[i] = min(0.6, max(-0.6, step[i]))
        tried = state + step
        tried[2:5] = 0.0
        way = turned(turn, step[2:5])
        found = normal(tried, way, seen, weight, arm, lengths, roots, points, jacobian, other, slope)
        if found < cost:
            is_done = cost - found < 0.02
            state[:], turn[:], cost = tried, way, found
            matrix[:], gradient[:] = other, slope
            damping = max(damping * 0.3, 1e-4)
            if is_done:
                break
        else:
            damping *= 6.0
            if damping > 1e4:
                break
    return cost


@njit(cache=True, nogil=True)
def candidates(
    firsts: np.ndarray,
    ways: np.ndarray,
    rough: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    arms: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
    count: int,
    rounds: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``count`` best fits of each frame: (T, n, 27) states, (T, n, 3, 3) turns, (T, n) costs (inf where none).

    They begin at the starts of lowest rough cost that are not alike (see `lift_start_kernels`).
    """
    frames, strain = len(seen), np.zeros(4)
    states, turns = np.zeros((frames, count, SIZE)), np.zeros((frames, count, 3, 3))
    costs = np.full((frames, count), np.inf)
    for t in range(frames):
        score = rough[t].copy()
        if score.min() == np.inf:
            continue
        if (arms[t, 0] != 0.0).any():
            for v in range(len(score)):
                wrist_strain(ways[t, v], arms[t, 0], arms[t, 1], strain)
                score[v] += (strain * strain).sum()
        for n in range(count):
            # The last start is where the hand was a frame ago.
            if n == count - 1 and t > 0 and costs[t - 1].min() < np.inf:
                before = costs[t - 1].argmin()
                states[t, n], turns[t, n] = states[t - 1, before], turns[t - 1, before]
                states[t, n, :2] += seen[t, 0] - seen[t - 1, 0]
            else:
                v = score.argmin()
                if score[v] == np.inf:
                    break
                states[t, n], turns[t, n] = firsts[t, v], ways[t, v]
                for other in range(len(score)):
                    if (ways[t, other] * ways[t, v]).sum() > 2.5:
                        score[other] = np.inf
                score[v] = np.inf
            costs[t, n] = descend(
                states[t, n], turns[t, n], seen[t], weight[t], arms[t], lengths, roots, rounds
            )
    return states, turns, costs


@njit(cache=True, nogil=True)
def normals(
    states: np.ndarray,
    turns: np.ndarray,
    seen: np.ndarray,
    weight: np.ndarray,
    arms: np.ndarray,
    lengths: np.ndarray,
    roots: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`normal` of each frame: cost of all, points, their derivatives, matrices and gradients."""
    frames = len(states)
    points, jacobians = np.zeros((frames, 21, 3)), np.zeros((frames, 21, 3, SIZE))
    matrices, slopes = np.zeros((frames, SIZE, SIZE)), np.zeros((frames, SIZE))
    cost = 0.0
    for t in range(frames):
        cost += normal(
            states[t], turns[t], seen[t], weight[t], arms[t], lengths, roots, points[t], jacobians[t], matrices[t],
            slopes[t],
        )  # fmt: skip
    return cost, points, jacobians, matrices, slopes


@njit(cache=True, nogil=True)
def moved(states: np.ndarray, turns: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States and turns after a step of all frames."""
    after, ways = states + steps, np.zeros_like(turns)
    for t in range(len(states)):
        ways[t] = turned(turns[t], steps[t, 2:5])
        after[t, 2:5] = 0.0
    return after, ways


@njit(cache=True, nogil=True)
def placed(states: np.ndarray, turns: np.ndarray, lengths: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """(T, 21, 3) points of hands."""
    points, jacobian = np.zeros((len(states), 21, 3)), np.zeros((21, 3, SIZE))
    for t in range(len(states)):
        place(states[t], turns[t], lengths, roots, points[t], jacobian)
    return points

"""How far lifted depth is from the truth of synthesised signs, and how fast it is found.

Truth: isolated signs of the `ase` lexicon, from hands at rest to hands at rest, at a shoulder width of 164 px of 512.
They share their skeleton with the lifter, which flatters it; so they are also shown with the length of every bone of
arms and hands changed at random by 8 %.

    python benchmarks/lifting.py [--every 25] [--noise 2]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from signgen.body.lift import lift_with_uncertainty
from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.lexicon.written import built_in, synthesised
from signgen.pose.bones import ORDER
from signgen.pose.layout import FACE, LEFT_HAND, MIRROR, PARENTS, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

SHOULDERS = 164.0
MILLIMETRE = SHOULDERS / SHOULDER_WIDTH / 1000
ARMS = [3, 4, 6, 7]
# What a view from the side shows of a signer, without the face, which is easy.
UPPER_BODY = [0, 1, 2, 3, 4, 5, 6, 7, *range(18, 60)]
YAWS = (10, 20, 30)


def truth(every: int, spread: float = 0.0, seed: int = 0) -> list[np.ndarray]:
    """(T, 128, 3) px of signs; with other bone lengths than the canonical ones if ``spread`` is given."""
    rng = np.random.default_rng(seed)
    clips = []
    for entry in built_in("ase")[1][::every]:
        poses = synthesised(entry)
        points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
        points = (points - points[:, 1:2]) * (SHOULDERS / np.linalg.norm(points[0, 5] - points[0, 2]))
        clips.append(other_bones(points, rng, spread) if spread else points)
    return clips


def other_bones(points: np.ndarray, rng: np.random.Generator, spread: float) -> np.ndarray:
    """The same movement of a body with other lengths of arms and hand bones, the same on both sides."""
    out = points.copy()
    factors = np.clip(rng.normal(1, spread, points.shape[1]), 1 - 2 * spread, 1 + 2 * spread)
    factors[[LEFT_HAND.start, RIGHT_HAND.start]] = 1.0
    for k in ORDER:
        if k in ARMS or k in range(18, 60):
            factor = factors[min(k, MIRROR[k])]
            out[:, k] = out[:, PARENTS[k]] + factor * (points[:, k] - points[:, PARENTS[k]])
    return out


def seen(points: np.ndarray, noise: float, rng: np.random.Generator) -> PoseSequence:
    keypoints = np.ones(points.shape)
    keypoints[..., :2] = points[..., :2] + (256, 190) + rng.normal(0, noise, (*points.shape[:2], 2))
    keypoints[:, [9, 10, 12, 13]] = 0
    return PoseSequence(keypoints, 24, 512, 512)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a - b, axis=-1)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.stack([c * points[..., 0] + s * points[..., 2], points[..., 1]], axis=-1)


def errors(found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Means: hands relative to their wrist and arms relative to the neck [mm], views from the side [px]."""
    result = {}
    hands = [
        distance(found[:, h] - found[:, h.start][:, None], true[:, h] - true[:, h.start][:, None])[:, 1:]
        for h in (LEFT_HAND, RIGHT_HAND)
    ]
    result["hand mm"] = float(np.mean(hands)) / MILLIMETRE
    result["arm mm"] = float(distance(found[:, ARMS], true[:, ARMS]).mean()) / MILLIMETRE
    result["face mm"] = float(np.abs(found[:, FACE, 2] - true[:, FACE, 2]).mean()) / MILLIMETRE
    for yaw in YAWS:
        gap = distance(turned(found, yaw), turned(true, yaw))[:, UPPER_BODY]
        result[f"yaw {yaw} px"] = float(gap.mean())
    return result


def measure(clips: list[np.ndarray], noise: float) -> None:
    rng = np.random.default_rng(1)
    rows: dict[str, list[dict[str, float]]] = {"fitted": [], "x y kept": [], "flat": []}
    frames, seconds, inside = 0, 0.0, []
    for true in clips:
        poses = seen(true, noise, rng)
        start = time.perf_counter()
        lifted = lift_with_uncertainty(poses)
        seconds += time.perf_counter() - start
        frames += len(poses)
        given = np.concatenate([poses.xy - (256, 190), lifted.poses.depth[..., None]], axis=-1)
        rows["fitted"].append(errors(lifted.fitted - (256, 190, 0), true))
        rows["x y kept"].append(errors(given, true))
        rows["flat"].append(errors(given * (1, 1, 0), true))
        off = np.abs(given[:, UPPER_BODY, 2] - true[:, UPPER_BODY, 2])
        inside.append(np.mean(off <= 2 * lifted.uncertainty[:, UPPER_BODY]))
    names = list(rows["flat"][0])
    print(f"{'':10}" + "".join(f"{name:>11}" for name in names))
    for row, values in rows.items():
        print(f"{row:10}" + "".join(f"{np.mean([v[name] for v in values]):11.1f}" for name in names))
    share = 100 * np.mean(inside)
    print(
        f"{frames} frames, {frames / seconds:.0f} frames/s; truth within twice the uncertainty: {share:.0f} %\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=25, help="every n-th sign of the lexicon")
    parser.add_argument("--noise", type=float, default=2.0, help="deviation of x and y [px]")
    options = parser.parse_args()
    lift_with_uncertainty(seen(truth(500)[0], 1, np.random.default_rng(0)))
    for spread in (0.0, 0.08):
        clips = truth(options.every, spread)
        print(f"{len(clips)} signs, noise {options.noise:g} px, bone lengths changed by {100 * spread:g} %")
        measure(clips, options.noise)

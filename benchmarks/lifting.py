"""How far lifted depth is from the truth of synthesised signs, and how fast it is found.

Truth: isolated signs of the `ase` lexicon, from hands at rest to hands at rest, at a shoulder width of 164 px of 512.
They share their skeleton with the lifter, which flatters it. So they are also shown with every bone of arms and hands
longer or shorter by 8 % at random, with the whole arms and hands by up to 20 %, and performed by the avatar's bodies,
whose knuckles lie elsewhere. Every 25th sign from the first was used for tuning; those measured begin at the 13th.

    python benchmarks/lifting.py [--every 25] [--first 12] [--noise 2]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from signgen.body.asset import Identity, load_body
from signgen.body.fit import fit_pose
from signgen.body.kinematics import keypoints
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


def truth(first: int, every: int) -> list[np.ndarray]:
    """(T, 128, 3) px of signs."""
    clips = []
    for entry in built_in("ase")[1][first::every]:
        poses = synthesised(entry)
        assert isinstance(poses.depth, np.ndarray)
        points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
        clips.append((points - points[:, 1:2]) * (SHOULDERS / distance(points[0, 5], points[0, 2])))
    return clips


def other_bones(points: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The same movement of a body with other lengths of arms and hand bones, the same on both sides."""
    out = points.copy()
    for k in ORDER:
        if k in ARMS or k in range(18, 60):
            factor = 1.0 if k in (LEFT_HAND.start, RIGHT_HAND.start) else factors[min(k, MIRROR[k])]
            out[:, k] = out[:, PARENTS[k]] + factor * (points[:, k] - points[:, PARENTS[k]])
    return out


def by_bone(clips: list[np.ndarray], spread: float = 0.08) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    most = 2 * spread
    return [other_bones(p, 1 + np.clip(rng.normal(0, spread, 128), -most, most)) for p in clips]


def by_size(clips: list[np.ndarray], most: float = 0.2) -> list[np.ndarray]:
    """Arms of one size, hands of another."""
    rng = np.random.default_rng(0)
    sizes = [np.full(128, 1 + rng.uniform(-most, most)) for _ in clips]
    for size in sizes:
        size[18:60] = 1 + rng.uniform(-most, most)
    return [other_bones(p, size) for p, size in zip(clips, sizes, strict=True)]


def by_avatars(clips: list[np.ndarray]) -> list[np.ndarray]:
    """The signs by twelve made-up bodies: keypoints of the rig, posed to show them."""
    seen = np.ones((1, 128))
    seen[:, [9, 10, 12, 13]] = 0
    shapes = [load_body().shape(Identity.from_seed(1 + i)) for i in range(12)]
    out = []
    for i, points in enumerate(clips):
        pose = fit_pose(shapes[i % 12], points, np.repeat(seen, len(points), axis=0))
        own = keypoints(shapes[i % 12], pose).astype(np.float64)
        own *= SHOULDERS / np.median(distance(own[:, 5, :2], own[:, 2, :2]))
        out.append(own - np.median(own[:, 1:2], axis=0))
    return out


def seen(points: np.ndarray, noise: float, rng: np.random.Generator) -> PoseSequence:
    noisy = np.ones(points.shape)
    noisy[..., :2] = points[..., :2] + (256, 190) + rng.normal(0, noise, (*points.shape[:2], 2))
    noisy[:, [9, 10, 12, 13]] = 0
    return PoseSequence(noisy, 24, 512, 512)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(a - b, axis=-1))


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
        start = time.process_time()
        lifted = lift_with_uncertainty(poses)
        seconds += time.process_time() - start
        frames += len(poses)
        given = np.concatenate([poses.xy - (256, 190), np.asarray(lifted.poses.depth)[..., None]], axis=-1)
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
    print(f"{frames} frames, {frames / seconds:.0f} a second of one core; ", end="")
    print(f"truth within twice the uncertainty: {share:.0f} %\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=25, help="every n-th sign of the lexicon")
    parser.add_argument("--first", type=int, default=12, help="the first of them; 0: those used for tuning")
    parser.add_argument("--noise", type=float, default=2.0, help="deviation of x and y [px]")
    options = parser.parse_args()
    signs = truth(options.first, options.every)
    lift_with_uncertainty(seen(signs[0], 1, np.random.default_rng(0)))
    print(f"{len(signs)} signs, noise {options.noise:g} px; bone lengths:")
    for name, change in (
        ("the signer's own", lambda clips: clips),
        ("each changed by 8 %", by_bone),
        ("arms and hands larger or smaller by up to 20 %", by_size),
        ("of twelve bodies of the avatar", by_avatars),
    ):
        print(name)
        measure(change(signs), options.noise)

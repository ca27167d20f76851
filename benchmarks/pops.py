"""What jumps between the frames of the drawn body, and how far its hands are from the given ones.

    python benchmarks/pops.py [--every 10] [--signer default]

Every tenth sign of the built-in lexicon from rest to rest, fitted to a signer as the avatar does it. A jump is the
change of a part's angular velocity from one frame to the next, in degrees a frame. "Given" is what the keypoints ask
of the same part, so that a row far above it was made by the fit. The worst frame of each row is named.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Identity, Shape, load_body
from signgen.body.fingers import hand_rig
from signgen.body.fit import ARMS, fit_pose
from signgen.body.kinematics import BodyPose, keypoints, move_bones
from signgen.body.shoulders import shoulders_along
from signgen.body.turning import best_rotation, relative, rotation_vector, shortest_arc, unit
from signgen.lexicon.written import built_in, synthesised
from signgen.pose.layout import LEFT_SHOULDER, RIGHT_SHOULDER
from signgen.render.signer.appearance import Appearance, who

PARTS = {"upper arm": "upperarm02", "end of the forearm": "lowerarm02", "hand": "wrist"}
PALM = [0, 5, 9, 13, 17]


@dataclass(frozen=True)
class Clip:
    """A fitted sign: its name, the given keypoints [m, as large as the signer], the pose."""

    name: str
    points: np.ndarray
    pose: BodyPose


class Rows:
    """Measured values by row, with the frames they were measured in."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[str, np.ndarray]]] = defaultdict(list)

    def add(self, row: str, clip: str, values: np.ndarray) -> None:
        self._values[row].append((clip, values))

    def print(self) -> None:
        print("| | mean | 99 % | 99.9 % | most | where |\n|---|---:|---:|---:|---:|---|")
        for row, parts in self._values.items():
            values = np.concatenate([part for _, part in parts])
            clip, worst = max(parts, key=lambda part: part[1].max(initial=0))
            cells = (values.mean(), *np.percentile(values, (99, 99.9)), values.max())
            numbers = " | ".join(f"{cell:.1f}" for cell in cells)
            print(f"| {row} | {numbers} | {clip}, frame {int(worst.argmax())} |")


def clips(shape: Shape, every: int) -> Iterator[Clip]:
    for entry in built_in("ase")[1][::every]:
        poses = synthesised(entry)
        if poses.depth is None:
            raise SystemExit(f"{entry.gloss}: no depth")
        points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
        pose = shoulders_along(shape, fit_pose(shape, points, poses.confidence))
        yield Clip(entry.gloss, _as_large(points, shape), pose)


def _as_large(points: np.ndarray, shape: Shape) -> np.ndarray:
    """Points in metres of the signer, by the width of the shoulders."""
    wide = np.median(np.linalg.norm(points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER], axis=1))
    own = np.linalg.norm(shape.keypoints[LEFT_SHOULDER] - shape.keypoints[RIGHT_SHOULDER])
    scaled: np.ndarray = points * (own / wide)
    return scaled


def jumps(rotations: np.ndarray) -> np.ndarray:
    """(T - 2,) changes of the angular velocity of (T, 3, 3) rotations in the world [degrees a frame]."""
    velocity = np.einsum(
        "tij,tj->ti", rotations[:-1], rotation_vector(relative(rotations[:-1], rotations[1:]))
    )
    changes: np.ndarray = np.degrees(np.linalg.norm(np.diff(velocity, axis=0), axis=-1))
    return changes


def pointing(ways: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations that follow unit directions (T, 3) without turning about them."""
    turned = [np.eye(3)]
    for step in shortest_arc(ways[:-1], ways[1:]):
        turned.append(step @ turned[-1])
    return np.array(turned)


def measure(shape: Shape, clip: Clip, side: str, rows: Rows) -> None:
    """Jumps of one arm, and its hand beside the given one."""
    bone, name = shape.body.bone, f"{clip.name} {'right' if side == 'R' else 'left'}"
    bones, rig = move_bones(shape, clip.pose), hand_rig(shape, side)
    shoulder, elbow, _, own = ARMS[side]
    thumb = clip.pose.rotations[:, bone[f"finger1-1.{side}"]]
    rows.add("base of the thumb, from the hand", name, jumps(thumb))
    roll = rotation_vector(relative(thumb[:-1], thumb[1:])) @ rig.rest[0, 0]
    rows.add("roll of the thumb, step", name, np.degrees(np.abs(roll)))
    for part, chosen in PARTS.items():
        rows.add(part, name, jumps(bones.turned[:, bone[f"{chosen}.{side}"]]))
    upper = bones.placed[:, bone[f"lowerarm01.{side}"]] - bones.placed[:, bone[f"upperarm01.{side}"]]
    rows.add("upper arm, its direction", name, jumps(pointing(unit(upper))))
    rows.add("... given", name, jumps(pointing(unit(clip.points[:, elbow] - clip.points[:, shoulder]))))
    given, drawn = clip.points[:, own], keypoints(shape, clip.pose)[:, own]
    palm = best_rotation(rig.palm, given[:, PALM], np.ones((len(given), len(PALM))))
    rows.add("hand, given", name, jumps(palm))
    ways = [unit(np.diff(hand[:, 1:].reshape(-1, 5, 4, 3), axis=2)) for hand in (given, drawn)]
    off = np.degrees(np.arccos(np.clip((ways[0] * ways[1]).sum(axis=-1), -1, 1))).mean(axis=(1, 2))
    rows.add("finger bones, off the given ways [°]", name, off)
    apart = (drawn - drawn[:, :1]) - (given - given[:, :1])
    rows.add("hand points from the wrist, off [mm]", name, 1000 * np.linalg.norm(apart, axis=-1).mean(axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--signer", default=Appearance().signer)
    options = parser.parse_args()
    person, _ = who(Appearance(signer=options.signer))
    shape, rows, frames = load_body().shape(Identity(dict(person.weights))), Rows(), []
    for clip in clips(shape, options.every):
        frames.append(len(clip.pose))
        for side in ARMS:
            measure(shape, clip, side, rows)
    print(f"{len(frames)} signs, {sum(frames)} frames, signer {options.signer}\n")
    rows.print()


if __name__ == "__main__":
    main()

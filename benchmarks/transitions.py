"""How often hands and forearms go through the body between signs of the built-in lexicon, and how far wrists bend.

    python benchmarks/transitions.py [--sentences 40] [--seed 0] [--mesh]

Sentences are 3 to 5 signs drawn at random. A frame counts as inside if a keypoint of a hand, or a point of the outer
60 % of a forearm, is more than 1 cm deep in the ellipsoids of head, trunk, hips and thighs of the canonical signer;
"of its own" if it is also 1 cm deeper than at both ends of its movement, where the signs are. ``--mesh`` asks the same
of the avatar: its own keypoints against the skin of its own head, trunk and thighs (nearest vertex and its normal).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial import cKDTree

from signgen.body.asset import Identity, load_body
from signgen.body.fit import fit_pose
from signgen.body.kinematics import keypoints, skin
from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.body.surface import HEAD, TORSO
from signgen.text2pose.stitch import Stitch
from signgen.text2pose.stitching.sentence import Sign, Stitched, stitch

# Centre and half axes [m] of hips and thighs, from sections of the baked body.
HIPS = np.array([(0, 0.56, 0), (0.20, 0.20, 0.118)])
THIGHS = [np.array([(x, 0.74, -0.01), (0.10, 0.28, 0.11)]) for x in (-0.1, 0.1)]
BODIES = [np.array(HEAD), np.array(TORSO), HIPS, *THIGHS]
# Elbow, wrist, first keypoint of the hand, of both sides.
ARMS = ((3, 4, 39), (6, 7, 18))
TOO_DEEP, TOO_BENT = 0.01, 95.0
TRUNK = ("spine", "pelvis", "upperleg", "breast", "head", "jaw")


def sentences(count: int, seed: int) -> Iterator[Stitched]:
    """Random sentences of the built-in lexicon."""
    source, rng = Stitch(), np.random.default_rng(seed)
    entries = source.opened.entries
    for _ in range(count):
        chosen = [entries[i] for i in rng.integers(len(entries), size=rng.integers(3, 6))]
        yield stitch(
            [Sign((source.prepared(e),), is_edge=i + 1 == len(chosen)) for i, e in enumerate(chosen)]
        )


def arm_points(points: np.ndarray) -> np.ndarray:
    """(T, 48, 3) the points of forearms and hands that are held against the body."""
    found = []
    for elbow, wrist, first in ARMS:
        forearm = points[:, None, elbow] + np.array([0.4, 0.6, 0.8])[:, None] * (
            points[:, None, wrist] - points[:, None, elbow]
        )
        found += [forearm, points[:, first : first + 21]]
    return np.concatenate(found, axis=1)


def depth_in_bodies(points: np.ndarray) -> np.ndarray:
    """(T, 48) depth in the deepest ellipsoid [m], to first order; 0 outside."""
    deepest = np.zeros(points.shape[:2])
    for centre, half in BODIES:
        q = (points - centre) / half
        radius, slope = np.linalg.norm(q, axis=-1), np.linalg.norm(q / half, axis=-1)
        deepest = np.maximum(deepest, (1 - radius) * radius / np.maximum(slope, 1e-9))
    return deepest


def depth_in_avatar(clip_points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(T, 48) depth of the avatar's own arms in its skin [m]; 0 outside."""
    shape = load_body().shape(Identity())
    pose = fit_pose(shape, clip_points, confidence)
    chosen, triangles = _skin_of_trunk(shape)
    points, out = arm_points(keypoints(shape, pose)), []
    for frame, vertices in zip(points, skin(shape, pose, chosen).astype(np.float64), strict=True):
        corners = vertices[triangles]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = np.zeros_like(vertices)
        for corner in range(3):
            np.add.at(normals, triangles[:, corner], across)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        _, nearest = cKDTree(vertices).query(frame)
        out.append(np.maximum(0, -np.sum((frame - vertices[nearest]) * normals[nearest], axis=1)))
    return np.array(out)


def _skin_of_trunk(shape) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    """Vertices of head, trunk and thighs, and the triangles between them, outwards."""
    body = shape.body
    names = np.array(body.bones)[body.skin_bones[:, 0]]
    of_trunk = np.array([name.startswith(TRUNK) for name in names])
    faces = body.faces[body.part_faces("body") | body.part_faces("head")]
    faces = faces[of_trunk[faces].all(axis=1)]
    chosen, triangles = np.unique(faces, return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    corners = shape.vertices[chosen][triangles].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = np.sum((corners[:, 0] - corners.mean(axis=(0, 1))) * across)
    return chosen, triangles if volume > 0 else triangles[:, ::-1]


def wrist_bends(points: np.ndarray) -> np.ndarray:
    """(T, 2) angle between forearm and palm [degrees]."""
    found = []
    for elbow, wrist, first in ARMS:
        palm = points[:, [first + k for k in (5, 9, 13, 17)]].mean(axis=1) - points[:, first]
        forearm = points[:, wrist] - points[:, elbow]
        cosine = (
            np.sum(palm * forearm, axis=1) / np.linalg.norm(palm, axis=1) / np.linalg.norm(forearm, axis=1)
        )
        found.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.stack(found, axis=1)


def measure(stitched: Stitched, depth: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
    """(n, 4) for each movement between signs: inside, inside of its own, bent, bent of its own, by frame."""
    points = stitched.clip.points * SHOULDER_WIDTH
    deep, bent = depth(points), wrist_bends(points)
    for run in stitched.runs:
        if run.operation not in ("transition", "raise", "lower"):
            continue
        frames = slice(run.start, run.end)
        ends = [max(run.start - 1, 0), min(run.end, len(points) - 1)]
        own = deep[frames].max(axis=1) > deep[ends].max() + TOO_DEEP
        over = (bent[frames] > np.maximum(TOO_BENT, bent[ends].max(axis=0) + 5)).any(axis=1)
        yield np.stack(
            [deep[frames].max(axis=1) > TOO_DEEP, own, (bent[frames] > TOO_BENT).any(axis=1), over], axis=1
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mesh", action="store_true")
    args = parser.parse_args()
    rows = []
    for stitched in sentences(args.sentences, args.seed):
        confidence = stitched.clip.confidence

        def depth(points: np.ndarray, seen: np.ndarray = confidence) -> np.ndarray:
            return depth_in_avatar(points, seen) if args.mesh else depth_in_bodies(arm_points(points))

        rows += list(measure(stitched, depth))
    shares = np.concatenate(rows).mean(axis=0)
    print(f"{sum(map(len, rows))} frames of {len(rows)} movements between signs")
    for name, share in zip(
        ("inside by more than 1 cm", "  of its own", "wrist bent more than 95 degrees", "  of its own"),
        shares,
        strict=True,
    ):
        print(f"{name:34} {share:6.2%}")


if __name__ == "__main__":
    main()

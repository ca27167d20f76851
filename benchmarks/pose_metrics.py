"""Exact warping beside dtaidistance (C) and fastdtw: speed and equality.

    python benchmarks/pose_metrics.py [--runs 15] [--frames 200] [--data ../shared/data]

Both peers get each keypoint by itself, as pose-evaluation's measures do: dtaidistance the root of the sum of squared
distances, fastdtw (radius 1) the sum of distances. All sides run in one process, in turn, on one core, over the same
128 keypoints: of two stitched DGS sentences if they are at hand, of seeded random walks otherwise. Each side starts
from arrays in the form and type that it takes fastest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from signgen.judge.pose.dtw import align, warp_keypoints
from signgen.judge.pose.score import score_poses
from signgen.judge.pose.tracks import Tracks, tracks_of

# fastdtw takes a second for all keypoints; so many say what one takes.
FASTDTW_KEYPOINTS = 4


def interleaved(functions: dict[str, Callable[[], Any]], runs: int) -> dict[str, tuple[float, float]]:
    """Median wall and processor time [ms] of each function, run in turn."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(runs):
        for name, function in functions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            function()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (1e3 * median(w for w, _ in found), 1e3 * median(c for _, c in found))
        for name, found in times.items()
    }


def walk(frames: int, dims: int, seed: int) -> Tracks:
    """128 keypoints that wander [shoulder widths]."""
    steps = np.random.default_rng(seed).normal(0, 0.03, (frames, 128, dims))
    return Tracks(np.cumsum(steps, axis=0).astype(np.float32), np.ones((frames, 128), bool), 25.0)


def real_pair(data: Path, frames: int, dims: int) -> tuple[Tracks, Tracks] | None:
    """Two stitched DGS sentences, repeated to so many frames, every keypoint taken as seen."""
    from signgen.data.poses import read_pose

    paths = [data / "dgs_pairs" / f"train_{n}_updated.pose" for n in (3, 11)]
    if not all(path.is_file() for path in paths):
        return None
    found = []
    for path in paths:
        points = tracks_of(read_pose(path), dims=dims).points
        points = np.concatenate([points] * (frames // len(points) + 1))[:frames]
        found.append(Tracks(points, np.ones((frames, 128), bool), 25.0))
    return found[0], found[1]


def warping(data: Path, frames: int, dims: int, runs: int) -> None:
    from dtaidistance import dtw_ndim
    from fastdtw import fastdtw

    pair = real_pair(data, frames, dims)
    kind = "DGS" if pair else "random walks"
    a, b = pair or (walk(frames, dims, 1), walk(frames, dims, 2))
    each = [[np.ascontiguousarray(t.points[:, k], dtype=np.float64) for k in range(128)] for t in (a, b)]
    sides: dict[str, Callable[[], Any]] = {
        "signgen, squared": lambda: warp_keypoints(a, b, is_squared=True),
        "dtaidistance": lambda: [dtw_ndim.distance_fast(x, y) for x, y in zip(*each, strict=True)],
        "dtaidistance, no pruning": lambda: [
            dtw_ndim.distance_fast(x, y, use_pruning=False) for x, y in zip(*each, strict=True)
        ],
        "signgen, distances": lambda: warp_keypoints(a, b),
        "fastdtw": lambda: [
            fastdtw(each[0][k], each[1][k], radius=1, dist=2)[0] for k in range(FASTDTW_KEYPOINTS)
        ],
        "signgen, joint path": lambda: align(a, b),
    }
    found = interleaved(sides, runs)
    print(f"{frames} x {frames} frames, {dims}-D, 128 keypoints of {kind}; ms of wall and processor time")
    for name, (wall, cpu) in found.items():
        share = 128 / FASTDTW_KEYPOINTS if name == "fastdtw" else 1
        print(f"  {name:26s} {share * wall:10.2f} {share * cpu:10.2f}")
    ours, plain = found["signgen, squared"], found["signgen, distances"]
    scale = 128 / FASTDTW_KEYPOINTS
    for peer, ratio in (
        ("dtaidistance", [found["dtaidistance"][i] / ours[i] for i in (0, 1)]),
        ("fastdtw", [scale * found["fastdtw"][i] / plain[i] for i in (0, 1)]),
    ):
        print(f"  {peer}: {ratio[0]:.1f}x (wall), {ratio[1]:.1f}x (processor)")
    squared, exact = warp_keypoints(a, b, is_squared=True), warp_keypoints(a, b)
    gap = np.abs(squared - np.array(sides["dtaidistance"]()))
    print(
        f"  largest difference from dtaidistance {gap.max():.1e} (values {squared.min():.2f} to {squared.max():.2f})"
    )
    over = np.array(
        [fastdtw(each[0][k], each[1][k], radius=1, dist=2)[0] / exact[k] for k in range(0, 128, 8)]
    )
    print(
        f"  fastdtw overestimates by {over.mean() - 1:.1%} in the mean, {over.max() - 1:.1%} at most (16 keypoints)"
    )


def scoring(data: Path, runs: int) -> None:
    """All measures of the default profile over the DGS pairs that differ."""
    from signgen.data.poses import read_pose

    folder = data / "dgs_pairs"
    if not folder.is_dir():
        return
    pairs = [
        (read_pose(folder / f"train_{n}_updated.pose"), read_pose(folder / f"train_{n}_original.pose"))
        for n in range(1, 17)
        if n not in (5, 13, 14, 15)
    ]
    wall, cpu = interleaved({"all": lambda: score_poses(pairs)}, runs)["all"]
    frames = sum(len(pose) for pair in pairs for pose in pair)
    print(f"score_poses: {len(pairs)} pairs, {frames} frames: {wall:.0f} ms wall, {cpu:.0f} ms processor")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    for dims in (2, 3):
        warping(args.data, args.frames, dims, args.runs)
    scoring(args.data, args.runs)


if __name__ == "__main__":
    main()

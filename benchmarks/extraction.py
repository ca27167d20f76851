"""What extraction costs beyond the estimator itself, and what a second process gains; MediaPipe Holistic.

    .venv-mediapipe/bin/python benchmarks/extraction.py VIDEO [--rounds 5] [--copies 4]

The bare estimator runs over frames that stand in memory, as nobody's program does, and throws its answers away. Ours
decodes, follows people, cleans, judges and writes poses and sidecar. Rounds are interleaved; medians. Then a folder of
copies of the video with one process and with two.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from signgen.data.video import read_video
from signgen.workflow.extract import extract_video
from signgen.workflow.extract_folder import extract_folder


def bare(frames: list) -> int:  # type: ignore[type-arg]
    """Nothing but the estimator."""
    from mediapipe.python.solutions.holistic import Holistic

    with Holistic(model_complexity=1) as holistic:
        for frame in frames:
            holistic.process(frame)
    return len(frames)


def on_one_core(work: Callable[[], object]) -> None:
    """Do a piece of work on one core: left alone, MediaPipe's threads take more than one."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        work()
    finally:
        os.sched_setaffinity(0, cores)


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Run both sides in turn and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("video", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--copies", type=int, default=4)
    args = options.parse_args()
    frames = list(read_video(args.video).frames())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "in").mkdir()
        for number in range(args.copies):
            shutil.copy(args.video, folder / "in" / f"{number}{args.video.suffix}")
        ways: dict[str, Callable[[], object]] = {
            "bare estimator": lambda: bare(frames),
            "signgen extract": lambda: extract_video(args.video, folder / "a.npz", force=True),
            f"{args.copies} videos, 1 process": lambda: extract_folder(
                folder / "in", folder / "one", force=True
            ),
            f"{args.copies} videos, 2 processes": lambda: extract_folder(
                folder / "in", folder / "two", workers=2, force=True
            ),
            f"{args.copies} videos, 1 process on 1 core": lambda: on_one_core(
                lambda: extract_folder(folder / "in", folder / "three", force=True)
            ),
        }
        for way in list(ways.values())[:2]:
            way()
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, way in ways.items():
                took[name].append(seconds(way))
    middle = {name: median(values) for name, values in took.items()}
    first, second, one, two, bound = middle.values()
    print(f"{args.video.name}, {len(frames)} frames, median of {args.rounds} interleaved rounds\n")
    print("| | s | frames/s |\n|---|---:|---:|")
    for name, value in middle.items():
        count = len(frames) * (args.copies if "videos" in name else 1)
        print(f"| {name} | {value:.2f} | {count / value:.1f} |")
    print(f"\nsigngen / bare estimator: {second / first:.3f} (goal 1.1)")
    print(f"two processes / one on one core: {bound / two:.2f} times as fast (goal 1.8)")
    print(f"two processes / one that may use all cores: {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()

"""How much of making a video is drawing, what reading costs, and how much memory an hour of signing takes.

    python benchmarks/video.py            # drawing against encoding, reading against OpenCV and imageio
    python benchmarks/video.py --hour     # 86,400 frames to mp4, peak memory at 10 and at 60 minutes

The poses are a recorded fingerspelling clip, over and over.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from signgen.data.poses import read_pose
from signgen.data.video import read_video, write_video
from signgen.pose.sequence import PoseSequence
from signgen.render.draw import STYLES, draw

FPS = 24


def clip(frames: int) -> PoseSequence:
    """Recorded letters one after the other, repeated up to a number of frames."""
    found = importlib.util.find_spec("spoken_to_signed")
    if found is None or found.origin is None:
        raise SystemExit("needs the clips of spoken-to-signed==0.4.0")
    folder = Path(found.origin).parent / "assets" / "fingerspelling_lexicon" / "ase"
    letters = [read_pose(path) for path in sorted(folder.glob("*.pose"))[:10]]
    keypoints = np.concatenate([letter.keypoints for letter in letters])
    return letters[0].replace(keypoints=np.resize(keypoints, (frames, *keypoints.shape[1:])), depth=None)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time of a call [s]."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def drawing_against_encoding(frames: int, size: int, rounds: int, preset: str) -> None:
    poses = clip(frames)
    print(f"{frames} frames of {size}x{size} px, H.264 {preset}, median of {rounds}")
    print(f"{'style':12}{'draw f/s':>10}{'encode f/s':>12}{'draw/encode':>13}{'in CPU time':>13}")
    with tempfile.TemporaryDirectory() as folder:
        for style in STYLES:
            pictures = list(draw(poses, style, width=size, height=size))  # compiles, too
            drawing, encoding = [], []
            for _ in range(rounds):
                drawing.append(timed(lambda s=style: [None for _ in draw(poses, s, width=size, height=size)]))
                target = Path(folder) / f"{style}.mp4"
                encoding.append(timed(lambda p=pictures, t=target: write_video(p, t, FPS, preset=preset)))
            (draw_wall, draw_cpu), (wall, cpu) = (np.median(times, axis=0) for times in (drawing, encoding))
            print(f"{style:12}{frames / draw_wall:10.0f}{frames / wall:12.0f}"
                  f"{draw_wall / wall:13.1%}{draw_cpu / cpu:13.1%}")  # fmt: skip


def reading(frames: int, size: int, rounds: int) -> None:
    """Decoding to RGB; OpenCV and imageio convert colours the quick way, we round."""
    import cv2
    import imageio.v3 as iio

    def with_opencv(path: Path) -> None:
        capture = cv2.VideoCapture(str(path))
        while capture.read()[0]:
            pass

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        write_video(draw(clip(frames), width=size, height=size), path, FPS)
        readers: dict[str, Callable[[], object]] = {
            "signgen": lambda: sum(1 for _ in read_video(path).frames()),
            "imageio": lambda: sum(1 for _ in iio.imiter(path, plugin="pyav")),
            "opencv": lambda: with_opencv(path),
        }
        times = {name: [] for name in readers}
        for name in itertools.chain.from_iterable([readers] * rounds):
            times[name].append(timed(readers[name])[0])
    print(
        "reading, f/s: " + ", ".join(f"{name} {frames / median(taken):.0f}" for name, taken in times.items())
    )


def one_hour(size: int, preset: str) -> None:
    """Two fresh processes, for peak memory never falls."""
    for minutes in (10, 60):
        command = [
            sys.executable,
            __file__,
            "--minutes",
            str(minutes),
            "--size",
            str(size),
            "--preset",
            preset,
        ]
        subprocess.run(command, check=True)


def memory_of(minutes: int, size: int, preset: str) -> None:
    frames = minutes * 60 * FPS
    poses = clip(frames)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.mp4"
        begin = time.perf_counter()
        written = write_video(draw(poses, width=size, height=size), path, FPS, preset=preset)
        seconds = time.perf_counter() - begin
        megabytes = path.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{minutes} min: {written} frames in {seconds:.0f} s, {megabytes:.0f} MB; peak memory {peak:.0f} MiB, "
        f"of which {before:.0f} before the first frame (packages and poses)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hour", action="store_true", help="write one hour and report peak memory")
    parser.add_argument("--minutes", type=int, help="write so many minutes in this process")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--preset", default="medium")
    given = parser.parse_args()
    if given.minutes:
        memory_of(given.minutes, given.size, given.preset)
    elif given.hour:
        one_hour(given.size, given.preset)
    else:
        drawing_against_encoding(given.frames, given.size, given.rounds, given.preset)
        reading(given.frames, given.size, given.rounds)


if __name__ == "__main__":
    main()

"""`.pose` files against pose-format: whole files, windows, writing, and the clips of a lexicon.

    python benchmarks/pose_files.py            # 2,000 frames of 586 points, and 34 fingerspelling clips

Each round times every contender once, one after the other; the figures are medians over the rounds. pose-format
reads from memory (``Pose.read`` of the file's bytes, read anew each time) and masks and copies what it reads.
Ours is timed at four depths: opening alone, which maps the file and looks at its header; opening and summing all
values, which touches every page; copying all values; and copying and computing the mask as a masked array, which
is all that pose-format does.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from pose_format import Pose

from signgen.data.pose_file import PoseFile, pack_pose, read_pose_file, write_pose, write_pose_file
from signgen.data.poses import read_pose

Contenders = dict[str, Callable[[], object]]


def lexicon_clips(count: int) -> list[Path]:
    """Recorded fingerspelling of as many languages as there are, in turn."""
    found = importlib.util.find_spec("spoken_to_signed")
    if found is None or found.origin is None:
        raise SystemExit("needs the clips of spoken-to-signed==0.4.0")
    clips = sorted((Path(found.origin).parent / "assets" / "fingerspelling_lexicon").rglob("*.pose"))
    return clips[:: max(1, len(clips) // count)][:count]


def long_file(folder: Path, clips: list[Path], frames: int) -> Path:
    """One file of many frames, the clips one after the other, over and over."""
    parts = [read_pose_file(clip) for clip in clips]
    points = np.concatenate([part.points for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    repeats = np.arange(frames) % len(points)
    path = folder / "long.pose"
    write_pose_file(PoseFile(parts[0].header, 25.0, points[repeats], confidence[repeats]), path)
    return path


def rounds_of(contenders: Contenders, rounds: int) -> dict[str, float]:
    """Median seconds of each, timed in turn."""
    for work in contenders.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            begin = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begin)
    return {name: median(taken) for name, taken in times.items()}


def report(title: str, contenders: Contenders, frames: int, rounds: int) -> None:
    """One line per contender; the first is the peer."""
    seconds = rounds_of(contenders, rounds)
    peer = next(iter(seconds.values()))
    print(f"\n{title}, median of {rounds}")
    print(f"{'':34}{'ms':>10}{'frames/s':>14}{'ratio':>9}")
    for name, taken in seconds.items():
        print(f"{name:34}{1e3 * taken:10.3f}{frames / taken:14,.0f}{peer / taken:8.1f}x")


def copied(poses: PoseFile) -> PoseFile:
    return PoseFile(poses.header, poses.fps, poses.points.copy(), poses.confidence.copy())


def summed(poses: PoseFile) -> float:
    return float(poses.points.sum()) + float(poses.confidence.sum())


def masked(poses: PoseFile) -> np.ma.MaskedArray:
    whole = copied(poses)
    mask = np.broadcast_to(whole.mask[..., None], whole.points.shape)
    return np.ma.MaskedArray(whole.points, mask=mask.copy())


def whole_files(path: Path, frames: int, rounds: int) -> None:
    report(
        f"reading {frames} frames of 586 points ({path.stat().st_size / 1e6:.1f} MB)",
        {
            "pose-format Pose.read": lambda: Pose.read(path.read_bytes()),
            "signgen, opened": lambda: read_pose_file(path),
            "signgen, opened and all summed": lambda: summed(read_pose_file(path)),
            "signgen, all copied": lambda: copied(read_pose_file(path)),
            "signgen, all copied and masked": lambda: masked(read_pose_file(path)),
        },
        frames,
        rounds,
    )


def windows(path: Path, frames: int, rounds: int) -> None:
    first, last = frames // 2, frames // 2 + 100

    def peer() -> Pose:
        with path.open("rb") as file:
            return Pose.read(file, start_frame=first, end_frame=last)

    def peer_from_memory() -> Pose:
        return Pose.read(path.read_bytes(), start_frame=first, end_frame=last)

    report(
        f"reading 100 of {frames} frames",
        {
            "pose-format, from the open file": peer,
            "pose-format, from bytes": peer_from_memory,
            "signgen, opened": lambda: read_pose_file(path, first, last),
            "signgen, all copied": lambda: copied(read_pose_file(path, first, last)),
        },
        100,
        rounds,
    )


def writing(path: Path, frames: int, rounds: int) -> None:
    theirs, ours = Pose.read(path.read_bytes()), copied(read_pose_file(path))
    same = io.BytesIO()
    theirs.write(same)
    if same.getvalue() != pack_pose(ours):
        raise SystemExit("the two do not write the same bytes")
    target, plain = path.with_name("copy.pose"), path.with_name("plain.pose")

    def to_plain_file(write: Callable[[io.BufferedWriter], None]) -> None:
        with plain.open("wb") as file:
            write(file)

    def peer_to_memory() -> bytes:
        buffer = io.BytesIO()
        theirs.write(buffer)
        return buffer.getvalue()

    report(
        f"the bytes of a file of {frames} frames, in memory",
        {"pose-format Pose.write": peer_to_memory, "signgen pack_pose": lambda: pack_pose(ours)},
        frames,
        rounds,
    )
    report(
        f"writing {frames} frames to a file",
        {
            "pose-format Pose.write": lambda: to_plain_file(theirs.write),
            "signgen write_pose": lambda: to_plain_file(lambda file: write_pose(ours, file)),
            "signgen, safely (fsync, rename)": lambda: write_pose_file(ours, target),
        },
        frames,
        rounds,
    )


def small_files(clips: list[Path], rounds: int) -> None:
    frames = sum(len(read_pose_file(clip)) for clip in clips)
    report(
        f"reading {len(clips)} fingerspelling clips, {frames} frames",
        {
            "pose-format Pose.read": lambda: [Pose.read(clip.read_bytes()) for clip in clips],
            "signgen, opened": lambda: [read_pose_file(clip) for clip in clips],
            "signgen, all copied": lambda: [copied(read_pose_file(clip)) for clip in clips],
            "signgen, as DWPose-128": lambda: [read_pose(clip) for clip in clips],
        },
        frames,
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    clips = lexicon_clips(34)
    with tempfile.TemporaryDirectory() as folder:
        path = long_file(Path(folder), clips, given.frames)
        whole_files(path, given.frames, given.rounds)
        windows(path, given.frames, given.rounds)
        writing(path, given.frames, given.rounds)
    small_files(clips, given.rounds)


if __name__ == "__main__":
    main()

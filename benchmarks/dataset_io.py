"""Reading pose data sets, side by side with the quick start of SignVerse-2M's data card.

    python benchmarks/dataset_io.py [--videos 20] [--frames 2000] [--rounds 5]

Made-up motion with jitter, one person, 512x512, in one tar shard as the card describes it (and once more
deflated). The card's reader is ``tar.extractall`` and ``np.load(allow_pickle=True)["frames"].tolist()``; with
"stacked" its frames are also put into a float32 (T, 128, 3) array, as every trainer must. Rounds are
interleaved; medians; one process, one thread; page cache warm.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.data.npz import read_npz, write_npz
from signgen.data.shards import Recording, read_shard, write_shard
from signgen.data.signverse import encode_signverse_npz
from signgen.data.stream import PoseStream
from signgen.pose.layout import PARTS
from signgen.pose.sequence import PoseSequence, cleaned


def motion(frames: int, seed: int) -> PoseSequence:
    """Smooth made-up motion with half a pixel of jitter and 4 % of the keypoints missing."""
    rng = np.random.default_rng(seed)
    time_axis = np.arange(frames)[:, None, None]
    path = rng.uniform(60, 450, (1, 128, 2)) + 25 * np.sin(
        time_axis * rng.uniform(0.02, 0.2, (1, 128, 2)) + rng.uniform(0, 6, (1, 128, 2))
    )
    path += rng.normal(0, 0.5, path.shape)
    confidence = rng.uniform(0.3, 1, (frames, 128, 1))
    confidence[rng.random(confidence.shape) < 0.04] = 0
    return PoseSequence(cleaned(np.concatenate([path, confidence], axis=-1)), 24.0, 512, 512)


def card_reader(shard: Path, folder: Path, *, stacked: bool) -> int:
    """The quick start of the data card, for every video of the shard."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(shard) as tar:
        tar.extractall(folder, filter="fully_trusted")
    count = 0
    for path in sorted(folder.glob("*/poses.npz")):
        frames = np.load(path, allow_pickle=True)["frames"].tolist()
        count += len(frames)
        if stacked:
            out = np.empty((len(frames), 128, 3), np.float32)
            for t, frame in enumerate(frames):
                person = frame["person_0"]
                for name, part in PARTS.items():
                    out[t, part] = person[name]
    return count


def our_shard(shard: Path) -> int:
    """Every video as checked sequences."""
    return sum(len(sample.poses[0]) for sample in read_shard(shard))


def our_columns(path: Path, *, checked: bool) -> int:
    """Every clip as an array, or as a checked sequence."""
    with Columnar(path) as shard:
        return sum(
            len(shard.read(n)) if checked else shard.read_keypoints(n).shape[0] for n in range(len(shard))
        )


def our_windows(path: Path, frames: int) -> int:
    """Random windows of 64 frames, as a training loop takes them."""
    rng = np.random.default_rng(0)
    with Columnar(path) as shard:
        for _ in range(frames // 64):
            clip = int(rng.integers(len(shard)))
            start = int(rng.integers(shard.clips[clip].frames - 64))
            shard.read_keypoints(clip, start, start + 64)
    return frames // 64 * 64


def timed(readers: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Median frames a second of each reader; the readers take turns."""
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, read in readers.items():
            gc.collect()
            started = time.perf_counter()
            frames = read()
            if number:  # the first round warms caches and compiles
                rates[name].append(frames / (time.perf_counter() - started))
    return {name: median(values) for name, values in rates.items()}


def main() -> None:
    """Make the files, check that all readers give the same, print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("videos", 20), ("frames", 2000), ("rounds", 5)):
        options.add_argument(f"--{name}", type=int, default=default)
    args = options.parse_args()
    total = args.videos * args.frames
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        samples = [Recording(f"video{n:06d}", (motion(args.frames, n),)) for n in range(args.videos)]
        plain, columns, extracted = folder / "a.tar", folder / "clips.col", folder / "extracted"
        write_shard(samples, plain)
        write_columnar((Clip(item.video_id, item.poses[0]) for item in samples), columns)
        deflated = write_deflated(samples, folder / "b.tar")
        dense = [folder / f"{item.video_id}.npz" for item in samples]
        for item, path in zip(samples, dense, strict=True):
            write_npz(item.poses[0], path)
        check(samples, plain, deflated, columns)
        base = "card's reader, stacked"
        readers: dict[str, Callable[[], int]] = {
            base: lambda: card_reader(plain, extracted, stacked=True),
            "card's reader, lists of dicts": lambda: card_reader(plain, extracted, stacked=False),
            "read_shard": lambda: our_shard(plain),
            "card's reader, stacked, deflated": lambda: card_reader(deflated, extracted, stacked=True),
            "read_shard, deflated": lambda: our_shard(deflated),
            "read_npz (dense)": lambda: sum(len(read_npz(path)) for path in dense),
            "columnar, read": lambda: our_columns(columns, checked=True),
            "columnar, read_keypoints": lambda: our_columns(columns, checked=False),
            "columnar, random windows of 64": lambda: our_windows(columns, total),
            "PoseStream, shuffled": lambda: sum(len(clip.keypoints) for clip in PoseStream((columns,))),
        }
        rates = timed(readers, args.rounds)
        size = {"shard": plain, "deflated": deflated, "columnar": columns}
        print(f"{args.videos} videos of {args.frames} frames, median of {args.rounds} interleaved rounds\n")
        print("| reader | frames/s | x card's |\n|---|---:|---:|")
        for name, rate in rates.items():
            print(f"| {name} | {rate:,.0f} | {rate / rates[base]:.2f} |")
        print("\n| file | bytes/frame |\n|---|---:|")
        for name, path in size.items():
            print(f"| {name} | {path.stat().st_size / total:,.1f} |")


def write_deflated(samples: list[Recording], path: Path) -> Path:
    """The same shard with each npz as ``numpy.savez_compressed`` would write it."""
    import io

    with tarfile.open(path, "w") as tar:
        for sample in samples:
            data = encode_signverse_npz(sample.poses, sample.video_id, compressed=True)
            for name, content in (("poses.npz", data), (f"{sample.video_id}.complete", b"")):
                info = tarfile.TarInfo(f"{sample.video_id}/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def check(samples: list[Recording], plain: Path, deflated: Path, columns: Path) -> None:
    """All readers give the poses that were written."""
    for shard in (plain, deflated):
        for before, after in zip(samples, read_shard(shard), strict=True):
            assert np.array_equal(before.poses[0].keypoints, after.poses[0].keypoints)
    with Columnar(columns) as shard:
        for number, item in enumerate(samples):
            wanted, got = item.poses[0].keypoints, shard.read_keypoints(number)
            assert np.abs(wanted[..., :2] - got[..., :2]).max() <= shard.clips[number].step / 2
            assert np.array_equal(wanted[..., 2] == 0, got[..., 2] == 0)


if __name__ == "__main__":
    main()

"""What a million clips take: wall time, storage, shards, file-system work and price, from measured rates.

    python benchmarks/scale.py [--rates benchmarks/scale.yaml] [--set price_gpu_hour=0.80] [--set clips=100_000]

Nothing is measured here: rates come from ``scale.yaml``, which says where each was. Every figure is one line of
arithmetic below; the tables of docs/scale.md are what this prints.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.config import load_yaml, with_overrides

# What a shard costs a file system (signgen/batch/shard.py): lock taken and given back; folder and tar made, tar
# renamed, commit made, renamed, folder deleted; tar, commit and both folders flushed. And a sample: stat, open, close.
LOCKS, NAMES, FLUSHES, OPENS_PER_SAMPLE = 2, 6, 4, 3


@dataclass(frozen=True)
class Kind:
    """One way to make clips: what a worker needs for one [s], and what it weighs [bytes]."""

    name: str
    unit: str
    seconds: float
    start: float
    bytes: float
    price: float


def kinds(rates: dict[str, Any]) -> list[Kind]:
    """Poses and avatar on cores; video diffusion on GPUs, fast and slow."""
    length, start = rates["seconds_per_clip"], rates["first_touch_seconds"]
    frames = length * rates["fps"]
    pose = rates["pose_core_ms"] / 1e3
    pose_bytes = frames * rates["pose_bytes_per_frame"] + rates["record_bytes"]
    drawing = frames * (1 / rates["avatar_fps_per_core"] + rates["encode_core_ms_per_frame"] / 1e3)
    core, gpu = rates["price_core_hour"], rates["price_gpu_hour"]
    film = pose_bytes + length * rates["gpu_video_bytes_per_second"]
    return [
        Kind("poses", "core", pose, start, pose_bytes, core),
        Kind(
            "avatar",
            "core",
            pose + drawing,
            start,
            pose_bytes + length * rates["video_bytes_per_second"],
            core,
        ),
        Kind("tiny-flow", "core", 2 * frames / rates["tiny_fps_two_threads"], start, film, core),
        *(
            Kind(
                f"MimicMotion, {pace}",
                "GPU",
                length * rates[f"gpu_seconds_per_second_{key}"],
                start,
                film,
                gpu,
            )
            for pace, key in (("fast", "low"), ("slow", "high"))
        ),
    ]


def shard_samples(kind: Kind, rates: dict[str, Any]) -> int:
    """As many as fit a shard's size and its minutes, to two digits."""
    most = min(
        rates["shard_gib"] * 2**30 / kind.bytes,
        rates[f"shard_minutes_{kind.unit}"] * 60 / kind.seconds,
        20_000,
    )
    power = 10 ** max(0, math.floor(math.log10(most)) - 1)
    return int(most // power * power)


def wall(kind: Kind, workers: int, rates: dict[str, Any]) -> float:
    """Start, an even share of the clips, index and card by one process [s]; the last shard may end one shard later."""
    clips = float(rates["clips"])
    return kind.start + clips / workers * kind.seconds + clips * float(rates["finish_ms"]) / 1e3


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    rates = with_overrides(load_yaml(options.rates), options.set)
    found, clips = kinds(rates), rates["clips"]
    hours = clips * rates["seconds_per_clip"] / 3600
    print(f"{clips:,} clips of {rates['seconds_per_clip']} s: {hours:,.0f} h of signing\n")
    table(
        ("", "for a clip", "all", "storage", "shards of", "shards", "price"),
        (
            (
                kind.name, f"{kind.seconds:,.3g} {kind.unit}-s", f"{clips * kind.seconds / 3600:,.0f} {kind.unit}-h",
                f"{clips * (kind.bytes + rates['index_bytes']) / 1e12:.2f} TB", f"{shard_samples(kind, rates):,}",
                f"{math.ceil(clips / shard_samples(kind, rates)):,}",
                f"{clips * kind.seconds / 3600 * kind.price:,.0f}",
            )
            for kind in found
        ),
    )  # fmt: skip
    table(
        ("workers", *(kind.name for kind in found if kind.unit == "core")),
        ((f"{count:,} cores", *(told(wall(kind, count, rates)) for kind in found if kind.unit == "core"))
         for count in rates["cores"]),
    )  # fmt: skip
    table(
        ("workers", *(kind.name for kind in found if kind.unit == "GPU")),
        ((f"{count:,} GPUs", *(told(wall(kind, count, rates)) for kind in found if kind.unit == "GPU"))
         for count in rates["gpus"]),
    )  # fmt: skip
    table(
        (
            "512 workers",
            "samples/s",
            "MB/s written",
            "locks/s",
            "names made or moved/s",
            "flushes/s",
            "opens/s",
        ),
        (load(kind, 512, rates) for kind in found),
    )


def load(kind: Kind, workers: int, rates: dict[str, Any]) -> tuple[str, ...]:
    """What workers at full speed ask of the file system in a second."""
    samples = workers / kind.seconds
    shards = samples / shard_samples(kind, rates)
    asked = (samples, samples * kind.bytes / 1e6, LOCKS * shards, NAMES * shards, FLUSHES * shards,
             OPENS_PER_SAMPLE * samples)  # fmt: skip
    return kind.name, *(f"{each:,.3g}" if each < 1000 else f"{each:,.0f}" for each in asked)


def told(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for size, unit in ((172_800, "days"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / {'days': 86_400, 'h': 3600, 'min': 60}[unit]:,.3g} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    main()

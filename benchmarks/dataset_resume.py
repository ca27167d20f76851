"""Kill ``signgen dataset build`` at random moments, share a folder between builders, and count what goes wrong.

    python benchmarks/dataset_resume.py [--kills 30] [--videos 24] [--seed 0]

The videos and the extractor are those of the tests (a bright spot, found without any model), so that only the
pipeline is measured. Kills are spread over the whole build: each run is killed with SIGKILL a random time after it
began to work, and the next one goes on. After each kill every video that its record calls done is compared with the
hashes of the record. At the end the folder is compared byte by byte with a build that nobody disturbed, and a log
that the extractor writes tells how often each video was begun.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "dataset"))

from corpus import make_video, moving_dot, tree

from signgen.dataset.manifest import Sample, write_manifest
from signgen.dataset.status import FileRecord, read_status
from signgen.dataset.verify import verify_dataset

BUILD_CLI = Path(__file__).parents[1] / "tests" / "dataset" / "build_cli.py"
SLOW = 0.01


def corpus(folder: Path, videos: int) -> Path:
    """A manifest of short videos, each as wide as no other."""
    samples = []
    for n in range(videos):
        path = make_video(folder / f"{n:03d}.mp4", moving_dot(16 + n % 8, width=128 + 8 * n, height=96))
        samples.append(
            Sample(f"video-{n:03d}", video=path, text=f"sentence {n}", split="train", licence="CC0-1.0")
        )
    write_manifest(samples, folder / "MANIFEST.jsonl")
    return folder / "MANIFEST.jsonl"


def start(manifest: Path, out: Path, workers: int, log: Path) -> subprocess.Popen[bytes]:
    """A build as its own process."""
    config = manifest.with_name("config.yaml")
    config.write_text(f"extractor: {{name: blobs, slow: {SLOW}, log: {log}}}\nshard_videos: 10\n")
    command = [sys.executable, BUILD_CLI, "dataset", "build", manifest, "-o", out, "--config", config]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, "--workers", str(workers), "-q"], **quiet)


def damaged(out: Path) -> int:
    """Files that a record lists and that are not as it says."""
    return sum(
        not (path.parent / name).is_file() or FileRecord.of((path.parent / name).read_bytes()) != record
        for path in out.glob("videos/*/status.json")
        for name, record in read_status(path).files.items()
    )


def begun(log: Path) -> Counter[str]:
    """How often each video was begun, by its width."""
    return Counter(line.split()[1] for line in log.read_text().splitlines()) if log.exists() else Counter()


def killed_builds(
    manifest: Path, out: Path, kills: int, workers: int, log: Path, rng: random.Random
) -> tuple[int, int, int]:
    """Kill builds; returns kills that hit one at work, damaged files after them, and runs that ended by themselves."""
    hits, bad, ended = 0, 0, 0
    while hits < kills:
        process = start(manifest, out, workers, log)
        before = sum(begun(log).values())
        while process.poll() is None and sum(begun(log).values()) == before and rng.random() < 0.995:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.6))
        if process.poll() is not None:
            ended += 1
            for video in rng.sample(sorted(out.glob("videos/*")), 6):  # give the next runs something to do
                (video / "status.json").unlink()
            continue
        process.kill()
        process.wait()
        hits, bad = hits + 1, bad + damaged(out)
    return hits, bad, ended


def main() -> None:
    """Run all and print the figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("kills", 30), ("videos", 24), ("seed", 0)):
        options.add_argument(f"--{name}", type=int, default=default)
    args = options.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest, log = corpus(folder, args.videos), folder / "log"
        assert start(manifest, folder / "calm", 1, log).wait() == 0
        calm = tree(folder / "calm")
        log.unlink()
        hits, bad, ended = killed_builds(manifest, folder / "out", args.kills, 2, log, rng)
        assert start(manifest, folder / "out", 2, log).wait() == 0
        same = "byte-identical" if tree(folder / "out") == calm else "DIFFERENT"
        print(
            f"{hits} kills ({ended} runs ended before one), {bad} finished files damaged, tree {same}, ",
            end="",
        )
        print(f"verify: {len(verify_dataset(folder / 'out').damage)} damaged", flush=True)
        for builders in (2, 4):
            log.unlink()
            shared = folder / f"shared{builders}"
            running = [start(manifest, shared, 1, log) for _ in range(builders)]
            codes = [process.wait() for process in running]
            times = begun(log)
            processes = len({line.split()[0] for line in log.read_text().splitlines()})
            print(f"{builders} builders: exit codes {codes}, {len(times)} videos, ", end="")
            print(
                f"{sum(count > 1 for count in times.values())} begun twice, by {processes} processes, ",
                end="",
            )
            print(f"tree {'byte-identical' if tree(shared) == calm else 'DIFFERENT'}")


if __name__ == "__main__":
    main()

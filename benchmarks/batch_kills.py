"""Kill ``signgen batch run`` and ``merge`` at random moments, go on, and compare with a run that nobody disturbed.

    python benchmarks/batch_kills.py [--kills 30] [--video] [--workers 2] [--texts 150] [--seed 0]

Driver and workers of the real command are killed with SIGKILL, most of them after they began to work, some while
starting, some while index and card are written. After each kill every commit is compared with its tar, and all
processes of the run must be gone. At the end everything in the folder is compared byte by byte with a run without
kills: data, commits, index, Parquet, card, metadata, sums, and that nothing is there beside them. Ends with 1 if
anything is not as it should be.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "batch"))

from batch_trees import differences, tree
from killing import Run, Tally, after_all, kill_merges, kill_runs, merged

WORDS = ("hello", "book", "mother", "father", "school", "eat", "house", "friend")
SHARD = 10


def plan(folder: Path, texts: int, has_video: bool, name: str = "b", first: int = 0) -> Path:
    """A plan of texts of two words."""
    lines = [f"{WORDS[n % 8]} {WORDS[n // 8 % 8]} {n}" for n in range(first, first + texts)]
    (folder / "texts.txt").write_text("\n".join(lines))
    look = ("--video", "--size", 64) if has_video else ()
    settings = ("--set", "source.fps=12", "--shard-size", SHARD, "--no-estimate")
    run = Run("batch", "plan", folder / "texts.txt", "-o", folder / name, *settings, *look)
    told = run.end()
    assert run.process.returncode == 0, told
    return folder / name


def undisturbed(folder: Path) -> dict[str, str]:
    """Run a plan to its end; its tree."""
    run = Run("batch", "run", folder, "--workers", 0, "--progress", "off")
    told = run.end()
    assert run.process.returncode == 0, told
    return tree(folder)


def verdict(what: str, tally: Tally, wrong: list[str], seconds: float) -> int:
    """Print what came of it; how much went wrong."""
    wrong = [*tally.told, *wrong]
    print(
        f"{what}: {tally.drivers} drivers and {tally.workers} workers killed in {seconds:.0f} s "
        f"({tally.finishing} while finishing, {tally.ended} ended before), {tally.commits} commits looked at: "
        f"{tally.bad} bad; {tally.orphans} orphans; at the end {'DIFFERENT' if wrong else 'byte-identical'}",
        flush=True,
    )
    for line in wrong:
        print(f"  {line}")
    return len(wrong) + tally.bad + tally.orphans


def main() -> None:
    """Run all, print a line for each part and end with 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("kills", 30), ("workers", 2), ("texts", 150), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--video", action="store_true")
    args = parser.parse_args()
    chance, wrong = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name in ("calm", "killed", "other"):
            (place / name).mkdir()
        good = undisturbed(plan(place / "calm", args.texts, args.video))
        folder, started = plan(place / "killed", args.texts, args.video), time.monotonic()
        shards = -(-args.texts // SHARD)
        tally = kill_runs(folder, args.kills, chance, workers=args.workers, shards=shards)
        left = [*after_all(folder, good, args.workers)]
        wrong += verdict(f"run --workers {args.workers}", tally, left, time.monotonic() - started)
        other = plan(place / "other", SHARD, args.video, first=10_000)
        undisturbed(other)
        sources = [place / "calm" / "b", other]
        _, joined = merged(sources, place / "other" / "merged")
        (place / "m").mkdir()
        target, started = place / "m" / "merged", time.monotonic()
        tally = kill_merges(sources, target, max(1, args.kills // 3), chance, joined)
        told, _ = merged(sources, target)
        left = [
            *([told] if told else []),
            *differences(place / "m", {"merged": "folder", **_below("merged", joined)}),
        ]
        wrong += verdict("merge", tally, left, time.monotonic() - started)
    print("all as it should be" if not wrong else f"{wrong} wrong")
    sys.exit(bool(wrong))


def _below(name: str, found: dict[str, str]) -> dict[str, str]:
    return {f"{name}/{path}": digest for path, digest in found.items()}


if __name__ == "__main__":
    main()

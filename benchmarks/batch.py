"""Batches beside what they are made of: the bare stitcher, the bare renderer and encoder, memory by size.

    python benchmarks/batch.py [--only share|overhead|rate|video|memory] [--runs 5] [--seed 1]

Texts are sentences of the grammar `english-asl` (6 words and 4.5 s each on average), the same for both sides of every
ratio, and sides take turns in one process. ``share`` and ``overhead`` measure one core; processor time is told beside
wall time, for a machine that others use too. ``rate`` and ``memory`` run the real commands in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from signgen.batch.local import Local
from signgen.batch.outcome import Ok
from signgen.batch.output.finish import finish_folder
from signgen.batch.output.sample import Made, put_sample
from signgen.batch.plan import Plan, expand, job_of, read_samples, write_plan
from signgen.batch.run import run_batch
from signgen.batch.sample import Sample
from signgen.batch.shard import run_shard
from signgen.batch.spool import Spool
from signgen.batch.stages import Maker
from signgen.batch.texts import Text
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.look import samples as drawn_sentences
from signgen.data.video import write_video
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import Utterance, utter

SIGNGEN = (sys.executable, "-m", "signgen")
SIZES = (100, 1_000, 10_000)
FILM_TEXTS = 2


class Took(NamedTuple):
    """Seconds on the wall and of the processor."""

    wall: float
    cpu: float


def timed(function: Callable[[], Any]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def plus(one: Took, other: Took) -> Took:
    return Took(one.wall + other.wall, one.cpu + other.cpu)


def medians(rounds: Iterable[dict[str, Took]]) -> dict[str, Took]:
    rows = list(rounds)
    return {
        name: Took(median(row[name].wall for row in rows), median(row[name].cpu for row in rows))
        for name in rows[0]
    }


def sentences(count: int, seed: int) -> list[str]:
    """Different sentences of the grammar."""
    drawn = drawn_sentences(read_grammar("english-asl"), 2 * count, seed)
    return list(dict.fromkeys(row["text"] for row in drawn))[:count]


def planned(folder: Path, texts: Sequence[str], size: int, kind: str = "poses") -> Plan:
    settings: dict[str, Any] = {}
    samples = expand([Text(text) for text in texts], settings, {}, kind)  # type: ignore[arg-type]
    return write_plan(samples, folder, settings, {}, kind=kind, shard_size=size)  # type: ignore[arg-type]


def ready_made(utterances: dict[str, Utterance]) -> Callable[[Sample, Spool], Ok]:
    """A maker without a stitcher: what it puts was signed before."""

    def make(sample: Sample, spool: Spool) -> Ok:
        plan = {"seed": sample.seed, "name": sample.name}
        put_sample(spool, Made(sample.id, sample.text, utterances[sample.id], language="ase", plan=plan))
        return Ok(sample.id)

    return make


def share(runs: int, seed: int) -> None:
    """The rate of shards as poses, of the bare stitcher's; in turn after every 50 texts."""
    texts = sentences(300, seed)
    with tempfile.TemporaryDirectory() as temporary:
        plan = planned(Path(temporary) / "plan", texts, 50)
        shards = [read_samples(Path(temporary) / "plan", plan, number) for number in range(len(plan.shards))]
        source, maker, warm = job_of({}, {}).source, Maker(plan), Spool(Path(temporary), "warm")

        def bare(samples: Sequence[Sample]) -> None:
            for sample in samples:
                utter(source, sample.text, seed=sample.seed)

        cold = sum(timed(partial(bare, samples)).cpu for samples in shards)
        for samples in shards:  # the maker has its own copy of the signs
            for sample in samples:
                maker(sample, warm)
        rounds = []
        for run in range(runs):
            folder = Path(temporary) / f"{run}"
            planned(folder, texts, 50)
            row = dict.fromkeys(("bare", "shard"), Took(0, 0))
            for number, samples in enumerate(shards):
                row["bare"] = plus(row["bare"], timed(partial(bare, samples)))
                row["shard"] = plus(row["shard"], timed(partial(run_shard, plan, number, folder, maker)))
            rounds.append(row | {"finish": timed(partial(finish_folder, folder, parquet=False))})
    found, count = medians(rounds), len(texts)
    print(f"poses alone, one core, {count} texts in shards of 50, {runs} runs in turn")
    for name, took in found.items():
        print(
            f"  {name:7s} {1e3 * took.wall / count:6.2f} ms/sample, {1e3 * took.cpu / count:6.2f} of processor"
        )
    for name, parts in (("shards", ("shard",)), ("shards and finish", ("shard", "finish"))):
        rates = [[row["bare"][k] / sum(row[part][k] for part in parts) for row in rounds] for k in (0, 1)]
        told = ", ".join(
            f"{what} {median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            for what, values in zip(("wall", "processor"), rates, strict=True)
        )
        print(f"  rate of {name}, of the bare stitcher's: {told}")
    print(
        f"  reading the lexicon and making its signs, once in each process: {cold - found['bare'].cpu:.1f} s"
    )


def overhead(runs: int, seed: int) -> None:
    """What a sample costs beside signing, by part: the same poses put, committed, indexed."""
    texts = sentences(300, seed)
    rounds = []
    with tempfile.TemporaryDirectory() as temporary:
        plan = planned(Path(temporary) / "plan", texts, len(texts))
        samples = read_samples(Path(temporary) / "plan", plan, 0)
        source = job_of({}, {}).source
        signed = {each.id: utter(source, each.text, seed=each.seed) for each in samples}
        make = ready_made(signed)
        for number in range(runs):
            folder = Path(temporary) / f"{number}"
            planned(folder, texts, len(texts))
            spool = Spool(folder / "alone", "spool")

            def puts(spool: Spool = spool) -> None:
                for sample in samples:
                    make(sample, spool)

            row = {"put": timed(puts), "publish": timed(partial(spool.publish, folder / "alone" / "s.tar"))}
            row["shard"] = timed(partial(run_shard, plan, 0, folder, make))
            row["finish"] = timed(partial(finish_folder, folder, parquet=False))
            rounds.append(row)
    found, count = medians(rounds), len(samples)
    size = sum(len(each.poses) for each in signed.values()) / count
    print(f"overhead for each of {count} samples of {size:.0f} frames, {runs} runs in turn")
    names = {"put": "encode, sum and append", "publish": "force the shard to disk, rename", "finish": "index and card",
             "shard": "both with locks and commit"}  # fmt: skip
    for name, took in found.items():
        print(
            f"  {name:8s} {1e3 * took.wall / count:5.2f} ms, {1e3 * took.cpu / count:5.2f} of processor  {names[name]}"
        )
    both = [found[name] for name in ("shard", "finish")]
    wall, cpu = (1e3 * sum(took[k] for took in both) / count for k in (0, 1))
    print(f"  shard + finish: {wall:.2f} ms, {cpu:.2f} of processor")


def rate(runs: int, seed: int) -> None:
    """Samples a minute of the real command with two workers, and what of its time is starting up."""
    texts = sentences(2_000, seed)
    rounds = []
    for _ in range(max(1, min(runs, 3))):
        with tempfile.TemporaryDirectory() as temporary:
            seconds = {}
            for count in (2, len(texts)):
                folder = Path(temporary) / f"{count}"
                planned(folder, texts[:count], 100 if count > 2 else 1)
                start = time.perf_counter()
                subprocess.run(
                    [*SIGNGEN, "batch", "run", folder, "--workers", "2", "-q"], check=True, **QUIET
                )
                seconds[count] = time.perf_counter() - start
            rounds.append(seconds)
    start, whole = (median(row[count] for row in rounds) for count in (2, len(texts)))
    print(
        f"`signgen batch run DIR --workers 2`, {len(texts)} texts in shards of 100, median of {len(rounds)} runs"
    )
    print(f"  2 texts (start, lexicon, index): {start:.1f} s; {len(texts)} texts: {whole:.1f} s")
    rates = 60 * len(texts) / whole, 60 * (len(texts) - 2) / (whole - start)
    print(f"  {rates[0]:.0f} samples a minute, {rates[1]:.0f} without start-up")


def video(runs: int, seed: int) -> None:
    """Avatar videos of a batch beside renderer and encoder alone, on the same poses."""
    texts = sorted(sentences(40, seed), key=len)[10 : 10 + FILM_TEXTS]
    rounds = []
    with tempfile.TemporaryDirectory() as temporary:
        plan = planned(Path(temporary) / "plan", texts, len(texts), "video")
        samples, maker = read_samples(Path(temporary) / "plan", plan, 0), Maker(plan)
        job = job_of({}, {})
        signed = [utter(job.source, each.text, seed=each.seed).poses for each in samples]
        frames = sum(len(poses) for poses in signed)

        def bare() -> None:
            for poses in signed:
                film = job.renderer(poses, seed=job.seed)
                write_video(film, Path(temporary) / "bare.mp4", poses.fps, crf=job.settings.crf)

        bare()
        for number in range(runs):
            folder = Path(temporary) / f"{number}"
            planned(folder, texts, len(texts), "video")
            rounds.append({"bare": timed(bare), "batch": timed(partial(run_shard, plan, 0, folder, maker))})
    ratios = [[row["batch"][k] / row["bare"][k] for row in rounds] for k in (0, 1)]
    found = medians(rounds)
    print(f"avatar video of 512 x 512, {len(texts)} texts, {frames} frames, {runs} runs in turn")
    for name, took in found.items():
        print(
            f"  {name:6s} {frames / took.wall:.1f} frames/s; {1e3 * took.cpu / frames:.1f} ms of processor a frame"
        )
    print(f"  time of the batch by that of renderer and encoder: wall {median(ratios[0]):.3f}, "
          f"processor {median(ratios[1]):.3f} ({min(ratios[1]):.3f} to {max(ratios[1]):.3f})")  # fmt: skip


class Short:
    """Makes samples of four frames without a lexicon; put and packed as all are."""

    def __init__(self, plan: Plan) -> None:
        keypoints = np.full((4, 128, 3), 100.0, dtype=np.float32)
        keypoints[..., 2] = 1.0
        self._utterance = Utterance(PoseSequence(keypoints, 24.0, 512, 512), "word-by-word", {}, (), ())

    def __call__(self, sample: Sample, spool: Spool) -> Ok:
        put_sample(spool, Made(sample.id, sample.text, self._utterance))
        return Ok(sample.id, 4 / 24)


def memory() -> None:
    """Peak memory of every step by the number of samples."""
    steps = ("driver", "worker", "finish", "status", "verify", "deep", "merge")
    print("peak memory [MB] by samples; stand-ins of 4 frames in shards of 500")
    print(f"  {'samples':>8} " + " ".join(f"{step:>7}" for step in steps) + "   seconds of each")
    for count in SIZES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "batch"
            planned(folder, [f"book {number}" for number in range(count)], 500)
            told, seconds = run_apart("run", folder)
            driver, worker = (float(word) for word in told.split())
            peaks, took = [driver, worker], [seconds]
            for words in (("card", folder), ("status", folder), ("verify", folder), ("verify", folder, "--deep"),
                          ("merge", folder, "-o", Path(temporary) / "merged")):  # fmt: skip
                told, seconds = run_apart("command", *words)
                peaks.append(float(told.split()[-1]))
                took.append(seconds)
        print(f"  {count:8d} " + " ".join(f"{peak:7.0f}" for peak in peaks)
              + "   " + " ".join(f"{each:.1f}" for each in took), flush=True)  # fmt: skip


def run_apart(*words: str | Path) -> tuple[str, float]:
    """A step in a process of its own: what it says of its memory, and its seconds."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--apart", *map(str, words)], check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout, time.perf_counter() - start


def apart(words: Sequence[str]) -> None:
    """What `run_apart` starts."""
    if words[0] == "run":
        ran = run_batch(Path(words[1]), launcher=Local(1, Short))
        if not ran.is_complete:
            raise SystemExit("not all samples were made")
        print(peak(resource.RUSAGE_SELF), peak(resource.RUSAGE_CHILDREN))
        return
    subprocess.run([*SIGNGEN, "batch", *words[1:]], check=True, **QUIET)
    print(peak(resource.RUSAGE_CHILDREN))


def peak(who: int) -> float:
    """Peak resident memory [MB]."""
    return resource.getrusage(who).ru_maxrss / 1024


def machine() -> str:
    """Commit, processor and load, without which a figure says little."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return (
        f"commit {commit.stdout.strip() or 'unknown'}, Python {platform.python_version()}, "
        f"{len(os.sched_getaffinity(0))} cores ({model or platform.machine()}), load {os.getloadavg()[0]:.1f}"
    )


QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("share", "overhead", "rate", "video", "memory"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--apart", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.apart:
        apart(args.apart)
        return
    print(machine(), flush=True)
    jobs: dict[str, Callable[[], None]] = {
        "share": lambda: share(args.runs, args.seed),
        "overhead": lambda: overhead(args.runs, args.seed),
        "rate": lambda: rate(args.runs, args.seed),
        "video": lambda: video(args.runs, args.seed),
        "memory": memory,
    }
    for name, job in jobs.items():
        if args.only in (None, name):
            print(flush=True)
            job()


if __name__ == "__main__":
    main()

"""Prove in minutes, with nothing fetched, that a small judge reads, that floors are low and that stitched poses help.

    python benchmarks/proof.py [--workers 2] [--seeds 0,1,2] [--schedule joint] [--folder DIR]

Made: a corpus in the style `real`, and one in the style `dictionary`, of the language in proof.yaml. Claimed, on test
sentences that no training text is within one word of:

1. A `tiny` translator reads true poses at BLEU-4 of 55 or more; the corpus' mean pose (held), poses of other clips and
   noise at 5 or less each; and it passes admission: the more poses are spoiled, the less likely it finds true texts.
2. With 120 real clips, learning from stitched clips too beats learning from the real ones alone by 10 BLEU-4 or more,
   for each seed; a seed has its own weights, order of clips and real clips, all have the same number of updates.
3. That is not the new texts: with the same texts on the poses of other clips the gain is below 10 for each seed.

Exits with 1 and one line if a claim fails. `--schedule shuffled-joint` puts the control in place of the stitched clips:
the proof must fail then, or it would prove nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from signgen.errors import SignGenError

GRAMMAR = Path(__file__).with_suffix(".yaml")
SENTENCES, HELD_OUT = 880, {"dev": 60 / 880, "test": 100 / 880}
# Train shards of 60 clips: two of them are the real clips of a seed.
SHARD, REAL_SHARDS, ALL_SHARDS = 60, 2, 12
CORPORA: Mapping[str, dict[str, Any]] = {
    "real": {"preset": "real", "style": {"tempo": [1.2, 1.6]}},
    "stitched": {"preset": "dictionary", "style": {"retime": True, "tempo": [1.3, 1.3]}},
}
TRAINING: Mapping[str, dict[str, Any]] = {
    "data": {"fps": 8},
    "tokens": {"kind": "words"},
    "model": {"preset": "tiny"},
    "train": {"rate": 0.002, "warmup": 50, "validate_every": 100},
}
JUDGE_STEPS, SCHEDULE_STEPS = 600, 400
BASE, CONTROL = "real-only", "shuffled-joint"
LEAST_TRUE, MOST_FLOOR, LEAST_GAIN = 55.0, 5.0, 10.0
LIMIT_SECONDS = 300


@dataclass(frozen=True)
class Claim:
    """A figure and what it must be, in words that stand alone when it is not so."""

    holds: bool
    fault: str


@dataclass(frozen=True)
class Reading:
    """What the judge made of each kind of poses, and the ladders of its admission."""

    bleu: dict[str, float]
    ladders: list[tuple[str, list[tuple[str, float]], str]]


def start_worker() -> None:
    import torch

    torch.set_num_threads(1)


def make(name: str, folder: Path) -> None:
    from signgen.corpus.make import make_corpus
    from signgen.corpus.settings import prepare

    if (folder / name / "corpus.json").is_file():
        return
    values = {"sentences": SENTENCES, **HELD_OUT, "apart": 2, "seed": 1, "shard": SHARD, **CORPORA[name]}
    make_corpus(GRAMMAR, folder / name, prepare(values))


def unseen(folder: Path) -> Claim:
    """No test sentence says what a training sentence of either corpus says, nor is one word away from one."""
    from signgen.data.strict_json import read_json_object

    # Each report speaks of its own test sentences, so both corpora must have the same.
    tests = [texts_of_test(folder / name / "manifest.jsonl") for name in CORPORA]
    reports = [
        read_json_object(folder / name / "corpus.json", 1 << 24)["overlap"]["test"] for name in CORPORA
    ]
    near = max(report[key] for report in reports for key in ("same_in_train", "one_word_from_train"))
    fault = f"{near} test sentences are within one word of a training sentence, or the corpora test different ones"
    return Claim(near == 0 and tests[0] == tests[1], fault)


def texts_of_test(manifest: Path) -> list[str]:
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return [row["text"] for row in rows if row["split"] == "test"]


def take_real(folder: Path, seed: int) -> Path:
    """A corpus with the dev and test clips of the real one, and the training clips of a seed."""
    own = folder / f"real-{seed}"
    (own / "train").mkdir(parents=True, exist_ok=True)
    shards = sorted((folder / "real" / "train").glob("*.col"))
    for place in range(REAL_SHARDS):
        shard = shards[(seed * REAL_SHARDS + place) % ALL_SHARDS]
        link(own / "train" / shard.name, shard)
    for split in ("dev", "test"):
        link(own / split, folder / "real" / split)
    return own


def link(new: Path, old: Path) -> None:
    if not new.exists():
        new.symlink_to(old.resolve())


def settings(folder: Path, steps: int, sources: Mapping[str, Path]) -> Any:
    from signgen.slt.settings import prepare

    data = {"sources": {name: str(path) for name, path in sources.items()}, "cache": str(folder / "cache")}
    return prepare(
        {
            **TRAINING,
            "data": {**TRAINING["data"], **data},
            "train": {**TRAINING["train"], "steps": steps},
        }
    )


def read_back(folder: Path) -> Reading:
    """Train a judge on all real clips; let it read true poses and spoiled ones."""
    import numpy as np

    from signgen.judge import controls
    from signgen.judge.admission import admit
    from signgen.judge.backtranslation import load_judge
    from signgen.judge.panel import HEADLINE, judged
    from signgen.judge.text.scores import scorer
    from signgen.slt.train import train

    train(settings(folder, JUDGE_STEPS, {"real": folder / "real"}), folder / "judge", device="cpu")
    judge = load_judge(folder / "judge", device="cpu")
    poses, texts = clips_of_test(folder / "real" / "test")
    scored, rng = scorer(texts, "en"), np.random.default_rng(0)
    kinds = {
        "true poses": poses,
        "mean pose": controls.mean_pose(poses),
        "shuffled poses": controls.shuffled(poses, rng),
        "noise": controls.noise(poses, rng),
    }
    bleu = {}
    for name, clips in kinds.items():
        measure = judged(name, clips, judge, scored).measure(HEADLINE)
        bleu[name] = measure.value if measure else float("nan")
    ladders = admit(judge, poses, texts).ladders
    return Reading(bleu, [(x.name, list(zip(x.rungs, x.values, strict=True)), x.fault) for x in ladders])


def clips_of_test(folder: Path) -> tuple[list[Any], list[str]]:
    from signgen.data.columnar import Columnar

    poses, texts = [], []
    for path in sorted(folder.glob("*.col")):
        with Columnar(path) as shard:
            poses += [shard.read(number) for number in range(len(shard.clips))]
            texts += [str(clip.info["text"]) for clip in shard.clips]
    return poses, texts


def learn(folder: Path, schedule: str, seed: int) -> Any:
    """The row of one schedule with one seed: BLEU and texts of the test clips."""
    from signgen.slt.ablation import run_schedules
    from signgen.slt.schedules import schedule_named

    sources = {"real": folder / f"real-{seed}", "stitched": folder / "stitched"}
    own = settings(folder, SCHEDULE_STEPS, sources)
    return run_schedules(own, folder / "schedules", [schedule_named(schedule)], [seed], device="cpu")[0]


def reading_claims(reading: Reading) -> list[Claim]:
    print(f"\n{'poses':16} {'BLEU-4':>7}   must be")
    claims = []
    for name, value in reading.bleu.items():
        is_true = name == "true poses"
        asked = f">= {LEAST_TRUE:g}" if is_true else f"<= {MOST_FLOOR:g}"
        print(f"{name:16} {value:7.2f}   {asked}")
        holds = value >= LEAST_TRUE if is_true else value <= MOST_FLOOR
        claims.append(Claim(holds, f"{name} score BLEU-4 {value:.2f}; {asked} is claimed"))
    print("\nlog-likelihood of a character of the true texts, poses spoiled ever more")
    for name, rungs, fault in reading.ladders:
        print(f"{name:16} " + "  ".join(f"{label} {value:.3f}" for label, value in rungs))
        claims.append(Claim(not fault, f"admission, {name}: {fault}"))
    return claims


def gain_claims(rows: Sequence[Any], helped: str) -> list[Claim]:
    from signgen.judge.ablation import ablation_table

    lines = ablation_table(rows, "en")
    base, *others = lines
    seeds = "".join(f"{f'seed {seed}':>9}" for seed in base.seeds)
    print(f"\nBLEU-4 {'':11}{seeds}   against {BASE}, pooled")
    claims = []
    for line in lines:
        figures = "".join(f"{value:9.2f}" for value in line.each)
        print(f"{line.schedule:18}{figures}{interval(line.against)}")
    for line in others:
        for seed, value, alone in zip(line.seeds, line.each, base.each, strict=True):
            gain = value - alone
            if line.schedule == helped:
                fault = f"{helped} gains {gain:.2f} BLEU-4 over {BASE}; {LEAST_GAIN:g} or more is claimed"
                claims.append(Claim(gain >= LEAST_GAIN, f"seed {seed}: {fault}"))
            else:
                fault = f"the control {line.schedule} gains {gain:.2f} BLEU-4; less than {LEAST_GAIN:g} is claimed"
                claims.append(Claim(gain < LEAST_GAIN, f"seed {seed}: {fault}"))
    return claims


def interval(against: Any) -> str:
    if against is None:
        return ""
    low, high = against.interval
    return f"   {against.difference:+.2f} ({low:+.2f} to {high:+.2f})"


def prove(folder: Path, workers: int, seeds: Sequence[int], helped: str) -> list[Claim]:
    schedules = dict.fromkeys((BASE, helped, CONTROL))
    with pool(workers) as tasks:
        for done in [tasks.submit(make, name, folder) for name in CORPORA]:
            done.result()
        for seed in seeds:
            take_real(folder, seed)
        # The longest first, so that no process waits long for the last.
        judge = tasks.submit(read_back, folder)
        runs = [tasks.submit(learn, folder, schedule, seed) for schedule in schedules for seed in seeds]
        reading, rows = judge.result(), [run.result() for run in runs]
    return [unseen(folder), *reading_claims(reading), *gain_claims(rows, helped)]


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    # Read when the libraries of a worker are loaded: one thread each, or they wait for each other.
    os.environ.update({"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=start_worker) as made:
        yield made


def tell_time(started: float, workers: int) -> None:
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(use.ru_utime + use.ru_stime for use in used)
    print(f"\ntime: {seconds:.0f} s in {workers} processes, {processor:.0f} s of processor time")
    if seconds > LIMIT_SECONDS:
        print(f"warning: more than {LIMIT_SECONDS} s; was the machine busy, or has training become slow?")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2])
    parser.add_argument("--schedule", default="joint", help="that is to beat real-only")
    parser.add_argument(
        "--folder", type=Path, help="keep everything here; what is finished is not made again"
    )
    given = parser.parse_args()
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            claims = prove(given.folder or Path(scratch), given.workers, given.seeds, given.schedule)
    except SignGenError as error:
        print(f"proof FAILED: {error}", file=sys.stderr)
        return 1
    tell_time(started, given.workers)
    failed = [claim.fault for claim in claims if not claim.holds]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        print(f"proof FAILED: {failed[0]}{more}", file=sys.stderr)
        return 1
    print(f"proof holds: {len(claims)} claims")
    return 0


if __name__ == "__main__":
    sys.exit(main())

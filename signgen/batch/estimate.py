"""What a plan will take on this machine, judged by a few of its samples: time, signing, disk, GPU hours.

Samples are drawn evenly over the length of their texts, made once to load what they need and once more by the clock,
in a temporary folder. Totals follow the letters of all texts (a ratio estimate); ranges are those that hold 9 times
in 10 if the samples are like the others and the machine stays as busy as it is.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from signgen.batch.launcher import MakerOf
from signgen.batch.plan import Plan
from signgen.batch.probe import Clock, Probe, Prober, spread
from signgen.batch.sample import Sample
from signgen.batch.stages import Maker

# Time to try samples once the first, which loads what all need, is made.
SECONDS = 6.0
MOST_PROBES = 24
# Seconds of a GPU for a second of video: 35 s of video in 20 minutes on an RTX 4090 and in 45 on an RTX 3090, as told
# in the project's threads 32 and 17; no GPU was at hand to measure ours.
PUBLISHED = {"mimicmotion": (34.0, 77.0)}
# A shard is made by one worker, and is what a crash of a machine or a copy costs.
MOST_SHARD_BYTES, MOST_SHARD_SECONDS, MOST_SHARD_SAMPLES = 1 << 30, 1800.0, 20_000
LEAST_SHARD_BYTES, LEAST_SHARD_SECONDS, MANY_SHARDS = 32 << 20, 60.0, 100
# Where samples are slow, shards take longer rather than to be too many.
MOST_SHARDS = 10_000

# 95 % quantiles of Student's t by degrees of freedom; of one sample nothing is known, so: half to twice.
_T = (math.inf, 6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81)
_T_OF_MANY = 1.75
_ALONE = 2.0


@dataclass(frozen=True)
class Range:
    """Between two values."""

    low: float
    high: float

    def __mul__(self, factor: float) -> Range:
        return Range(self.low * factor, self.high * factor)

    @property
    def middle(self) -> float:
        """The value half way."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Estimate:
    """What a plan will take.

    Attributes:
        samples: of the plan.
        probes: how many were made.
        failed: what the samples that could not be made said.
        signing: of all samples [s].
        work: time of one worker for all samples [s].
        processor: processor time for all samples [s].
        once: what each worker loads before it is at full speed [s].
        bytes: of all shards.
        shard_samples: in the largest shard.
        gpu: of a GPU [s]; None if none is used, or its rate is not known.
        gpu_source: what that is known from; empty if no GPU is used.
    """

    samples: int
    probes: int
    failed: tuple[str, ...]
    signing: Range
    work: Range
    processor: Range
    once: Range
    bytes: Range
    shard_samples: int
    gpu: Range | None = None
    gpu_source: str = ""

    def seconds(self, workers: int, cores: int) -> Range:
        """Time from start to end with so many workers on so many cores [s]."""
        low, high = (
            once + max(work / workers, processor / cores)
            for once, work, processor in (
                (self.once.low, self.work.low, self.processor.low),
                (self.once.high, self.work.high, self.processor.high),
            )
        )
        return Range(low, high)

    @property
    def shard_bytes(self) -> Range:
        """Size of the largest shard."""
        return self.bytes * (self.shard_samples / self.samples)

    @property
    def better_shard_size(self) -> int | None:
        """Samples in a shard that are easier to handle; None if those chosen are fine."""
        size, work = self.bytes.middle / self.samples, self.work.middle / self.samples
        fast = max(MOST_SHARD_SECONDS / max(work, 1e-9), self.samples / MOST_SHARDS)
        most = min(MOST_SHARD_BYTES / size, fast, MOST_SHARD_SAMPLES)
        is_large = self.shard_samples > min(MOST_SHARD_BYTES / size, 2 * fast, MOST_SHARD_SAMPLES)
        is_small = (
            self.samples > MANY_SHARDS * self.shard_samples
            and self.shard_samples * size < LEAST_SHARD_BYTES
            and self.shard_samples * work < LEAST_SHARD_SECONDS
        )
        return _rounded(most) if is_large or is_small else None


def estimate(
    plan: Plan,
    samples: Sequence[Sample],
    *,
    seconds: float = SECONDS,
    clock: Clock = lambda: (time.perf_counter(), time.process_time()),
    maker: MakerOf = Maker,
) -> Estimate | None:
    """Judge a plan by a few of its samples; None if not one of them could be made.

    Args:
        plan: what was planned.
        samples: all of its samples.
        seconds: how long to try after the first; the sample under way is finished.
        clock: tells the time.
        maker: makes samples.
    """
    chosen = spread(samples, MOST_PROBES)
    with tempfile.TemporaryDirectory() as temporary:
        prober = Prober(plan, Path(temporary), clock, maker)
        tried = [prober.probe(sample) for sample in chosen[:1]]
        until = clock()[0] + seconds
        tried += [prober.probe(sample) for sample in takewhile(lambda _: clock()[0] < until, chosen[1:])]
    probes = [probe for probe in tried if probe is not None]
    if not probes:
        return None
    letters = sum(len(sample.text) for sample in samples)
    signing, work, processor, size = (
        total_of([(getattr(probe, name), probe.letters) for probe in probes], letters)
        for name in ("signing", "wall", "cpu", "bytes")
    )
    gpu, source = _gpu(prober.model, signing)
    return Estimate(
        len(samples), len(probes), tuple(prober.failed), signing, work, processor, _once(probes, prober.signs),
        size, max(shard.samples for shard in plan.shards), gpu, source,
    )  # fmt: skip


def total_of(pairs: Sequence[tuple[float, float]], total: float) -> Range:
    """The sum of a quantity over all samples, from that of some and a size known of all.

    Args:
        pairs: quantity and size of some samples.
        total: size of all samples together.
    """
    sizes = sum(size for _, size in pairs)
    ratio = sum(value for value, _ in pairs) / sizes
    if len(pairs) == 1:
        return Range(ratio * total / _ALONE, ratio * total * _ALONE)
    square = sum((value - ratio * size) ** 2 for value, size in pairs) / (len(pairs) - 1)
    error = math.sqrt(square / len(pairs)) / (sizes / len(pairs))
    quantile = _T[len(pairs) - 1] if len(pairs) <= len(_T) else _T_OF_MANY
    return Range(max(ratio / _ALONE**2, ratio - quantile * error) * total, (ratio + quantile * error) * total)


def free_bytes(folder: Path) -> int:
    """Room left where a folder is."""
    return shutil.disk_usage(folder).free


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _once(probes: Sequence[Probe], signs: int) -> Range:
    """What a worker loads once: at least what the probes loaded, at most that and every other sign of the lexicon."""
    loaded = sum(probe.once for probe in probes)
    known, new, took = set(probes[0].entries), 0, 0.0
    for probe in probes[1:]:  # the first loaded much else
        new, took = new + len(probe.entries - known), took + probe.once
        known |= probe.entries
    if not new:
        return Range(loaded, loaded * _ALONE)
    return Range(loaded, loaded + took / new * max(0, signs - len(known)))


def _gpu(model: str, signing: Range) -> tuple[Range | None, str]:
    """What a GPU takes for a renderer that was not tried, as far as anybody tells."""
    if model in PUBLISHED:
        low, high = PUBLISHED[model]
        return Range(signing.low * low, signing.high * high), "as its users tell, not measured here"
    return None, f"the rate of {model} is not known here" if model else ""


def _rounded(number: float) -> int:
    """The next of 1, 2, 5, 10, 20 ... below.

    >>> [_rounded(each) for each in (0.3, 7.5, 4_600, 20_000)]
    [1, 5, 2000, 20000]
    """
    power = 10 ** max(0, math.floor(math.log10(max(1.0, number))))
    return int(next(step * power for step in (5, 2, 1) if step * power <= max(1.0, number)))

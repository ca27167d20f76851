"""What a plan will take, judged by samples that a made-up clock times."""

import json
import math
from hashlib import sha256

import numpy as np
import pytest

from signgen.batch.estimate import Estimate, Range, estimate, total_of
from signgen.batch.outcome import Failed, Ok
from signgen.batch.plan import expand, write_plan
from signgen.batch.probe import spread
from signgen.batch.texts import Text
from signgen.cli.batch_estimate import lines

WORDS = ["a", "bee", "cat", "door", "eagle"]
TEXTS = [" ".join(WORDS[: 1 + n % 5]) + f" {n:03d}" for n in range(300)]
# A letter takes so much of everything.
SECONDS, SIGNING, BYTES = 0.01, 0.1, 1000


class Clock:
    """Time that goes on when something is made; half of it is the processor's."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now, self.now / 2


def making(clock, noise=0.0, fails=lambda sample: False):
    """Samples that take as long as their text; the first of all a second more."""
    rng, made = np.random.default_rng(0), []

    def maker(plan):
        assert plan.kind == "poses"

        def make(sample, spool):
            clock.now += len(sample.text) * SECONDS * rng.uniform(1 - noise, 1 + noise) + (not made)
            made.append(sample.id)
            if fails(sample):
                return Failed(sample.id, "sign", "DataError", "no such sign")
            body = b"x" * (len(sample.text) * BYTES)
            row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
            record = {"files": [row], "frames": 24, "seconds": len(sample.text) * SIGNING, "has_video": False}
            spool.put(sample.id, {"poses.npz": body}, record)
            return Ok(sample.id)

        return make

    return maker


def judged(tmp_path, texts=TEXTS, size=50, seconds=60.0, **how):
    samples, clock = expand([Text(text) for text in texts], {}, {}, "poses"), Clock()
    plan = write_plan(samples, tmp_path / "plan", {}, {}, shard_size=size)
    return estimate(plan, samples, seconds=seconds, clock=clock, maker=making(clock, **how)), samples, clock


def test_what_grows_with_the_text_is_told_exactly(tmp_path):
    found, samples, _ = judged(tmp_path)
    letters = sum(len(sample.text) for sample in samples)
    assert (found.samples, found.probes, found.failed, found.shard_samples) == (300, 24, (), 50)
    for range_, each in ((found.signing, SIGNING), (found.work, SECONDS), (found.processor, SECONDS / 2)):
        assert (range_.low, range_.high) == pytest.approx((letters * each, letters * each), rel=1e-6)
    assert found.bytes.low > letters * BYTES
    assert found.once.low == pytest.approx(1.0)
    assert (found.gpu, found.gpu_source) == (None, "")


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_the_range_holds_the_truth(tmp_path, noise):
    found, samples, _ = judged(tmp_path, noise=noise)
    truth = sum(len(sample.text) for sample in samples) * SECONDS
    assert found.work.low < truth < found.work.high
    assert found.work.high / found.work.low < 1 + 2.5 * noise


def test_time_ends_it_early(tmp_path):
    found, _, clock = judged(tmp_path, seconds=1.0)
    assert 1 < found.probes < 24
    assert clock.now < 1.0 + 1.0 + 4 * 0.3
    alone, _, _ = judged(tmp_path / "alone", seconds=0.0)
    assert alone.probes == 1
    assert alone.work.high == pytest.approx(4 * alone.work.low)


def test_failing_samples_do_not_fail_it(tmp_path):
    found, _, _ = judged(tmp_path, fails=lambda sample: len(sample.text) > 12)
    assert 0 < found.probes < 24
    assert len(found.failed) == 24 - found.probes
    nothing, _, _ = judged(tmp_path / "nothing", fails=lambda sample: True)
    assert nothing is None


def test_samples_tried_are_of_all_lengths_and_choices():
    vary = {"source.speed": [1.0, 1.1, 1.2]}
    samples = expand([Text(text) for text in TEXTS], {}, vary, "poses")
    for count in (1, 3, 10, 24):
        chosen = spread(samples, count)
        assert len({sample.id for sample in chosen}) == count
        choices = [json.dumps(sample.choices) for sample in chosen]
        assert max(map(choices.count, choices)) <= math.ceil(count / 3)
        lengths = sorted(len(sample.text) for sample in chosen)
        assert count < 5 or {len(text) for text in TEXTS} == set(lengths)
    assert len(spread(samples[:2], 24)) == 2


def test_ratio_estimate_by_hand():
    """Cochran, Sampling Techniques, 6.4: ratio 3/2; residuals 0.5, -0.5, 0; s = 0.5, error 0.5 / sqrt 3 / 2."""
    found = total_of([(2.0, 1.0), (2.5, 2.0), (4.5, 3.0)], 100.0)
    half = 2.92 * 0.5 / math.sqrt(3) / 2
    assert (found.low, found.high) == pytest.approx((150 - 100 * half, 150 + 100 * half))


def figures(**changes):
    plain = {
        "samples": 1000, "probes": 10, "failed": (), "signing": Range(3600, 7200), "work": Range(90, 110),
        "processor": Range(180, 220), "once": Range(1, 8), "bytes": Range(9e8, 1.1e9), "shard_samples": 100,
    }  # fmt: skip
    return Estimate(**{**plain, **changes})


@pytest.mark.parametrize(
    ("workers", "cores", "expected"),
    [(1, 8, (91, 118)), (2, 8, (46, 63)), (1, 1, (181, 228)), (8, 2, (91, 118)), (8, 16, (12.25, 21.75))],
)
def test_workers_share_the_work_and_the_cores(workers, cores, expected):
    found = figures().seconds(workers, cores)
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "better"),
    [
        ({}, None),
        ({"shard_samples": 1000}, None),
        ({"bytes": Range(9e12, 9e12), "shard_samples": 1}, 1),
        (
            {"samples": 10**6, "bytes": Range(2e11, 2e11), "work": Range(1e4, 1e4), "shard_samples": 10_000},
            5000,
        ),
        (
            {"samples": 10**6, "bytes": Range(2e11, 2e11), "work": Range(1e4, 1e4), "shard_samples": 2000},
            None,
        ),
        (
            {"samples": 10**6, "bytes": Range(2e10, 2e10), "work": Range(1e4, 1e4), "shard_samples": 10},
            20_000,
        ),
        ({"samples": 10**6, "bytes": Range(2e11, 2e11), "work": Range(4e6, 4e6), "shard_samples": 1000}, 200),
        ({"samples": 10**6, "bytes": Range(9e11, 9e11), "work": Range(3e8, 3e8), "shard_samples": 500}, 100),
        ({"samples": 300, "work": Range(1, 1), "bytes": Range(1e6, 1e6), "shard_samples": 20}, None),
    ],
)
def test_shard_sizes(changes, better):
    assert figures(**changes).better_shard_size in ([better, 1] if better == 1 else [better])


def test_what_is_said():
    told = list(lines(figures(), 10, 1.05e9, 2))
    assert told == [
        "estimate from 10 samples made now: 1 to 2 h of signing",
        "time, as busy as this machine is: 91 to 118 s with --workers 1, 91 to 118 s with --workers 2",
        "disk: 0.9 to 1.1 GB in 10 shards of up to 90 to 110 MB; 1.1 GB are free",
        "warning: the disk may not have enough room; choose another folder with -o",
    ]
    told = list(lines(figures(gpu=Range(3.6e6, 7.2e6), gpu_source="as told"), 10, 1e8, 2))
    assert "drawing not counted" in told[1]
    assert told[3] == "GPU: 1,000 to 2,000 h as told"
    assert "the disk does not have enough room" in told[4]


def test_models_are_named_and_not_tried(tmp_path):
    """The published rate of MimicMotion, for every second of signing."""
    settings = {"renderer": {"name": "mimicmotion"}}
    samples, clock = expand([Text(text) for text in TEXTS[:5]], settings, {}, "video"), Clock()
    plan = write_plan(samples, tmp_path, settings, {}, kind="video")
    found = estimate(plan, samples, clock=clock, maker=making(clock))
    assert (found.gpu.low, found.gpu.high) == pytest.approx((34 * found.signing.low, 77 * found.signing.high))

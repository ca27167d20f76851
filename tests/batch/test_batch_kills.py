"""SIGKILL at any moment of a run: what stands holds, and the end is that of a run without it."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time

import pytest
from batch_trees import bad_commits, committed, differences, tree

from signgen.batch.local import Local
from signgen.batch.outcome import Ok
from signgen.batch.output.finish import finish_folder
from signgen.batch.plan import expand, write_plan
from signgen.batch.run import run_batch
from signgen.batch.texts import Text

SETTINGS = {"source": {"fps": 6.0, "lexicon": "ase"}}
KILLS = 30


def made(name):
    """Members and sidecar of a sample as batch output has them, from its name alone, and quickly."""
    from finished_batches import made_of

    return made_of(name)


class Quick:
    """A stand-in for the slow part of making samples."""

    def __init__(self, plan):
        pass

    def __call__(self, sample, spool):
        from signgen.batch.output.sample import put_sample

        time.sleep(0.001)
        put_sample(spool, made(sample.id))
        return Ok(sample.id)


def work(folder):
    """What the command does, in this process."""
    if run_batch(folder, launcher=Local(0, Quick)).is_complete:
        finish_folder(folder, parquet=False)


def planned(folder, count, size):
    samples = expand([Text(f"book {n}") for n in range(count)], SETTINGS, {}, "poses")
    write_plan(samples, folder, SETTINGS, {}, shard_size=size)
    return folder


@pytest.mark.slow
def test_thirty_kills_at_any_moment(tmp_path):
    """A stand-in for stitching, forked: no time goes into starts. The command: `benchmarks/batch_kills.py`."""
    count, size = 120, 10
    work(planned(tmp_path / "good", count, size))
    good, folder = tree(tmp_path / "good"), planned(tmp_path / "b", count, size)
    chance, context, kills, finishing = random.Random(7), multiprocessing.get_context("fork"), 0, 0
    while kills < KILLS:
        process = context.Process(target=work, args=(folder,))
        process.start()
        time.sleep(chance.uniform(0.0, 0.12))
        finishing += committed(folder) == count // size
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        assert not bad_commits(folder)
        if committed(folder) == count // size and chance.random() < 0.5:
            for path in chance.sample(sorted((folder / "commits").glob("[!.]*")), 6):
                path.unlink()
    work(folder)
    assert not differences(folder, good)

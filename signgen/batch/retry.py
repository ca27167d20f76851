"""Forget failures, so that the next run makes those samples, and those alone, again.

A committed shard goes back to where it grew: its commit is deleted and its tar moved into the spool, where the next run
finds all that is good in it, compares it with its sums, adds what is missing and commits it anew. The alternative, a
further shard with the samples that came later, would make names, borders and bytes of shards depend on what had failed
when; so would the order of samples.
"""

from __future__ import annotations

from pathlib import Path

from signgen.batch.at_work import alone
from signgen.batch.claim import claimed
from signgen.batch.disk import reported
from signgen.batch.output.finish import SUMS
from signgen.batch.plan import read_plan
from signgen.batch.shard import commit_path, read_commit, tar_path
from signgen.batch.spool import SPOOL, Spool
from signgen.errors import ResourceError


def forget_failures(folder: Path) -> int:
    """Forget what failed in shards, committed or not; how many samples are tried again.

    Raises:
        DataError: no plan.
        ResourceError: a run is at work in the folder.
    """
    plan, count = read_plan(folder), 0
    with alone(folder):
        for number, shard in enumerate(plan.shards):
            with claimed(folder, number) as is_ours, reported(folder):
                if not is_ours:
                    raise ResourceError(f"{folder}: {shard.name} is being made; stop that run first")
                commit = read_commit(folder, plan, shard.name)
                if commit is not None and commit.failed:
                    spool = Spool(folder, shard.name)
                    (folder / SUMS).unlink(missing_ok=True)  # the folder is not finished any more
                    commit_path(folder, shard.name).unlink()
                    spool.adopt(tar_path(folder, shard.name))
                    count += len(commit.failed)
                elif (folder / SPOOL / shard.name).is_dir():
                    spool = Spool(folder, shard.name)
                    spool.adopt(tar_path(folder, shard.name))  # if that failed the last time
                    count += spool.forget_failures()
    return count

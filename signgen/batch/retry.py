"""Forget failures, so that the next run tries those samples again."""

from __future__ import annotations

from pathlib import Path

from signgen.batch.claim import claimed
from signgen.batch.disk import reported
from signgen.batch.plan import read_plan
from signgen.batch.shard import commit_path, read_commit, tar_path
from signgen.batch.spool import SPOOL, Spool
from signgen.errors import ResourceError


def forget_failures(folder: Path) -> int:
    """Take shards with failed samples back, and failures of unfinished shards; how many samples are tried again.

    A shard that is taken back is made anew as a whole; what was good in it comes out as it was.

    Raises:
        DataError: no plan.
        ResourceError: a shard is being made by another process.
    """
    plan, count = read_plan(folder), 0
    for number, shard in enumerate(plan.shards):
        with claimed(folder, number) as is_ours, reported(folder):
            if not is_ours:
                raise ResourceError(f"{folder}: {shard.name} is being made; stop that run first")
            commit = read_commit(folder, plan, shard.name)
            if commit is not None and commit.failed:
                commit_path(folder, shard.name).unlink()
                tar_path(folder, shard.name).unlink(missing_ok=True)
                count += len(commit.failed)
            elif (folder / SPOOL / shard.name).is_dir():
                count += Spool(folder, shard.name).forget_failures()
    return count

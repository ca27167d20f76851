"""How far a batch is, read from its folder alone, so that it can be asked while others work there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.outcome import Failed
from signgen.batch.output.growing import count_samples
from signgen.batch.plan import read_plan
from signgen.batch.shard import read_commit
from signgen.batch.spool import FAILED, SPOOL, TAR, read_failure


@dataclass(frozen=True)
class Status:
    """How far a batch is.

    Attributes:
        samples: planned.
        made: are in shards, or finished of a shard that is not.
        failed: could not be made.
        shards: planned.
        committed: are there to stay.
        bytes: of committed shards.
        seconds: of signing in them.
        reasons: how many samples failed, by stage, error and what it says.
    """

    samples: int
    made: int
    failed: int
    shards: int
    committed: int
    bytes: int
    seconds: float
    reasons: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether every shard is there."""
        return self.committed == self.shards


def read_status(folder: Path) -> Status:
    """How far the batch of a folder is.

    Raises:
        DataError: no plan, or a commit of another plan.
    """
    plan = read_plan(folder)
    failed: list[Failed] = []
    made, committed, size, seconds = 0, 0, 0, 0.0
    for shard in plan.shards:
        commit = read_commit(folder, plan, shard.name)
        if commit is None:
            place = folder / SPOOL / shard.name
            made += count_samples(place / TAR)
            notes = (read_failure(path) for path in place.glob(f"[!.]*{FAILED}"))
            failed += [each for each in notes if each is not None]
            continue
        committed, made = committed + 1, made + commit.planned - len(commit.failed)
        failed += commit.failed
        if commit.shard is not None:
            size, seconds = size + commit.shard["bytes"], seconds + commit.shard["seconds"]
    reasons = Counter(f"{each.stage}: {each.error}: {each.line}" for each in failed)
    return Status(
        plan.samples, made, len(failed), len(plan.shards), committed, size, round(seconds, 3),
        dict(reasons.most_common()),
    )  # fmt: skip

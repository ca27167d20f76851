"""How far a batch is, read from its folder alone, so that it can be asked while others work there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from signgen.batch.outcome import Failed, reason_of
from signgen.batch.output.growing import count_samples
from signgen.batch.output.shard import split_of
from signgen.batch.plan import Plan, Slice, read_plan
from signgen.batch.shard import read_commit
from signgen.batch.spool import FAILED, SPOOL, TAR, read_failure


@dataclass(frozen=True)
class Part:
    """How far some shards are.

    Attributes:
        samples: planned.
        made: are in shards, or finished of a shard that is not.
        failed: could not be made.
        shards: planned.
        committed: are there to stay.
        bytes: of committed shards.
        seconds: of signing in them.
    """

    samples: int = 0
    made: int = 0
    failed: int = 0
    shards: int = 0
    committed: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def missing(self) -> int:
        """Samples that are neither made nor failed."""
        return self.samples - self.made - self.failed

    def __add__(self, other: Part) -> Part:
        return Part(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Part)))


@dataclass(frozen=True)
class Status(Part):
    """How far a batch is as a whole.

    Attributes:
        splits: each split by itself.
        reasons: how many samples failed, by stage, error and what it says, the most frequent first.
        examples: one sample of each reason: its id and all that its error says.
    """

    splits: Mapping[str, Part] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)

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
    splits: dict[str, Part] = {}
    failed: list[Failed] = []
    for shard in plan.shards:
        part, failures = _read_part(folder, plan, shard)
        split = split_of(f"{shard.name}.tar")
        splits[split] = splits.get(split, Part()) + part
        failed += failures
    examples = {reason_of(each): f"{each.id}: {each.line}" for each in reversed(failed)}
    reasons = dict(Counter(map(reason_of, failed)).most_common())
    total = sum(splits.values(), Part())
    return Status(
        **vars(total), splits=splits, reasons=reasons, examples={each: examples[each] for each in reasons}
    )


def _read_part(folder: Path, plan: Plan, shard: Slice) -> tuple[Part, tuple[Failed, ...]]:
    commit = read_commit(folder, plan, shard.name)
    if commit is None:
        place = folder / SPOOL / shard.name
        notes = (read_failure(path) for path in place.glob(f"[!.]*{FAILED}"))
        failed = tuple(each for each in notes if each is not None)
        return Part(shard.samples, count_samples(place / TAR), len(failed), 1), failed
    facts = commit.shard or {"bytes": 0, "seconds": 0.0}
    count = len(commit.failed)
    made = commit.planned - count
    return Part(shard.samples, made, count, 1, 1, facts["bytes"], facts["seconds"]), commit.failed

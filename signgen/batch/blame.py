"""Which sample a worker was lost over: tried once more if it died, given up if it took too long."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from signgen.batch.claim import claimed
from signgen.batch.launcher import Lost, Turn
from signgen.batch.outcome import Failed
from signgen.batch.plan import Plan, read_samples
from signgen.batch.spool import Spool
from signgen.errors import ResourceError

# A sample that two workers died over is at fault. A shard that loses workers between samples has no such sample; after
# so many the machine is at fault.
DEATHS_OF_A_SAMPLE = 2
DEATHS_OF_A_SHARD = 5

_log = logging.getLogger(__name__)


@dataclass
class Blame:
    """What is known about lost workers in one run.

    Attributes:
        folder: of the plan.
        plan: the plan.
        deaths: how often workers died, by sample, and by shard where no sample was under way.
    """

    folder: Path
    plan: Plan
    deaths: Counter[str] = field(default_factory=Counter)

    def after(self, turn: Turn, lost: Lost) -> Turn:
        """Mark the samples at fault as failed, in their shard, and say how to go on with it.

        After a death one sample is made at a time, so that the next death tells which of several it was.

        Raises:
            ResourceError: workers keep dying while they are at no sample.
        """
        name = self.plan.shards[turn.shard].name
        if not lost.under_way:
            self.deaths[name] += 1
            if self.deaths[name] >= DEATHS_OF_A_SHARD:
                raise ResourceError(
                    f"{name}: {DEATHS_OF_A_SHARD} workers were lost (the last {lost.how}) while they were at no "
                    "sample; see what ends processes on this machine"
                )
        if not lost.is_late:
            _log.warning("%s: a worker %s; its samples are tried once more", name, lost.how)
        with claimed(self.folder, turn.shard) as is_ours:
            if is_ours:  # otherwise another run makes the shard by now
                self._mark(Spool(self.folder, name), turn.shard, lost)
        return Turn(turn.shard, is_careful=turn.is_careful or not lost.is_late)

    def _mark(self, spool: Spool, shard: int, lost: Lost) -> None:
        samples = read_samples(self.folder, self.plan, shard)
        for at in lost.under_way:
            sample = samples[at.sample].id
            if spool.outcome(sample) is not None:
                continue
            if lost.is_late:
                spool.note(Failed(sample, at.stage, "TimeLimit", lost.how))
                continue
            self.deaths[sample] += 1
            if self.deaths[sample] == DEATHS_OF_A_SAMPLE:
                spool.note(Failed(sample, at.stage, "WorkerDied", f"{DEATHS_OF_A_SAMPLE} workers died at it"))

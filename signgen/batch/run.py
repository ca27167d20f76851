"""Run a plan until all of it is settled or somebody says stop, whoever makes the shards."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signgen.batch.at_work import among_others
from signgen.batch.blame import Blame
from signgen.batch.launcher import Launcher, Lost, Turn
from signgen.batch.live import Lookout, Show, Snapshot, hidden, watched
from signgen.batch.local import Local
from signgen.batch.plan import Plan, read_plan
from signgen.batch.shard import Commit, read_commit
from signgen.batch.spool import SPOOL
from signgen.batch.stop_signals import stopped_by_signals
from signgen.batch.watch import Watch, allowed_failures
from signgen.batch.worker import tally_of
from signgen.errors import SignGenError
from signgen.workflow.progress import Progress, silent

MAX_FAILURES = "5%"


@dataclass
class Ran:
    """What a run did.

    Attributes:
        planned: samples of the plan.
        made: of them are there.
        failed: of them could not be made.
        is_stopped: a signal ended the run.
        is_over: too many samples failed.
        held: shards that other processes were making.
        is_whole: every shard of the plan is committed, those of other runs too.
    """

    planned: int
    made: int = 0
    failed: int = 0
    is_stopped: bool = False
    is_over: bool = False
    held: list[str] = field(default_factory=list)
    is_whole: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every sample is settled."""
        return self.made + self.failed == self.planned and not self.held


def run_batch(
    folder: Path,
    *,
    launcher: Launcher | None = None,
    shards: Sequence[int] | None = None,
    max_failures: str = MAX_FAILURES,
    progress: Progress = silent,
    show: Show = hidden,
) -> Ran:
    """Make every shard of a plan that is not there yet; the same call goes on after any stop.

    Args:
        folder: of the plan.
        launcher: where shards are made; None: by one process of this machine.
        shards: their numbers; None: all.
        max_failures: of the samples of these shards; see `allowed_failures`.
        progress: told how many samples are settled.
        show: shown the same and more.

    Raises:
        SignGenError: what would hit every sample: no disk, no weights, a damaged plan.
    """
    plan = read_plan(folder)
    chosen = range(len(plan.shards)) if shards is None else shards
    ran = Ran(sum(plan.shards[shard].samples for shard in chosen))
    watch = Watch(len(plan.shards), allowed_failures(max_failures, ran.planned))
    lookout = Lookout(folder, plan, ran.planned, len(chosen), watch)
    turns = _Turns(Turn(each) for each in chosen if not _is_done(folder, plan, each, watch, lookout))
    blame, launcher, held = Blame(folder, plan), launcher or Local(), list[int]()

    def tell(snapshot: Snapshot) -> None:
        progress("samples", snapshot.settled, snapshot.planned)
        show(snapshot)

    with among_others(folder), stopped_by_signals(watch), watched(lookout, tell):
        while turns.are_left and not watch.is_stopped:
            for turn, ended in launcher(folder, turns, watch):
                if isinstance(ended, SignGenError):
                    raise ended
                if isinstance(ended, Lost):
                    turns.append(blame.after(turn, ended))
                elif isinstance(ended, Commit):
                    lookout.commit(ended)
                elif ended.is_held:
                    held.append(turn.shard)
        ran.held = [
            plan.shards[each].name for each in held if not _is_done(folder, plan, each, watch, lookout)
        ]
    ran.made, ran.failed = watch.total.made, watch.total.failed
    ran.is_stopped, ran.is_over = watch.is_told_to_stop, watch.is_over
    ran.is_whole = ran.is_complete and all(read_commit(folder, plan, each.name) for each in plan.shards)
    return ran


class _Turns(Iterator[Turn]):
    """Turns in their order; what is given back is drawn again by whoever asks once more."""

    def __init__(self, turns: Iterator[Turn]) -> None:
        self._turns = deque(turns)

    @property
    def are_left(self) -> bool:
        return bool(self._turns)

    def append(self, turn: Turn) -> None:
        self._turns.append(turn)

    def __next__(self) -> Turn:
        if not self._turns:
            raise StopIteration
        return self._turns.popleft()


def _is_done(folder: Path, plan: Plan, number: int, watch: Watch, lookout: Lookout) -> bool:
    """Whether a shard is committed and its spool, which a killed process may have left, is gone."""
    name = plan.shards[number].name
    commit = read_commit(folder, plan, name)
    if commit is None or (folder / SPOOL / name).exists():
        return False
    watch.tell(number, tally_of(commit))
    lookout.commit(commit)
    return True

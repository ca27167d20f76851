"""One shard of a plan: the only place that writes samples, and says when they are there to stay.

The tar is written beside its name, forced to disk and renamed; then the commit, a small JSON with its hash, goes the
same way. A shard without a commit is not there, whatever else lies in the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from signgen.batch.claim import claimed, lost
from signgen.batch.disk import read_own_json, reported, sweep
from signgen.batch.outcome import Failed, Ok
from signgen.batch.output.commits import facts_of
from signgen.batch.output.shard import DATA
from signgen.batch.pipeline import one_by_one, side_by_side
from signgen.batch.plan import Plan, read_samples
from signgen.batch.pulse import Pulse, unfelt
from signgen.batch.sample import Sample
from signgen.batch.spool import Spool
from signgen.batch.work import Staged, Work, felt, staged
from signgen.data.atomic import write_text
from signgen.data.strict_json import to_json
from signgen.errors import DataError

# Makes one sample into a spool; one that also has `signgen.batch.stages.Staged` is watched stage by stage.
Make = Callable[[Sample, Spool], Ok | Failed]
# Told of a sample that is settled, and whether this was the one to settle it.
Told = Callable[[Ok | Failed, bool], None]

COMMITS = "commits"
SCHEMA = 1


@dataclass(frozen=True)
class Commit:
    """What came of a shard; a JSON file of the shard's name.

    Attributes:
        name: of the shard.
        shard: what the tar holds, with its hash; None if every sample failed, for then there is no tar.
        planned: how many samples the plan has for it.
        failed: those that are not in it, and why.
        config_sha256: hash of the settings.
        plan_sha256: hash of the plan.
        schema: version of this layout.
    """

    name: str
    shard: Mapping[str, Any] | None
    planned: int
    failed: tuple[Failed, ...]
    config_sha256: str
    plan_sha256: str
    schema: int = SCHEMA


@dataclass(frozen=True)
class Unfinished:
    """A shard that is not committed.

    Attributes:
        name: of the shard.
        is_held: another process has it; otherwise this one was told to stop.
    """

    name: str
    is_held: bool


def tar_path(folder: Path, name: str) -> Path:
    """Where the tar of a shard is."""
    return folder / DATA / f"{name}.tar"


def commit_path(folder: Path, name: str) -> Path:
    """Where the commit of a shard is."""
    return folder / COMMITS / f"{name}.json"


def run_shard(
    plan: Plan,
    number: int,
    folder: Path,
    make: Make,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    told: Told = lambda outcome, is_new: None,
    pulse: Pulse = unfelt,
    is_careful: bool = False,
) -> Commit | Unfinished:
    """Make what is missing of a shard and commit it; the bytes do not depend on how often that was interrupted.

    Args:
        plan: the plan of the folder.
        number: which shard.
        folder: of the plan.
        make: makes one sample into a spool.
        is_stopped: asked before each sample.
        told: of each sample that is settled, and whether that was now or before.
        pulse: told which sample is at which stage.
        is_careful: one sample at a time, even if it takes longer.

    Raises:
        ResourceError: the system could not read or write; what was finished stays.
    """
    name = plan.shards[number].name
    with reported(commit_path(folder, name)), claimed(folder, number) as is_ours:
        if not is_ours:
            return Unfinished(name, is_held=True)
        for path in (tar_path(folder, name), commit_path(folder, name)):
            sweep(path)
        commit, spool = read_commit(folder, plan, name), Spool(folder, name)
        if commit is None:
            samples = read_samples(folder, plan, number)
            _take_up(spool, tar_path(folder, name), {sample.id for sample in samples})
            line = _Line(staged(make), spool, pulse, is_careful)
            is_lost = lost(folder, number)
            is_full = line.fill(samples, lambda: is_stopped() or is_lost(), told)
            if not is_full or is_lost():
                return Unfinished(name, is_held=is_lost())
            commit = _commit(plan, name, folder, samples, spool)
        spool.remove()
        return commit


def read_commit(folder: Path, plan: Plan, name: str) -> Commit | None:
    """The commit of a shard; None if there is none, or its tar is gone or of another size.

    Raises:
        DataError: the commit is of another plan, or none at all.
    """
    path = commit_path(folder, name)
    if not path.exists() and not path.is_symlink():
        return None
    commit = _checked(read_own_json(path), path)
    if commit.plan_sha256 != plan.sha256 or commit.name != name:
        raise DataError(f"{path}: of another plan; move it away and run again")
    tar = tar_path(folder, name)
    is_there = commit.shard is None or (tar.is_file() and tar.stat().st_size == commit.shard["bytes"])
    return commit if is_there else None


def _take_up(spool: Spool, tar: Path, planned: Set[str]) -> None:
    """What is finished already; nothing of it counts where some of it is another plan's."""
    spool.adopt(tar)
    if not spool.keys <= planned:
        spool.clear()


@dataclass(frozen=True)
class _Line:
    """How the samples of a shard are made."""

    make: Staged
    spool: Spool
    pulse: Pulse
    is_careful: bool

    def fill(self, samples: Sequence[Sample], is_stopped: Callable[[], bool], told: Told) -> bool:
        """Make the samples that are not settled yet; False if it was stopped."""
        todo = []
        for place, sample in enumerate(samples):
            settled = self.spool.outcome(sample.id)
            if settled is None:
                todo.append(Work(place, sample))
            else:
                told(settled, False)
        through = side_by_side if self.make.pays_side_by_side and not self.is_careful else one_by_one
        stages, count = [felt(stage, self.pulse) for stage in self.make.stages(self.spool)], 0
        for work in through(todo, stages, is_stopped):
            outcome = work.outcome
            assert isinstance(outcome, Ok | Failed)
            if isinstance(outcome, Failed):
                self.spool.note(outcome)
            told(outcome, True)
            count += 1
        return count == len(todo)


def _commit(plan: Plan, name: str, folder: Path, samples: Sequence[Sample], spool: Spool) -> Commit:
    outcomes = [spool.outcome(sample.id) for sample in samples]
    facts = spool.publish(tar_path(folder, name)) if spool.keys else None
    commit = Commit(
        name,
        asdict(facts) if facts else None,
        len(samples),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Failed)),
        plan.config_sha256,
        plan.sha256,
    )
    write_text(commit_path(folder, name), to_json(asdict(commit), indent=2) + "\n")
    return commit


def _checked(row: dict[str, Any], path: Path) -> Commit:
    try:
        failed = tuple(Failed(**each) for each in row.pop("failed"))
        commit = Commit(**row, failed=failed)
        shard = None if commit.shard is None else facts_of(commit.shard, f"{path}: shard")
        is_whole = (
            all(isinstance(text, str) for each in failed for text in asdict(each).values())
            and type(commit.planned) is int
            and commit.planned == len(failed) + (shard.samples if shard else 0)
            and (shard is None or shard.name == f"{commit.name}.tar")
        )
    except (KeyError, TypeError):
        is_whole = False
    if not is_whole or commit.schema != SCHEMA:
        raise DataError(f"{path}: not the commit of a shard; delete it and run again")
    return commit

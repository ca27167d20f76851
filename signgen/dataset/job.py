"""One video, from what the manifest names to files and a record, under the video's lock.

The record is written after the files it lists, and taken back before they are made anew, so whatever a killed process
leaves is either listed and whole, or not listed and removed by the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from signgen.data.atomic import write_bytes
from signgen.dataset.due import Task, Why, is_at_hand, known_status, next_due, why_due
from signgen.dataset.fetch import FOLDER as FETCHED
from signgen.dataset.fetch import Fetched, fetch, fetched_in
from signgen.dataset.folder import CAPTIONS as FETCHED_CAPTIONS
from signgen.dataset.folder import STATUS, complete_name, keep_only
from signgen.dataset.lock import Locks, byte_of
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.dataset.sources import source_of
from signgen.dataset.stages.base import Made, rejected
from signgen.dataset.stages.captions import make_captions
from signgen.dataset.stages.judge import verdict
from signgen.dataset.stages.poses import make_poses, warm_up
from signgen.dataset.status import (
    CAPTIONS,
    FETCH,
    POSES,
    VERDICT,
    FileRecord,
    StageRecord,
    Status,
    empty_status,
    write_status,
)  # fmt: skip
from signgen.errors import (
    CheckpointError,
    ConfigError,
    DependencyError,
    ResourceError,
    SignGenError,
)

# What is no fault of one video and would hit all the others as well.
OF_ALL = (ResourceError, DependencyError, CheckpointError, ConfigError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One video to do.

    Attributes:
        sample: the line of the manifest.
        seen: the record as the builder saw it; if another builder has changed it since, nothing is retried.
        why: why it is to be done.
    """

    sample: Sample
    seen: Status | None
    why: Why


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        kind: ``busy`` if another builder has the video, ``kept`` if nothing was to do, ``failed`` if the run
            must end.
        status: the record, where there is one.
        error: what ends the run.
    """

    kind: Literal["done", "rejected", "pending", "kept", "busy", "failed"]
    status: Status | None = None
    error: SignGenError | None = None


class Worker:
    """Does jobs in one process."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._locks = Locks.of(task.folder.path)

    def __call__(self, job: Job) -> Outcome:
        """Do one video, unless another builder has it; never raises for what is wrong with the video."""
        try:
            with self._locks.tried(byte_of(job.sample.video_id)) as is_ours:
                return self._build(job) if is_ours else Outcome("busy")
        except OF_ALL as error:
            return Outcome("failed", error=error)

    def lose(self, job: Job, reason: Reason) -> Outcome:
        """Reject a video whose worker was killed or died, unless another builder has it by now.

        Raises:
            ResourceError: the record cannot be written.
        """
        with self._locks.tried(byte_of(job.sample.video_id)) as is_ours:
            if not is_ours:
                return Outcome("busy")
            status = known_status(self._task.folder, job.sample)
            due = next_due(self._task, job.sample, status)
            if due is None:
                return Outcome("kept", status)
            status = self._saved(due.stage, job.sample, _fresh(job.sample, status), Made(reasons=(reason,)))
            return Outcome("rejected", status)

    def _build(self, job: Job) -> Outcome:
        task, sample = self._task, job.sample
        status = known_status(task.folder, sample)
        if task.retry and status != job.seen:
            task = replace(task, retry=False)
        due = next_due(task, sample, status)
        if due is None:
            return Outcome("kept", status)
        status, folder, done = _fresh(sample, status), task.folder.video(sample.video_id), set[str]()
        keep_only(folder, {STATUS, *status.files})
        if self._must_fetch(due.stage, sample, status):
            status = self._fetched(sample, status)
            due = next_due(replace(task, retry=False), sample, status)
        while due is not None and due.stage not in done:
            status = self._saved(due.stage, sample, status, self._made(due.stage, sample, status))
            done.add(due.stage)
            due = next_due(replace(task, retry=False), sample, status)
        return Outcome(status.outcome, status)

    def _must_fetch(self, stage: str, sample: Sample, status: Status) -> bool:
        """Whether poses are to be made and their video is not at hand."""
        if not self._task.fetch or POSES not in self._task.stages or is_at_hand(sample):
            return False
        return stage in (FETCH, POSES) or why_due(self._task, POSES, sample, status) is not None

    def _fetched(self, sample: Sample, status: Status) -> Status:
        """Get the video; captions that come with it are kept, the video only until its poses are made."""
        got = fetch(self._task.fetch, sample.video_id, self._task.folder.video(sample.video_id))
        if isinstance(got, Reason):
            return self._saved(FETCH, sample, status, Made(reasons=(got,)))
        content = {f"{FETCHED_CAPTIONS}/{name}": path.read_bytes() for name, path in got.captions.items()}
        return self._saved(FETCH, sample, status, Made(content))

    def _made(self, stage: str, sample: Sample, status: Status) -> Made:
        """What a stage makes; whatever goes wrong with this one video is a reason to reject it."""
        try:
            if stage == CAPTIONS:
                return make_captions(sample, self._captions(sample, status), self._task.settings.captions)
            if stage == POSES:
                made = make_poses(self._with_video(sample), self._task.settings)
                is_extracted = sample.poses is None and bool(made.files)
                return replace(made, facts={**made.facts, **self._weights}) if is_extracted else made
            marker = {complete_name(sample.video_id): b""}
            made = verdict(status.stages[POSES].facts, self._task.settings.limits)
            return made if made.reasons else replace(made, files=marker)
        except OF_ALL:
            raise
        except MemoryError:
            return rejected("too-large", "out of memory")
        except OSError as error:
            return rejected("unreadable", error.strerror or str(error))
        except Exception as error:
            logger.warning("%s: %s: %s", sample.video_id, stage, error, exc_info=True)
            return rejected("internal-error", f"{type(error).__name__}: {error}"[:300])

    @cached_property
    def _weights(self) -> dict[str, Any]:
        """Name, hash and licence of the extractor's weights, if it tells; hashed once."""
        found: Sequence[Mapping[str, str]] = getattr(self._task.settings.extractor, "sources", tuple)()
        return {"weights": list(found)} if found else {}

    def _captions(self, sample: Sample, status: Status) -> Path | None:
        record = status.stages.get(FETCH)
        if sample.captions or record is None:
            return sample.captions
        return self._task.folder.video(sample.video_id) / FETCHED_CAPTIONS if record.files else None

    def _with_video(self, sample: Sample) -> Sample:
        """The sample with the video that was fetched, if one was."""
        place = self._task.folder.video(sample.video_id) / FETCHED
        found = fetched_in(place) if place.is_dir() else None
        return replace(sample, video=found.video, poses=None) if isinstance(found, Fetched) else sample

    def _saved(self, stage: str, sample: Sample, status: Status, made: Made) -> Status:
        """Write what a stage made, and last the record; a record of it from before is taken back first."""
        folder, path = self._task.folder.video(sample.video_id), self._task.folder.status(sample.video_id)
        source = source_of(stage, sample, status, thorough=True)
        rest = status.with_stage(stage, None)
        if stage == POSES:
            rest = rest.with_stage(VERDICT, None)
        if rest != status:
            write_status(path, rest)
        needs_video = stage in (FETCH, CAPTIONS) and not made.reasons
        keep_only(folder, {STATUS, *rest.files, *([FETCHED] if needs_video else [])})
        for name, content in made.files.items():
            write_bytes(folder / name, content)
        record = StageRecord(
            settings=self._task.settings.digest(stage, sample),
            source=source,
            files={name: FileRecord.of(content) for name, content in made.files.items()},
            reasons=made.reasons,
            notes=made.notes,
            facts=made.facts,
        )
        status = rest.with_stage(stage, record)
        write_status(path, status)
        return status


def _fresh(sample: Sample, status: Status | None) -> Status:
    """The record with what the manifest says now."""
    return replace(empty_status(sample), stages=status.stages if status else {})


def make_worker(task: Task) -> Worker:
    """A worker, made in the process in which it will work, with what takes long to load loaded."""
    warm_up()
    return Worker(task)

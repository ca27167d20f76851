"""Build a data set from a manifest: every video once, by any number of builders, and go on after any stop."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.strict_json import plain, read_json_object, to_json
from signgen.dataset.due import Task, known_status, next_due
from signgen.dataset.fetch import parse_command
from signgen.dataset.finish import Packed, finish
from signgen.dataset.folder import SETTINGS as SETTINGS_FILE
from signgen.dataset.folder import SUMS, Folder
from signgen.dataset.job import Job, Outcome, Worker, make_worker
from signgen.dataset.lock import GATE, PACKING, SECONDS_BETWEEN_TRIES, SETTINGS, Locks
from signgen.dataset.manifest import Sample, read_manifest
from signgen.dataset.pool import Lost, work
from signgen.dataset.reasons import Reason
from signgen.dataset.settings import Settings, prepare
from signgen.dataset.status import CAPTIONS, POSES
from signgen.errors import ConfigError, DataError, SignGenError

SHARDS = "shards"
ALL_STAGES = (CAPTIONS, POSES, SHARDS)
TIME_LIMIT = 3600.0

Show = Callable[[str, int, int | None], None]


@dataclass
class Built:
    """What a build did.

    Attributes:
        folder: the data set.
        videos: lines of the manifest.
        counts: videos by what became of them now: done, rejected, kept, pending.
        redone: videos made anew by why: settings, input, retry, files.
        packed: the shards; None if they were not asked for or not reached.
        is_stopped: it was asked to stop and can go on with the same command.
    """

    folder: Path
    videos: int
    counts: Counter[str] = field(default_factory=Counter)
    redone: Counter[str] = field(default_factory=Counter)
    packed: Packed | None = None
    is_stopped: bool = False


def build_dataset(
    manifest: str | Path,
    folder: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    stages: Sequence[str] = ALL_STAGES,
    workers: int = 1,
    time_limit: float = TIME_LIMIT,
    retry: bool = False,
    fetch_command: str = "",
    check_inputs: bool = False,
    progress: Show = lambda stage, done, total: None,
) -> Built:
    """Build the data set that ``manifest`` lists, or go on with it.

    What is done and still fits settings and inputs is kept. SIGINT and SIGTERM let the videos under way finish;
    a second one ends at once. Several builders, also on several machines with one disk that has locks, share a
    folder if they have the same manifest and settings.

    Args:
        manifest: from `signgen.dataset.manifest.write_manifest`.
        folder: the data set.
        config: settings, see `signgen.dataset.settings`.
        stages: any of `ALL_STAGES`.
        workers: processes; 0 works in this one, without time limit.
        time_limit: for one video [s]; what takes longer is killed and rejected.
        retry: do rejected videos again.
        fetch_command: the user's command that gets a video, with ``{video_id}`` and ``{output}``.
        check_inputs: compare videos by their hashes, not by their size alone.
        progress: told how far it is.

    Raises:
        ConfigError: bad settings, or a builder with other settings is at work in the folder.
        DataError: a bad manifest, no video that can be used, or a file of the data set is damaged.
        DependencyError, CheckpointError: what the extractor needs is not there.
        ResourceError: the disk is full or the folder cannot be written; nothing half-written is left.
    """
    settings, place = prepare(config), Folder(Path(folder))
    samples = _samples(Path(manifest))
    words = parse_command(fetch_command) if fetch_command else ()
    task = Task(place, settings, _stages(stages), words, retry, check_inputs)
    locks, built = Locks.of(place.path), Built(place.path, len(samples))
    with _stoppable() as is_stopped, _agreed(locks, place, settings, Path(manifest)):
        if set(task.stages) - {SHARDS}:
            queue = _Queue(task, samples, built, progress)
            _do_videos(task, queue, built, workers, time_limit, is_stopped, progress)
        if SHARDS in task.stages and not is_stopped():
            with locks.waited(PACKING, is_stopped) as is_ours:
                built.packed = finish(task, samples, is_stopped, progress) if is_ours else None
        built.is_stopped = is_stopped()
    return built


def _samples(manifest: Path) -> list[Sample]:
    samples = list(read_manifest(manifest))
    if not samples:
        raise DataError(f"{manifest}: lists no video")
    return samples


def _stages(stages: Sequence[str]) -> tuple[str, ...]:
    unknown = [stage for stage in stages if stage not in ALL_STAGES]
    if unknown or not stages:
        raise ConfigError(f"stage {unknown}: choose from {', '.join(ALL_STAGES)}")
    chosen = [stage for stage in ALL_STAGES if stage in stages]
    return tuple(chosen)


def _do_videos(
    task: Task,
    queue: _Queue,
    built: Built,
    workers: int,
    seconds: float,
    is_stopped: Callable[[], bool],
    progress: Show,
) -> None:
    """Do all videos; one that another builder has is asked for again at the end.

    What would hit all videos, such as a full disk, lets those under way finish before it is raised.
    """
    loser, errors = Worker(task), list[SignGenError]()
    progress("videos", 0, built.videos)
    results = work(
        queue,
        partial(make_worker, task),
        workers=workers,
        seconds=seconds,
        is_stopped=lambda: bool(errors) or is_stopped(),
    )
    for job, result in results:
        outcome = loser.lose(job, _reason(result)) if isinstance(result, Lost) else result
        if outcome.error is not None:
            errors.append(outcome.error)
        elif outcome.kind == "busy":
            queue.put_back(job.sample)
        else:
            _count(built, job, outcome)
            progress("videos", built.counts.total(), built.videos)
    if errors:
        raise errors[0]


class _Queue(Iterator[Job]):
    """The videos that have anything to do; the others are counted as kept.

    It may have nothing for now and something later, when a video that was busy has been put back.
    """

    def __init__(self, task: Task, samples: Sequence[Sample], built: Built, progress: Show) -> None:
        self._task, self._built, self._progress = task, built, progress
        self._left = deque(samples)
        self._busy = deque[Sample]()
        self._is_first = True

    def put_back(self, sample: Sample) -> None:
        """Ask for a video again, after all others."""
        self._busy.append(sample)

    def __next__(self) -> Job:
        while self._left or self._busy:
            if not self._left:
                time.sleep(SECONDS_BETWEEN_TRIES)
            sample = (self._left or self._busy).popleft()
            status = known_status(self._task.folder, sample)
            due = next_due(self._task, sample, status)
            if due is not None:
                return self._begun(Job(sample, status, due.why))
            self._built.counts["kept"] += 1
            self._progress("videos", self._built.counts.total(), self._built.videos)
        raise StopIteration

    def _begun(self, job: Job) -> Job:
        """Before the first change the sums go: until they are written again the data set is not finished."""
        if self._is_first:
            (self._task.folder.path / SUMS).unlink(missing_ok=True)
            self._is_first = False
        return job


def _count(built: Built, job: Job, outcome: Outcome) -> None:
    built.counts[outcome.kind] += 1
    if job.why != "new" and outcome.kind != "kept":
        built.redone[job.why] += 1


def _reason(lost: Lost) -> Reason:
    return Reason("time-limit" if lost.is_late else "crashed", lost.how)


@contextmanager
def _agreed(locks: Locks, folder: Folder, settings: Settings, manifest: Path) -> Iterator[None]:
    """Hold builders with other settings off while this one relies on its own."""
    with manifest.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    content = {"schema": 1, "manifest": {"sha256": digest}, "settings": settings.config}
    path = folder.path / SETTINGS_FILE
    with locks.waited(GATE):
        if not path.exists() or _differs(path, content):
            if not locks.take(SETTINGS):
                raise ConfigError(
                    f"{folder.path}: another builder is at work here with another manifest or other settings; "
                    "wait for it, or choose another folder"
                )
            write_text(path, to_json(content, indent=2) + "\n")
        locks.take(SETTINGS, shared=True)
    try:
        yield
    finally:
        locks.drop(SETTINGS)


def _differs(path: Path, content: Mapping[str, Any]) -> bool:
    try:
        return bool(read_json_object(path) != plain(content))
    except DataError:
        return True


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """A question that is true once SIGINT or SIGTERM came; the second one interrupts."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

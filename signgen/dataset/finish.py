"""The end of a build: shards, lists, card and sums, of what is done by then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signgen.data.atomic import resource_errors, write_text
from signgen.data.strict_json import to_json
from signgen.dataset.card import card
from signgen.dataset.due import Task, known_status, next_due
from signgen.dataset.folder import CARD, REJECTS, SETTINGS, STATUS, SUMS, VIDEOS, Folder, clear_top
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.dataset.stages.shards import Shard, pack, shard_files, shards_of
from signgen.dataset.status import CAPTIONS, POSES, FileRecord, Status, status_bytes
from signgen.dataset.verify import sealed
from signgen.errors import DataError


@dataclass(frozen=True)
class Packed:
    """What the shards hold.

    Attributes:
        videos: how many are in them.
        rejected: how many are left out because they cannot be used.
        pending: how many are left out because they are not done yet.
        shards: their number.
        written: how many of them were written now.
        reasons: rejected videos by the name of the reason.
    """

    videos: int
    rejected: int
    pending: int
    shards: int
    written: int
    reasons: Counter[str]


def finish(
    task: Task,
    samples: Sequence[Sample],
    is_stopped: Callable[[], bool],
    progress: Callable[[str, int, int | None], None],
) -> Packed | None:
    """Pack what is done and write the lists; None if it was stopped before the end.

    Only for the holder of the folder's packing lock.

    Raises:
        DataError: no video can be used, or a file is not as its record says.
        ResourceError: the disk is full or the folder cannot be written.
    """
    folder, options = task.folder, task.settings.options
    with resource_errors(folder.path):
        (folder.path / SUMS).unlink(missing_ok=True)
    clear_top(folder.path)
    statuses, unfinished = _statuses(task, samples)
    pending = len(samples) - len(statuses)
    _write_rows(folder, VIDEOS, (_row(status) for status in statuses))
    _write_rows(folder, REJECTS, (_odd(status) for status in statuses if status.reasons or status.notes))
    done = [status for status in statuses if status.outcome == "done"]
    reasons = Counter(reason.name for status in statuses for reason in status.reasons)
    if not done:
        raise DataError(f"{folder.path}: no video can be used ({_told(reasons, pending)}); see {REJECTS}")
    shards = list(shards_of(done, options.shard_videos, options.columnar))
    written = _packed(folder, shards, is_stopped, progress)
    if written is None:
        return None
    write_text(folder.path / CARD, card(statuses, shards, task.settings.config))
    write_text(folder.path / SUMS, _sums(folder, [*statuses, *unfinished], shards))
    rejected = len(statuses) - len(done)
    return Packed(len(done), rejected, pending, len(shards), written, reasons)


def _statuses(task: Task, samples: Sequence[Sample]) -> tuple[list[Status], list[Status]]:
    """By name, the records of videos that are as a build leaves them, and those of videos half done."""
    whole = replace(task, stages=(CAPTIONS, POSES), retry=False, fetch=(), thorough=False)
    finished, unfinished = list[Status](), list[Status]()
    for sample in sorted(samples, key=lambda sample: sample.video_id):
        status = known_status(task.folder, sample)
        if status is not None:
            (unfinished if next_due(whole, sample, status) else finished).append(status)
    return finished, unfinished


def _packed(
    folder: Folder, shards: Sequence[Shard], is_stopped: Callable[[], bool], progress: Callable[..., None]
) -> int | None:
    written, done = 0, 0
    progress("shards", 0, len(shards))
    for is_new in pack(folder, shards, is_stopped):
        written, done = written + is_new, done + 1
        progress("shards", done, len(shards))
    return written if done == len(shards) else None


def _told(reasons: Counter[str], pending: int) -> str:
    parts = [f"{count} {name}" for name, count in sorted(reasons.items())]
    return ", ".join([*parts, *([f"{pending} not done yet"] if pending else [])])


def _write_rows(folder: Folder, name: str, rows: Iterable[dict[str, Any]]) -> None:
    write_text(folder.path / name, "".join(to_json(row) + "\n" for row in rows))


def _row(status: Status) -> dict[str, Any]:
    names = [reason.name for reason in status.reasons]
    return {
        "video_id": status.video_id,
        "outcome": status.outcome,
        "reasons": names,
        **status.sample,
        "facts": status.facts,
    }


def _odd(status: Status) -> dict[str, Any]:
    return {
        "video_id": status.video_id,
        "outcome": status.outcome,
        "reasons": _told_each(status.reasons),
        "notes": _told_each(status.notes),
    }


def _told_each(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"name": reason.name, "detail": reason.detail} for reason in reasons]


def _sums(folder: Folder, statuses: Sequence[Status], shards: Sequence[Shard]) -> str:
    """Lines of ``sha256sum`` for every file of the data set; those of videos are taken from their records."""
    files = {
        name: FileRecord.of((folder.path / name).read_bytes()) for name in (CARD, SETTINGS, VIDEOS, REJECTS)
    }
    files |= shard_files(folder, shards)
    for status in statuses:
        place = f"videos/{status.video_id}"
        files |= {f"{place}/{name}": file for name, file in status.files.items()}
        files[f"{place}/{STATUS}"] = FileRecord.of(status_bytes(status))
    return sealed("".join(f"{files[name].sha256}  {name}\n" for name in sorted(files)))

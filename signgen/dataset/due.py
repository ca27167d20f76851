"""What is to be done to a video: the first of its stages that is missing, out of date or to be tried again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signgen.dataset.folder import Folder
from signgen.dataset.manifest import Sample
from signgen.dataset.settings import Settings
from signgen.dataset.sources import is_same, source_of
from signgen.dataset.status import CAPTIONS, FETCH, POSES, VERDICT, Status, empty_status, read_status
from signgen.errors import DataError

Why = Literal["new", "settings", "input", "retry", "files"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """What a builder does to each video.

    Attributes:
        folder: of the data set.
        settings: of the data set.
        stages: which to do.
        fetch: words of the command that gets a video; empty if there is none.
        retry: do rejected videos again.
        thorough: compare inputs by their hashes.
    """

    folder: Folder
    settings: Settings
    stages: tuple[str, ...]
    fetch: tuple[str, ...] = ()
    retry: bool = False
    thorough: bool = False


@dataclass(frozen=True)
class Due:
    """A stage that is to be done, and why."""

    stage: str
    why: Why


def known_status(folder: Folder, sample: Sample) -> Status | None:
    """The record of a video; None if there is none that can be read, and the video is then made anew."""
    try:
        status = read_status(folder.status(sample.video_id))
    except DataError as error:
        logger.warning("%s; making the video anew", error)
        return None
    return status if status is None or status.video_id == sample.video_id else None


def next_due(task: Task, sample: Sample, status: Status | None) -> Due | None:
    """The first stage that is missing or out of date; None if the record is as a build would leave it."""
    status = status or empty_status(sample)
    fetched = status.stages.get(FETCH)
    if fetched and fetched.reasons and POSES in task.stages:
        return Due(FETCH, "retry") if task.retry or is_at_hand(sample) else None
    for stage in chain_of(task.stages):
        why = why_due(task, stage, sample, status)
        if why:
            return Due(stage, why)
        if status.stages[stage].reasons:
            return None
    return None


def chain_of(stages: Sequence[str]) -> list[str]:
    """The stages of a video in their order; poses are always judged."""
    return [
        stage
        for stage in (CAPTIONS, POSES, VERDICT)
        if stage in stages or (stage == VERDICT and POSES in stages)
    ]


def why_due(task: Task, stage: str, sample: Sample, status: Status) -> Why | None:
    """Why one stage is to be done; None if it is done and still fits."""
    record = status.stages.get(stage)
    if record is None:
        return "new"
    has_a_way_now = task.fetch and any(reason.name == "no-source" for reason in record.reasons)
    if record.reasons and (task.retry or has_a_way_now):
        return "retry"
    if record.settings != task.settings.digest(stage, sample):
        return "settings"
    now = source_of(stage, sample, status, thorough=task.thorough)
    if not is_same(record.source, now, was_used=not record.reasons):
        return "input"
    folder = task.folder.video(sample.video_id)
    is_there = all(_has_size(folder / name, file.size) for name, file in record.files.items())
    return None if is_there else "files"


def is_at_hand(sample: Sample) -> bool:
    """Whether the file that poses are made from is there."""
    path = sample.poses or sample.video
    return path is not None and path.exists()


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False

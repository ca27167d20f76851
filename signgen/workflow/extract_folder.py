"""A folder of videos to pose files, over several processes; what is done already is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.sidecar import read_sidecar, sidecar_path
from signgen.data.video import SUFFIXES
from signgen.errors import ConfigError, DataError, PoseError, ResourceError, SignGenError
from signgen.workflow import digest
from signgen.workflow.extract import Job, Row, extract_with, prepare
from signgen.workflow.progress import Progress, counted, silent

INDEX = "index.jsonl"


def extract_folder(
    folder: str | Path,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    workers: int = 1,
    force: bool = False,
    progress: Progress = silent,
    videos: Sequence[Path] | None = None,
) -> tuple[Row, ...]:
    """Write the poses of all videos below ``folder`` to ``output``, under the same names, and list them there.

    A video whose poses are there, made from the same bytes with the same settings, is kept; one that fails is
    listed with its error and the run goes on.

    Args:
        folder: where the videos are, at any depth.
        output: a folder; gets ``NAME.npz``, ``NAME.json`` and ``index.jsonl``.
        config: see `extract_video`.
        workers: processes that work side by side.
        force: make all anew.
        progress: told how many videos are done.
        videos: only these of the folder.

    Raises:
        ConfigError: bad settings.
        DataError: no videos.
        DependencyError, CheckpointError: what the extractor needs is not there.
        ResourceError: disk or memory ran out; run again to go on.
    """
    job, folder, output = prepare(config), Path(folder), Path(output)
    jobs = [_Task(job.config, folder, path, output, force) for path in sorted(videos or videos_in(folder))]
    _check_names(jobs)
    rows: dict[Path, Row] = {}
    try:
        for task, row in counted(_rows(jobs, workers), "videos", len(jobs), progress):
            rows[task.video] = row
    finally:
        if rows:
            lines = [json.dumps(_line(rows[path]), ensure_ascii=False) for path in sorted(rows)]
            write_text(output / INDEX, "\n".join(lines) + "\n")
    return tuple(rows[path] for path in sorted(rows))


def videos_in(folder: Path) -> list[Path]:
    """The videos below a folder, by name; raises DataError if there are none."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    found = sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )  # fmt: skip
    if not found:
        raise DataError(f"{folder}: no videos in this folder; known are {', '.join(SUFFIXES)}")
    return found


@dataclass(frozen=True)
class _Task:
    """One video of a folder; travels to a process."""

    config: dict[str, Any]
    folder: Path
    video: Path
    out: Path
    force: bool

    @property
    def output(self) -> Path:
        return self.out / self.video.relative_to(self.folder).with_suffix(".npz")

    @property
    def name(self) -> str:
        return self.video.relative_to(self.folder).as_posix()


def _rows(tasks: Sequence[_Task], workers: int) -> Iterator[tuple[_Task, Row]]:
    if workers == 1:
        yield from ((task, _run(task)) for task in tasks)
        return
    with processes(workers) as pool:
        waiting: dict[Future[Row], _Task] = {pool.submit(_run, task): task for task in tasks}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


@contextmanager
def processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that start anew, for an estimator's threads do not survive a fork."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _run(task: _Task) -> Row:
    """One video of a folder: what concerns it alone becomes a row; anything else would hit all and is raised."""
    job = prepare(task.config)
    kept = None if task.force else _kept(job, task)
    if kept is not None:
        return kept
    try:
        row = extract_with(job, task.video, task.output, True, silent)
    except (DataError, PoseError) as error:
        return Row(task.name, "failed", error=str(error))
    folder = task.output.parent.relative_to(task.out)
    return Row(
        task.name, "done", tuple((folder / name).as_posix() for name in row.outputs), row.frames, row.warnings
    )


def _kept(job: Job, task: _Task) -> Row | None:
    """The row of an earlier run with the same bytes and settings; None if its files are not whole."""
    try:
        record = read_sidecar(sidecar_path(task.output))
        account, files = (
            record.account,
            [task.output.parent / Path(file.name).name for file in record.outputs],
        )
        same = record.config == job.config and account["input"]["sha256"] == digest.of_file(task.video)
        whole = all(
            digest.of_file(path) == file.sha256 for path, file in zip(files, record.outputs, strict=True)
        )
    except (SignGenError, OSError, KeyError, TypeError):
        return None
    if not (same and whole and files):
        return None
    names = [path.relative_to(task.out).as_posix() for path in (*files, sidecar_path(task.output))]
    return Row(task.name, "kept", tuple(names), int(account["poses"]["frames"]), tuple(record.warnings))


def _check_names(tasks: Sequence[_Task]) -> None:
    """Two videos that differ in their suffixes alone would be written to one file."""
    seen: dict[Path, Path] = {}
    for task in tasks:
        other = seen.setdefault(task.output, task.video)
        if other != task.video:
            raise ConfigError(
                f"{task.video}: {other.name} would be written to the same file; rename one of them"
            )
    if tasks and tasks[0].out.exists() and not tasks[0].out.is_dir():
        raise ResourceError(f"{tasks[0].out}: this is a file; with a folder of videos -o names a folder")


def _line(row: Row) -> dict[str, Any]:
    """What is the same however often a run was stopped."""
    values = asdict(row)
    return {**values, "status": "failed" if row.status == "failed" else "done", "error": row.error or None}

"""A file of lines: one video for each, numbered; finished ones are kept, so that a stopped run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from signgen.data.atomic import write_text
from signgen.data.sidecar import OutputFile, Sidecar, read_sidecar
from signgen.errors import ConfigError, DataError, LexiconError, PoseError, RenderError, ResourceError
from signgen.workflow import digest
from signgen.workflow.generate import make_video
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.settings import Job, prepare

INDEX = "index.jsonl"
# What concerns one line; every other error (disk, settings, missing package) would hit all lines and ends the run.
OF_ONE_LINE = (DataError, PoseError, RenderError, LexiconError)


@dataclass(frozen=True)
class Line:
    """What became of one line.

    Attributes:
        number: its number in the file, from 1; also the name of its output.
        text: the line.
        status: ``done`` now, ``kept`` from an earlier run, or ``failed``.
        video: name of the video in the folder, empty if it failed.
        seconds: duration of the clip [s].
        missing: tokens that could not be signed.
        error: why it failed.
    """

    number: int
    text: str
    status: Literal["done", "kept", "failed"]
    video: str = ""
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    error: str = ""


def generate_lines(
    lines: Iterable[tuple[int, str]],
    folder: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> tuple[Line, ...]:
    """Sign numbered lines into ``folder/0001.mp4`` and so on, and list them in ``folder/index.jsonl``.

    A line whose sidecar names the same text and settings is kept; a line that fails is listed with its
    error and the run goes on. The list is written also when the run is stopped.

    Raises:
        ConfigError: bad settings, or a folder that holds another run (pass ``force`` to replace it).
        ResourceError: disk or memory ran out; run again to go on.
    """
    job, folder, lines = prepare(config), Path(folder), tuple(lines)
    if folder.exists() and not folder.is_dir():
        raise ResourceError(f"{folder}: this is a file; with a file of lines -o names a folder")
    records = (
        {} if force else {number: _record_of(job, text, folder / _name(number)) for number, text in lines}
    )
    done: list[Line] = []
    try:
        for number, text in counted(lines, "lines", len(lines), progress):
            kept = _kept(number, text, records.get(number), folder)
            done.append(kept or _make(job, number, text, folder))
    finally:
        if done:
            rows = [json.dumps(_row(line), ensure_ascii=False) for line in done]
            write_text(folder / INDEX, "\n".join(rows) + "\n")
    return tuple(done)


def _make(job: Job, number: int, text: str, folder: Path) -> Line:
    video = folder / _name(number)
    try:
        result = make_video(job, text, video, force=True)
    except OF_ONE_LINE as error:
        if isinstance(error, LexiconError) and not error.missing:
            raise
        return Line(number, text, "failed", error=str(error))
    return Line(number, text, "done", video.name, result.seconds, result.missing)


def _record_of(job: Job, text: str, video: Path) -> Sidecar | None:
    """The sidecar of an earlier run of the same line; None if there is none that can be read.

    Raises:
        ConfigError: the line was made from another text or with other settings.
    """
    sidecar = video.with_suffix(".json")
    if not (sidecar.exists() and video.exists()):
        return None
    try:
        record = read_sidecar(sidecar)
    except DataError:
        return None
    if record.config != job.config or record.text != text:
        raise ConfigError(
            f"{video}: made from another text or with other settings; pass --force to replace it"
        )
    return record


def _kept(number: int, text: str, record: Sidecar | None, folder: Path) -> Line | None:
    """The line as an earlier run made it, or None if its files are not whole."""
    if record is None or not record.outputs or not all(_is_whole(file, folder) for file in record.outputs):
        return None
    try:
        tokens, poses = record.account["coverage"]["each"], record.account["poses"]
        missing = tuple(token["text"] for token in tokens if token["outcome"] == "missing")
        seconds = poses["frames"] / poses["fps"]
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    return Line(number, text, "kept", _name(number), seconds, missing)


def _is_whole(file: OutputFile, folder: Path) -> bool:
    path = folder / Path(file.name).name
    return path.is_file() and path.stat().st_size == file.bytes and digest.of_file(path) == file.sha256


def _name(number: int) -> str:
    return f"{number:04d}.mp4"


def _row(line: Line) -> dict[str, Any]:
    return {
        "number": line.number,
        "text": line.text,
        "status": "failed" if line.status == "failed" else "done",
        "video": line.video or None,
        "seconds": round(line.seconds, 3),
        "missing": list(line.missing),
        "error": line.error or None,
    }

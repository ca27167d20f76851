"""Many texts: one video or pose file for each, by name; finished ones are kept, so that a stopped run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from signgen.data.atomic import write_text
from signgen.data.sidecar import OutputFile, Sidecar, read_sidecar, sidecar_path
from signgen.errors import ConfigError, DataError, LexiconError, PoseError, RenderError, ResourceError
from signgen.workflow import digest
from signgen.workflow.generate import make_poses, make_video
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.record import config_of
from signgen.workflow.settings import Job, prepare

INDEX = "index.jsonl"
# What concerns one line; every other error (disk, settings, missing package) would hit all lines and ends the run.
OF_ONE_LINE = (DataError, PoseError, RenderError, LexiconError)


# What can be made, as the list calls it, with the suffix of its files and the parts that have a say.
Kind = Literal["video", "poses"]
_SUFFIXES: dict[Kind, str] = {"video": ".mp4", "poses": ".npz"}
_PARTS: dict[Kind, tuple[str, ...]] = {"video": ("source", "renderer"), "poses": ("source",)}


@dataclass(frozen=True)
class Line:
    """What became of one text.

    Attributes:
        name: of its files, without suffix; of lines their numbers.
        text: what was to be signed.
        status: ``done`` now, ``kept`` from an earlier run, or ``failed``.
        file: its video or poses in the folder, empty if it failed.
        seconds: duration of the clip [s].
        missing: tokens that could not be signed.
        error: why it failed.
    """

    name: str
    text: str
    status: Literal["done", "kept", "failed"]
    file: str = ""
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    error: str = ""


def generate_lines(
    lines: Iterable[tuple[str, str]],
    folder: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    kind: Kind = "video",
    force: bool = False,
    progress: Progress = silent,
) -> tuple[Line, ...]:
    """Sign texts into ``folder/NAME.mp4`` or ``NAME.npz``, and list them in ``folder/index.jsonl``.

    A text whose sidecar names the same text and settings is kept; one that fails is listed with its error and the run
    goes on. The list is written also when the run is stopped; `signgen eval` reads it.

    Args:
        lines: names and texts, from `numbered_lines` or `read_texts`.
        folder: where the files go.
        settings: as in ``configs/generate.yaml``.
        kind: what to make.
        force: replace files that exist.
        progress: told how many are done.

    Raises:
        ConfigError: bad settings, or a folder that holds another run (pass ``force`` to replace it).
        ResourceError: disk or memory ran out; run again to go on.
    """
    job, folder, lines = prepare(settings), Path(folder), tuple(lines)
    if folder.exists() and not folder.is_dir():
        raise ResourceError(f"{folder}: this is a file; with a file of lines -o names a folder")
    places = {name: folder / f"{name}{_SUFFIXES[kind]}" for name, _ in lines}
    config = config_of(job, _PARTS[kind])
    records = {} if force else {name: _record_of(config, text, places[name]) for name, text in lines}
    done: list[Line] = []
    try:
        for name, text in counted(lines, "lines", len(lines), progress):
            kept = _kept(name, text, records.get(name), places[name])
            done.append(kept or _make(job, name, text, places[name], kind))
    finally:
        if done:
            rows = [json.dumps(_row(line, kind), ensure_ascii=False) for line in done]
            write_text(folder / INDEX, "\n".join(rows) + "\n")
    return tuple(done)


def _make(job: Job, name: str, text: str, file: Path, kind: Kind) -> Line:
    make = make_video if kind == "video" else make_poses
    try:
        result = make(job, text, file, force=True)
    except OF_ONE_LINE as error:
        if isinstance(error, LexiconError) and not error.missing:
            raise
        return Line(name, text, "failed", error=str(error))
    return Line(name, text, "done", file.name, result.seconds, result.missing)


def _record_of(config: Mapping[str, Any], text: str, file: Path) -> Sidecar | None:
    """The sidecar of an earlier run of the same line; None if there is none that can be read.

    Raises:
        ConfigError: the line was made from another text or with other settings.
    """
    sidecar = sidecar_path(file)
    if not (sidecar.exists() and file.exists()):
        return None
    try:
        record = read_sidecar(sidecar)
    except DataError:
        return None
    if record.config != config or record.text != text:
        raise ConfigError(
            f"{file}: made from another text or with other settings; pass --force to replace it"
        )
    return record


def _kept(name: str, text: str, record: Sidecar | None, file: Path) -> Line | None:
    """The line as an earlier run made it, or None if its files are not whole."""
    if (
        record is None
        or not record.outputs
        or not all(_is_whole(each, file.parent) for each in record.outputs)
    ):
        return None
    try:
        tokens, poses = record.account["coverage"]["each"], record.account["poses"]
        missing = tuple(token["text"] for token in tokens if token["outcome"] == "missing")
        seconds = poses["frames"] / poses["fps"]
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    return Line(name, text, "kept", file.name, seconds, missing)


def _is_whole(file: OutputFile, folder: Path) -> bool:
    path = folder / Path(file.name).name
    return path.is_file() and path.stat().st_size == file.bytes and digest.of_file(path) == file.sha256


def _row(line: Line, kind: Kind) -> dict[str, Any]:
    return {
        "name": line.name,
        "text": line.text,
        "status": "failed" if line.status == "failed" else "done",
        kind: line.file or None,
        "seconds": round(line.seconds, 3),
        "missing": list(line.missing),
        "error": line.error or None,
    }

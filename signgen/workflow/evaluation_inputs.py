"""Clips to evaluate: from columnar shards, from a list of files with texts, or from a folder of pose files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signgen.data.columnar import Columnar
from signgen.data.files import read_file
from signgen.data.poses import SUFFIXES, read_pose
from signgen.data.stream import SUFFIX, shards_in
from signgen.data.strict_json import parse_json_object
from signgen.data.video import SUFFIXES as VIDEO_SUFFIXES
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence

INDEX = "index.jsonl"
MAX_INDEX_BYTES = 256 << 20
_NAMES, _FILES = ("name", "video_id", "id"), ("poses", "file", "path")


@dataclass(frozen=True, eq=False)
class Found:
    """A clip.

    Attributes:
        poses: of the signer.
        info: what is said about it, such as ``text`` and ``document``.
    """

    poses: PoseSequence
    info: Mapping[str, Any] = field(default_factory=dict)


def read_clips(source: Path, fps: float | None = None) -> dict[str, Found]:
    """Clips by name.

    Args:
        source: a columnar shard or a folder of them; a list of lines of JSON, or a folder with ``index.jsonl``, each
            line with ``name``, ``poses`` (a file, from the list's folder) and perhaps ``text``; a folder of pose
            files, named by their stems; a single pose file.
        fps: rate of files that carry none; without it those are refused.

    Raises:
        DataError: nothing of the kind, a damaged file, a name twice, or videos.
    """
    if source.is_file() and source.suffix == SUFFIX:
        found = _shards((source,))
    elif source.is_file() and source.suffix == ".jsonl":
        found = _listed(source, fps)
    elif source.is_dir() and (source / INDEX).is_file():
        found = _listed(source / INDEX, fps)
    elif source.is_dir() and any(source.glob(f"*{SUFFIX}")):
        found = _shards(shards_in(source))
    elif source.is_dir():
        found = _files(source, fps)
    else:
        found = {source.stem: Found(_read(source, fps))}
    if not found:
        raise DataError(f"{source}: no clips; give shards, a list of files, or a folder of pose files")
    return found


def _shards(paths: tuple[Path, ...]) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for path in paths:
        with Columnar(path) as shard:
            for number, entry in enumerate(shard.clips):
                _add(found, entry.name, Found(shard.read(number), entry.info), path)
    return found


def _listed(path: Path, fps: float | None) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for number, line in enumerate(read_file(path, MAX_INDEX_BYTES).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = parse_json_object(line, where)
        file, name = _first(row, _FILES), _first(row, _NAMES)
        if not file:
            raise DataError(f"{where}: names no file; give its path as 'poses'")
        place = (path.parent / file).resolve()
        if not place.is_relative_to(path.parent.resolve()):
            raise DataError(f"{where}: {file!r:.80} lies outside the list's folder; move it there")
        _add(found, name or Path(file).stem, Found(_read(place, fps), row), path)
    return found


def _files(folder: Path, fps: float | None) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for path in sorted(folder.iterdir()):
        # Beside poses lie sidecars, which are JSON too.
        if path.name.endswith(tuple(SUFFIXES)) and path.suffix != ".json":
            _add(found, path.stem, Found(_read(path, fps)), folder)
    if not found and any(path.suffix.lower() in VIDEO_SUFFIXES for path in folder.iterdir()):
        raise DataError(
            f"{folder}: holds videos; run signgen extract on it first and give the folder of poses"
        )
    return found


def _read(path: Path, fps: float | None) -> PoseSequence:
    if path.suffix.lower() in VIDEO_SUFFIXES:
        raise DataError(f"{path}: a video; run signgen extract first and give its poses")
    return read_pose(path, fps=fps)


def _add(found: dict[str, Found], name: str, clip: Found, where: Path) -> None:
    if name in found:
        raise DataError(f"{where}: has clip {name!r:.80} twice; rename one")
    found[name] = clip


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(row[key]) for key in keys if row.get(key)), "")

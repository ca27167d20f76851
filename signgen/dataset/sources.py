"""What a stage of a video is made from, and whether that is still what it was made from last time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.dataset.manifest import Sample
from signgen.dataset.status import CAPTIONS, FETCH, POSES, TOLD, Status

# What of the manifest shapes the poses.
_POSES_FIELDS = ("start", "end", "fps", "width", "height", "person")


def source_of(stage: str, sample: Sample, status: Status, *, thorough: bool) -> dict[str, Any]:
    """What ``stage`` of a sample is made from.

    Args:
        stage: one of `STAGES`.
        sample: the line of the manifest.
        status: what is done so far; the verdict is made from the figures of the poses.
        thorough: hash large files; otherwise their size is all that is told.
    """
    if stage == CAPTIONS:
        told = {name: getattr(sample, name) for name in (*TOLD, "start", "end") if getattr(sample, name)}
        return {
            "manifest": told,
            "file": _file(sample.captions, True) if sample.captions else _fetched(status),
        }
    if stage == POSES:
        told = {name: value for name in _POSES_FIELDS if (value := getattr(sample, name))}
        return {"manifest": told, "file": _file(sample.poses or sample.video, thorough)}
    if stage == FETCH:
        return {}
    record = status.stages.get(POSES)
    return {"poses": {name: file.sha256 for name, file in record.files.items()} if record else {}}


def is_same(before: Mapping[str, Any], now: Mapping[str, Any], *, was_used: bool) -> bool:
    """Whether a stage would be made from the same again.

    A file that is gone since it was used changes nothing: what was made of it is there. Hashes are compared
    where both are known.
    """
    if {**before, "file": None} != {**now, "file": None}:
        return False
    old, new = before.get("file"), now.get("file")
    if new is None or new.get("size") is None:
        return was_used or old == new
    return old is not None and all(old[name] == new[name] for name in new if name in old)


def _fetched(status: Status) -> dict[str, Any] | None:
    """The captions that came with a fetched video."""
    record = status.stages.get(FETCH)
    if record is None or not record.files:
        return None
    sums = "".join(f"{name}\0{file.sha256}\n" for name, file in sorted(record.files.items()))
    size = sum(file.size for file in record.files.values())
    return {"size": size, "sha256": hashlib.sha256(sums.encode()).hexdigest()}


def _file(path: Path | None, thorough: bool) -> dict[str, Any] | None:
    """Size and hash of a file, or of all files of a folder; a size of None is a file that is not there."""
    if path is None:
        return None
    try:
        if path.is_dir():
            return _folder(path, thorough)
        size = path.stat().st_size
        if not thorough:
            return {"size": size}
        with path.open("rb") as file:
            return {"size": size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    except OSError:
        return {"size": None}


def _folder(path: Path, thorough: bool) -> dict[str, Any]:
    digest, total = hashlib.sha256(), 0
    for file in sorted(path.iterdir()):
        found = _file(file, thorough) if file.is_file() else None
        if found is not None:
            digest.update(f"{file.name}\0{found.get('sha256', '')}\n".encode("utf-8", "surrogateescape"))
            total += found["size"] or 0
    return {"size": total, **({"sha256": digest.hexdigest()} if thorough else {})}

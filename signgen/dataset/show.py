"""One video of a data set, for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signgen.data.strict_json import read_json_object
from signgen.dataset.folder import CAPTION, POSES, Folder
from signgen.dataset.manifest import VIDEO_ID
from signgen.dataset.status import Status, read_status
from signgen.errors import DataError


def status_of(folder: Path, video_id: str) -> Status:
    """The record of a video.

    Raises:
        DataError: there is none, or it is damaged.
    """
    status = read_status(Folder(folder).status(video_id)) if VIDEO_ID.fullmatch(video_id) else None
    if status is None:
        raise DataError(f"{folder}: no video {video_id!r} in this data set; status.jsonl lists them")
    return status


def caption_of(folder: Path, video_id: str) -> dict[str, Any]:
    """The content of its ``caption.json``; empty if it has none."""
    path = Folder(folder).video(video_id) / CAPTION
    return read_json_object(path) if path.exists() else {}


def poses_of(folder: Path, video_id: str) -> Path:
    """The file of its poses.

    Raises:
        DataError: it has none.
    """
    path = Folder(folder).video(video_id) / POSES
    if not path.exists():
        raise DataError(f"{path}: this video has no poses; `signgen dataset show` says why")
    return path

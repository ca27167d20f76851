"""Where everything lies in the folder of a data set."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.data.atomic import resource_errors

CAPTION, POSES, QUALITY, STATUS = "caption.json", "poses.npz", "quality.json", "status.json"
# Captions that came with a fetched video.
CAPTIONS = "captions"
CARD, SETTINGS, VIDEOS, REJECTS, SUMS = (
    "README.md",
    "dataset.json",
    "status.jsonl",
    "rejects.jsonl",
    "SHA256SUMS",
)
TOP = (CARD, SETTINGS, VIDEOS, REJECTS, SUMS)

_SHARD = re.compile(r"Sign_DWPose_NPZ_\d{6}\.(tar|col|json)")


@dataclass(frozen=True)
class Folder:
    """The folder of a data set: a folder for each video, shards, and lists at the top."""

    path: Path

    def video(self, video_id: str) -> Path:
        """The folder of a video: what was made of it, and ``status.json``, which says what of that counts."""
        return self.path / "videos" / video_id

    def status(self, video_id: str) -> Path:
        """The record of a video."""
        return self.video(video_id) / STATUS

    @property
    def shards(self) -> Path:
        """The folder of the shards."""
        return self.path / "shards"

    def files(self) -> Iterator[Path]:
        """Every file that belongs to the data set, in the order of names; not ``SHA256SUMS`` and the lock."""
        for name in sorted(set(TOP) - {SUMS}):
            if (self.path / name).is_file():
                yield self.path / name
        for folder in (self.shards, self.path / "videos"):
            yield from sorted(path for path in folder.rglob("*") if not path.is_dir())


def complete_name(video_id: str) -> str:
    """The empty file that marks a finished video in SignVerse's layout."""
    return f"{video_id}.complete"


def keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove what an interrupted process left in a folder: everything but ``names``, files and folders of files.

    Only for the holder of the folder's lock.

    Raises:
        ResourceError: something cannot be removed.
    """
    kept = {name.split("/")[0] for name in names}
    with resource_errors(folder):
        for path in list(folder.iterdir()) if folder.is_dir() else ():
            if path.name in kept:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def clear_top(folder: Path) -> None:
    """Remove the temporary files that an interrupted packing left at the top."""
    with resource_errors(folder):
        for name in TOP:
            for path in folder.glob(f".{Path(name).stem}.*{Path(name).suffix}"):
                path.unlink(missing_ok=True)

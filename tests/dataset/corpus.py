"""What the tests of data sets share: the made-up extractor, made-up videos, and a folder as a value."""

from __future__ import annotations

import sys
from pathlib import Path

import blobs  # noqa: F401  (registers the extractor)

sys.path.append(str(Path(__file__).parents[1] / "data"))

from videos import make_audio as make_audio
from videos import make_video as make_video
from videos import moving_dot as moving_dot

SETTINGS = {"extractor": {"name": "blobs"}, "shard_videos": 2}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

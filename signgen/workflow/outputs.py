"""The files of one job: planned together, refused together when they exist, taken back together on failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from signgen.errors import ConfigError, ResourceError

VIDEO_SUFFIX = ".mp4"


def check_video_path(output: Path) -> Path:
    """``output``, if it is named as a video."""
    if output.suffix != VIDEO_SUFFIX:
        raise ConfigError(
            f"{output}: expected the name of a video, such as {output.stem or 'out'}{VIDEO_SUFFIX}"
        )
    return output


def refuse_existing(targets: Sequence[Path], force: bool) -> None:
    """Raise ConfigError if a target exists and may not be replaced, ResourceError if it is a folder."""
    for target in targets:
        if target.is_dir():
            raise ResourceError(f"{target}: this is a folder; name a file")
        if target.exists() and not force:
            raise ConfigError(f"{target}: exists already; pass --force to replace it")


@contextmanager
def all_or_nothing() -> Iterator[list[Path]]:
    """A list of the files written so far; they are removed again when the block fails."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise

"""Write a file whole or not at all: a temporary file in the same folder, fsync, rename."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signgen.errors import ResourceError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that takes its name when the block ends well, and vanishes otherwise.

    Missing parent folders are made. The temporary name keeps the suffix, so that encoders can go by it.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    with resource_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem[:40]}.", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
    temporary = Path(name)
    try:
        with resource_errors(target):
            yield temporary
            _publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> None:
    """Write ``data`` to ``target`` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def write_text(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8 with Unix line ends to ``target`` atomically."""
    write_bytes(target, text.encode("utf-8"))


def _publish(temporary: Path, target: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def resource_errors(target: Path) -> Iterator[None]:
    """Turn what the system says about ``target`` (disk full, no permission) into a `ResourceError`."""
    try:
        yield
    except ResourceError:
        raise
    except OSError as error:
        hint = {
            errno.ENOSPC: "the disk is full; free some space and run again",
            errno.EDQUOT: "the disk quota is used up; free some space and run again",
            errno.EACCES: "no permission to write here; choose another folder with -o",
            errno.EROFS: "this file system is read-only; choose another folder with -o",
            errno.EISDIR: "this is a folder; name a file",
            errno.ENOTDIR: "a part of this path is a file, not a folder",
            errno.EEXIST: "a part of this path is a file, not a folder",
        }.get(error.errno or 0)
        if hint is None:
            raise
        raise ResourceError(f"{target}: {hint}") from None

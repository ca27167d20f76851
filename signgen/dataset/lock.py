"""Locks on the parts of a data set folder, so that several builders share it and never do one video twice.

They are POSIX range locks on one empty file: a video is one byte of it, far beyond its end. A lock dies with its
process, however that ends, so none is ever stale, and none leaves a trace in the folder. On a file system without
locks, and by everybody once one machine has found none, the part is claimed with a file, see `signgen.dataset.claims`.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signgen.dataset.claims import Claims
from signgen.errors import ResourceError

NAME = ".lock"
_VIDEOS = 1 << 62
# Bytes that are no video's: held shortly while settings are compared, for as long as a builder relies on them,
# while the data set is packed, and by who has workers on other machines, which know the folder by it.
GATE, SETTINGS, PACKING, BEACON = _VIDEOS, _VIDEOS + 1, _VIDEOS + 2, _VIDEOS + 3
SECONDS_BETWEEN_TRIES = 0.1
# What systems say where a file system, or its server, has no locks.
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def byte_of(video_id: str) -> int:
    """The byte that stands for a video; two of a million share one with a chance of 1 to 10 million."""
    return int.from_bytes(hashlib.sha256(video_id.encode()).digest()[:8], "big") % _VIDEOS


class Locks:
    """What this process holds of one folder.

    The system gives a process up to all of its locks on a file when it closes any handle of it, so a process
    has one handle for each folder (`of`) and never closes it.
    """

    _open: dict[tuple[int, int], Locks] = {}  # noqa: RUF012

    def __init__(self, folder: Path, handle: int) -> None:
        self._folder = folder
        self._handle = handle
        self._claims = Claims(folder.absolute())

    @classmethod
    def of(cls, folder: Path) -> Locks:
        """The locks of a folder, which is made if it is not there.

        Raises:
            ResourceError: the folder cannot be written.
        """
        path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
            found = path.stat()
            key = found.st_dev, found.st_ino
            if key not in cls._open:
                cls._open[key] = cls(folder, os.open(path, os.O_RDWR))
        except OSError as error:
            raise ResourceError(
                f"{path}: cannot be written: {error.strerror}; choose another folder"
            ) from None
        return cls._open[key]

    def take(self, byte: int, *, shared: bool = False) -> bool:
        """Take a lock if no other process has it; True if it is held now.

        Raises:
            ResourceError: the folder cannot be read or written.
        """
        try:
            if not self._lock(byte, shared):
                return False
            if self._claims.are_used and not self._claims.take(byte, shared=shared):
                self._unlock(byte)
                return False
        except OSError as error:
            raise ResourceError(
                f"{self._folder / NAME}: cannot be locked: {error.strerror}; run the same command again to go on"
            ) from None
        return True

    def is_lost(self, byte: int) -> bool:
        """Whether another process has what this one took: where there are no locks, and we stood still for long."""
        return self._claims.is_robbed(byte)

    def drop(self, byte: int) -> None:
        """Give a lock up."""
        self._claims.drop(byte)
        self._unlock(byte)

    def _lock(self, byte: int, shared: bool) -> bool:
        """Take the system's lock; True also where it has none, and then claims are used from now on."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.lockf(self._handle, kind | fcntl.LOCK_NB, 1, byte)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            if error.errno not in NO_LOCKS:
                raise
            self._claims.begin()
        return True

    def _unlock(self, byte: int) -> None:
        with suppress(OSError):  # where there are no locks there is nothing to undo
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, byte)

    @contextmanager
    def tried(self, byte: int) -> Iterator[bool]:
        """Hold a lock for a block, if it can be had; the value says so."""
        is_held = self.take(byte)
        try:
            yield is_held
        finally:
            if is_held:
                self.drop(byte)

    @contextmanager
    def waited(self, byte: int, give_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Hold a lock for a block, waiting for it unless ``give_up``; the value says whether it is held."""
        while not (is_held := self.take(byte)) and not give_up():
            time.sleep(SECONDS_BETWEEN_TRIES)
        try:
            yield is_held
        finally:
            if is_held:
                self.drop(byte)

"""A file that is written whole or not at all, and summed on its way, so that it need not be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from signgen.batch.disk import reported
from signgen.data.atomic import atomic_path


class Out:
    """What is being written; enough of a file for `tarfile`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size, self._digest = file, 0, hashlib.sha256()

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size

    def write(self, data: bytes) -> int:
        """Write all of ``data``."""
        self._digest.update(data)
        self._size += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        """Hash of the bytes written so far."""
        return self._digest.hexdigest()


@contextmanager
def written(path: Path) -> Iterator[Out]:
    """A file that takes its name, forced to disk, when the block ends well, and is gone otherwise.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    with reported(path), atomic_path(path) as temporary, temporary.open("wb") as file:
        yield Out(file)

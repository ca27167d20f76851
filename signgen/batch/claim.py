"""Who makes a shard: a lock of the system, which dies with its process, so that none is ever stale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signgen.dataset.lock import Locks


@contextmanager
def claimed(folder: Path, shard: int) -> Iterator[bool]:
    """Hold a shard for a block; the value says whether it could be had.

    Raises:
        ResourceError: the folder cannot be written, or its file system has no locks.
    """
    with Locks.of(folder).tried(shard) as is_ours:
        yield is_ours

"""Who makes a shard: a lock of the system, or where there are none a claim that its holder keeps fresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from signgen.dataset.lock import Locks


@contextmanager
def claimed(folder: Path, shard: int) -> Iterator[bool]:
    """Hold a shard for a block; the value says whether it could be had.

    Raises:
        ResourceError: the folder cannot be read or written.
    """
    with Locks.of(folder).tried(shard) as is_ours:
        yield is_ours


def lost(folder: Path, shard: int) -> Callable[[], bool]:
    """A question: whether another process took us for dead and makes a shard that we hold.

    It happens where there are no locks, to who stood still for long; he must not write any more.
    """
    locks = Locks.of(folder)
    return lambda: locks.is_lost(shard)

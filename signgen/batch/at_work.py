"""Who is at work in the folder of a batch: any number of runs, or one that takes shards back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signgen.dataset.lock import SETTINGS, Locks
from signgen.errors import ResourceError


@contextmanager
def among_others(folder: Path) -> Iterator[None]:
    """A run.

    Raises:
        ResourceError: shards are being taken back.
    """
    with _held(folder, shared=True, refusal="failures are being forgotten; wait a moment and run it again"):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Who takes shards back, for a run that is at its end would write an index without them.

    Raises:
        ResourceError: a run is at work.
    """
    with _held(folder, shared=False, refusal="a run is at work here; stop it first"):
        yield


@contextmanager
def _held(folder: Path, *, shared: bool, refusal: str) -> Iterator[None]:
    locks = Locks.of(folder)
    if not locks.take(SETTINGS, shared=shared):
        raise ResourceError(f"{folder}: {refusal}")
    try:
        yield
    finally:
        locks.drop(SETTINGS)

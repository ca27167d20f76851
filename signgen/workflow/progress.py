"""How a long job says how far it is: one callback, so that no layer below the command line prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Called after each step of a job."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` steps of ``stage`` are finished; ``total`` is None when unknown."""
        ...


def silent(stage: str, done: int, total: int | None) -> None:
    """The `Progress` that says nothing."""


def counted(items: Iterable[T], stage: str, total: int | None, progress: Progress) -> Iterator[T]:
    """``items`` unchanged, with ``progress`` called after each one was used."""
    progress(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(stage, done, total)

"""How a batch run looks while it goes: a live view on a terminal, lines now and then in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from signgen.cli.voice import SECONDS_BETWEEN_LINES, ProgressMode, say, tell

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from signgen.batch.live import Show, Snapshot

# Reasons of failures that are shown; `signgen batch status` has more.
MOST_REASONS = 4


@contextmanager
def showing(mode: ProgressMode, quiet: bool) -> Iterator[Show]:
    """What shows a run as ``mode`` asks for, on stderr."""
    if quiet or mode is ProgressMode.off:
        yield lambda snapshot: None
    elif mode is ProgressMode.auto and sys.stderr.isatty():
        from rich.console import Console

        with live_view(Console(stderr=True)) as show:
            yield show
    else:
        yield Lines(as_json=mode is ProgressMode.json)


class Lines:
    """A line at the beginning, every few seconds and at the end, but none twice."""

    def __init__(self, as_json: bool = False, seconds: float = SECONDS_BETWEEN_LINES) -> None:
        self._as_json, self._seconds = as_json, seconds
        self._due = 0.0
        self._told: tuple[int, int] | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Print a line if one is due and something is new."""
        now, state = time.monotonic(), (snapshot.settled, snapshot.committed)
        is_last = snapshot.committed == snapshot.shards or snapshot.is_stopping
        if state == self._told or (now < self._due and not is_last):
            return
        self._due, self._told = now + self._seconds, state
        if self._as_json:
            from signgen.data.strict_json import to_json

            tell(to_json({"stage": "samples", **rounded(snapshot)}))
        else:
            say(in_words(snapshot))


def rounded(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot with as many digits as mean something."""
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in asdict(snapshot).items()
    }


def in_words(snapshot: Snapshot) -> str:
    """The snapshot on one line.

    >>> from signgen.batch.live import Snapshot
    >>> in_words(Snapshot(2000, 1198, 6, 4, 2, 2, 30.0, 3180.0, 4.13, 15.2, {}))
    '1,204 of 2,000 samples (60%), 6 failed, 2 of 4 shards; 3,180 a minute, 4.1 h of signing an hour, 15 s left'
    """
    share = snapshot.settled / snapshot.planned if snapshot.planned else 1.0
    words = f"{snapshot.settled:,} of {snapshot.planned:,} samples ({int(100 * share)}%)"
    words += f", {snapshot.failed:,} failed" if snapshot.failed else ""
    words += f", {snapshot.committed:,} of {snapshot.shards:,} shards"
    return "; ".join([words, *speed(snapshot)])


def speed(snapshot: Snapshot) -> list[str]:
    """Rates and the time left; nothing as long as nothing was made."""
    if not snapshot.rate:
        return []
    words = [_number(snapshot.rate) + " a minute", _number(snapshot.signing) + " h of signing an hour"]
    if snapshot.left:
        words.append(f"{duration(snapshot.left)} left")
    return [", ".join(words)]


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> [duration(each) for each in (15.2, 150, 7260, 200_000)]
    ['15 s', '2 min 30 s', '2 h 1 min', '2 d 7 h']
    """
    whole = round(seconds)
    for unit, size, name, small in ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s")):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // size} {small}"
    return f"{whole} s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


@contextmanager
def live_view(console: Console) -> Iterator[Show]:
    """The view on a terminal; what else is said meanwhile scrolls above it."""
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True) as live, _logs_above():
        yield lambda snapshot: live.update(view(snapshot), refresh=True)


@contextmanager
def _logs_above() -> Iterator[None]:
    """Log lines go where rich has put stderr, so that they do not run into the view."""
    handlers = [each for each in logging.getLogger("signgen").handlers if type(each) is logging.StreamHandler]
    before = [handler.setStream(sys.stderr) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            with suppress(ValueError):
                handler.setStream(stream or sys.__stderr__)


def view(snapshot: Snapshot) -> RenderableType:
    """What the terminal shows."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    bar = Table.grid(padding=(0, 2))
    share = snapshot.settled / snapshot.planned if snapshot.planned else 1.0
    bar.add_row(
        ProgressBar(
            total=max(1, snapshot.planned),
            completed=snapshot.settled,
            width=40,
            complete_style="cyan",
            finished_style="green",
        ),
        Text(f"{snapshot.settled:,} of {snapshot.planned:,} samples"),
        Text(f"{int(100 * share)} %", style="bold"),
    )
    facts = Text()
    for name, value, style in (
        ("made", f"{snapshot.made:,}", "green"),
        ("failed", f"{snapshot.failed:,}", "red" if snapshot.failed else "dim"),
        ("shards", f"{snapshot.committed:,} of {snapshot.shards:,}", "cyan"),
        ("workers", f"{snapshot.workers}", "cyan"),
    ):
        facts.append(f"{name} ", style="dim").append(value, style=style).append("   ")
    pace = speed(snapshot) or ["stopping" if snapshot.is_stopping else "getting ready"]
    lines: list[RenderableType] = [bar, facts, Text(pace[0])]
    if snapshot.is_stopping and speed(snapshot):
        lines.append(Text("stopping: samples under way are being finished", style="yellow"))
    return Group(*lines, *_reasons(snapshot))


def _reasons(snapshot: Snapshot) -> list[RenderableType]:
    from rich.text import Text

    found = list(snapshot.reasons.items())
    shown: list[RenderableType] = [
        Text(f"{count:>7,} failed  {reason}", style="red", overflow="ellipsis", no_wrap=True)
        for reason, count in found[:MOST_REASONS]
    ]
    rest = sum(count for _, count in found[MOST_REASONS:])
    return [*shown, Text(f"{rest:>7,} failed  for other reasons", style="red")] if rest else shown

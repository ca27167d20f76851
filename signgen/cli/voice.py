"""What a command says while it works: all of it on stderr, as loud as asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from signgen.lexicon.plan import TokenReport
    from signgen.workflow.progress import Progress

SECONDS_BETWEEN_LINES = 5.0


class ProgressMode(StrEnum):
    """How progress is shown."""

    auto = "auto"
    plain = "plain"
    json = "json"
    off = "off"


def say(line: str) -> None:
    """One line on stderr; work goes on when nobody reads it any more, or the log's disk is full."""
    tell(f"signgen: {line}")


def tell(line: str) -> None:
    """A line as it is on stderr."""
    with suppress(OSError):
        typer.echo(line, err=True)


@contextmanager
def telling(mode: ProgressMode, quiet: bool, verbose: bool) -> Iterator[Progress]:
    """Progress as ``mode`` asks for, and log lines as loud as ``quiet`` and ``verbose`` ask for."""
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("signgen: %(levelname)s: %(message)s"))
    logger = logging.getLogger("signgen")
    logger.addHandler(handler)
    logger.setLevel(level)
    if not quiet and _is_first_run():
        say("first run: compiling the inner loops, once; this takes about half a minute")
    try:
        if quiet or mode is ProgressMode.off:
            yield lambda stage, done, total: None
        elif mode is ProgressMode.auto and sys.stderr.isatty():
            with _bar() as show:
                yield show
        else:
            yield Lines(as_json=mode is ProgressMode.json)
    finally:
        logger.removeHandler(handler)


def _is_first_run() -> bool:
    """Whether numba has compiled nothing here yet, and can keep what it compiles beside the package."""
    package = Path(__file__).parents[1]
    return os.access(package, os.W_OK) and not any(package.glob("pose/__pycache__/*.nbi"))


class Lines:
    """Progress as a line every few seconds, and one at the end of a stage that took longer."""

    def __init__(self, as_json: bool = False, seconds: float = SECONDS_BETWEEN_LINES) -> None:
        self._as_json = as_json
        self._seconds = seconds
        self._started = self._last = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Print a line if one is due."""
        now = time.monotonic()
        if done == 0:
            self._started = self._last = now
        finished = done == total
        if now - self._last < self._seconds and not (
            finished and (self._as_json or self._last > self._started)
        ):
            return
        self._last = now
        if self._as_json:
            row = {"stage": stage, "done": done, "total": total, "seconds": round(now - self._started, 3)}
            tell(json.dumps(row))
        else:
            say(f"{stage}: {done}" + (f" of {total} ({done / total:.0%})" if total else ""))


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks or done == 0:
                if stage in tasks:
                    bar.remove_task(tasks[stage])
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield show


def say_coverage(mode: str, coverage: Sequence[TokenReport], verbose: bool = False) -> None:
    """How many words were signed, spelled, missing or left out; with ``verbose`` word by word."""
    from signgen.workflow.record import count_outcomes

    if not coverage:
        return
    counts = count_outcomes(coverage)
    words = len(coverage) - counts["mark"]
    parts = [
        f"{counts[outcome]} {outcome}{_named(coverage, outcome)}"
        for outcome in ("signed", "spelled", "missing")
    ]
    if counts["dropped"]:
        parts.append(f"{counts['dropped']} left out by grammar{_named(coverage, 'dropped')}")
    say(f"{words} word{'s' * (words != 1)}: {', '.join(parts)}; {mode or 'unknown mode'}")
    for token in coverage if verbose else ():
        glosses = " ".join(token.glosses)
        say(
            f"  {token.text}: {token.outcome} {glosses}".rstrip() + (f" ({token.note})" if token.note else "")
        )


def _named(coverage: Sequence[TokenReport], outcome: str, most: int = 8) -> str:
    if outcome == "signed":
        return ""
    texts = [token.text for token in coverage if token.outcome == outcome]
    shown = ", ".join(texts[:most]) + (", ..." if len(texts) > most else "")
    return f" ({shown})" if texts else ""

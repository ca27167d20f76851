"""``signgen batch status`` and ``retry``: how far a batch is, why samples failed, and another try for those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signgen.cli import options as o
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import say

if TYPE_CHECKING:
    from signgen.batch.status import Part, Status

# The reasons that are printed; --json has all.
MOST_REASONS = 12

Folder = Annotated[Path, typer.Argument(help="Folder of the batch.")]


def status(folder: Folder, as_json: o.Json = False) -> int:
    """How many samples are made, are missing or failed, and why; also while others work on the folder."""
    from signgen.batch.status import read_status

    found = read_status(folder)
    if as_json:
        print_json(found)
        return 0
    print_columns(list(_rows(found)))
    for line in _reasons(found):
        typer.echo(line)
    say(_next(found, folder))
    return 0


def retry(folder: Folder) -> int:
    """Forget the samples that failed, so that the next run tries them, and them alone, again."""
    from signgen.batch.retry import forget_failures

    count = forget_failures(folder)
    say(
        f"{count:,} failed samples are tried again by `signgen batch run {folder}`"
        if count
        else "none failed"
    )
    return 0


def _rows(found: Status) -> Iterator[list[str]]:
    parts: dict[str, Part] = dict(found.splits)
    if len(parts) > 1:
        parts["all"] = found
    cells = [["split", "samples", "made", "failed", "missing", "shards", "size", "signing"]]
    cells += [[name, *_cells(part)] for name, part in parts.items()]
    widths = [max(len(row[column]) for row in cells) for column in range(1, len(cells[0]))]
    for row in cells:  # numbers stand below each other
        yield [row[0], *(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))]


def _cells(part: Part) -> list[str]:
    counts = (part.samples, part.made, part.failed, part.missing)
    return [
        *(f"{count:,}" for count in counts),
        f"{part.committed:,} of {part.shards:,}",
        f"{part.bytes / 1e6:,.1f} MB",
        f"{part.seconds / 3600:,.2f} h",
    ]


def _reasons(found: Status) -> Iterator[str]:
    shown = list(found.reasons.items())
    if shown:
        yield ""
    for reason, count in shown[:MOST_REASONS]:
        yield f"{count:,} failed: {reason}"
        yield f"    such as {found.examples[reason]}"
    rest = sum(count for _, count in shown[MOST_REASONS:])
    if rest:
        yield f"{rest:,} failed for other reasons; --json has all"


def _next(found: Status, folder: Path) -> str:
    """What to do next."""
    if not found.is_complete:
        return f"go on with `signgen batch run {folder}`"
    if found.failed:
        return f"all settled; `signgen batch retry {folder}` lets the next run try again what failed"
    return "all made"

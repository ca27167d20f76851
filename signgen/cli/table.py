"""Results for people and for programs: aligned columns or JSON, on stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer


def print_json(value: Any) -> None:
    """A value as indented JSON."""
    from signgen.data.strict_json import to_json

    typer.echo(to_json(value, indent=2))


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows with their columns aligned; the last column may be as long as it likes."""
    widths = [max(len(cell) for cell in column) for column in zip(*(row[:-1] for row in rows), strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        typer.echo("  ".join([*cells, row[-1]]).rstrip())


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one a line; nested values in one line."""
    if facts:
        print_columns([(str(name), _shown(value)) for name, value in facts.items()])


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

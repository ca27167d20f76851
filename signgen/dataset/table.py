"""Tables of text, CSV and its kin, row by row with the number of the line, of bounded size."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from signgen.data.files import read_file
from signgen.errors import DataError

MAX_BYTES = 256 << 20
DELIMITERS = "\t|;,"
# In these nothing is quoted, so that a lone quotation mark cannot swallow the rows after it.
_UNQUOTED = "\t|"


class Rows(Protocol):
    """A reader of the csv module."""

    line_num: int

    def __next__(self) -> list[str]: ...
    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        where: file and line, for errors.
        values: text by name of the column, without outer blanks.
    """

    where: str
    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def get(self, *names: str) -> str:
        """The value of the first of several columns that is there and not empty."""
        return next((self.values[name] for name in names if self.values.get(name)), "")

    def number(self, name: str) -> float | None:
        """A number, None if there is none.

        Raises:
            DataError: something else is there.
        """
        text = self.values.get(name, "")
        try:
            return float(text) if text else None
        except ValueError:
            raise DataError(f"{self.where}: {name}: expected a number, got {text[:40]!r}") from None


def read_table(
    path: Path, *, required: Sequence[str] = (), delimiter: str = "", max_bytes: int = MAX_BYTES
) -> Iterator[Line]:
    """The rows of a table with a line of names on top; empty rows are skipped.

    Args:
        path: UTF-8 text.
        required: columns that must be there.
        delimiter: between columns; empty for the one of `DELIMITERS` that the first line has most of.
        max_bytes: largest file to read.

    Raises:
        DataError: missing, too large, not UTF-8, no such columns, or a row of another length; the text gives the line.
    """
    text = _text(path, max_bytes)
    first = text.partition("\n")[0]
    mark = delimiter or max(DELIMITERS, key=first.count)
    if mark in _UNQUOTED:
        rows = csv.reader(io.StringIO(text, newline=None), delimiter=mark, quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    names = [name.strip() for name in _next(path, rows) or []]
    missing = [name for name in required if name not in names]
    if missing:
        raise DataError(f"{path}:1: no column {missing[0]!r}; found: {', '.join(names)[:200]}")
    while (row := _next(path, rows)) is not None:
        if any(value.strip() for value in row):
            yield _line(f"{path}:{rows.line_num}", names, row, mark in _UNQUOTED)


def _text(path: Path, max_bytes: int) -> str:
    data = read_file(path, max_bytes)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8; convert the file (often from Latin-1)") from None
    if not text.strip():
        raise DataError(f"{path}: the file is empty")
    return text


def _next(path: Path, rows: Rows) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        raise DataError(f"{path}:{rows.line_num}: not a table: {error}") from None


def _line(where: str, names: list[str], row: list[str], unquote: bool) -> Line:
    if len(row) != len(names):
        raise DataError(f"{where}: {len(row)} columns, the first line has {len(names)}")
    values = [_unquoted(value.strip()) if unquote else value.strip() for value in row]
    return Line(where, dict(zip(names, values, strict=True)))


def _unquoted(value: str) -> str:
    """The text of a field that some program quoted all the same."""
    if len(value) >= 2 and value[0] == value[-1] == '"' and '"' not in value[1:-1].replace('""', ""):
        return value[1:-1].replace('""', '"')
    return value

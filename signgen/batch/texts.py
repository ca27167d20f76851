"""The texts of a plan: lines of a .txt, rows of a .csv or .jsonl, each with a name and what else is known of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signgen.batch.checks import SPLIT
from signgen.data.strict_json import parse_json_object
from signgen.errors import DataError
from signgen.workflow.texts import check_text, numbered_lines, read_text

SUFFIXES = (".txt", ".csv", ".jsonl")
MAX_ROW_BYTES = 1 << 20


@dataclass(frozen=True)
class Text:
    """A text to sign.

    Attributes:
        text: as given, without spaces around it.
        name: what the file calls it; empty for lines of a .txt, which have no names.
        meta: the other columns, such as ``split``; they come back in the sample's files.
    """

    text: str
    name: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


def read_texts(path: Path) -> list[Text]:
    """The texts of a file, each checked.

    Raises:
        DataError: no such file, of another kind, a row without text, a name twice, or no text at all.
    """
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: expected a file of texts: {', '.join(SUFFIXES)}")
    texts, names = [], set[str]()
    for where, row in _rows(path):
        found = _text(row, where)
        if found.name and found.name in names:
            raise DataError(f"{where}: name {found.name!r:.80} is there twice; rename one")
        names.add(found.name)
        texts.append(found)
    if not texts:
        raise DataError(f"{path}: no texts; give one on each line")
    return texts


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row is, and its values."""
    text = read_text(path)
    if path.suffix == ".csv":
        for count, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 2):
            yield f"{path}: row {count}", {key: value for key, value in row.items() if key}
        return
    for number, line in numbered_lines(text):
        where = f"{path}: line {int(number)}"
        yield (
            where,
            (
                {"text": line}
                if path.suffix == ".txt"
                else parse_json_object(line.encode(), where, MAX_ROW_BYTES)
            ),
        )


def _text(row: dict[str, Any], where: str) -> Text:
    text, name = row.pop("text", None), row.pop("name", "") or ""
    if not isinstance(text, str):
        raise DataError(f"{where}: has no text; expected the column or key 'text'")
    if not isinstance(name, str):
        raise DataError(f"{where}: name: expected text")
    split = row.get("split")
    if split and not (isinstance(split, str) and SPLIT.fullmatch(split)):
        raise DataError(f"{where}: split: expected up to 16 letters, digits and _, such as train")
    return Text(check_text(text.strip(), where), name, row)

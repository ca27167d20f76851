"""Results of a long job kept line by line on disk, so that the same command goes on where it was stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from signgen.data.atomic import resource_errors
from signgen.data.files import read_file
from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import DataError

MAX_BYTES = 4 << 30
_KEY = "key"
Item = TypeVar("Item")
Row = dict[str, Any]


class LineCache:
    """Rows by key; a line that a kill cut off is left out when it is read again."""

    def __init__(self, path: Path | None) -> None:
        """Read what is there.

        Args:
            path: JSON lines; need not exist. None keeps nothing.
        """
        self._path = path
        self._known: dict[str, Row] = {}
        lines = read_file(path, MAX_BYTES).split(b"\n")[:-1] if path and path.is_file() else []
        for number, line in enumerate(lines, 1):
            try:
                row = parse_json_object(line, f"{path}, line {number}")
            except DataError:
                continue
            self._known[str(row.pop(_KEY, ""))] = row

    def together(
        self, items: Sequence[Item], keys: Sequence[str], make: Callable[[Sequence[Item]], list[Row]]
    ) -> list[Row]:
        """Rows of items, all from disk or all made now: what is in a batch may move the last bits."""
        known = [self._known.get(key) for key in keys]
        if any(row is None for row in known):
            made = make(items)
            self._add(dict(zip(keys, made, strict=True)))
            return made
        return [row for row in known if row is not None]

    def _add(self, rows: Mapping[str, Row]) -> None:
        """Keep rows; on disk when this returns."""
        if self._path is None:
            return
        self._known |= rows
        lines = [to_json({_KEY: key, **row}) for key, row in rows.items()]
        with resource_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # A new line must not be glued to one that was cut off.
                if file.tell() and not _ends_well(self._path):
                    file.write(b"\n")
                file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

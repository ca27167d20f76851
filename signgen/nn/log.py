"""The log of a training: one JSON object a line, cut back to where a resumed training goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.data.atomic import resource_errors, write_text
from signgen.data.strict_json import to_json


class Log:
    """Lines of figures in a file.

    Args:
        path: the file.
        total: updates that are kept of an earlier run; what was logged after them is done again.
    """

    def __init__(self, path: Path, total: int = 0) -> None:
        self.path = path
        kept = [line for line in _lines(path) if _total(line) <= total] if total else []
        write_text(path, "".join(f"{line}\n" for line in kept))

    def add(self, values: Mapping[str, Any]) -> None:
        """Write a line, at once."""
        with resource_errors(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(to_json(values) + "\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; what is no whole line is left out."""
    return [found for line in _lines(path) if (found := _parse(line))]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _total(line: str) -> float:
    total = _parse(line).get("total")
    return total if isinstance(total, int) else float("inf")


def _parse(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

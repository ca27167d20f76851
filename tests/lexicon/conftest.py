"""Made-up lexicons on disk: the recordings are empty files where a test only looks words up."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from signgen.lexicon.index import COLUMNS, EXTRA_COLUMNS
from signgen.lexicon.installed import fingerspelling_folder
from signgen.lexicon.lexicon import Lexicon, open_lexicon

Row = dict[str, object]


def write_rows(folder: Path, rows: Iterable[Row]) -> Path:
    """A lexicon folder with an index of ``rows``; missing columns are filled in."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS + EXTRA_COLUMNS)
        writer.writeheader()
        for number, row in enumerate(rows):
            full: Row = {"path": f"{number}.pose", "spoken_language": "en", "signed_language": "ase", **row}
            writer.writerow(full)
            (folder / str(full["path"])).touch()
    return folder


@pytest.fixture
def make_lexicon(tmp_path: Path) -> Callable[..., Lexicon]:
    """A lexicon of words (a gloss each, in capitals) or of whole rows."""

    def make(*entries: str | Row, name: str = "signs", **common: object) -> Lexicon:
        rows = [
            {**common, **({"words": entry, "glosses": entry.upper()} if isinstance(entry, str) else entry)}
            for entry in entries
        ]
        return open_lexicon(write_rows(tmp_path / name, rows))

    return make


@pytest.fixture
def letters() -> Path:
    """The folder of the real fingerspelling alphabets."""
    folder = fingerspelling_folder()
    if folder is None:
        pytest.skip("spoken-to-signed is not installed")
    return folder

"""The fingerspelling alphabets inside the installed spoken-to-signed package, used in place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from signgen.config import did_you_mean
from signgen.errors import ConfigError, DependencyError
from signgen.lexicon.entry import Entry
from signgen.lexicon.index import INDEX_NAME, read_index

PREFIX = "fingerspelling"
_PACKAGE = "spoken_to_signed"
_FOLDER = Path("assets") / "fingerspelling_lexicon"


def fingerspelling_folder() -> Path | None:
    """The folder of the alphabets, or None if the package is not installed; nothing of it is imported."""
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / _FOLDER
        if (folder / INDEX_NAME).is_file():
            return folder
    return None


def fingerspelling_entries() -> tuple[Path, dict[str, tuple[Entry, ...]]]:
    """The folder, and the entries of each alphabet by its name ``fingerspelling:<iso>``.

    Raises:
        DependencyError: the package is not installed.
    """
    folder = fingerspelling_folder()
    if folder is None:
        raise DependencyError(
            f"{PREFIX}: the recorded alphabets are not installed; run: pip install 'signgen[lexicons]'"
        )
    return folder, _read(folder)


def open_fingerspelling(iso: str) -> tuple[Path, tuple[Entry, ...]]:
    """The entries of one alphabet, or of all for an empty code.

    Raises:
        ConfigError: no alphabet of this sign language.
        DependencyError: the package is not installed.
    """
    folder, alphabets = fingerspelling_entries()
    if not iso:
        return folder, tuple(entry for entries in alphabets.values() for entry in entries)
    if f"{PREFIX}:{iso}" not in alphabets:
        known = [name.partition(":")[2] for name in alphabets]
        raise ConfigError(
            f"lexicon: no alphabet {PREFIX}:{iso}{did_you_mean(iso, known)}; there are: {', '.join(sorted(known))}"
        )
    return folder, alphabets[f"{PREFIX}:{iso}"]


@lru_cache(maxsize=4)
def _read(folder: Path) -> dict[str, tuple[Entry, ...]]:
    """Entries by alphabet. Their index gives the spans of the videos before trimming: the whole clip is meant."""
    licence = _licence()
    alphabets: dict[str, list[Entry]] = defaultdict(list)
    for entry in read_index(folder, PREFIX):
        name = f"{PREFIX}:{entry.signed_language}"
        alphabets[name].append(replace(entry, lexicon=name, start=0.0, end=None, licence=licence))
    return {name: tuple(entries) for name, entries in alphabets.items()}


def _licence() -> str:
    """The package is MIT; where its recordings come from and on what terms, it does not say."""
    try:
        number = version("spoken-to-signed")
    except PackageNotFoundError:
        number = "?"
    return f"spoken-to-signed {number} (package MIT; the terms of the recordings are not stated)"

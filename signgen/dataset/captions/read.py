"""Read captions of any known format: SubRip, WebVTT, JSON, ELAN, tables, or a folder of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from signgen.data.captions import read_captions_with_report
from signgen.data.eaf_read import read_eaf
from signgen.dataset.captions.json_tracks import read_json_tracks
from signgen.dataset.captions.tags import language_of, named, named_file
from signgen.dataset.captions.track import Kind, Row, Track, cues_of, seconds_of
from signgen.dataset.table import Line, read_table
from signgen.errors import DataError

MAX_TABLE_BYTES = 16 << 20
MAX_FILES = 400

# Names of tiers: of what is said in a spoken language, and of what hands, mouth or face do.
_SAID = re.compile(r"transl|übersetz|uebersetz|tradu[cz]|vertaling|sentence|satz|text|spoken", re.IGNORECASE)
_SIGNS = re.compile(
    r"gloss|lexeme|\bsign|_sign|geb(?:ä|ae)rde|hand|mouth|mund|face|gaze|brow|comment", re.IGNORECASE
)

_START = ("start", "start_s", "start_sec", "start_time", "begin", "from", "onset", "begin time", "start time")
_END = ("end", "end_s", "end_sec", "end_time", "to", "offset", "stop", "end time")
_DURATION = ("duration", "dur", "duration_s", "duration_sec")
_TEXT = (
    "text",
    "sentence",
    "caption",
    "subtitle",
    "translation",
    "transcript",
    "content",
    "annotation",
    "value",
)
_LANGUAGE = ("language", "lang", "language_code")


def read_any_captions(path: Path) -> list[Track]:
    """The tracks of a caption file, or of all caption files of a folder in order of their names.

    Languages are read from the file, else from its name (``ID.en.vtt``).

    Raises:
        DataError: missing, too large, damaged, or of no known format.
    """
    if path.is_dir():
        return _folder(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: no caption format has this suffix; use one of: {', '.join(_READERS)}")
    return reader(path)


def _folder(folder: Path) -> list[Track]:
    try:
        files = sorted(
            file for file in folder.iterdir() if file.suffix.lower() in _READERS and file.is_file()
        )
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from None
    if not files:
        raise DataError(f"{folder}: no captions in this folder; looked for {', '.join(_READERS)}")
    if len(files) > MAX_FILES:
        raise DataError(f"{folder}: more than {MAX_FILES} caption files; give each video a folder of its own")
    return [track for file in files for track in read_any_captions(file)]


def _subtitles(path: Path) -> list[Track]:
    found, name = read_captions_with_report(path, leave_out_backward=True), named_file(path.stem)
    said = named(found.language)
    language = name.language or (said.language if said else "")
    kind: Kind = "automatic" if found.has_word_times and name.kind == "manual" else name.kind
    dropped = {"negative-duration": found.backward} if found.backward else {}
    return [Track(language, found.cues, kind, name.translated_from, path.name, dropped)]


def _tiers(path: Path) -> list[Track]:
    """One track for each tier with text, those that seem to be translations first and those of single signs last."""
    language = named_file(path.stem).language
    tiers = {tier: cues for tier, cues in read_eaf(path).items() if cues}
    in_order = sorted(tiers, key=lambda tier: (_SIGNS.search(tier) is not None, _SAID.search(tier) is None))
    return [Track(language or _language_of_tier(tier), tuple(tiers[tier]), name=tier) for tier in in_order]


def _language_of_tier(tier: str) -> str:
    """The language that a tier names (``Translation_into_English_A``), or ends in (``Text_en``)."""
    words = re.findall(r"[^\W\d_]+", tier)
    named_there = (language_of(word) for word in words if len(word) > 3)
    last = language_of(words[-1]) if len(words) > 1 and len(words[-1]) == 2 else ""
    return next((language for language in named_there if language), "") or last


def _table(path: Path) -> list[Track]:
    """A table with columns for start, end or duration, text and perhaps language, under the usual names."""
    name, rows = named_file(path.stem), dict[str, list[Row]]()
    for number, line in enumerate(read_table(path, max_bytes=MAX_TABLE_BYTES)):
        values = {key.lower(): value for key, value in line.values.items()}
        if not number:
            _check_columns(line, values)
        language = language_of(_first(values, _LANGUAGE)) or name.language
        rows.setdefault(language, []).append(_row(values))
    tracks = []
    for language, of_language in rows.items():
        cues, dropped = cues_of(of_language)
        tracks.append(Track(language, cues, name.kind, name.translated_from, path.name, Counter(dropped)))
    return tracks


def _check_columns(line: Line, values: dict[str, str]) -> None:
    for names in (_START, _TEXT):
        if _column(values, names) is None:
            path = line.where.rpartition(":")[0]
            raise DataError(f"{path}:1: no column {names[0]!r}; found: {', '.join(values)[:200]}")


def _column(values: dict[str, str], names: tuple[str, ...]) -> str | None:
    spelt = (form for name in names for form in (name, f"{name}_ms", f"{name} (ms)", f"{name} [ms]"))
    return next((name for name in spelt if name in values), None)


def _first(values: dict[str, str], names: tuple[str, ...]) -> str:
    column = _column(values, names)
    return values[column] if column else ""


def _row(values: dict[str, str]) -> Row:
    start, end, duration = (_seconds(values, names) for names in (_START, _END, _DURATION))
    if end is None and start is not None and duration is not None:
        end = start + duration
    is_open = _column(values, _END) is None and _column(values, _DURATION) is None
    return Row(start, end, _first(values, _TEXT), is_open)


def _seconds(values: dict[str, str], names: tuple[str, ...]) -> float | None:
    column = _column(values, names)
    found = seconds_of(values[column]) if column else None
    is_milliseconds = column is not None and "ms" in column
    return found / 1000 if found is not None and is_milliseconds else found


_READERS: dict[str, Callable[[Path], list[Track]]] = {
    ".vtt": _subtitles,
    ".srt": _subtitles,
    ".json": read_json_tracks,
    ".json3": read_json_tracks,
    ".eaf": _tiers,
    ".csv": _table,
    ".tsv": _table,
}

"""``index.csv``: the list of the recordings of a lexicon, in the columns of spoken-to-signed and a few more."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from signgen.data.atomic import write_text
from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry

INDEX_NAME = "index.csv"
COLUMNS = ("path", "spoken_language", "signed_language", "start", "end", "words", "glosses", "priority")
EXTRA_COLUMNS = ("handedness", "variant", "licence", "signer")

# The largest lexicon in sight (SignSuisse, 18,000 rows) takes 2 MB.
MAX_INDEX_BYTES = 64 << 20
MAX_ROWS = 1_000_000
MAX_FIELD = 4096
MAX_SECONDS = 24 * 3600.0

# Several words of one sign. A bare "/" is left alone: it belongs to words such as "km/h" and "24/7".
_ALTERNATIVES = re.compile(r"\s*\|\s*|\s+/\s+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_HANDS = ("right", "left", "both")


def read_index(
    folder: Path, name: str = "", table: Path | None = None, defaults: Mapping[str, str] | None = None
) -> tuple[Entry, ...]:
    """Read ``folder/index.csv``, or another table of the same columns.

    Times are milliseconds in the file and seconds in an `Entry`; an end of 0 or none is the end of the
    recording. If ``segment_start`` and ``segment_end`` say where in the clip the signing is (spoken-to-signed
    0.4.0), that span is taken. Recordings need not exist: `signgen.lexicon.check` looks for them.

    Args:
        folder: folder of the lexicon; paths in the index are relative to it and cannot leave it.
        name: name of the lexicon in provenance; the folder's name if empty.
        table: the table to read instead of ``folder/index.csv``.
        defaults: values of columns that the table lacks or leaves empty.

    Raises:
        LexiconError: no index, too large, not UTF-8, or a bad row; the text names the row.
    """
    path = table or folder / INDEX_NAME
    given = dict(defaults or {})
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=""))
    entries: list[Entry] = []
    try:
        header = tuple(reader.fieldnames or ())
        lacking = [c for c in COLUMNS[:3] if c not in header and c not in given]
        if lacking or not {"words", "glosses"} & set(header):
            raise LexiconError(
                f"{path}: no column {', '.join(lacking) or 'words'}; needed: {', '.join(COLUMNS)}"
            )
        for row in reader:
            if len(entries) >= MAX_ROWS:
                raise LexiconError(f"{path}: more than {MAX_ROWS} rows; split the lexicon")
            entries.append(
                _entry(row, given, folder, name or folder.resolve().name, f"{path}: row {reader.line_num}")
            )
    except csv.Error as error:
        raise LexiconError(f"{path}: row {reader.line_num}: not valid CSV: {error}") from None
    return tuple(entries)


def write_index(entries: Iterable[Entry], folder: Path) -> None:
    """Write ``folder/index.csv`` atomically; the recordings must lie inside ``folder``.

    Raises:
        LexiconError: a recording outside ``folder``, or a word that holds a separator.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=COLUMNS + EXTRA_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(entry, folder) for entry in entries)
    write_text(folder / INDEX_NAME, out.getvalue())


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_INDEX_BYTES + 1)
    except FileNotFoundError:
        raise LexiconError(
            f"{path.parent}: no lexicon here ({INDEX_NAME} is missing); "
            "`signgen lexicon list` shows what is installed"
        ) from None
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_INDEX_BYTES:
        raise LexiconError(f"{path}: larger than {MAX_INDEX_BYTES >> 20} MiB; split the lexicon")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LexiconError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None


def _entry(
    row: Mapping[str | None, str | list[str] | None],
    defaults: Mapping[str, str],
    folder: Path,
    name: str,
    where: str,
) -> Entry:
    if None in row or any(value is None for value in row.values()):
        raise LexiconError(f"{where}: has not as many fields as the header; check the quotes and commas")
    filled = {str(key): str(value).strip() for key, value in row.items()}
    cells = {**defaults, **{key: value for key, value in filled.items() if value}}
    cells = {**dict.fromkeys(COLUMNS, ""), **cells}
    if any(len(value) > MAX_FIELD for value in cells.values()):
        raise LexiconError(f"{where}: a field has more than {MAX_FIELD} characters")
    start, end = _span(cells, where)
    words, glosses = split_terms(cells["words"]), split_terms(cells["glosses"])
    if not words and not glosses:
        raise LexiconError(f"{where}: neither words nor glosses; give one of them")
    hand = cells.get("handedness") or "right"
    if hand not in _HANDS:
        raise LexiconError(f"{where}: handedness {hand!r}; expected one of: {', '.join(_HANDS)}")
    return Entry(
        lexicon=name,
        path=folder / _inside(cells["path"], where),
        spoken_language=language_code(cells["spoken_language"], "spoken_language", where),
        signed_language=language_code(cells["signed_language"], "signed_language", where),
        start=start,
        end=end,
        words=words,
        glosses=glosses,
        priority=_whole(cells["priority"], "priority", where),
        handedness=hand,
        variant=cells.get("variant", ""),
        licence=cells.get("licence", ""),
        signer=cells.get("signer", ""),
    )


def split_terms(text: str) -> tuple[str, ...]:
    """The alternatives of a ``words`` or ``glosses`` cell, without repeats.

    >>> split_terms("house | home / dwelling")
    ('house', 'home', 'dwelling')
    """
    return tuple(dict.fromkeys(term for term in _ALTERNATIVES.split(text.strip()) if term))


def _span(cells: Mapping[str, str], where: str) -> tuple[float, float | None]:
    start, end = (_milliseconds(cells[key], key, where) for key in ("start", "end"))
    if cells.get("segment_end"):
        inner = tuple(_milliseconds(cells.get(f"segment_{key}", ""), key, where) for key in ("start", "end"))
        if inner != (start, end) and inner[1] > inner[0]:
            start, end = inner
    if end == 0:
        return start, None
    if end <= start:
        raise LexiconError(
            f"{where}: empty span {start:g} to {end:g} s; an end of 0 means the whole recording"
        )
    return start, end


def _milliseconds(text: str, column: str, where: str) -> float:
    seconds = _whole(text, column, where) / 1000
    if not 0 <= seconds <= MAX_SECONDS:
        raise LexiconError(f"{where}: {column} {text!r} is out of range; expected milliseconds from 0")
    return seconds


def _whole(text: str, column: str, where: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text):
        raise LexiconError(f"{where}: {column} {text[:40]!r} is not a whole number")
    return int(text)


def language_code(code: str, column: str, where: str) -> str:
    """The code in lower case; raises LexiconError if it cannot be one."""
    if not _LANGUAGE.fullmatch(code):
        raise LexiconError(f"{where}: {column} {code[:40]!r} is not a language code such as 'en' or 'ase'")
    return code.lower()


def _inside(text: str, where: str) -> PurePosixPath:
    """A relative path that cannot leave the folder, on any system."""
    posix, windows = PurePosixPath(text), PureWindowsPath(text)
    if not text or "\0" in text:
        raise LexiconError(f"{where}: no path, or one with a NUL character")
    if "://" in text:
        raise LexiconError(f"{where}: {text[:80]!r} is not a local file; download it into the lexicon first")
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or ".." in posix.parts:
        raise LexiconError(f"{where}: path {text[:80]!r} leaves the lexicon's folder; use a path inside it")
    return posix


def _row(entry: Entry, folder: Path) -> dict[str, str | int]:
    try:
        path = entry.path.relative_to(folder).as_posix()
    except ValueError:
        raise LexiconError(f"{entry.path}: lies outside the lexicon's folder {folder}") from None
    for term in entry.words + entry.glosses:
        if split_terms(term) != (term,):
            raise LexiconError(f"{entry.path}: {term!r} holds a separator of alternatives ('|' or ' / ')")
    return {
        "path": path,
        "spoken_language": entry.spoken_language,
        "signed_language": entry.signed_language,
        "start": round(entry.start * 1000),
        "end": 0 if entry.end is None else max(1, round(entry.end * 1000)),
        "words": " | ".join(entry.words),
        "glosses": " | ".join(entry.glosses),
        "priority": entry.priority,
        "handedness": entry.handedness,
        "variant": entry.variant,
        "licence": entry.licence,
        "signer": entry.signer,
    }

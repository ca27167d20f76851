"""A plain folder of videos or poses, with a table of what is known about them, or with texts beside them."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.config import setting
from signgen.data.video import SUFFIXES
from signgen.dataset.corpora.base import MISSING_DOC, Missing, corpora, is_left_out, plain_name, some
from signgen.dataset.manifest import PATHS, Sample
from signgen.dataset.table import Line, read_table
from signgen.errors import DataError

TABLES = ("index.csv", "metadata.csv", "index.tsv", "metadata.tsv")
_POSES = (".npz", ".pose")
_CAPTIONS = (".vtt", ".srt", ".eaf", ".json3")
MAX_TEXT_BYTES = 1 << 20
# Names under which others keep what a sample has.
_ALIASES = {
    "video_id": ("id", "name", "clip", "clip_id", "sentence_name"),
    "video": ("file", "filename", "path", "video_path", "video_file"),
    "poses": ("pose", "pose_path", "keypoints"),
    "captions": ("subtitles", "caption_path", "captions_path"),
    "text": ("sentence", "translation", "transcript", "caption"),
    "gloss": ("glosses", "orth", "label", "sign"),
    "signer": ("speaker", "signer_id", "performer"),
    "split": ("subset", "fold", "set"),
    "licence": ("license",),
    "signed_language": ("sign_language",),
    "spoken_language": ("text_language",),
    "start": ("start_s", "start_sec", "start_time"),
    "end": ("end_s", "end_sec", "end_time"),
    "fps": ("frame_rate",),
}
_NUMBERS = {"start": float, "end": float, "fps": float, "width": int, "height": int, "person": int}
_FIELDS = tuple(field.name for field in dataclasses.fields(Sample))


@corpora.register("folder")
@dataclass(frozen=True)
class Folder:
    """A folder with ``index.csv`` or ``metadata.csv`` (or one other table), or with videos and poses alone.

    ``ROOT`` is the folder, or the table. Columns are those of a sample, or the usual other names for them; paths are
    seen from the table. Without a table each video or pose file is a sample: folders on the way name the split,
    ``NAME.txt`` beside it is its text, ``NAME.vtt``, ``.srt``, ``.eaf`` or ``.json3`` its captions.
    """

    signed_language: str = setting("", "where the table does not say")
    spoken_language: str = setting("", "where the table does not say")
    licence: str = setting("", "where the table does not say")
    source: str = setting("folder", "name of the corpus")
    missing: Missing = setting("error", MISSING_DOC)

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of the table in its order, or the files by name."""
        table = root if root.is_file() else _table_in(root)
        samples = self._listed(table) if table else self._found(root)
        return some(samples, root, f"{TABLES[0]}, videos or poses")

    def _listed(self, table: Path) -> Iterator[Sample]:
        columns: dict[str, str] = {}
        for row in read_table(table):
            columns = columns or _columns(row, table)
            values = self._values(row, columns, table.parent)
            paths = [values[name] for name in PATHS if name in values]
            there = [path for path in paths if path.exists()]
            gone = next((path for path in paths if path not in there), None)
            if is_left_out(gone is None, self.missing, row.where, str(gone)):
                continue
            kept = {name: value for name, value in values.items() if name not in PATHS or value in there}
            try:
                yield Sample(**kept)
            except DataError as error:
                raise DataError(f"{row.where}: {error}") from None

    def _values(self, row: Line, columns: dict[str, str], folder: Path) -> dict[str, Any]:
        values: dict[str, Any] = {"source": self.source}
        for name in ("signed_language", "spoken_language", "licence"):
            values[name] = getattr(self, name)
        for name, column in columns.items():
            if text := row[column]:
                values[name] = _value(name, text, row.where, folder)
        if "poses" not in values and values.get("video") and values["video"].suffix.lower() in _POSES:
            values["poses"] = values.pop("video")
        if "video_id" not in values:
            media = values.get("video") or values.get("poses")
            if media is None:
                raise DataError(f"{row.where}: neither video_id nor a file; give each row one")
            start = f"_{values['start']:g}" if values.get("start") else ""
            values["video_id"] = plain_name(f"{media.stem}{start}")
        return values

    def _found(self, root: Path) -> Iterator[Sample]:
        """Every video and pose file; poses of the same name as a video belong to it."""
        files = sorted(_files(root))
        known, videos = (
            set(files),
            {file.with_suffix("") for file in files if file.suffix.lower() in SUFFIXES},
        )
        for file in files:
            is_video = file.suffix.lower() in SUFFIXES
            if not is_video and (file.suffix.lower() not in _POSES or file.with_suffix("") in videos):
                continue
            beside = [file.with_suffix(suffix) for suffix in _POSES] if is_video else [file]
            parts = file.relative_to(root).parts[:-1]
            yield Sample(
                plain_name("-".join((*parts, file.stem))),
                video=file if is_video else None,
                poses=next((path for path in beside if path in known), None),
                captions=next((path for s in _CAPTIONS if (path := file.with_suffix(s)).is_file()), None),
                text=_text(file.with_suffix(".txt")),
                split=parts[0] if parts else "",
                licence=self.licence,
                source=self.source,
                signed_language=self.signed_language,
                spoken_language=self.spoken_language,
            )


def _table_in(root: Path) -> Path | None:
    if not root.is_dir():
        raise DataError(f"{root}: not found; expected a folder, or a table")
    named = next((root / name for name in TABLES if (root / name).is_file()), None)
    others = sorted(path for path in root.iterdir() if path.suffix.lower() in (".csv", ".tsv"))
    if named is None and len(others) > 1:
        raise DataError(
            f"{root}: {len(others)} tables; call one {TABLES[0]}, or name it instead of the folder"
        )
    return named or next(iter(others), None)


def _columns(row: Line, table: Path) -> dict[str, str]:
    """Columns of the table by the field of a sample that they fill."""
    lower = {column.lower().strip(): column for column in row.values}
    found = {}
    for field in _FIELDS:
        column = next((lower[name] for name in (field, *_ALIASES.get(field, ())) if name in lower), None)
        if column is not None:
            found[field] = column
    if not found.keys() & {"video", "poses", "video_id"}:
        raise DataError(
            f"{table}:1: no column video, poses or video_id; found: {', '.join(row.values)[:200]}"
        )
    for column in lower.keys() - {name.lower() for name in found.values()}:
        # Other columns are the user's own; one that is nearly a name of ours is a slip.
        near = difflib.get_close_matches(column, [name for name in _FIELDS if name not in found], 1, 0.8)
        if near:
            raise DataError(f"{table}:1: column {column!r}: unknown; did you mean {near[0]!r}?")
    return found


def _value(name: str, text: str, where: str, folder: Path) -> Any:
    if name in PATHS:
        if "\0" in text:
            raise DataError(f"{where}: {name}: not a path")
        return Path(os.path.normpath(folder / text))
    if name == "video_id":
        return plain_name(text)
    if name not in _NUMBERS:
        return text
    try:
        return _NUMBERS[name](text)
    except ValueError:
        raise DataError(f"{where}: {name}: expected a number, got {text[:40]!r}") from None


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            raise DataError(f"{path}: more than {MAX_TEXT_BYTES} bytes for the text of one video")
        return " ".join(data.decode("utf-8-sig").split())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; convert the file") from None

"""`Sample`, one video of a corpus with all that is known about it, and the manifest that lists them."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.config import did_you_mean
from signgen.data.atomic import atomic_path
from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import DataError

# A plain name for a file or folder anywhere, short enough for the header of a tar; that of the shards.
VIDEO_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}")
MAX_LINE_BYTES = 1 << 20
PATHS = ("video", "poses", "captions")


@dataclass(frozen=True, slots=True)
class Sample:
    """One video or pose file of a corpus; one line of a manifest.

    Attributes:
        video_id: its name in the data set: letters, digits, ``_``, ``-`` and ``.``, at most 80, no dot in front.
        video: the video; None where there are only poses, or where a command of the user fetches it.
        poses: poses in any format of `signgen.data.poses`; they make extraction unnecessary.
        captions: captions in any format of `signgen.dataset.captions`.
        text: what is signed, in a spoken language.
        gloss: what is signed, as glosses.
        signer: who signs.
        split: such as train, dev or test.
        licence: licence of the recording.
        source: the corpus it is from.
        signed_language: ISO 639-3 code.
        spoken_language: language of ``text``.
        start: where in the file this sample starts [s].
        end: where it ends [s]; None for the end of the file.
        fps: frames per second, for pose formats that do not say.
        width: canvas width [px], likewise.
        height: canvas height [px], likewise.
        person: which of several people of the poses signs, from 0.

    Raises:
        DataError: a name that is no plain file name, or a number out of range.
    """

    video_id: str
    video: Path | None = None
    poses: Path | None = None
    captions: Path | None = None
    text: str = ""
    gloss: str = ""
    signer: str = ""
    split: str = ""
    licence: str = ""
    source: str = ""
    signed_language: str = ""
    spoken_language: str = ""
    start: float = 0.0
    end: float | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    person: int = 0

    def __post_init__(self) -> None:
        if not VIDEO_ID.fullmatch(self.video_id):
            raise DataError(
                f"{self.video_id[:90]!r} is no plain name; use letters, digits, _, - and . (80 at most)"
            )
        if not (math.isfinite(self.start) and self.start >= 0):
            raise DataError(f"{self.video_id}: start: expected seconds from 0, got {self.start}")
        if self.end is not None and not (math.isfinite(self.end) and self.end > self.start):
            raise DataError(
                f"{self.video_id}: end: expected seconds after start ({self.start:g}), got {self.end}"
            )
        for name in ("fps", "width", "height"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise DataError(f"{self.video_id}: {name}: expected a positive number, got {value}")
        if self.person < 0:
            raise DataError(f"{self.video_id}: person: expected a number from 0, got {self.person}")

    @property
    def is_cut(self) -> bool:
        """Whether it is only a part of its file."""
        return self.start > 0 or self.end is not None


def read_manifest(path: Path) -> Iterator[Sample]:
    """The samples of a JSONL manifest, line by line; empty lines are skipped, paths are seen from its folder.

    Raises:
        DataError: the file cannot be read, or a line is too long, not a JSON object, has an unknown key or a
            value of the wrong type, or a name that is there already (also in other case: such folders are
            one on some file systems). The text names the line.
    """
    lines_of: dict[str, int] = {}
    for number, line in _lines(path):
        where = f"{path}:{number}"
        sample = _sample(parse_json_object(line, where, MAX_LINE_BYTES), path.parent, where)
        first = lines_of.setdefault(sample.video_id.casefold(), number)
        if first != number:
            raise DataError(
                f"{where}: video_id {sample.video_id!r} is that of line {first}; give each its own"
            )
        yield sample


def write_manifest(samples: Iterable[Sample], path: Path) -> int:
    """Write samples as JSONL, atomically, in their order; what is at its default is left out.

    Paths in the manifest's folder and below are written relative to it, so that both can move together; others
    are written absolute.

    Returns:
        Number of samples.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    count = 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for sample in samples:
            file.write((to_json(_row(sample, path.parent)) + "\n").encode("utf-8"))
            count += 1
    return count


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not empty; never more than one of bounded length in memory."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise DataError(f"{path}:{number}: a line of more than {MAX_LINE_BYTES} bytes is refused")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


_FIELDS: Mapping[str, str] = {field.name: str(field.type) for field in dataclasses.fields(Sample)}


def _sample(values: dict[str, Any], folder: Path, where: str) -> Sample:
    for name in values.keys() - _FIELDS.keys():
        raise DataError(f"{where}: {name}: unknown key{did_you_mean(name, _FIELDS)}")
    if "video_id" not in values:
        raise DataError(f"{where}: video_id: missing")
    typed = {name: _value(name, value, folder, where) for name, value in values.items()}
    try:
        return Sample(**typed)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _value(name: str, value: Any, folder: Path, where: str) -> Any:
    """A value as the field ``name`` has it; null only where the field may be None."""
    kind, _, optional = _FIELDS[name].partition(" | ")
    if value is None and optional:
        return None
    if name in PATHS:
        if isinstance(value, str) and value and "\0" not in value:
            return Path(os.path.normpath(folder / value))
        raise DataError(f"{where}: {name}: expected a path, got {value!r:.80}")
    types: tuple[type, ...] = {"str": (str,), "int": (int,), "float": (float, int)}[kind]
    if not isinstance(value, types) or isinstance(value, bool):
        raise DataError(f"{where}: {name}: expected {kind}, got {value!r:.80}")
    # By way of text, as a whole number may be larger than any float: it becomes infinite and is refused.
    return float(str(value)) if kind == "float" else value


def _row(sample: Sample, folder: Path) -> dict[str, Any]:
    row = {
        field.name: getattr(sample, field.name)
        for field in dataclasses.fields(sample)
        if getattr(sample, field.name) != field.default
    }
    return row | {name: _relative(row[name], folder) for name in PATHS if name in row}


def _relative(path: Path, folder: Path) -> str:
    absolute, base = Path(os.path.abspath(path)), Path(os.path.abspath(folder))
    return (absolute.relative_to(base) if absolute.is_relative_to(base) else absolute).as_posix()

"""RWTH-PHOENIX-Weather 2014 T: German weather forecasts in DGS, as the publishers or their annotations have it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.config import setting
from signgen.data.strict_json import parse_json_object
from signgen.dataset.corpora.base import (
    MISSING_DOC,
    POSE_SUFFIXES,
    Missing,
    corpora,
    is_left_out,
    media_in,
    plain_name,
    some,
)
from signgen.dataset.manifest import Sample
from signgen.dataset.table import read_table
from signgen.errors import DataError

SPLITS = ("train", "dev", "test")
FPS = 25.0
MAX_LINE_BYTES = 4 << 20
_FRAMES = "features/fullFrame-210x260px"
_LISTS = "annotations/manual/PHOENIX-2014-T.{split}.corpus.csv"
_COLUMNS = ("name", "speaker", "orth", "translation")


@dataclass(frozen=True)
class Entry:
    """One line of a list: name of the recording without its split, signer, glosses, German."""

    name: str
    signer: str
    gloss: str
    text: str


@corpora.register("phoenix14t")
@dataclass(frozen=True)
class Phoenix14T:
    """PHOENIX14T: ``annotations/manual/PHOENIX-2014-T.{train,dev,test}.corpus.csv`` and folders of pictures.

    ``ROOT`` is the folder ``PHOENIX-2014-T``, the release around it, or a folder of ``{train,dev,test}.jsonl.gz``. A
    recording is ``poses/SPLIT/NAME.*`` if there is such a file, else ``videos/SPLIT/NAME.*``, else the pictures in
    ``features/fullFrame-210x260px/SPLIT/NAME``.
    """

    missing: Missing = setting("error", MISSING_DOC)
    licence: str = setting("CC-BY-NC-SA-3.0", "licence to note")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of all splits that are there."""
        base = next((place for place in _bases(root) if place.is_dir()), root)
        expected = f"{_LISTS.format(split='train')} or train.jsonl.gz"
        return some(self._samples(base), base, expected)

    def _samples(self, base: Path) -> Iterator[Sample]:
        for split in SPLITS:
            for entry in _entries(base, split):
                poses = media_in(base / "poses" / split, entry.name, POSE_SUFFIXES)
                video = None if poses else _video(base, split, entry.name)
                expected = f"{_FRAMES}/{split}/{entry.name} (or videos/{split}, poses/{split})"
                if is_left_out(bool(poses or video), self.missing, str(base), expected):
                    continue
                yield Sample(
                    plain_name(entry.name),
                    video=video,
                    poses=poses,
                    text=entry.text,
                    gloss=entry.gloss,
                    signer=entry.signer,
                    split=split,
                    licence=self.licence,
                    source="phoenix14t",
                    signed_language="gsg",
                    spoken_language="de",
                    fps=FPS,
                )


def _bases(root: Path) -> Iterator[Path]:
    for name in ("PHOENIX-2014-T", "PHOENIX-2014-T-release-v3/PHOENIX-2014-T"):
        yield root / name


def _entries(base: Path, split: str) -> Iterator[Entry]:
    table, lines = base / _LISTS.format(split=split), base / f"{split}.jsonl.gz"
    if table.exists():
        for row in read_table(table, required=_COLUMNS, delimiter="|"):
            yield Entry(row["name"], row["speaker"], row["orth"], row["translation"])
    elif lines.exists():
        yield from _annotations(lines)


def _annotations(path: Path) -> Iterator[Entry]:
    """The entries of a list of JSON lines, compressed."""
    for number, line in enumerate(_lines(path), 1):
        where = f"{path}:{number}"
        values = parse_json_object(line, where, MAX_LINE_BYTES)
        texts = [values.get(key) for key in ("name", "signer", "gloss", "text")]
        if not all(isinstance(text, str) for text in texts):
            raise DataError(f"{where}: expected texts name, signer, gloss and text")
        name, signer, gloss, text = map(str, texts)
        yield Entry(name.rpartition("/")[2], signer, gloss, text)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            reader = io.BufferedReader(file)
            while line := reader.readline(MAX_LINE_BYTES + 1):
                if line.strip():
                    yield line
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def _video(base: Path, split: str, name: str) -> Path | None:
    """A film of a recording, or the folder of its pictures, which some releases have one level deeper."""
    film = media_in(base / "videos" / split, name)
    folder = base / _FRAMES / split / name
    places = [film] if film else [folder / "1", folder]
    return next((place for place in places if place.exists()), None)

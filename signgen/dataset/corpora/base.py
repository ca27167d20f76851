"""`Corpus`, the layout of a corpus on disk, and what the layouts share: where things are, and what if they are not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

from signgen.config import Registry
from signgen.data.video import SUFFIXES
from signgen.dataset.manifest import VIDEO_ID, Sample
from signgen.errors import DataError

Missing = Literal["error", "skip", "keep"]
MISSING_DOC = "media that are not there: stop with an error, skip the sample, or keep it without"
POSE_SUFFIXES = (".npz", ".pose", ".json", ".skels")


class Corpus(Protocol):
    """A frozen dataclass of settings that knows one layout; registered with ``@corpora.register(name)``."""

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of a corpus in the order of its lists.

        Args:
            root: folder of the corpus, or a file of it where the layout says so.
            unpacked: where the layout keeps many recordings in one file, each is written here as a file of its own;
                the folder is made when the first one is.

        Raises:
            DataError: something of the layout is not there or damaged; the text says what was expected and where.
        """
        ...


corpora: Registry[Corpus] = Registry("corpus", "signgen.dataset.corpora", "corpora")


def media_in(folder: Path, name: str, suffixes: Sequence[str] = SUFFIXES) -> Path | None:
    """The file called ``name`` with one of the suffixes, or None."""
    places = (folder / f"{name}{suffix}" for suffix in suffixes)
    return next((place for place in places if place.is_file()), None)


def is_left_out(is_there: bool, missing: Missing, where: str, expected: str) -> bool:
    """Whether to leave out a sample because its media are not there.

    Raises:
        DataError: ``missing`` is ``error``.
    """
    if not is_there and missing == "error":
        raise DataError(f"{where}: {expected} not found; set missing=skip to leave such samples out")
    return not is_there and missing == "skip"


def plain_name(text: str) -> str:
    """``text`` as the name of a video: what cannot stand in it becomes ``_``, and a long name ends in a hash.

    >>> plain_name("01April 2010/heute-1")
    '01April_2010_heute-1'
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", text.strip())
    name = f"_{name[1:]}" if name.startswith(".") else name or "_"
    if name == text.strip() and VIDEO_ID.fullmatch(name):
        return name
    if len(name) > 80:
        name = f"{name[:67]}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return name


def some(samples: Iterator[Sample], root: Path, expected: str) -> Iterator[Sample]:
    """The samples, of which there must be one.

    Raises:
        DataError: there are none.
    """
    first = next(samples, None)
    if first is None:
        raise DataError(f"{root}: no samples found; expected {expected}")
    yield first
    yield from samples

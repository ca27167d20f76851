"""Lists of training clips as hashes: enough to find a clip or a text of a test again, nothing to read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from signgen.data.atomic import write_text
from signgen.data.files import read_file
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import CheckpointError, DataError

FILE = "trained_on.json"
MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class TrainedOn:
    """Training clips of a model.

    Attributes:
        names: hashes of their names, see `hash_of`.
        texts: hashes of their texts; None if they are not known.
    """

    names: frozenset[str] = frozenset()
    texts: frozenset[str] | None = None


def hash_of(text: str) -> str:
    """What a list keeps of a name or a text.

    >>> hash_of("hello")
    '2cf24dba5fb0a30e'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def trained_on(folder: Path) -> TrainedOn:
    """The list of a checkpoint.

    Raises:
        CheckpointError: it is missing or damaged, or has no texts.
    """
    try:
        found = read_trained_on(folder / FILE)
    except DataError as error:
        raise CheckpointError(f"{folder / FILE}: no list of training clips ({error})") from None
    if found.texts is None:
        raise CheckpointError(f"{folder / FILE}: no list of training texts; the checkpoint is not whole")
    return found


def save_trained_on(folder: Path, names: Iterable[str], texts: Iterable[str]) -> None:
    """Write the list of a checkpoint from the names and texts themselves."""
    hashes = {"names": names, "texts": texts}
    lists = {key: sorted({hash_of(value) for value in values}) for key, values in hashes.items()}
    write_text(folder / FILE, to_json(lists))


def read_trained_on(path: Path) -> TrainedOn:
    """What something was trained on, from a ``trained_on.json`` as checkpoints have it, or names, one a line.

    Raises:
        DataError: neither.
    """
    if path.suffix == ".json":
        found = read_json_object(path, MAX_BYTES)
        names, texts = found.get("names"), found.get("texts", [])
        for values in (names, texts):
            if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
                raise DataError(f"{path}: has no list of training clips under 'names'")
        return TrainedOn(frozenset(found["names"]), frozenset(texts) or None)
    try:
        lines = read_file(path, MAX_BYTES).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path}: cannot be read: not UTF-8; give names, one a line") from None
    return TrainedOn(frozenset(hash_of(line.strip()) for line in lines if line.strip()))

"""What the system says about a folder of a batch, as an error of one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from signgen.data.atomic import resource_errors
from signgen.data.strict_json import read_json_object
from signgen.errors import DataError, ResourceError


@contextmanager
def reported(target: Path) -> Iterator[None]:
    """Turn every error of the system about ``target`` into a `ResourceError`, those of a broken disk too."""
    try:
        with resource_errors(target):
            yield
    except ResourceError:
        raise
    except OSError as error:
        raise ResourceError(
            f"{target}: cannot be read or written: {error.strerror or error}; run the same command again to go on"
        ) from None


def sweep(target: Path) -> None:
    """Delete what killed processes left of ``target``; only who holds its lock may, for then their owners are dead."""
    for path in target.parent.glob(f".{target.stem}.*{target.suffix}"):
        path.unlink(missing_ok=True)


def open_own(path: Path) -> BufferedReader:
    """A file that a batch wrote; a pipe in its place would keep the reader waiting for ever.

    Raises:
        DataError: it is missing, no file, or not readable.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: cannot be read: not a file")
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_own_json(path: Path) -> dict[str, Any]:
    """The JSON object of such a file.

    Raises:
        DataError: it cannot be read, or is something else.
    """
    open_own(path).close()
    return read_json_object(path)

"""Folders with one file per frame: found, put in order of their frame numbers, gaps noticed."""

from __future__ import annotations

import re
from pathlib import Path

from signgen.errors import DataError

MAX_FRAMES = 1 << 20
MAX_FRAME_BYTES = 16 << 20

_NUMBER = re.compile(r"(\d{1,12})\D*$")


def frame_files(folder: Path, suffixes: tuple[str, ...]) -> list[Path | None]:
    """The frame files of a folder by number, None where a number between first and last is absent.

    The number is the last run of digits in the name. Names without one come in alphabetical order.

    Raises:
        DataError: no such file, two with one number, or gaps that outnumber the frames ten times.
    """
    try:
        files = sorted(p for p in folder.iterdir() if p.name.endswith(suffixes) and p.is_file())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from None
    if not files:
        raise DataError(f"{folder}: no files named like *{', *'.join(suffixes)} in this folder")
    found = [_NUMBER.search(path.name[: -len(_suffix(path, suffixes))]) for path in files]
    numbers = [int(match.group(1)) for match in found if match]
    if len(numbers) < len(files):
        return list(files)
    if len(set(numbers)) < len(numbers):
        raise DataError(f"{folder}: two files carry the same frame number; keep one recording per folder")
    first, count = min(numbers), max(numbers) - min(numbers) + 1
    if count > min(MAX_FRAMES, 10 * len(files) + 1000):
        raise DataError(f"{folder}: frame numbers run from {first} over {count} for {len(files)} files")
    by_number = dict(zip(numbers, files, strict=True))
    return [by_number.get(number) for number in range(first, first + count)]


def read_frame(path: Path) -> bytes:
    """The bytes of one frame file.

    Raises:
        DataError: it cannot be read or is too large for one frame.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FRAME_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_FRAME_BYTES:
        raise DataError(f"{path}: more than {MAX_FRAME_BYTES} bytes for one frame are refused")
    return data


def _suffix(path: Path, suffixes: tuple[str, ...]) -> str:
    return next(suffix for suffix in suffixes if path.name.endswith(suffix))

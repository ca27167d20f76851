"""Input texts: read from files, checked before any work is done."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from signgen.errors import DataError

# A fingerspelled letter takes about 0.4 s: this many characters are already about an hour of signing.
MAX_CHARACTERS = 10_000
MAX_FILE_BYTES = 64 << 20


def check_text(text: str, where: str = "text") -> str:
    """``text``, if it can be signed at all.

    Raises:
        DataError: blank, too long, not Unicode or with a NUL character.
    """
    if not text.strip():
        raise DataError(f"{where}: empty; give a sentence to sign")
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            f"{where}: {len(text):,} characters are too many for one clip (at most {MAX_CHARACTERS:,}); "
            "put one sentence on each line of a --text-file and name a folder with -o"
        )
    if "\0" in text:
        raise DataError(
            f"{where}: holds a NUL character at position {text.index(chr(0))}; is this a text file?"
        )
    if not has_words(text):
        raise DataError(f"{where}: no words in {text[:40]!r}; nothing to sign")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: not valid Unicode at position {error.start}; use UTF-8") from None
    return text


def has_words(text: str) -> bool:
    """Whether there is anything but punctuation and spaces; symbols such as emoji count, for reports name them."""
    return any(unicodedata.category(character)[0] in "LNSM" for character in text)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark.

    Raises:
        DataError: missing, not a regular file, too large or not UTF-8.
    """
    try:
        if path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
            raise DataError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; split it")
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def decode(data: bytes, where: str) -> str:
    """Bytes as UTF-8 text; raises DataError with the line of the first bad byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{where}: line {line} is not UTF-8; save the file as UTF-8") from None


def numbered_lines(text: str) -> list[tuple[str, str]]:
    """The lines that hold something, stripped, each named by its number in the file: ``0001`` and on."""
    return [
        (f"{number:04d}", line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()
    ]

"""Walk a tar archive member by member without ever extracting: every name, type and size is judged first."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from os import fstat
from typing import BinaryIO

from signgen.errors import DataError

BLOCK = 512
MAX_HEADERS = 100_000
MAX_MEMBER_BYTES = 2 << 30
MAX_NAME_BYTES = 255
MAX_EXTENSION_BYTES = 1 << 16
_CHUNK = 64 << 20

_KINDS = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a FIFO",
          b"S": "a sparse file", b"V": "a volume label", b"M": "a continued file", b"D": "a folder dump"}  # fmt: skip
_DRIVE = re.compile(r"[A-Za-z]:")
_PAX_RECORD = re.compile(rb"(\d{1,6}) ([^=\n]{1,100})=")


class TarMember:
    """One member as the stream passes it.

    Attributes:
        name: path inside the archive, without a leading ``./``.
        size: bytes of content.
        is_file: whether it is a regular file, the only kind that can be read.
        problem: why it must not be used, empty if it may.
    """

    def __init__(self, walker: TarWalker, name: str, size: int, is_file: bool, problem: str) -> None:
        self.name, self.size, self.is_file, self.problem = name, size, is_file, problem
        self._walker = walker

    def read(self) -> bytes:
        """The content; only before the walk goes on."""
        return self._walker.take(self.size)


@dataclass
class _Extension:
    """What the headers before a member say about it."""

    name: str | None = None
    size: int | None = None
    problem: str = ""


class TarWalker:
    """An iterator over the members of a tar stream.

    Raises:
        DataError: not a tar archive, damaged, cut short, or of too many members; what came before was whole.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file, self._where = file, where
        self._pending = 0  # content and padding of the current member not read yet
        self._room = _bytes_of(file)  # bytes left in the file, None for a pipe
        self._seen: dict[str, str] = {}

    def __iter__(self) -> Iterator[TarMember]:
        extension = _Extension()
        for _ in range(MAX_HEADERS):
            self._skip(self._pending)
            header = self._read(BLOCK)
            if not any(header):
                return
            name, size, kind = self._parse(header)
            if kind in b"xgLK":
                self._extend(extension, kind, size)
                continue
            size = size if extension.size is None else extension.size
            yield self._member(extension.name or name, size, kind, extension)
            extension = _Extension()
        raise DataError(f"{self._where}: more than {MAX_HEADERS} headers; a tar bomb?")

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes of the current member."""
        if size > self._pending:
            raise ValueError("the walk has gone on; this member can no longer be read")
        self._pending -= size
        return self._read(size)

    def _member(self, name: str, size: int, kind: bytes, extension: _Extension) -> TarMember:
        if not 0 <= size <= MAX_MEMBER_BYTES or (self._room is not None and size > self._room):
            raise DataError(f"{self._where}: {name[:80]!r}: declares {size} bytes; cut short or a bomb")
        # Links, devices and folders have no content, whatever they declare.
        self._pending = 0 if kind in b"123456" else size + -size % BLOCK
        name = name.removeprefix("./")
        is_file = kind in b"0\0"
        if kind == b"5" or (is_file and name.endswith("/")):
            return TarMember(
                self, name, size, False, "" if name in ("", ".") else name_problem(name.rstrip("/"))
            )
        problem = extension.problem or name_problem(name) or self._clash(name)
        if not is_file:
            problem = problem or f"{_KINDS.get(kind, f'a member of type {kind!r}')}, not a regular file"
        return TarMember(self, name, size, is_file, problem)

    def _clash(self, name: str) -> str:
        """Whether the name was there before, in the same or another case."""
        other = self._seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other is not name:
            return (
                "its name is there twice"
                if other == name
                else f"its name differs from {other!r} in case only"
            )
        return ""

    def _parse(self, header: bytes) -> tuple[str, int, bytes]:
        """Name, size and type of a header block."""
        stored = _number(header[148:156])
        total = sum(header) - sum(header[148:156]) + 8 * 32
        if stored != total:
            raise DataError(f"{self._where}: not a tar archive, or damaged (wrong checksum)")
        name = header[:100].split(b"\0")[0]
        if header[257:263] == b"ustar\0" and header[345] != 0:
            name = header[345:500].split(b"\0")[0] + b"/" + name
        return name.decode("utf-8", "surrogateescape"), _number(header[124:136]), header[156:157]

    def _extend(self, extension: _Extension, kind: bytes, size: int) -> None:
        """Read a header that only says more about the member after it."""
        if not 0 <= size <= MAX_EXTENSION_BYTES:
            raise DataError(f"{self._where}: an extended header of {size} bytes is refused")
        self._pending = size + -size % BLOCK
        content = self.take(size)
        if kind == b"L":
            extension.name = content.removesuffix(b"\0").decode("utf-8", "surrogateescape")
        elif kind == b"x":
            for key, value in _pax_records(content, self._where):
                if key == b"path":
                    extension.name = value.decode("utf-8", "surrogateescape")
                elif key == b"size":
                    extension.size = int(value) if value.isdigit() and len(value) < 16 else -1
                elif key.startswith(b"GNU.sparse"):
                    extension.problem = "a sparse file, not a regular file"

    def _read(self, size: int) -> bytes:
        parts = []
        left = size
        while left:
            part = self._file.read(min(left, _CHUNK))
            if not part:
                raise DataError(f"{self._where}: cut short")
            parts.append(part)
            left -= len(part)
        if self._room is not None:
            self._room -= size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _skip(self, size: int) -> None:
        self._pending = 0
        if self._room is not None:
            if size > self._room:
                raise DataError(f"{self._where}: cut short")
            self._file.seek(size, 1)
            self._room -= size
            return
        while size:
            size -= len(self._read(min(size, 1 << 20)))


def name_problem(name: str) -> str:
    """Why a path inside an archive is unsafe or unusable, empty if it is neither."""
    if not name:
        return "its name is empty"
    if any(ord(letter) < 32 or letter == "\x7f" for letter in name):
        return "its name holds control characters"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "its name is not UTF-8"
    if len(name.encode("utf-8")) > MAX_NAME_BYTES:
        return f"its name is longer than {MAX_NAME_BYTES} bytes"
    if "\\" in name or _DRIVE.match(name):
        return "its name holds a drive letter or a backslash"
    if name.startswith("/"):
        return "its name is an absolute path"
    if any(step in ("", ".", "..") for step in name.split("/")):
        return "its name climbs out of its folder or has empty steps"
    return ""


def _number(field: bytes) -> int:
    """A number of a tar header, octal or in base 256; -1 if it is neither."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else -1
    digits = field.strip(b" \0")
    return int(digits, 8) if re.fullmatch(rb"[0-7]*", digits) and digits else (-1 if digits else 0)


def _pax_records(content: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a pax header: ``length key=value`` lines."""
    start = 0
    while start < len(content) and content[start]:
        match = _PAX_RECORD.match(content, start)
        end = start + int(match.group(1)) if match else 0
        if not match or end > len(content) or end <= match.end() or content[end - 1] != 10:
            raise DataError(f"{where}: damaged (bad pax header)")
        yield match.group(2), content[match.end() : end - 1]
        start = end


def _bytes_of(file: BinaryIO) -> int | None:
    """Bytes left in a regular file or a buffer, None for a pipe."""
    try:
        status = fstat(file.fileno())
    except (OSError, AttributeError):
        if not file.seekable():
            return None
        here = file.tell()
        end = file.seek(0, 2)
        file.seek(here)
        return end - here
    return status.st_size - file.tell() if stat.S_ISREG(status.st_mode) else None

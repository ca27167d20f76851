"""Read a whole file of bounded size."""

from __future__ import annotations

import os
from pathlib import Path

from signgen.errors import DataError

_CHUNK = 1 << 20


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file, or of a pipe.

    Raises:
        DataError: missing, a folder, not readable, or larger than ``max_bytes``.
    """
    parts, total = [], 0
    try:
        with path.open("rb") as file:
            # One byte more than there should be, so that a file that grew is noticed.
            part = file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
            while part and total <= max_bytes:
                parts.append(part)
                total += len(part)
                part = file.read(_CHUNK)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if total > max_bytes:
        raise DataError(f"{path}: larger than {max_bytes} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)

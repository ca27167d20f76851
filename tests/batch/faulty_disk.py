"""A disk that fails on demand, for whole commands: every call below one folder counted, and one or all of them failing.

The calls are caught by a small library put before the C library (faulty_disk.c, compiled with gcc), so that video
encoders and table writers are reached as well as Python.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Kinds of calls: writing and flushing, making and naming, deleting, reading.
DATA, NAMES, DELETES, READS = 1, 2, 4, 8
# One call fails; all from then on; half of a write is done before all fail, as on a disk that is full.
ONCE, FOR_GOOD, SHORT = 0, 1, 2

SOURCE = Path(__file__).with_suffix(".c")
_HEAD = struct.Struct("6q")
_FOLDER, _NAME, _TOLD = 4096, 256, 256


def has_compiler() -> bool:
    """Whether the library can be built here."""
    return os.name == "posix" and shutil.which("gcc") is not None and os.uname().sysname == "Linux"


@dataclass(frozen=True)
class Fault:
    """What is to fail.

    Attributes:
        folder: calls below it count.
        at: the number of the call, from 1; 0: count alone.
        code: the error.
        mode: `ONCE`, `FOR_GOOD` or `SHORT`.
        kinds: which calls count.
        name: only paths with this in them.
    """

    folder: Path
    at: int = 0
    code: int = errno.ENOSPC
    mode: int = ONCE
    kinds: int = DATA | NAMES
    name: str = ""


class FaultyDisk:
    """The library and the state it shares with all processes that have `environment`.

    Args:
        place: folder for both.
    """

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._library, self._path = place / "faulty_disk.so", place / "state"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", self._library, SOURCE, "-ldl"], check=True)
        self._path.write_bytes(b"\0" * (_HEAD.size + _FOLDER + _NAME + _TOLD))
        with self._path.open("r+b") as file:
            self._state = mmap.mmap(file.fileno(), 0)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process whose disk is to fail."""
        return {"LD_PRELOAD": str(self._library), "FAULTY_DISK": str(self._path)}

    def set(self, fault: Fault) -> None:
        """From now on this fails, and counting begins anew."""
        folder, name = os.fsencode(fault.folder.resolve()), fault.name.encode()
        texts = folder.ljust(_FOLDER, b"\0") + name.ljust(_NAME, b"\0") + b"\0" * _TOLD
        self._state[:] = _HEAD.pack(0, 0, fault.at, fault.code, fault.mode, fault.kinds) + texts

    def heal(self) -> None:
        """Nothing fails or counts any more."""
        self._state[:] = b"\0" * len(self._state)

    @property
    def calls(self) -> int:
        """How many calls were counted."""
        return int(_HEAD.unpack_from(self._state)[0])

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return int(_HEAD.unpack_from(self._state)[1])

    @property
    def told(self) -> str:
        """The first call that failed, with its path."""
        return os.fsdecode(self._state[-_TOLD:].split(b"\0")[0])

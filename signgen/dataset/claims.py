"""Claims, for file systems without locks: files that only one process can make, kept fresh while their holder lives.

A claim on a part is a file of `FOLDER` with the part's number and a generation. A generation is made with ``O_EXCL``
and never deleted, and only the last one counts: who finds it given up, or not touched for `MISSED` beats, may make
the next, and of several who try the file system lets one. So nobody ever removes what another has just made, however
late he acts on what he saw, and what a robbed holder still does concerns his own old file alone.

A holder touches its claim every `SECONDS_BETWEEN_BEATS`, and gives it up by dating it to 1970. Its age is the
difference between two times that the file system wrote, so clocks of machines do not matter where the server dates
files (NFS); where its clients do (Lustre), they must agree within a minute. A holder on the same machine is asked for
by its process, which a stopped process passes and a dead one does not, without any waiting.

What no file can promise: a holder on another machine that stood still for longer than `MISSED` beats and then goes on
does not know that it was robbed, and file systems that do not honour ``O_EXCL`` among machines (some in user space)
promise nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

FOLDER, SHARED = ".claims", "shared"
SECONDS_BETWEEN_BEATS = 30.0
MISSED = 3
MAX_BYTES = 4096
# Claims dated before this were given up: 1970, or the earliest that the file system can say.
GIVEN_UP = 1e9


@dataclass(frozen=True)
class Owner:
    """A process, told from all others that ever were; the texts are empty where the system does not tell.

    Attributes:
        host: for people who look into the file.
        system: the running kernel and the name space of its processes' numbers.
        process: its number there.
        started: when it did, as the kernel counts.
    """

    host: str
    system: str
    process: int
    started: str

    @classmethod
    def this(cls) -> Owner:
        """This process."""
        number = os.getpid()
        return cls(socket.gethostname(), _system(), number, _started(number))

    def has_ended(self) -> bool | None:
        """Whether the process is gone; None if that cannot be told, as of another machine's."""
        if not self.system or self.system != _system():
            return None
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:  # somebody else's
            pass
        started = _started(self.process)
        return started != self.started if started and self.started else None


class Claims:
    """What this process claims in one folder.

    Args:
        folder: whose parts are claimed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._counts: dict[int, int] = {}
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._held: dict[int, Path] = {}
        self._lock = threading.Lock()
        self._heart: threading.Thread | None = None

    @property
    def are_used(self) -> bool:
        """Whether anybody claims here."""
        return self._folder.is_dir()

    def begin(self) -> None:
        """Have claims used here by all, those too whose machine has locks on the same folder."""
        self._folder.mkdir(exist_ok=True)

    def take(self, part: int, *, shared: bool = False) -> bool:
        """Claim a part unless another has it; True if it is held now.

        What is held already may be taken again, and is shared from then on or no longer, as it is asked for.

        Raises:
            OSError: the folder cannot be read or written.
        """
        with self._alone():
            before = self._held.get(part)
            if before is not None and _is_shared(before) == shared:
                return True
            path = self._share(part, before) if shared else self._next(part, before)
            if path is None:
                return False
            self._held[part] = path
            self._beat_on()
            if before is not None:
                _give_up(before)
            return True

    def is_robbed(self, part: int) -> bool:
        """Whether somebody took us for dead and has a part that we claimed."""
        with self._alone():
            path = self._held.get(part)
            return (
                path is not None and not _is_shared(path) and path != self._path(part, self._count(part) - 1)
            )

    def drop(self, part: int) -> None:
        """Give a part up."""
        with self._alone():
            path = self._held.pop(part, None)
            if path is not None:
                _give_up(path)

    def _alone(self) -> threading.Lock:
        """The lock against our own heart; a process that was forked holds nothing of its parent's and has no heart."""
        if self._process != os.getpid():
            self._begin_anew()
        return self._lock

    def _next(self, part: int, own: Path | None) -> Path | None:
        """Make the next generation; None if the last is held, somebody shares the part, or another was faster."""
        count = self._count(part)
        if count and _is_held(self._path(part, count - 1)):
            return None
        path = self._path(part, count)
        if not _make(path):
            return None
        sharing = self._folder.glob(f"{part}.{SHARED}.*")
        if any(_is_held(each) for each in sharing if each != own):
            _give_up(path)
            return None
        return path

    def _share(self, part: int, own: Path | None) -> Path | None:
        """Make a file beside those of others who share, then look whether somebody has the whole part.

        Who wants the whole looks for sharers after he has made his claim, so of two at once neither sees nothing.
        """
        path = self._folder / f"{part}.{SHARED}.{secrets.token_hex(8)}"
        _make(path)
        count = self._count(part)
        last = self._path(part, count - 1)
        if count and last != own and _is_held(last):
            _give_up(path)
            return None
        return path

    def _count(self, part: int) -> int:
        """How many generations there are; none ever goes."""
        count = self._counts.get(part, 0)
        while self._path(part, count).exists():
            count += 1
        self._counts[part] = count
        return count

    def _path(self, part: int, generation: int) -> Path:
        return self._folder / f"{part}.{generation}"

    def _beat_on(self) -> None:
        if self._heart is None:
            self._heart = threading.Thread(target=self._beat, daemon=True)
            self._heart.start()

    def _beat(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_BEATS)
            with self._lock:
                for path in self._held.values():
                    with suppress(OSError):  # the server may be away for a while
                        os.utime(path)


def _make(path: Path) -> bool:
    """Make a file that says who we are; False if there is one."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(handle, json.dumps(asdict(Owner.this())).encode())
    except OSError:
        _give_up(path)
        raise
    finally:
        os.close(handle)
    return True


def _give_up(path: Path) -> None:
    """Date a claim to 1970, for generations must stay; nobody counts sharers, so their files go."""
    with suppress(OSError):  # then it grows stale by itself
        if _is_shared(path):
            path.unlink()
        else:
            os.utime(path, (0, 0))


def _is_shared(path: Path) -> bool:
    return f".{SHARED}." in path.name


def _is_held(path: Path) -> bool:
    """Whether the holder of a claim lives."""
    try:
        with path.open("rb") as file:  # opening it is what makes NFS ask the server how it is now
            touched = os.fstat(file.fileno()).st_mtime
            owner = _owner(file.read(MAX_BYTES))
    except FileNotFoundError:
        return False
    has_ended = owner.has_ended() if owner else None
    if touched < GIVEN_UP or has_ended:
        return False
    return has_ended is False or _now(path.parent) - touched < MISSED * SECONDS_BETWEEN_BEATS


def _owner(content: bytes) -> Owner | None:
    """Who made a claim; None if it is not all there, as of one just made."""
    try:
        row = json.loads(content)
        return Owner(str(row["host"]), str(row["system"]), int(row["process"]), str(row["started"]))
    except (ValueError, KeyError, TypeError):
        return None


def _now(folder: Path) -> float:
    """The time as the file system has it."""
    path = folder / f".now.{secrets.token_hex(8)}"
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        return os.fstat(handle).st_mtime
    finally:
        os.close(handle)
        path.unlink(missing_ok=True)


@cache
def _system() -> str:
    """The kernel since it started, and the name space of processes: two containers have the first in common."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(process: int) -> str:
    """When a process started; empty if that is not told."""
    try:
        state, *rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "ended" if state in "ZX" else rest[18]

"""Find every file of a data set that is damaged, missing or not accounted for, by SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from signgen.data.files import read_file
from signgen.dataset.folder import SETTINGS, STATUS, SUMS, Folder
from signgen.dataset.lock import NAME, PACKING, Locks, byte_of
from signgen.dataset.status import read_status
from signgen.errors import ConfigError, DataError

MAX_SUMS_BYTES = 1 << 31
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was written.

    Attributes:
        name: its path in the data set.
        what: changed, missing, unlisted or unreadable, and how.
    """

    name: str
    what: str


@dataclass(frozen=True)
class Verified:
    """The result of a check.

    Attributes:
        files: how many files were compared.
        damage: what is wrong, by name.
        is_finished: whether the data set was built to its end; otherwise the records of its videos are all there
            is to compare with.
    """

    files: int
    damage: tuple[Damage, ...]
    is_finished: bool


def verify_dataset(
    folder: str | Path, *, progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None
) -> Verified:
    """Compare every file of a data set with its sum, and look for files without one.

    Videos that are being built, or whose build was stopped, are no damage.

    Raises:
        DataError: this is no data set.
    """
    place = Folder(Path(folder))
    if not (place.path / SETTINGS).exists() and not (place.path / SUMS).exists():
        raise DataError(f"{folder}: no data set here: there is neither {SETTINGS} nor {SUMS}")
    is_finished = (place.path / SUMS).exists()
    expected, damage = _sums(place.path) if is_finished else _recorded(place)
    progress("files", 0, len(expected))
    for done, (name, digest) in enumerate(sorted(expected.items()), start=1):
        problem = _problem(place.path / name, digest)
        damage += [Damage(name, problem)] if problem else []
        progress("files", done, len(expected))
    if is_finished:
        damage += _unlisted(place, expected)
        damage += _lock_damage(place.path)
    return Verified(len(expected), tuple(damage), is_finished)


def forget(folder: str | Path, damage: tuple[Damage, ...]) -> tuple[str, ...]:
    """Take the damaged videos' records and the damaged shards away, so that the next build makes them anew.

    Returns:
        Names of the videos and shards that are to be made anew.

    Raises:
        ConfigError: a builder is at work on one of them.
    """
    place, forgotten = Folder(Path(folder)), set[str]()
    locks = Locks.of(place.path)
    for item in damage:
        first, *rest = PurePosixPath(item.name).parts
        if first == "videos" and len(rest) == 2:
            _remove(locks, byte_of(rest[0]), place.status(rest[0]))
            forgotten.add(rest[0])
        elif first == "shards":
            account = (place.shards / rest[0]).with_suffix(".json")
            _remove(locks, PACKING, account)
            forgotten.add(account.stem)
    if damage:
        _remove(locks, PACKING, place.path / SUMS)
    return tuple(sorted(forgotten))


def _remove(locks: Locks, byte: int, path: Path) -> None:
    with locks.tried(byte) as is_ours:
        if not is_ours:
            raise ConfigError(f"{path}: a builder is at work on it; wait for it to end")
        path.unlink(missing_ok=True)


def _sums(folder: Path) -> tuple[dict[str, str], list[Damage]]:
    """Sums by name, and what is wrong with the file that lists them; its last line is the sum of the others."""
    sums: dict[str, str] = {}
    try:
        text = read_file(folder / SUMS, MAX_SUMS_BYTES).decode("utf-8")
    except (DataError, UnicodeDecodeError) as error:
        return sums, [Damage(SUMS, f"unreadable: {error}")]
    body, _, last = text.removesuffix("\n").rpartition("\n")
    damage = (
        []
        if text == sealed(f"{body}\n")
        else [Damage(SUMS, "changed: its last line is not the sum of the rest")]
    )
    for line in [*body.split("\n"), *([] if last.startswith("#") else [last])]:
        match = _LINE.fullmatch(line)
        if match is not None and _is_inside(match[2]):
            sums[match[2]] = match[1]
    return sums, damage


def sealed(lines: str) -> str:
    """Lines of sums with one more, a comment for ``sha256sum``, by which their own damage shows."""
    return f"{lines}# sha256 of the lines above: {hashlib.sha256(lines.encode()).hexdigest()}\n"


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


def _recorded(folder: Folder) -> tuple[dict[str, str], list[Damage]]:
    """Sums of a data set that is not finished: those of the videos' own records."""
    found: dict[str, str] = {}
    damage: list[Damage] = []
    for path in sorted((folder.path / "videos").glob(f"*/{STATUS}")):
        place = path.parent.relative_to(folder.path).as_posix()
        try:
            status = read_status(path)
        except DataError as error:
            damage.append(Damage(f"{place}/{STATUS}", f"changed: {error}"))
        else:
            files = status.files if status is not None else {}
            found |= {f"{place}/{name}": file.sha256 for name, file in files.items()}
    return found, damage


def _unlisted(folder: Folder, sums: dict[str, str]) -> Iterator[Damage]:
    """Files that have no sum; folders of videos that are no part of the data set, and temporary files, are let be."""
    videos = {name.split("/")[1] for name in sums if name.startswith("videos/")}
    for path in folder.files():
        name = path.relative_to(folder.path).as_posix()
        parts = name.split("/")
        is_foreign = parts[0] == "videos" and parts[1] not in videos
        if name not in sums and not is_foreign and not path.name.startswith("."):
            yield Damage(name, f"not in {SUMS}")


def _problem(path: Path, digest: str) -> str:
    if path.is_symlink():
        return "changed: it is a link"
    try:
        found = _hash(path)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return "" if found == digest else "changed: it has another sum"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock_damage(folder: Path) -> Iterator[Damage]:
    lock = folder / NAME
    if lock.exists() and lock.stat().st_size:
        yield Damage(NAME, "changed: it holds bytes and should be empty")

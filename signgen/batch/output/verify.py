"""Find every file of a batch that is damaged, missing or not accounted for; deep: decode every member as well."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.disk import open_own
from signgen.batch.output.commits import COMMITS, commit_paths, read_commit, shard_path
from signgen.batch.output.deep import deep_damage
from signgen.batch.output.finish import SUMS
from signgen.batch.output.shard import DATA, ShardFacts
from signgen.data.files import read_file
from signgen.dataset.verify import MAX_SUMS_BYTES, sealed
from signgen.errors import DataError

PLAN = "plan.json"
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
_PLACE = re.compile(rf"(?:{COMMITS}/)?[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was written.

    Attributes:
        name: file in the folder; with ``: KEY`` a sample of it.
        what: one line.
    """

    name: str
    what: str


@dataclass(frozen=True)
class Verified:
    """The result of a check.

    Attributes:
        shards: how many are committed.
        samples: how many these hold by their commits.
        damage: what is wrong, by name.
        is_finished: whether index, card and sums were written; else only the shards can be checked.
        is_deep: whether the samples were decoded.
    """

    shards: int
    samples: int
    damage: tuple[Damage, ...]
    is_finished: bool
    is_deep: bool

    @property
    def damaged_shards(self) -> tuple[str, ...]:
        """Names of the shards that have to be made anew."""
        names = {item.name.partition(":")[0] for item in self.damage}
        return tuple(sorted(name.removeprefix(f"{DATA}/") for name in names if name.startswith(f"{DATA}/")))


def verify_folder(
    folder: Path,
    *,
    deep: bool = False,
    progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None,
) -> Verified:
    """Compare every shard with the sum in its commit, and index, card and metadata with theirs.

    Args:
        folder: of the batch, finished or not.
        deep: also decode every member of every sample.
        progress: told how many shards are done.

    Raises:
        DataError: this is no folder of a batch.
    """
    if not (folder / COMMITS).is_dir():
        raise DataError(f"{folder}: no batch output here: there is no {COMMITS}")
    is_finished = (folder / SUMS).exists() or (folder / SUMS).is_symlink()
    shards, damage = _committed(folder)
    damage += _unaccounted(folder, shards) if is_finished or not (folder / PLAN).exists() else ()
    for done, facts in enumerate(shards):
        progress("shards", done, len(shards))
        problem = _shard_problem(folder, facts)
        name = f"{DATA}/{facts.name}"
        if problem and _is_taken_back(folder, facts):
            continue
        damage += [Damage(name, problem)] if problem else []
        if deep and problem != "missing":
            damage += [
                Damage(f"{name}: {key}" if key else name, what)
                for key, what in deep_damage(shard_path(folder, facts), facts)
            ]
    progress("shards", len(shards), len(shards))
    damage += _listed(folder, shards) if is_finished else []
    samples = sum(facts.samples for facts in shards)
    return Verified(len(shards), samples, tuple(damage), is_finished, deep)


def _committed(folder: Path) -> tuple[list[ShardFacts], list[Damage]]:
    shards, damage = dict[str, ShardFacts](), list[Damage]()
    for path in commit_paths(folder):
        try:
            facts = read_commit(path)
        except DataError as error:
            if not path.is_symlink() and not path.exists():  # taken back since
                continue
            damage.append(Damage(f"{COMMITS}/{path.name}", f"changed: {error}"))
            continue
        if facts is not None and facts.name in shards:
            damage.append(Damage(f"{COMMITS}/{path.name}", f"a second commit of {facts.name}"))
        elif facts is not None:
            shards[facts.name] = facts
    return list(shards.values()), damage


def _unaccounted(folder: Path, shards: list[ShardFacts]) -> Iterator[Damage]:
    """Tars without a commit; in a planned folder that is not finished they are shards on their way."""
    known = {facts.name for facts in shards}
    try:
        found = sorted((folder / DATA).iterdir()) if (folder / DATA).is_dir() else []
    except OSError as error:
        yield Damage(DATA, f"unreadable: {error.strerror}")
        return
    for path in found:
        if path.name not in known and not path.name.startswith("."):
            yield Damage(f"{DATA}/{path.name}", "has no commit; a run that was stopped goes on with it")


def _is_taken_back(folder: Path, facts: ShardFacts) -> bool:
    """Whether the shard was committed when we looked and is not now, as while `signgen batch retry` works here."""
    try:
        return facts not in [read_commit(path) for path in commit_paths(folder) if path.stem in facts.name]
    except DataError:
        return False


def _shard_problem(folder: Path, facts: ShardFacts) -> str:
    path = shard_path(folder, facts)
    if not path.is_symlink() and path.is_file() and path.stat().st_size != facts.bytes:
        return f"changed: {path.stat().st_size} bytes, its commit says {facts.bytes}"
    return _problem(path, facts.sha256)


def _listed(folder: Path, shards: list[ShardFacts]) -> Iterator[Damage]:
    """What the list of sums says that the commits do not."""
    try:
        open_own(folder / SUMS).close()
        text = read_file(folder / SUMS, MAX_SUMS_BYTES).decode("utf-8")
    except (DataError, UnicodeDecodeError) as error:
        yield Damage(SUMS, f"unreadable: {error}")
        return
    body = text.removesuffix("\n").rpartition("\n")[0]
    if text != sealed(f"{body}\n"):
        yield Damage(SUMS, "changed: its last line is not the sum of the rest")
        return
    sums = {match[2]: match[1] for line in body.split("\n") if (match := _LINE.fullmatch(line))}
    committed = {f"{DATA}/{facts.name}": facts.sha256 for facts in shards}
    for name, digest in sorted(sums.items()):
        is_shard = name.startswith(f"{DATA}/")
        if is_shard and committed.get(name) != digest:
            yield Damage(name, f"its commit and {SUMS} differ; is it another run's, or not listed anew?")
        elif not is_shard and _PLACE.fullmatch(name) and (problem := _problem(folder / name, digest)):
            yield Damage(name, problem)
    for name in sorted(committed.keys() - sums.keys()):
        yield Damage(name, f"not in {SUMS}; write index and card anew with `signgen batch card`")


def _problem(path: Path, digest: str) -> str:
    """How a file differs from its sum, empty if it does not."""
    if path.is_symlink():
        return "changed: it is a link"
    if not path.exists():
        return "missing"
    try:
        with open_own(path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (DataError, OSError) as error:
        return f"unreadable: {getattr(error, 'strerror', '') or str(error).rpartition(': ')[2]}"
    return "" if found == digest else "changed: it has another sum"

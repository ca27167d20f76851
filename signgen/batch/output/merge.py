"""Join finished folders into one, without decoding a sample: shards are linked or copied, checked and renumbered."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from signgen.batch.disk import open_own, reported
from signgen.batch.output.bytes_out import written
from signgen.batch.output.commits import COMMITS, read_commits, shard_path
from signgen.batch.output.finish import Summary, summed_up
from signgen.batch.output.shard import DATA, ShardFacts, shard_name, split_of
from signgen.data.atomic import sync_folder
from signgen.data.strict_json import to_json
from signgen.dataset.claims import FOLDER as CLAIMS
from signgen.dataset.lock import NAME, PACKING, Locks
from signgen.errors import ConfigError, DataError, ResourceError

_CHUNK = 4 << 20


def merge_folders(
    sources: Sequence[Path],
    target: Path,
    *,
    title: str = "",
    parquet: bool | None = None,
    is_linked: bool = True,
) -> Summary:
    """Put the shards of several folders into a new one and write its index, card, metadata and sums.

    Args:
        sources: folders of batches; shards that are not committed are left out.
        target: must not exist, or be an empty folder; it appears whole or not at all. Until then the work is in
            ``.NAME.merging`` beside it; what a killed process left there the same call takes away.
        title: as in `finish_folder`.
        parquet: as in `finish_folder`.
        is_linked: give shards a second name (hard links) instead of copying them, where the file system can.

    Raises:
        ConfigError: no sources, a source twice, or a target that holds something.
        DataError: a sample that is in two sources, or a shard that is not as its commit says.
        ResourceError: the disk is full or the folder cannot be written.
    """
    _check_places(sources, target)
    found = [(folder, facts) for folder in sources for facts in read_commits(folder)]
    _check_keys(found)
    with reported(target), _alone(target.with_name(f".{target.name}.merging")) as unfinished:
        for (folder, facts), name in zip(found, _names(found), strict=True):
            _add(folder, facts, unfinished, name, is_linked)
        summary = summed_up(unfinished, title=title, parquet=parquet)
        _publish(unfinished, target)
    return summary


@contextmanager
def _alone(unfinished: Path) -> Iterator[Path]:
    """An empty folder to work in that no other process has; it goes at the end, as what a killed one left does before.

    Raises:
        ResourceError: another process is at it.
    """
    locks = Locks.of(unfinished)
    with locks.tried(PACKING) as is_ours:
        if not is_ours:
            raise ResourceError(f"{unfinished}: another process is merging into this; wait for it")
        _empty(unfinished)
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _empty(folder: Path, keep: Container[str] = (NAME, CLAIMS)) -> None:
    for path in folder.iterdir():
        if path.name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _publish(unfinished: Path, target: Path) -> None:
    """Give the folder its name, without what served as its lock."""
    (unfinished / NAME).unlink()
    shutil.rmtree(unfinished / CLAIMS, ignore_errors=True)
    if target.exists():
        target.rmdir()
    unfinished.rename(target)
    sync_folder(target.parent)


def _check_places(sources: Sequence[Path], target: Path) -> None:
    if not sources:
        raise ConfigError("merge: name at least one folder")
    places = [folder.resolve() for folder in sources]
    if len(set(places)) < len(places):
        raise ConfigError("merge: a folder is named twice; its samples would be there twice")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ResourceError(f"{target}: this is no folder; name a new folder")
    if target.exists() and any(target.iterdir()):
        raise ConfigError(f"{target}: is not empty; name a new folder")


def _check_keys(found: Sequence[tuple[Path, ShardFacts]]) -> None:
    if not found:
        raise DataError("merge: not one shard is committed in these folders")
    seen: dict[str, Path] = {}
    for folder, facts in found:
        for key in facts.keys:
            other = seen.setdefault(key, folder / facts.name)
            if other != folder / facts.name:
                raise DataError(
                    f"{folder / facts.name}: sample {key} is in {other} too; make plans of other seeds"
                )


def _names(found: Sequence[tuple[Path, ShardFacts]]) -> list[str]:
    """New names, numbered within each split in the order of the sources."""
    total, done, names = Counter(split_of(facts.name) for _, facts in found), Counter[str](), list[str]()
    for _, facts in found:
        split = split_of(facts.name)
        names.append(shard_name(split, done[split], total[split]))
        done[split] += 1
    return names


def _add(folder: Path, facts: ShardFacts, target: Path, name: str, is_linked: bool) -> None:
    """Give a shard another name and commit it there; the commit says where it came from."""
    source, place = shard_path(folder, facts), target / DATA / name
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = _linked(source, place) if is_linked else ""
    digest = digest or _copied(source, place)
    if digest != facts.sha256:
        raise DataError(
            f"{source}: changed: it has another sum than its commit says; run `signgen batch verify`"
        )
    commit = {
        "merged_from": {"shard": facts.name, "commit_sha256": _commit_sum(folder, facts)},
        "shard": replace(facts, name=name),
    }
    with written(target / COMMITS / f"{Path(name).stem}.json") as out:
        out.write((to_json(commit) + "\n").encode())


def _linked(source: Path, place: Path) -> str:
    """The sum of a shard that now has a second name, empty where the file system gives none; nothing is written.

    Who would write to one of them breaks the link first: see `signgen.batch.spool.Spool.adopt`.
    """
    if source.is_symlink():
        return ""
    try:
        os.link(source, place)
        sync_folder(place.parent)
    except FileNotFoundError:
        raise DataError(f"{source}: cannot be read: it is missing; run `signgen batch verify`") from None
    except OSError:  # another disk, or one without links
        return ""
    with open_own(place) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copied(source: Path, place: Path) -> str:
    with open_own(source) as file, written(place) as out:
        while chunk := file.read(_CHUNK):
            out.write(chunk)
    return out.sha256


def _commit_sum(folder: Path, facts: ShardFacts) -> str:
    """Hash of the commit a shard comes with, by which its run can be found again; empty if it has another name."""
    path = folder / COMMITS / f"{Path(facts.name).stem}.json"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

"""Make a folder of shards a data set: index, card, metadata and sums, all of them functions of the shards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from signgen.batch.disk import reported, sweep
from signgen.batch.output.bytes_out import written
from signgen.batch.output.card import card
from signgen.batch.output.commits import COMMITS, commit_paths, read_commits
from signgen.batch.output.croissant import croissant
from signgen.batch.output.index import INDEX, PARQUET, has_parquet, rows_of, write_index, write_parquet
from signgen.batch.output.lengths import LENGTHS
from signgen.batch.output.picture import PICTURE, picture
from signgen.batch.output.recipe import recipe_of
from signgen.batch.output.shard import DATA
from signgen.batch.output.stats import Stats
from signgen.data.strict_json import to_json
from signgen.dataset.lock import PACKING, Locks
from signgen.dataset.verify import sealed
from signgen.errors import ConfigError, DataError

CARD, CROISSANT, SUMS = "README.md", "croissant.json", "SHA256SUMS"
TITLE = "Synthetic signing"


@dataclass(frozen=True)
class Summary:
    """What a finished folder holds.

    Attributes:
        shards: number of them.
        samples: of all shards.
        videos: how many samples have one.
        frames: of all samples.
        hours: of all samples.
        licences: of what went in, each once.
    """

    shards: int
    samples: int
    videos: int
    frames: int
    hours: float
    licences: tuple[str, ...]


def finish_folder(
    folder: Path, *, title: str = "", parquet: bool | None = None, published: str = ""
) -> Summary:
    """Write index, card, metadata and sums of the shards that are committed by now; safe to repeat.

    Only one process does so at a time, and it deletes what killed ones left.

    Args:
        folder: of the batch.
        title: of the data set; empty for `TITLE`.
        parquet: whether to write the index as Parquet too; None for: where pyarrow is installed.
        published: day of publication for the metadata, such as 2026-11-22; empty for none.

    Raises:
        ConfigError: no day.
        DataError: no shards, or a shard that is not as its commit says.
        DependencyError: Parquet is asked for and pyarrow is not installed.
        ResourceError: the disk is full or the folder cannot be written.
    """
    _check_day(published)
    if not read_commits(folder):
        raise DataError(f"{folder}: not one shard is committed; run `signgen batch run` first")
    with reported(folder), Locks.of(folder).waited(PACKING):
        for name in (INDEX, PARQUET, CARD, CROISSANT, PICTURE, LENGTHS, SUMS):
            sweep(folder / name)
        return summed_up(folder, title=title, parquet=parquet, published=published)


def summed_up(folder: Path, *, title: str = "", parquet: bool | None = None, published: str = "") -> Summary:
    """`finish_folder` for a folder that nobody else works on."""
    orders = _orders(folder)  # before the commits are read: none of these may be younger than the index
    shards, title, found = read_commits(folder), title or TITLE, Stats()
    for row in write_index(folder / INDEX, rows_of(folder, shards)):
        found.add(row)
    files = [INDEX, CARD, CROISSANT, PICTURE, LENGTHS]
    if has_parquet() if parquet is None else parquet:
        write_parquet(folder / INDEX, folder / PARQUET)
        files.append(PARQUET)
    else:
        (folder / PARQUET).unlink(missing_ok=True)  # an older one would tell of other shards
    pixels, shown = picture(folder, shards)
    _write(folder / PICTURE, pixels)
    _write(folder / LENGTHS, found.lengths.svg().encode())
    _write(folder / CARD, card(found, shards, title, shown, recipe_of(folder)).encode())
    metadata = croissant(found, shards, title, _sum(folder / INDEX), published)
    _write(folder / CROISSANT, (to_json(metadata, indent=1) + "\n").encode())
    sums = {f"{DATA}/{facts.name}": facts.sha256 for facts in shards}
    sums |= {name: _sum(folder / name) for name in (*files, *orders)}
    _write(folder / SUMS, sealed("".join(f"{sums[name]}  {name}\n" for name in sorted(sums))).encode())
    licences = tuple(found.known("licences"))
    return Summary(len(shards), found.samples, found.videos, found.frames, found.hours, licences)


def _check_day(published: str) -> None:
    try:
        is_day = not published or date.fromisoformat(published).isoformat() == published
    except ValueError:
        is_day = False
    if not is_day:
        raise ConfigError(f"published: {published!r:.40} is no day such as 2026-11-22")


def _orders(folder: Path) -> list[str]:
    """The files that were there before: commits, and what they were made to."""
    commits = [path.name for path in commit_paths(folder)]
    plans = [name for name in ("plan.json", "plan.jsonl") if (folder / name).is_file()]
    return [*(f"{COMMITS}/{name}" for name in commits), *plans]


def _write(path: Path, data: bytes) -> None:
    with written(path) as out:
        out.write(data)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Make a folder of shards a data set: index, card, metadata and sums, all of them functions of the shards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.output.bytes_out import written
from signgen.batch.output.card import card
from signgen.batch.output.commits import COMMITS, read_commits
from signgen.batch.output.croissant import croissant
from signgen.batch.output.index import INDEX, PARQUET, has_parquet, rows_of, write_index, write_parquet
from signgen.batch.output.shard import DATA
from signgen.batch.output.stats import Stats
from signgen.data.strict_json import to_json
from signgen.dataset.verify import sealed
from signgen.errors import DataError

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


def finish_folder(folder: Path, *, title: str = "", parquet: bool | None = None) -> Summary:
    """Write index, card, metadata and sums of the shards that are committed by now; safe to repeat.

    Args:
        folder: of the batch.
        title: of the data set; empty for `TITLE`.
        parquet: whether to write the index as Parquet too; None for: where pyarrow is installed.

    Raises:
        DataError: no shards, or a shard that is not as its commit says.
        DependencyError: Parquet is asked for and pyarrow is not installed.
        ResourceError: the disk is full or the folder cannot be written.
    """
    shards, title = read_commits(folder), title or TITLE
    if not shards:
        raise DataError(f"{folder}: not one shard is committed; run `signgen batch run` first")
    found = Stats()
    for row in write_index(folder / INDEX, rows_of(folder, shards)):
        found.add(row)
    files = [INDEX, CARD, CROISSANT]
    if has_parquet() if parquet is None else parquet:
        write_parquet(folder / INDEX, folder / PARQUET)
        files.append(PARQUET)
    else:
        (folder / PARQUET).unlink(missing_ok=True)  # an older one would tell of other shards
    _write(folder / CARD, card(found, shards, title))
    metadata = croissant(found, shards, title, _sum(folder / INDEX))
    _write(folder / CROISSANT, to_json(metadata, indent=1) + "\n")
    sums = {f"{DATA}/{facts.name}": facts.sha256 for facts in shards}
    sums |= {name: _sum(folder / name) for name in (*files, *_orders(folder))}
    _write(folder / SUMS, sealed("".join(f"{sums[name]}  {name}\n" for name in sorted(sums))))
    licences = tuple(found.known("licences"))
    return Summary(len(shards), found.samples, found.videos, found.frames, found.hours, licences)


def _orders(folder: Path) -> list[str]:
    """The files that were there before: commits, and what they were made to."""
    commits = sorted(path.name for path in (folder / COMMITS).glob("*.json") if not path.name.startswith("."))
    plans = [name for name in ("plan.json", "plan.jsonl") if (folder / name).is_file()]
    return [*(f"{COMMITS}/{name}" for name in commits), *plans]


def _write(path: Path, text: str) -> None:
    with written(path) as out:
        out.write(text.encode())


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

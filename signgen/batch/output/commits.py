"""What shards a folder has: read from the commits, for a tar without one is no shard."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

from signgen.batch.disk import read_own_json
from signgen.batch.output.shard import DATA, ShardFacts
from signgen.errors import DataError

COMMITS = "commits"
MAX_SECONDS = 1e9  # of one shard; thirty years


def read_commits(folder: Path) -> tuple[ShardFacts, ...]:
    """The shards of a folder by name; those of which every sample failed have no tar and are left out.

    Raises:
        DataError: no folder of commits, or a commit that is damaged.
    """
    if not (folder / COMMITS).is_dir():
        raise DataError(
            f"{folder}: no batch output here: there is no {COMMITS}; run `signgen batch run` first"
        )
    found = [facts for path in commit_paths(folder) if (facts := read_commit(path)) is not None]
    names = [facts.name for facts in found]
    twice = next((name for name in names if names.count(name) > 1), "") if len({*names}) < len(names) else ""
    if twice:
        raise DataError(f"{folder / COMMITS}: two commits of {twice}")
    keys = Counter(key for facts in found for key in facts.keys)
    if len(keys) < keys.total():
        raise DataError(f"{folder / COMMITS}: sample {keys.most_common(1)[0][0]} is there twice; plan anew")
    return tuple(sorted(found, key=lambda facts: facts.name))


def commit_paths(folder: Path) -> list[Path]:
    """The files of the commits by name."""
    return sorted(path for path in (folder / COMMITS).glob("*.json") if not path.name.startswith("."))


def read_commit(path: Path) -> ShardFacts | None:
    """The shard of a commit, None if it has none.

    Raises:
        DataError: it is no file, or damaged.
    """
    row = read_own_json(path).get("shard")
    return None if row is None else facts_of(row, f"{path}: shard")


def facts_of(row: Any, where: str) -> ShardFacts:
    """Facts from their JSON.

    Raises:
        DataError: a field is missing, unknown or of another type.
    """
    if not isinstance(row, dict) or row.keys() != {field.name for field in fields(ShardFacts)}:
        raise DataError(f"{where}: expected {', '.join(field.name for field in fields(ShardFacts))}")
    numbers, texts = ("bytes", "samples", "videos", "frames"), ("name", "sha256")
    is_good = (
        all(type(row[name]) is int and row[name] >= 0 for name in numbers)
        and all(isinstance(row[name], str) for name in texts)
        and type(row["seconds"]) in (int, float)
        and 0 <= row["seconds"] <= MAX_SECONDS
        and isinstance(row["keys"], list)
        and all(isinstance(key, str) for key in row["keys"])
        and len(row["keys"]) == row["samples"]
        and Path(row["name"]).name == row["name"]
        and row["name"].endswith(".tar")
    )
    if not is_good:
        raise DataError(f"{where}: a field of the wrong type or value; was the file edited?")
    return ShardFacts(**{**row, "seconds": float(row["seconds"]), "keys": tuple(row["keys"])})


def shard_path(folder: Path, facts: ShardFacts) -> Path:
    """Where the tar lies."""
    return folder / DATA / facts.name

"""One row for each sample: what to pick samples by without opening a shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from signgen.batch.disk import reported
from signgen.batch.output.bytes_out import written
from signgen.batch.output.commits import shard_path
from signgen.batch.output.read import read_samples
from signgen.batch.output.sample import CHOICES
from signgen.batch.output.shard import ShardFacts
from signgen.data.atomic import atomic_path
from signgen.data.strict_json import to_json
from signgen.data.tar_clips import SIDECAR
from signgen.errors import DataError, DependencyError

INDEX, PARQUET = "index.jsonl", "index.parquet"
_ROWS_AT_A_TIME = 10_000
# Of the input tokens: all, and those that were fingerspelled.
COUNTED = ("tokens", "spelled")
_COPIED = (
    "synthetic", "text", "signed_language", "split", "mode", "frames", "fps", "seconds", "width",
    "height", "has_video", "licences", "config_hash", "seed", "name", *CHOICES,
)  # fmt: skip


def rows_of(folder: Path, shards: Iterable[ShardFacts]) -> Iterator[dict[str, Any]]:
    """The rows of the index in the order of shards and samples.

    Raises:
        DataError: a shard is missing, damaged, or holds other samples than its commit says.
    """
    for facts in shards:
        keys: list[str] = []
        for sample in read_samples(shard_path(folder, facts), (SIDECAR,)):
            keys.append(sample.key)
            yield _row(sample.record, facts.name, sample.where)
        if tuple(keys) != facts.keys:
            raise DataError(
                f"{shard_path(folder, facts)}: holds other samples than its commit; run batch verify"
            )


def _row(record: dict[str, Any], shard: str, where: str) -> dict[str, Any]:
    try:
        files = {row["member"]: row["sha256"] for row in record["files"]}
        return {
            "key": record["key"],
            "shard": shard,
            **{name: record[name] for name in _COPIED},
            "spoken_language": record.get("spoken_language", ""),  # younger than the others
            **{name: record[name].splitlines() for name in ("missing", "warnings")},
            **{name: record["coverage"][name] for name in COUNTED},
            "sha256": files,
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"{where}: its sidecar is not one of batch output") from None


def write_index(path: Path, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Write rows as JSON lines, atomically, and pass each on; one at a time is in memory."""
    with written(path) as out:
        for row in rows:
            out.write((to_json(row) + "\n").encode())
            yield row


def has_parquet() -> bool:
    """Whether the package that writes Parquet is installed; it is not imported."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def write_parquet(index: Path, path: Path) -> None:
    """Write an index of JSON lines as Parquet; memory does not grow with the number of rows.

    Raises:
        DependencyError: pyarrow is not installed.
    """
    if not has_parquet():
        raise DependencyError(f"{path}: Parquet needs pyarrow; pip install 'signgen[parquet]'")
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {name: pa.string() for name in ("key", "shard", "text", "signed_language", "spoken_language",
                                            "split", "mode", "config_hash", "name", *CHOICES)}  # fmt: skip
    counts = {name: pa.int64() for name in ("frames", "width", "height", *COUNTED, "seed")}
    others = {
        **{name: pa.float64() for name in ("fps", "seconds")},
        **{name: pa.bool_() for name in ("synthetic", "has_video")},
        **{name: pa.list_(pa.string()) for name in ("licences", "missing", "warnings")},
        "sha256": pa.struct([(name, pa.string()) for name in ("poses.npz", "caption.json", "mp4")]),
    }
    schema = pa.schema({**texts, **counts, **others})
    # A file and not its name, which would have to be UTF-8 and might be taken for an address.
    with (
        reported(path),
        atomic_path(path) as temporary,
        temporary.open("wb") as file,
        pq.ParquetWriter(file, schema) as writer,
    ):
        for rows in _batches(index):
            writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))


def _batches(index: Path) -> Iterator[Sequence[dict[str, Any]]]:
    import json

    with index.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = []
        for line in file:
            rows.append(json.loads(line))
            if len(rows) == _ROWS_AT_A_TIME:
                yield rows
                rows = []
        if rows:
            yield rows

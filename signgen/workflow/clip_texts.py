"""Texts of clips by the clips' names, so that a system's answers to a test can bear the names of the true clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from signgen.data.files import read_file
from signgen.data.shard_files import has_shards, is_batch, open_shard, shards_in
from signgen.data.strict_json import parse_json_object
from signgen.errors import DataError
from signgen.workflow.batch_lines import Kind, Line, generate_lines
from signgen.workflow.evaluation_inputs import INDEX, MAX_INDEX_BYTES, NAMES

# Of a file's name, which is 255 bytes on most systems, with room for suffixes and for a file that is being written.
MAX_NAME_BYTES = 200


def read_texts(source: Path) -> list[tuple[str, str]]:
    """Names and texts of clips, in their order; poses are not read.

    Args:
        source: shards or a folder of them, or a list of lines of JSON with ``name`` and ``text`` (a manifest, or a
            folder with ``index.jsonl``).

    Raises:
        DataError: nothing of the kind, a clip without text, or a name that is there twice or cannot name a file.
    """
    found: dict[str, str] = {}
    for name, info, where in _clips(source):
        text = info.get("text")
        if not (isinstance(text, str) and text.strip()):
            raise DataError(f"{where}: clip {name!r:.80} has no text; nothing to sign")
        if name in found:
            raise DataError(f"{where}: has clip {name!r:.80} twice; rename one")
        found[_checked(name, where)] = " ".join(text.split())
    if not found:
        raise DataError(f"{source}: no clips")
    return list(found.items())


def sign_clips(
    source: Path,
    folder: Path,
    config: Mapping[str, Any] | None = None,
    *,
    kind: Kind = "poses",
    force: bool = False,
) -> tuple[Line, ...]:
    """Sign the texts of clips, each under its clip's name, as `evaluate_files` takes a system's answers to a test.

    Args:
        source: see `read_texts`.
        folder: gets the files and ``index.jsonl``; what a stopped run has done is kept.
        config: settings as in ``configs/generate.yaml``.
        kind: poses, or videos.
        force: replace files that exist.

    Raises:
        SignGenError: a leaf that says what is wrong; a single text that cannot be signed is listed with its error.
    """
    return generate_lines(read_texts(source), folder, config, kind=kind, force=force)


def _clips(source: Path) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Name, notes and place of each clip."""
    if source.is_file() and source.suffix == ".jsonl" and not is_batch(source):
        yield from _listed(source)
    elif (source / INDEX).is_file() and not is_batch(source):
        yield from _listed(source / INDEX)
    elif has_shards(source):
        for path in shards_in(source):
            with open_shard(path) as shard:
                for entry in shard.clips:
                    yield entry.name, entry.info, str(path)
    elif not source.exists():
        raise DataError(f"{source}: no such file or folder")
    else:
        raise DataError(
            f"{source}: no clips with texts; give shards (of a corpus its test/), or a .jsonl list of them"
        )


def _listed(path: Path) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for number, line in enumerate(read_file(path, MAX_INDEX_BYTES).splitlines(), 1):
        if line.strip():
            where = f"{path}, line {number}"
            row = parse_json_object(line, where)
            yield next((str(row[key]) for key in NAMES if row.get(key)), ""), row, where


def _checked(name: str, where: str) -> str:
    """``name``, if files can be called so in any folder."""
    is_path = not name or name.startswith(".") or any(character in name for character in "/\\\0")
    if is_path or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise DataError(f"{where}: {name!r:.80} cannot name a file; rename the clip")
    return name

"""The text of each sign of a notation file as its author wrote it, for people who want to correct it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.notation import read_signs


@dataclass(frozen=True)
class Source:
    """Where a sign is written and how; ``line`` counts from 1."""

    line: int
    text: str


def source_of(entry: Entry) -> Source | None:
    """The notation of an entry, or None for a recording.

    Raises:
        LexiconError: the file is bad, or the sign is no longer in it.
    """
    if not entry.sign:
        return None
    try:
        found = _sources(entry.path, entry.path.stat().st_mtime)
    except OSError as error:
        raise LexiconError(f"{entry.path}: cannot be read: {error.strerror}") from None
    if entry.sign not in found:
        raise LexiconError(f"{entry.path}: {entry.sign} is no longer in this file; run the command again")
    return found[entry.sign]


@lru_cache(maxsize=256)
def _sources(path: Path, _: float) -> dict[str, Source]:
    """All signs of a file; it is read strictly first, so that what is cut up here is known to be sound."""
    names = [sign.name for sign in read_signs(path)]
    # As `read_signs` decodes it: a mark counts the lines of this text.
    text = path.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode) or len(node.value) != len(names):
        raise LexiconError(f"{path}: changed while it was read; run the command again")
    spans = ((key.start_mark, value.end_mark) for key, value in node.value)
    return {
        name: Source(start.line + 1, _trimmed(text[start.index : end.index]))
        for name, (start, end) in zip(names, spans, strict=True)
    }


def _trimmed(text: str) -> str:
    """Without the empty lines and comments that follow it: they belong to the next sign."""
    lines = text.rstrip().splitlines()
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "\n".join(line.rstrip() for line in lines)

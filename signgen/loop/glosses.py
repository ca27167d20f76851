"""How far the signs of made poses are from those that a grammar asks for, where a grammar is known; no judge needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signgen.data.files import read_file
from signgen.data.shard_files import open_shard
from signgen.data.strict_json import parse_json_object
from signgen.judge.text.wer import align
from signgen.loop.judged import Kind

MAX_BYTES = 1 << 30


def gloss_errors(kinds: Sequence[Kind], texts: Path) -> dict[str, float]:
    """Gloss error rate [%] of what was signed against what the list of novel sentences says, by kind of clips.

    Args:
        kinds: clips of a batch; others are passed over.
        texts: the list; sentences without ``gloss`` count nowhere.
    """
    wanted = _glosses(texts)
    signed = _signed({path for kind in kinds for path, _ in kind.clips})
    found = {}
    for kind in kinds:
        errors = total = 0
        for document, glosses in (signed[clip] for clip in kind.clips):
            truth = wanted.get(document, "").split()
            errors += sum(align(glosses.split(), truth)) if truth else 0
            total += len(truth)
        if total:
            found[kind.name] = 100 * errors / total
    return found


def _glosses(texts: Path) -> dict[str, str]:
    rows = (parse_json_object(line, str(texts)) for line in read_file(texts, MAX_BYTES).splitlines())
    return {str(row["name"]): str(row.get("gloss") or "") for row in rows}


def _signed(paths: set[Path]) -> Mapping[tuple[Path, int], tuple[str, str]]:
    """Sentence and glosses of each clip."""
    found: dict[tuple[Path, int], tuple[str, str]] = {}
    for path in sorted(paths):
        with open_shard(path) as shard:
            for number, entry in enumerate(shard.clips):
                found[path, number] = _of(entry.info)
    return found


def _of(info: Mapping[str, Any]) -> tuple[str, str]:
    return str(info.get("document") or ""), str(info.get("gloss") or "")

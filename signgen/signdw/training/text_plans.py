"""Sentences of which text and glosses are known and no movement: more plans to learn than clips can give."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from signgen.data.files import read_file
from signgen.errors import DataError
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, UNKNOWN, GlossVocabulary, Plan
from signgen.signdw.network.text import TextEncoding
from signgen.signdw.settings import SignDWSettings
from signgen.signdw.training.examples import Example, Examples

MANIFEST, MAX_BYTES = "manifest.jsonl", 1 << 30
# What stands for a gloss that no clip has at all.
_USUAL = (2, 3, 4)


def read_sentences(folder: Path) -> list[Mapping[str, Any]]:
    """The training sentences of a corpus made with ``--no-poses``.

    Raises:
        DataError: no manifest, or a damaged one.
    """
    path = folder / MANIFEST
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(read_file(path, MAX_BYTES).splitlines(), 1):
        try:
            item = json.loads(line)
        except ValueError:
            item = None
        if not isinstance(item, dict):
            raise DataError(f"{path}: line {number} is no JSON object; make the corpus again")
        if item.get("split") == "train" and item.get("text") and item.get("gloss"):
            found.append(item)
    if not found:
        raise DataError(f"{path}: no training sentence with text and gloss")
    return found


def text_examples(
    sentences: Sequence[Mapping[str, Any]],
    sources: Sequence[Examples],
    encoding: TextEncoding,
    glosses: GlossVocabulary,
    settings: SignDWSettings,
    seed: int,
) -> Examples:
    """Plans of sentences; each gloss takes as long as it did in some clip, drawn by ``seed``.

    Sentences with a gloss that no clip has are left out: it could not be signed.
    """
    items: list[Example] = []
    seen = _durations(sources)
    streams = sources[0].items[0].codes.shape[1]
    left_out = 0
    for number, sentence in enumerate(sentences):
        plan = _plan(glosses.encode(str(sentence["gloss"]).split()), seen, [seed, number])
        if UNKNOWN in plan.glosses or not _fits(plan, settings):
            left_out += 1
            continue
        try:
            words = tuple(encoding.words(" ".join(str(sentence["text"]).split())))
        except DataError:
            left_out += 1
            continue
        language = sentence.get("signed_language")
        codes = torch.zeros(1, streams, dtype=torch.int16).expand(plan.steps, streams)
        items.append(
            Example(number, words, encoding.language(str(language) if language else None), plan, codes)
        )
    return Examples(sources[0].clips, tuple(items), {"glosses": left_out} if left_out else {})


def _durations(sources: Iterable[Examples]) -> dict[int, list[int]]:
    seen: dict[int, list[int]] = {}
    for item in _items(sources):
        for gloss, duration in zip(item.plan.glosses, item.plan.durations, strict=True):
            seen.setdefault(gloss, []).append(duration)
    return seen


def _items(sources: Iterable[Examples]) -> Iterator[Example]:
    for source in sources:
        yield from source.items


def _plan(numbers: Sequence[int], seen: Mapping[int, Sequence[int]], key: list[int]) -> Plan:
    rng = np.random.default_rng(key)
    glosses = (LEAD_IN, *numbers, LEAD_OUT)
    durations = tuple(int(rng.choice(seen.get(gloss, _USUAL))) for gloss in glosses)
    return Plan(sum(durations), glosses, durations)


def _fits(plan: Plan, settings: SignDWSettings) -> bool:
    return plan.steps <= settings.max_steps and len(plan.glosses) <= settings.max_glosses

"""Novel sentences: of a grammar or a list, and none that says what a held-out sentence says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.batch.texts import Text, read_texts
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.near import HeldOut, words_of
from signgen.corpus.sample import Sampler
from signgen.data.atomic import write_text
from signgen.data.shard_files import open_shard, shards_in
from signgen.data.strict_json import to_json
from signgen.errors import DataError
from signgen.loop.settings import TextSettings

TEXTS, REFUSED = "texts.jsonl", "refused.jsonl"
HELD_OUT = ("dev", "test")
# A grammar that says nothing new so many times in a row has no more to say.
PATIENCE = 3000
# Reasons to refuse a sentence.
SAID, TOO_NEAR, TWICE, TRAINED = (
    "says what a held-out sentence says", "one word from a held-out sentence", "twice in the list",
    "in the real training set",
)  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """A sentence: its text and, where they are known, its glosses."""

    text: str
    gloss: str = ""


class Guard:
    """Knows what dev and test say, and which sentences are taken.

    Args:
        held_out: sentences of dev and test.
        training: sentences of the real training set, which are not novel.
        apart: words in which a novel sentence differs from each held-out one at least.
    """

    def __init__(self, held_out: Iterable[Spoken], training: Iterable[Spoken], apart: int) -> None:
        self._held_out = HeldOut()
        for sentence in held_out:
            self._held_out.add(sentence)
        self._trained = {words_of(sentence.text) for sentence in training}
        self._taken: set[tuple[str, ...]] = set()
        self._apart = apart

    def refusal(self, sentence: Spoken) -> str:
        """Why a sentence may not be learned from; empty if it may."""
        if self._held_out.same(sentence):
            return SAID
        if self._apart > 1 and self.is_near(sentence):
            return TOO_NEAR
        words = words_of(sentence.text)
        return TRAINED if words in self._trained else TWICE if words in self._taken else ""

    def is_near(self, sentence: Spoken) -> bool:
        """Whether it is within one word of a held-out sentence."""
        return bool(self._held_out.near(sentence))

    def take(self, sentence: Spoken) -> None:
        """Let no later sentence have the same text."""
        self._taken.add(words_of(sentence.text))


def write_texts(settings: TextSettings, real: Path, folder: Path) -> dict[str, Any]:
    """Write the novel sentences, as `signgen batch plan` reads them, and those that were refused.

    Args:
        settings: where they come from.
        real: corpus whose dev and test sentences must stay unsaid.
        folder: gets both lists.

    Returns:
        counts: ``texts``, ``refused`` by reason, and ``one_word_from_held_out``.

    Raises:
        DataError: a list without a novel sentence, or a grammar with too few.
    """
    guard = Guard(
        [s for split in HELD_OUT for s in sentences_of(real, split)], sentences_of(real, "train"),
        settings.apart,
    )  # fmt: skip
    kept: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    near = misses = 0
    for sentence, row in _candidates(settings):
        reason = guard.refusal(sentence)
        if reason:
            refused.append({"text": sentence.text, "reason": reason})
            misses += 1
            _check_patience(settings, misses, len(kept))
            continue
        guard.take(sentence)
        near, misses = near + guard.is_near(sentence), 0
        kept.append({**row, "name": row.get("name") or f"novel-{len(kept):07d}"})
        if len(kept) == settings.count:
            break
    if not kept:
        raise DataError(f"{settings.file}: no sentence that is novel; all of them say what the real set says")
    for name, rows in ((REFUSED, refused), (TEXTS, kept)):
        write_text(folder / name, "".join(to_json(row) + "\n" for row in rows))
    reasons = Counter(row["reason"] for row in refused)
    return {"texts": len(kept), "refused": dict(sorted(reasons.items())), "one_word_from_held_out": near}


def sentences_of(corpus: Path, split: str) -> list[Spoken]:
    """What a split of a corpus says; poses are not read.

    Raises:
        DataError: no such split, or a clip without text in it.
    """
    found = []
    for path in shards_in(corpus / split):
        with open_shard(path) as shard:
            for entry in shard.clips:
                text = str(entry.info.get("text") or "")
                if not text.strip():
                    raise DataError(f"{path}: clip {entry.name!r:.80} has no text; leave it out of {split}")
                found.append(Spoken(text, _glosses(entry.info)))
    return found


def _candidates(settings: TextSettings) -> Iterator[tuple[Spoken, dict[str, Any]]]:
    """Sentences in order, each with its row for the list."""
    if settings.file is not None:
        for text in read_texts(settings.file):
            yield Spoken(text.text, _glosses(text.meta)), _row(text)
        return
    sampler, rng = Sampler(read_grammar(settings.grammar)), np.random.default_rng([settings.seed, 7])
    while True:
        sentence = sampler.draw(rng)
        # The grammar's glosses are kept for the account; what signs a text does not see them.
        yield Spoken(sentence.text, sentence.gloss), {"text": sentence.text, "gloss": sentence.gloss}


def _row(text: Text) -> dict[str, Any]:
    """The row of a list's sentence; a split of its own would only take it out of training."""
    rest = {key: value for key, value in text.meta.items() if key != "split"}
    return {"text": text.text, **({"name": text.name} if text.name else {}), **rest}


def _glosses(info: Mapping[str, Any]) -> str:
    found = info.get("gloss") or ""
    return " ".join(found if isinstance(found, list) else str(found).split())


def _check_patience(settings: TextSettings, misses: int, kept: int) -> None:
    """End a search that finds nothing new; a list simply ends."""
    if settings.file is None and misses == PATIENCE:
        raise DataError(
            f"texts.grammar: {settings.grammar}: after {kept} of {settings.count} sentences nothing new comes; ask "
            "for fewer"
        )

"""What a corpus holds and what its splits share, counted while its sentences pass by."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from signgen.corpus.grammar import Sentence
from signgen.corpus.near import HeldOut, words_of
from signgen.lexicon.plan import NonManual


class Figures:
    """Counts of each split, and how much of dev and test is in train."""

    def __init__(self, held_out: Mapping[str, Sequence[Sentence]]) -> None:
        self._held_out = held_out
        self._index: dict[str, HeldOut] = {}
        self._shared: dict[str, dict[str, set[int]]] = {}
        for split, sentences in held_out.items():
            self._index[split] = HeldOut()
            for sentence in sentences:
                self._index[split].add(sentence)
            self._shared[split] = {name: set() for name in ("same", "near")}
        self._splits: dict[str, _Split] = {}

    def see(self, split: str, sentence: Sentence) -> None:
        """Count a sentence."""
        self._splits.setdefault(split, _Split()).see(sentence)
        if split == "train":
            for name, index in self._index.items():
                self._shared[name]["same"] |= index.same(sentence)
                self._shared[name]["near"] |= index.near(sentence)

    def of(self, split: str) -> dict[str, Any]:
        """The counts of a split, ready for JSON."""
        return self._splits.get(split, _Split()).counts()

    def vocabulary(self) -> dict[str, Any]:
        """Glosses with their counts in all splits, most frequent first, and the number of words."""
        glosses: Counter[str] = Counter()
        words: Counter[str] = Counter()
        for found in self._splits.values():
            glosses += found.glosses
            words += found.words
        ordered = sorted(glosses.items(), key=lambda item: (-item[1], item[0]))
        return {"glosses": len(glosses), "words": len(words), "gloss_counts": dict(ordered)}

    def overlap(self) -> dict[str, dict[str, Any]]:
        """For dev and test: sentences that train has too, or nearly, and words and glosses that it lacks."""
        train = self._splits.get("train", _Split())
        found: dict[str, dict[str, Any]] = {}
        for split, sentences in sorted(self._held_out.items()):
            own = self._splits.get(split, _Split())
            found[split] = {
                "same_in_train": len(self._shared[split]["same"]),
                "one_word_from_train": len(self._shared[split]["near"]),
                "sentences": len(sentences),
                "words_not_in_train": len(own.words.keys() - train.words.keys()),
                "glosses_not_in_train": len(own.glosses.keys() - train.glosses.keys()),
            }
        return found


class _Split:
    def __init__(self) -> None:
        self.sentences = 0
        self.words: Counter[str] = Counter()
        self.glosses: Counter[str] = Counter()
        self.marks: Counter[NonManual] = Counter()
        # Eight bytes of a hash each: whole texts of a million sentences would not fit.
        self._texts: set[int] = set()

    def see(self, sentence: Sentence) -> None:
        self.sentences += 1
        words = words_of(sentence.text)
        self.words.update(words)
        self.glosses.update(sentence.gloss.split())
        self.marks.update({mark for sign in sentence.signs for mark in sign.marks})
        digest = hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._texts.add(int.from_bytes(digest, "little"))

    def counts(self) -> dict[str, Any]:
        return {
            "sentences": self.sentences,
            "different_texts": len(self._texts),
            "words": self.words.total(),
            "signs": self.glosses.total(),
            "different_words": len(self.words),
            "different_glosses": len(self.glosses),
            "with_marks": {mark: self.marks[mark] for mark in sorted(self.marks)},
        }

"""Train, dev and test sentences of a grammar, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signgen.corpus.grammar import Grammar, Sentence
from signgen.corpus.near import HeldOut
from signgen.corpus.sample import Sampler
from signgen.corpus.settings import CorpusSettings
from signgen.errors import DataError

SPLITS = ("train", "dev", "test")
# So many sentences in a row that another split has: the grammar has no more to say.
_PATIENCE = 3000


class Splits:
    """The sentences of a corpus. Dev and test are kept in memory, train is drawn as it is asked for."""

    def __init__(self, grammar: Grammar, settings: CorpusSettings) -> None:
        """Draw dev and test.

        Raises:
            DataError: the grammar has too few sentences that differ.
        """
        self._grammar, self.settings = grammar, settings
        self._sampler = Sampler(grammar)
        self._taken = HeldOut()
        counts = settings.counts()
        # Test first: what it has, nothing else may have.
        self.held_out = {split: tuple(self._draw(split, counts[split], True)) for split in ("test", "dev")}

    def of(self, split: str) -> Iterator[Sentence]:
        """The sentences of a split, in order.

        Raises:
            DataError: the grammar has too few sentences that differ.
        """
        if split in self.held_out:
            return iter(self.held_out[split])
        return self._draw(split, self.settings.counts()[split], False)

    def _draw(self, split: str, count: int, is_held_out: bool) -> Iterator[Sentence]:
        rng = np.random.default_rng([self.settings.seed, SPLITS.index(split)])
        refused, made = 0, 0
        while made < count:
            sentence = self._sampler.draw(rng)
            if self._is_taken(sentence):
                refused += 1
                if refused == _PATIENCE:
                    raise DataError(
                        f"{self._grammar.path}: {split}: after {made} of {count} sentences nothing new comes; ask for "
                        "fewer sentences, smaller shares of dev and test, or disjoint none"
                    )
                continue
            refused, made = 0, made + 1
            if is_held_out:
                self._taken.add(sentence)
            yield sentence

    def _is_taken(self, sentence: Sentence) -> bool:
        if self.settings.disjoint == "none":
            return False
        is_near = self.settings.apart > 1 and bool(self._taken.near(sentence))
        return is_near or bool(self._taken.same(sentence))

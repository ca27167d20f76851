"""The likeliest glosses of a text, phrase by phrase in the order of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from signgen.errors import DataError
from signgen.text2pose.glossing.links import Tokens, link
from signgen.text2pose.glossing.phrases import LONGEST, Option, PhraseTable, phrase_table
from signgen.text2pose.glossing.sequence import END, START, GlossSequence


@dataclass(frozen=True)
class Weights:
    """What each part of the score counts; chosen on the dev set of PHOENIX14T (docs/baselines.md).

    Attributes:
        forward: glosses given words.
        backward: words given glosses.
        sequence: gloss given the two before.
        gloss: for every gloss; more makes answers longer.
        phrase: for every phrase; less makes phrases longer.
        beam: unfinished answers kept after every word.
    """

    forward: float = 1.0
    backward: float = 0.5
    sequence: float = 0.55
    gloss: float = 0.4
    phrase: float = -0.3
    beam: int = 12


class _Path(NamedTuple):
    score: float
    glosses: Tokens


@dataclass(frozen=True)
class PhraseGlosser:
    """Text to glosses by a phrase table and a model of gloss sequences."""

    table: PhraseTable
    sequence: GlossSequence
    weights: Weights = Weights()

    def __call__(self, text: Tokens) -> Tokens:
        """The likeliest glosses; words that were never seen become none."""
        beams: list[dict[Tokens, _Path]] = [{} for _ in range(len(text) + 1)]
        beams[0][START, START] = _Path(0.0, ())
        for start in range(len(text)):
            best = sorted(beams[start].values(), reverse=True)[: self.weights.beam]
            for stop in range(start + 1, min(start + LONGEST, len(text)) + 1):
                for option in self._options(text[start:stop]):
                    for path in best:
                        _keep(beams[stop], self._extended(path, option))
        ended = [self._extended(path, None) for path in beams[-1].values()]
        return max(ended).glosses

    def _options(self, words: Tokens) -> tuple[Option, ...]:
        unknown = (Option((), 0.0, 0.0),) if len(words) == 1 else ()
        return self.table.get(words, unknown)

    def _extended(self, path: _Path, option: Option | None) -> _Path:
        """A path with one more phrase, or with its end."""
        weights, glosses = self.weights, path.glosses
        score = path.score
        if option:
            score += weights.forward * option.forward + weights.backward * option.backward + weights.phrase
        for gloss in option.glosses if option else (END,):
            before = (START, START, *glosses)[-2:]
            score += weights.sequence * self.sequence.log_chance(before, gloss) + weights.gloss
            glosses = (*glosses, gloss)
        return _Path(score, glosses if option else glosses[:-1])


def _keep(beam: dict[Tokens, _Path], path: _Path) -> None:
    """Of paths that end in the same two glosses only the best can win."""
    key = (START, START, *path.glosses)[-2:]
    if key not in beam or beam[key] < path:
        beam[key] = path


def fit_glosser(texts: Sequence[Tokens], glosses: Sequence[Tokens]) -> PhraseGlosser:
    """Learn from pairs.

    Raises:
        DataError: no pairs, or unequal numbers.
    """
    pairs = [(text, gloss) for text, gloss in zip(texts, glosses, strict=False) if text and gloss]
    if len(texts) != len(glosses) or not pairs:
        raise DataError(
            f"glossing: {len(texts)} texts for {len(glosses)} glosses; give pairs with words and glosses"
        )
    words, signs = [text for text, _ in pairs], [gloss for _, gloss in pairs]
    return PhraseGlosser(phrase_table(words, signs, link(words, signs)), GlossSequence(signs))

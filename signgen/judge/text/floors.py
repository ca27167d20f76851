"""What answers score that never saw a clip: the floors under every figure of a back-translation.

All but one need only texts. The constant answer is chosen on the very test, so it is the best of its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.judge.score import Score
from signgen.judge.text.bags import BagIndex
from signgen.judge.text.checks import check_references, check_texts
from signgen.judge.text.languages import words_of
from signgen.judge.text.profiles import DEFAULT_PROFILE, Profile
from signgen.judge.text.resample import Resampling
from signgen.judge.text.sacre import BleuReferences
from signgen.judge.text.scores import Scorer, scorer

DEFAULT_CANDIDATES = 300


@dataclass(frozen=True)
class Floor:
    """Answers that took no look at the clips.

    Attributes:
        name: how they were found.
        hypotheses: (n,) one for each reference.
        scores: by the profile asked for.
    """

    name: str
    hypotheses: tuple[str, ...]
    scores: tuple[Score, ...]


def floors(
    train_texts: Sequence[str],
    references: Sequence[str],
    language: str,
    profile: str | Profile = DEFAULT_PROFILE,
    *,
    candidates: int = DEFAULT_CANDIDATES,
    seed: int = 0,
    how: Resampling | None = None,
) -> list[Floor]:
    """Score the answers that need no clip.

    Args:
        train_texts: that a lazy system would copy from.
        references: of the test.
        language: of the texts.
        profile: the convention; it must have BLEU, by which the constant answer is chosen.
        candidates: different training texts tried as the constant answer, drawn at random.
        seed: of all draws.
        how: to draw the resamples behind the intervals.

    Returns:
        most common training text, best constant, random training text, random training text of the reference's
        length, shuffled references, and words drawn by frequency up to the reference's length.

    Raises:
        ConfigError: a profile without BLEU, or no candidates.
        DataError: no training texts with words in them, or no references.
    """
    judge = scorer(references, language, profile)
    check_texts(train_texts, "training texts")
    texts = [text for text in train_texts if text.strip()]
    if not texts:
        raise DataError("training texts: all are empty; floors copy from them")
    rng = np.random.default_rng(seed)
    lengths = [len(words_of(text, language)) for text in references]
    answers = {
        "most common training text": [Counter(texts).most_common(1)[0][0]] * len(references),
        f"best constant of {candidates}": [best_constant(texts, judge, candidates, rng)] * len(references),
        "random training text": [texts[place] for place in rng.integers(len(texts), size=len(references))],
        "random training text of the length": _of_lengths(texts, lengths, language, rng),
        "shuffled references": [references[place] for place in rng.permutation(len(references))],
        "random words of the length": _salad(texts, lengths, language, rng),
    }
    return [Floor(name, tuple(said), tuple(judge(said, how))) for name, said in answers.items()]


def best_constant(
    texts: Sequence[str], judge: Scorer, candidates: int, rng: np.random.Generator, order: int = 4
) -> str:
    """Of some of ``texts``, the one that scores the highest BLEU as the answer to every reference.

    Args:
        texts: to draw from.
        judge: of the references.
        candidates: how many different texts to try.
        rng: draws them.
        order: greatest order of the BLEU that chooses.
    """
    counted = judge.counted.get("BLEU")
    if not isinstance(counted, BleuReferences) or candidates < 1:
        raise ConfigError("best constant: needs a profile with BLEU and at least one candidate")
    different = list(dict.fromkeys(texts))
    tried = rng.choice(len(different), size=min(candidates, len(different)), replace=False)
    values = counted.of_constants([judge.profile.prepare(different[place]) for place in tried], order)
    return different[int(tried[values.argmax()])]


def _of_lengths(
    texts: Sequence[str], lengths: Sequence[int], language: str, rng: np.random.Generator
) -> list[str]:
    """A random text as long as each reference, or of the nearest length there is."""
    by_length: dict[int, list[str]] = {}
    for text in texts:
        by_length.setdefault(len(words_of(text, language)), []).append(text)
    nearest = {length: min(by_length, key=lambda other: abs(other - length)) for length in set(lengths)}
    return [by_length[nearest[length]][rng.integers(len(by_length[nearest[length]]))] for length in lengths]


def _salad(
    texts: Sequence[str], lengths: Sequence[int], language: str, rng: np.random.Generator
) -> list[str]:
    """Words drawn as often as they stand in ``texts``, as many as each reference has.

    Last words are drawn from last words, for where every text ends with a full stop any fool would put one there.
    """
    split = [words_of(text, language) for text in texts]
    inner, last = (
        np.array([word for words in split for word in words[:-1]]),
        np.array([words[-1] for words in split]),
    )
    drawn = rng.choice(inner if len(inner) else last, size=sum(lengths))
    ends = np.cumsum(lengths) - 1
    drawn[ends] = rng.choice(last, size=len(ends))
    return [" ".join(words) for words in np.split(drawn, ends[:-1] + 1)]


def nearest_by_gloss(
    train_glosses: Sequence[str], train_texts: Sequence[str], glosses: Sequence[str]
) -> list[str]:
    """Training texts whose glosses share most with those of each test clip: retrieval that reads glosses.

    No floor, for glosses say what was signed; what a lookup reaches where a judge of real clips may stay below.

    Args:
        train_glosses: (n,) separated by white space.
        train_texts: (n,) the texts of the same clips.
        glosses: of the test.

    Raises:
        DataError: unequal numbers of texts and glosses.
    """
    check_texts(train_glosses, "training glosses")
    check_texts(train_texts, "training texts")
    check_references(glosses)
    if len(train_glosses) != len(train_texts):
        raise DataError(
            f"training glosses: {len(train_glosses):,} for {len(train_texts):,} texts; give one for each"
        )
    index = BagIndex([text.split() for text in train_glosses])
    return [train_texts[int(index.similarity(text.split()).argmax())] for text in glosses]

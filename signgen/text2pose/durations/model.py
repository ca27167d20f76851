"""Durations of the glosses of a sentence, and of the sentence, from what is known before anything is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from signgen.errors import DataError
from signgen.text2pose.durations.regression import (
    Features,
    Regression,
    RegressionSettings,
    fit_regression,
)

# Places from either end of a sentence, and numbers of glosses, beyond which all are alike.
FURTHEST = 3
LONGEST = 20
# Both penalties were chosen on the dev set of PHOENIX14T (docs/baselines.md).
SIGNS = RegressionSettings(is_log=True, ridge=300.0)
SENTENCES = RegressionSettings(is_log=False, ridge=3.0, free=frozenset({"sum", "glosses", "words"}))


@dataclass(frozen=True)
class Planned:
    """A sentence to sign.

    Attributes:
        glosses: in the order of signing.
        words: of the spoken text; () if unknown.
        signer: who signs; "" if unknown.
    """

    glosses: tuple[str, ...]
    words: tuple[str, ...] = ()
    signer: str = ""


@dataclass(frozen=True)
class DurationModel:
    """Durations in frames, at the rate of the recordings that it was fitted to.

    Attributes:
        signs: of a gloss in its sentence, transition to the next included.
        sentences: of a whole recording, rest before and after included.
    """

    signs: Regression
    sentences: Regression

    def gloss_frames(self, planned: Planned) -> list[float]:
        """Length of each gloss, transition included [frames]."""
        return [self.signs(gloss_features(planned, i)) for i in range(len(planned.glosses))]

    def sentence_frames(self, planned: Planned) -> float:
        """Length of the recording, rest included [frames]."""
        return max(1.0, self.sentences(sentence_features(planned, sum(self.gloss_frames(planned)))))


def fit_durations(
    sentences: Sequence[Planned], located: Sequence[Sequence[tuple[int, int]]], lengths: Sequence[int]
) -> DurationModel:
    """Fit to recordings.

    Args:
        sentences: what was signed.
        located: for each, (index of the gloss, its frames) where the alignment has it.
        lengths: of the recordings [frames].

    Raises:
        DataError: unequal numbers, no gloss located or one out of its sentence, a duration that is not above zero.
    """
    if not len(sentences) == len(located) == len(lengths):
        raise DataError(
            f"durations: {len(sentences)} sentences, {len(located)} alignments and {len(lengths)} lengths; "
            "give one of each for every recording"
        )
    pairs = [
        (planned, i, frames) for planned, found in zip(sentences, located, strict=True) for i, frames in found
    ]
    if not pairs or any(not 0 <= i < len(planned.glosses) for planned, i, _ in pairs):
        raise DataError("durations: no gloss is located, or one that its sentence does not have")
    signs = fit_regression(
        [gloss_features(planned, i) for planned, i, _ in pairs], [frames for *_, frames in pairs], SIGNS
    )
    sums = [
        sum(signs(gloss_features(planned, i)) for i in range(len(planned.glosses))) for planned in sentences
    ]
    rows = [sentence_features(planned, total) for planned, total in zip(sentences, sums, strict=True)]
    return DurationModel(signs, fit_regression(rows, lengths, SENTENCES))


def gloss_features(planned: Planned, i: int) -> Features:
    """What the duration of gloss ``i`` depends on: itself, its neighbours, its place, the text's length, the signer."""
    glosses = planned.glosses
    last = len(glosses) - 1
    here = glosses[i]
    before = glosses[i - 1] if i else "<s>"
    after = glosses[i + 1] if i < last else "</s>"
    place = "final" if i == last else "medial" if i else "initial"
    names = [
        f"gloss {here}",
        f"before {before}",
        f"after {after}",
        f"previous {before} | {here}",
        f"next {here} | {after}",
        f"{place} {here}",
        f"start {min(i, FURTHEST)}",
        f"end {min(last - i, FURTHEST)}",
        f"glosses {min(len(glosses), LONGEST)}",
    ]
    if planned.words:
        count = len(planned.words)
        names += [f"words {min(count // 2, 15)}", f"rate {min(6, round(2 * count / len(glosses)))}"]
    if planned.signer:
        names += [f"signer {planned.signer}", f"signer {planned.signer} | {here}"]
    return dict.fromkeys(names, 1.0)


def sentence_features(planned: Planned, total: float) -> Features:
    """What the length of a recording depends on: its signs' predicted lengths, its glosses, its words, the signer."""
    counts = Counter(f"gloss {gloss}" for gloss in planned.glosses)
    counts.update(f"word {word}" for word in planned.words)
    if planned.signer:
        counts[f"signer {planned.signer}"] = 1
    return {
        "sum": total,
        "glosses": float(len(planned.glosses)),
        "words": float(len(planned.words)),
        **{name: float(count) for name, count in counts.items()},
    }

"""Signs that a system answers without looking: the same few texts, texts too short or long, texts learnt by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signgen.judge.text.checks import check_pairs, check_texts
from signgen.judge.text.languages import words_of
from signgen.judge.text.leaks import normalised


@dataclass(frozen=True)
class Limits:
    """Where a share becomes an alarm.

    Attributes:
        unique: least share of different hypotheses, relative to that of different references.
        shortest: least words of hypotheses for each word of references.
        longest: most words of hypotheses for each word of references.
        empty: largest share of empty hypotheses.
        copied: by how much the share of hypotheses verbatim in training may exceed that of references.
    """

    unique: float = 0.5
    shortest: float = 0.7
    longest: float = 1.4
    empty: float = 0.01
    copied: float = 0.2


@dataclass(frozen=True)
class Degeneracy:
    """How hypotheses are made up, whatever they score.

    Attributes:
        unique: share of different texts among hypotheses, 0 to 1.
        unique_references: the same of references.
        length_ratio: words of hypotheses by words of references.
        empty: share of hypotheses without a word.
        copied: share of hypotheses that stand in the training text; None if none was given.
        copied_references: the same of references: what an honest system may reach.
        alarms: one line for each limit that was crossed.
    """

    unique: float
    unique_references: float
    length_ratio: float
    empty: float
    copied: float | None
    copied_references: float | None
    alarms: tuple[str, ...]


def degeneracy(
    hypotheses: Sequence[str],
    references: Sequence[str],
    language: str,
    train_texts: Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Degeneracy:
    """Look for answers that would be the same without the clips.

    Args:
        hypotheses: one text for each clip.
        references: the true texts in the same order.
        language: of the texts.
        train_texts: that the judge was trained on; None if they are not at hand.
        limits: of the alarms.

    Raises:
        DataError: unequal numbers of texts, no texts, or nothing but empty ones.
    """
    check_pairs(hypotheses, references)
    ours, theirs = ([normalised(text) for text in texts] for texts in (hypotheses, references))
    unique, expected = (len(set(texts)) / len(texts) for texts in (ours, theirs))
    lengths = [sum(len(words_of(text, language)) for text in texts) for texts in (hypotheses, references)]
    ratio, empty = lengths[0] / lengths[1], sum(not text for text in ours) / len(ours)
    copied = copied_references = None
    if train_texts is not None:
        check_texts(train_texts, "training texts")
        seen = {normalised(text) for text in train_texts}
        copied, copied_references = (
            sum(text in seen for text in texts) / len(texts) for texts in (ours, theirs)
        )
    found = Degeneracy(unique, expected, ratio, empty, copied, copied_references, ())
    return Degeneracy(
        unique, expected, ratio, empty, copied, copied_references, _alarms(found, limits or Limits())
    )


def _alarms(found: Degeneracy, limits: Limits) -> tuple[str, ...]:
    lines = []
    if found.unique < limits.unique * found.unique_references:
        lines.append(
            f"{found.unique:.0%} of hypotheses are different texts, of references {found.unique_references:.0%}"
        )
    if not limits.shortest <= found.length_ratio <= limits.longest:
        lines.append(f"hypotheses have {found.length_ratio:.2f} words for each word of the references")
    if found.empty > limits.empty:
        lines.append(f"{found.empty:.1%} of hypotheses are empty")
    if found.copied is not None and found.copied > limits.copied + (found.copied_references or 0):
        lines.append(
            f"{found.copied:.0%} of hypotheses are training texts, of references {found.copied_references:.0%}"
        )
    return tuple(lines)

"""Refuses texts and numbers that no score could be honest about."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from signgen.errors import DataError

# A sentence has a few hundred; alignments of two texts take time and memory by the product of their lengths.
_MOST_CHARACTERS = 10_000


def check_texts(texts: Sequence[str], what: str) -> None:
    """Raise DataError unless there is at least one text and all are strings of bearable length.

    Args:
        texts: as a caller handed them in.
        what: their name in the error, such as ``hypotheses``.
    """
    if isinstance(texts, str):
        raise DataError(f"{what}: one string; pass a list of texts, one for each clip")
    if not len(texts):
        raise DataError(f"{what}: no texts at all; give one for each clip")
    entries: Sequence[object] = texts
    for index, text in enumerate(entries):
        if not isinstance(text, str):
            shown = " ".join(repr(text).split())[:40]
            raise DataError(f"{what}: number {index + 1} is {shown}, no text; write an empty string for none")
        if len(text) > _MOST_CHARACTERS:
            raise DataError(
                f"{what}: number {index + 1} has {len(text):,} characters, more than {_MOST_CHARACTERS:,}; "
                "give sentences, one for each clip"
            )


def check_pairs(
    hypotheses: Sequence[str], references: Sequence[str], *, may_say_nothing: bool = False
) -> None:
    """Raise DataError unless every hypothesis has a reference with a text in it, and some hypothesis says something.

    A single empty hypothesis is an answer, a bad one, and is scored; `degeneracy` counts them. So are all
    of them together with ``may_say_nothing``, where it is known that a model said so.
    """
    check_references(references)
    check_texts(hypotheses, "hypotheses")
    if len(hypotheses) != len(references):
        raise DataError(
            f"hypotheses: {len(hypotheses):,} for {len(references):,} references; give one for each, in the same order"
        )
    if not may_say_nothing and not any(text.strip() for text in hypotheses):
        raise DataError(f"hypotheses: all {len(hypotheses):,} are empty; check what the judge wrote")


def check_references(references: Sequence[str]) -> None:
    """Raise DataError unless there are references and each says something."""
    check_texts(references, "references")
    for index, text in enumerate(references):
        if not text.strip():
            raise DataError(f"references: number {index + 1} is empty; leave that clip out of the test")


def check_documents(documents: Sequence[Hashable], n: int) -> None:
    """Raise DataError unless there is one document id for each of ``n`` texts, of at least two documents."""
    if len(documents) != n:
        raise DataError(f"documents: {len(documents):,} ids for {n:,} texts; give one for each")
    if len(set(documents)) < 2:
        raise DataError("documents: all texts come from one; intervals over documents need at least two")


def check_log_probabilities(values: np.ndarray, what: str) -> None:
    """Raise DataError unless all values can be logarithms of probabilities: finite and not above 0."""
    if not np.isfinite(values).all():
        raise DataError(
            f"{what}: {np.count_nonzero(~np.isfinite(values)):,} values are not finite; check the judge"
        )
    if (values > 1e-6).any():
        raise DataError(f"{what}: {values.max():.4g} is above 0; give logarithms of probabilities")

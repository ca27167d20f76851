"""What a judge thinks of the true text, without decoding: its likelihood, and its rank among other texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.errors import DataError
from signgen.judge.text.checks import check_log_probabilities
from signgen.judge.text.measure import Measure, mean_of, ratio, sign

DEFAULT_RANKS = (1, 5, 10)


def reference_log_likelihood(log_probabilities: Sequence[np.ndarray], tokens: str) -> Measure:
    """Mean natural log-probability of a token of the references, all tokens of the corpus counting the same.

    Args:
        log_probabilities: for each text (t,) what the judge gave each token of the reference, its end included.
        tokens: what the judge's tokens are, such as ``word`` or ``unigram-4000``; values over different tokens
            cannot be compared, so it is part of the signature.

    Raises:
        DataError: no texts, a text without tokens, or values that are no logarithms of probabilities.
    """
    if not len(log_probabilities):
        raise DataError("log-probabilities: no texts at all; give one array for each")
    rows = []
    for index, values in enumerate(map(np.asarray, log_probabilities)):
        if values.ndim != 1 or not len(values):
            raise DataError(
                f"log-probabilities: number {index + 1} has shape {values.shape}; give one number for each token"
            )
        check_log_probabilities(values, f"log-probabilities: number {index + 1}")
        rows.append((values.sum(dtype=np.float64), len(values)))
    return Measure(
        "log-likelihood", sign(ll="reference", per="token", tok=tokens), np.array(rows, np.float64), ratio()
    )


def retrieval(
    log_probabilities: np.ndarray,
    *,
    texts: Sequence[str] | None = None,
    truth: Sequence[int] | None = None,
    ranks: Sequence[int] = DEFAULT_RANKS,
) -> list[Measure]:
    """Percent of clips whose own text is among the R most likely of all texts.

    Texts equally likely share their ranks, so that a judge that cannot tell texts apart scores chance, and a text
    that occurs twice is right both times.

    Args:
        log_probabilities: (n, m) what the judge gives text j for clip i.
        texts: (m,) the texts, to find those that are the same; None if all differ.
        truth: (n,) index of the text of each clip; clip i has text i if None.
        ranks: R of each measure.

    Returns:
        ``R@1`` and so on; chance is in the signature.

    Raises:
        DataError: shapes that do not fit, or values that are no logarithms of probabilities.
    """
    scores = np.asarray(log_probabilities, np.float64)
    if scores.ndim != 2 or not scores.size:
        raise DataError(f"retrieval: shape {scores.shape}; give clips x texts")
    check_log_probabilities(scores, "retrieval")
    right = _right(scores.shape, texts, truth)
    above, tied = _places(scores, right)
    pool = scores.shape[1]
    each = {rank: 100 * np.clip((rank - above) / tied, 0, 1) for rank in ranks}
    chance = {rank: f"{min(100.0, 100 * rank / pool):.2f}" for rank in ranks}
    return [
        mean_of(f"R@{rank}", sign(retrieval="text", pool=pool, chance=chance[rank]), values)
        for rank, values in each.items()
    ]


def _right(shape: tuple[int, ...], texts: Sequence[str] | None, truth: Sequence[int] | None) -> np.ndarray:
    """(n, m) whether a text is that of the clip."""
    clips, pool = shape
    own = np.arange(clips) if truth is None else np.asarray(truth)
    if own.shape != (clips,) or own.dtype.kind not in "iu" or own.min() < 0 or own.max() >= pool:
        raise DataError(
            f"retrieval: {clips:,} clips and {pool:,} texts; each clip needs the index of one of the texts"
        )
    if texts is not None and len(texts) != pool:
        raise DataError(f"retrieval: {len(texts):,} texts for {pool:,} columns; give one for each")
    kinds = np.arange(pool) if texts is None else _kinds(texts)
    same: np.ndarray = kinds[own][:, None] == kinds
    return same


def _kinds(texts: Sequence[str]) -> np.ndarray:
    """(m,) the same number for the same text."""
    number = {text: index for index, text in enumerate(dict.fromkeys(texts))}
    return np.array([number[text] for text in texts])


def _places(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) wrong texts above the best right one, and (n,) texts that share its place, itself included."""
    best: np.ndarray = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    above: np.ndarray = ((scores > best) & ~right).sum(axis=1)
    return above, 1 + ((scores == best) & ~right).sum(axis=1)

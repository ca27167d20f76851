"""BLEU and chrF by sacrebleu: its tokenisers, statistics and formulas, with the references counted once.

BLEU-1 to BLEU-4 come from one count of n-grams, each scored as a run of sacrebleu with that greatest order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from signgen.errors import ConfigError, DependencyError
from signgen.judge.text.languages import tokeniser_for
from signgen.judge.text.measure import Measure
from signgen.judge.text.profiles import Profile

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

_ORDERS = (1, 2, 3, 4)
_INSTALL = 'pip install "signgen[eval]"'


def _sacrebleu() -> Any:
    try:
        import sacrebleu.metrics
    except ImportError:
        raise DependencyError(f"BLEU and chrF need sacrebleu; run: {_INSTALL}") from None
    return sacrebleu.metrics


@dataclass(frozen=True, eq=False)
class BleuReferences:
    """Prepared references, counted for BLEU.

    Attributes:
        bleu: of sacrebleu, holding the references.
        parts: of the signature in front of sacrebleu's.
    """

    bleu: BLEU
    parts: str

    def measures(self, hypotheses: Sequence[str]) -> list[Measure]:
        """BLEU-1 to BLEU-4 of prepared hypotheses, in percent."""
        counts = np.array(self.bleu._extract_corpus_statistics(hypotheses, None), np.float64)
        signature = f"{self.parts}|{self.bleu.get_signature()}"
        return [
            Measure(f"BLEU-{order}", signature, counts, partial(_bleu, self.bleu, order), has_each=False)
            for order in _ORDERS
        ]

    def of_constants(self, texts: Sequence[str], order: int = 4) -> np.ndarray:
        """(m,) BLEU of answering each of ``m`` prepared texts to every reference."""
        from sacrebleu.metrics.helpers import extract_all_word_ngrams

        cache: list[dict[str, Any]] = self.bleu._ref_cache or []
        counts: dict[tuple[str, ...], list[int]] = {}
        for reference in cache:
            for ngram, count in reference["ref_ngrams"].items():
                counts.setdefault(ngram, []).append(count)
        lengths = sum(reference["ref_lens"][0] for reference in cache)
        rows = []
        for text in texts:
            ngrams, length = extract_all_word_ngrams(self.bleu._preprocess_segment(text), 1, max(_ORDERS))
            rows.append([length * len(cache), lengths, *_constant_matches(ngrams, counts, len(cache))])
        return _bleu(self.bleu, order, np.array(rows, np.float64))


def _constant_matches(
    ngrams: Counter[tuple[str, ...]], counts: dict[tuple[str, ...], list[int]], n: int
) -> list[int]:
    """Matches of order 1 to 4, then n-grams of order 1 to 4, if one text answers all ``n`` references."""
    matches, totals = [0] * len(_ORDERS), [0] * len(_ORDERS)
    for ngram, count in ngrams.items():
        totals[len(ngram) - 1] += n * count
        matches[len(ngram) - 1] += sum(min(count, theirs) for theirs in counts.get(ngram, ()))
    return matches + totals


def _bleu(bleu: BLEU, order: int, sums: np.ndarray) -> np.ndarray:
    """(m, 10) sums of sacrebleu's statistics of orders 1 to 4 -> (m,) BLEU of a greatest order."""
    most = max(_ORDERS)
    return np.array(
        [
            bleu.compute_bleu(
                correct=row[2 : 2 + order],
                total=row[2 + most : 2 + most + order],
                sys_len=int(row[0]),
                ref_len=int(row[1]),
                smooth_method=bleu.smooth_method,
                smooth_value=bleu.smooth_value,
                max_ngram_order=order,
            ).score
            for row in sums.tolist()
        ]
    )


def bleu_references(
    references: Sequence[str], language: str, profile: Profile, parts: str = ""
) -> BleuReferences:
    """References prepared by ``profile`` and counted, for any number of systems.

    Raises:
        ConfigError: the tokeniser is unknown, or would take whole sentences of this language for words.
        DependencyError: sacrebleu, or what its tokeniser of Japanese or Korean needs, is not installed.
    """
    metrics = _sacrebleu()
    tokeniser = profile.tokeniser_of(language, references)
    if tokeniser not in metrics.BLEU.TOKENIZERS:
        raise ConfigError(
            f"tokeniser {tokeniser!r}: unknown to sacrebleu; for {language} use {tokeniser_for(language)!r}"
        )
    try:
        bleu = metrics.BLEU(
            lowercase=profile.lowercase,
            force=True,
            tokenize=tokeniser,
            smooth_method=profile.smoothing,
            smooth_value=profile.smoothing_value,
            references=[references],
        )
    except (ImportError, RuntimeError):
        if not tokeniser.endswith("-mecab"):
            raise
        extra = tokeniser.partition("-")[0]
        raise DependencyError(
            f'tokeniser {tokeniser!r}: its dictionary is not installed; run: pip install "sacrebleu[{extra}]"'
        ) from None
    return BleuReferences(bleu, parts)


@dataclass(frozen=True, eq=False)
class ChrfReferences:
    """Prepared references, counted for chrF.

    Attributes:
        chrf: of sacrebleu, holding the references.
        name: ``chrF2`` or ``chrF2++``.
        parts: of the signature in front of sacrebleu's.
    """

    chrf: CHRF
    name: str
    parts: str

    def measures(self, hypotheses: Sequence[str]) -> list[Measure]:
        """ChrF of prepared hypotheses, in percent."""
        counts = np.array(self.chrf._extract_corpus_statistics(hypotheses, None), np.float64)
        signature = f"{self.parts}|{self.chrf.get_signature()}"
        return [Measure(self.name, signature, counts, partial(_chrf, self.chrf))]


def _chrf(chrf: CHRF, sums: np.ndarray) -> np.ndarray:
    return np.array([chrf._compute_score_from_stats(row).score for row in sums.tolist()])


def chrf_references(
    name: str, references: Sequence[str], profile: Profile, parts: str = ""
) -> ChrfReferences:
    """References prepared by ``profile`` and counted, for ``chrF2`` or ``chrF2++``.

    Raises:
        DependencyError: sacrebleu is not installed.
    """
    words = 2 if name.endswith("++") else 0
    chrf = _sacrebleu().CHRF(word_order=words, lowercase=profile.lowercase, references=[references])
    return ChrfReferences(chrf, name, parts)

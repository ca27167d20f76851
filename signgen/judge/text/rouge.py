"""ROUGE-L as different code bases compute it: six measures that share a name and little else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

import numpy as np

from signgen.judge.text.languages import is_unspaced, words_of
from signgen.judge.text.lcs import lcs_length, lcs_tokens
from signgen.judge.text.measure import Measure, mean_of, sign
from signgen.judge.text.stem import stem

Tokens = Callable[[str], list[str]]
Sentence = Callable[[str, str, Tokens], float]

_SLT_BETA = 1.2
_NO_ASCII_WORD = re.compile("[^a-z0-9]+")


def f_beta(common: int, hypothesis: int, reference: int, beta: float) -> float:
    """F of an overlap of ``common`` between two lengths; recall counts ``beta`` times as much as precision.

    >>> round(f_beta(2, 4, 3, 1.0), 4)
    0.5714
    """
    if not common:
        return 0.0
    precision, recall = common / hypothesis, common / reference
    return (1 + beta**2) * precision * recall / (recall + beta**2 * precision)


def rouge_l(hypothesis: str, reference: str, tokens: Tokens) -> float:
    """F1 of the longest common subsequence, 0 to 1."""
    ours, theirs = tokens(hypothesis), tokens(reference)
    return f_beta(lcs_length(ours, theirs), len(ours), len(theirs), 1.0)


def rouge_l_slt(hypothesis: str, reference: str, tokens: Tokens) -> float:
    """The same with beta 1.2, so recall counts more: ``mscoco_rouge`` of Sign Language Transformers."""
    ours, theirs = tokens(hypothesis), tokens(reference)
    return f_beta(lcs_length(ours, theirs), len(ours), len(theirs), _SLT_BETA)


def rouge_l_adaptive(hypothesis: str, reference: str, tokens: Tokens) -> float:
    """The same with beta = precision / recall: the longer hypothesis is punished less than by F1."""
    ours, theirs = tokens(hypothesis), tokens(reference)
    if not ours or not theirs:
        return 0.0
    return f_beta(lcs_length(ours, theirs), len(ours), len(theirs), len(theirs) / len(ours))


def rouge_l_union(hypothesis: str, reference: str, tokens: Tokens) -> float:
    """F1 over sets of words: those in common subsequences of any two sentences; the package ``rouge`` 1.0.1.

    A sentence ends at every ``.``, also within a number; a word counts once however often it stands in the text.
    """
    ours, theirs = ([tokens(part) for part in text.split(".") if part] for text in (hypothesis, reference))
    common = {
        word for reference_, own in itertools.product(theirs, ours) for word in lcs_tokens(reference_, own)
    }
    return f_beta(len(common), len(set().union(*ours)), len(set().union(*theirs)), 1.0)


def ascii_words(text: str) -> list[str]:
    """Words as ``rouge_score`` sees them: runs of a to z and 0 to 9, so that "für" is f and r and "今天" is nothing.

    >>> ascii_words("Für 3-5 Grad.")
    ['f', 'r', '3', '5', 'grad']
    """
    return _NO_ASCII_WORD.sub(" ", text.lower()).split()


def stemmed_words(text: str) -> list[str]:
    """The same, stemmed as if they were English if they have more than three letters."""
    return [stem(word) if len(word) > 3 else word for word in ascii_words(text)]


def _spaced(text: str) -> list[str]:
    # As slt splits: two spaces hold an empty word between them, and an empty text is one empty word.
    return text.split(" ")


_VARIANTS: dict[str, tuple[Sentence, str]] = {
    "rougeL": (rouge_l, "f1"),
    "rougeL-slt": (rouge_l_slt, f"beta:{_SLT_BETA}"),
    "rougeL-adaptive": (rouge_l_adaptive, "beta:p/r"),
    "rougeL-union": (rouge_l_union, "f1:sets"),
    "rougeL-ascii": (rouge_l, "f1"),
    "rougeL-stem": (rouge_l, "f1"),
}


_ASCII: dict[str, Tokens] = {"rougeL-ascii": ascii_words, "rougeL-stem": stemmed_words}


def _tokens_of(name: str, language: str) -> tuple[Tokens, str]:
    if name in _ASCII:
        return _ASCII[name], "ascii-lc"
    if is_unspaced(language):
        return (lambda text: words_of(text, language)), "char"
    return (_spaced, "space") if name == "rougeL-slt" else (str.split, "unicode-ws")


def rouge_measure(
    name: str, hypotheses: Sequence[str], references: Sequence[str], language: str, **parts: object
) -> Measure:
    """ROUGE-L of prepared texts, in percent, as the mean over texts.

    Args:
        name: ``rougeL`` (F1), ``rougeL-slt`` (beta 1.2), ``rougeL-adaptive`` (beta = precision / recall),
            ``rougeL-union`` (sets of words), ``rougeL-ascii`` (F1 of ASCII words) or ``rougeL-stem`` (of their stems).
        hypotheses: what was said.
        references: what should have been said.
        language: its texts are split into words, or into characters where it writes no spaces.
        **parts: of the signature, such as the profile.
    """
    sentence, formula = _VARIANTS[name]
    tokens, label = _tokens_of(name, language)
    stems = "porter" if name == "rougeL-stem" else "no"
    pairs = zip(hypotheses, references, strict=True)
    each = np.array([100 * sentence(ours, theirs, tokens) for ours, theirs in pairs])
    return mean_of(name, sign(**parts, rouge="L", f=formula, tok=label, stem=stems), each)

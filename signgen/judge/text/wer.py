"""Word error rates of glosses and of words, and how each was reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.judge.text.checks import check_texts
from signgen.judge.text.measure import Measure, ratio, sign
from signgen.judge.text.phoenix import clean_phoenix


class Costs(NamedTuple):
    """What each edit costs while the alignment is chosen; all count as one error."""

    substitution: int = 1
    insertion: int = 1
    deletion: int = 1


class Edits(NamedTuple):
    """How many of each an alignment has."""

    substitutions: int
    insertions: int
    deletions: int


PLAIN_COSTS = Costs()
# 4 / 3 / 3 as in NIST's sclite: two errors that are apart cost less than a substitution and one more.
SCLITE_COSTS = Costs(substitution=4, insertion=3, deletion=3)


def align(hypothesis: Sequence[str], reference: Sequence[str], costs: Costs = PLAIN_COSTS) -> Edits:
    """Edits of the cheapest alignment; of equally cheap ones that with substitutions, then insertions, at the end.

    >>> align("REGEN NORD KOMMEN BALD".split(), "NORD KOMMEN BALD SUED".split())
    Edits(substitutions=0, insertions=1, deletions=1)
    """
    return _trace(_table(hypothesis, reference, costs), hypothesis, reference, costs)


def _table(hypothesis: Sequence[str], reference: Sequence[str], costs: Costs) -> list[list[int]]:
    """Cost of turning the first i tokens of the reference into the first j of the hypothesis."""
    table = [[j * costs.insertion for j in range(len(hypothesis) + 1)]]
    for i, theirs in enumerate(reference):
        above, row = table[-1], [(i + 1) * costs.deletion]
        for j, ours in enumerate(hypothesis):
            if ours == theirs:
                row.append(above[j])
            else:
                replaced, dropped = above[j] + costs.substitution, above[j + 1] + costs.deletion
                row.append(min(replaced, dropped, row[j] + costs.insertion))
        table.append(row)
    return table


def _trace(
    table: list[list[int]], hypothesis: Sequence[str], reference: Sequence[str], costs: Costs
) -> Edits:
    i, j = len(reference), len(hypothesis)
    substitutions = insertions = deletions = 0
    while i or j:
        here = table[i][j]
        if i and j and reference[i - 1] == hypothesis[j - 1]:
            i, j = i - 1, j - 1
        elif i and j and here == table[i - 1][j - 1] + costs.substitution:
            i, j, substitutions = i - 1, j - 1, substitutions + 1
        elif j and here == table[i][j - 1] + costs.insertion:
            j, insertions = j - 1, insertions + 1
        else:
            i, deletions = i - 1, deletions + 1
    return Edits(substitutions, insertions, deletions)


def error_rate(
    name: str,
    signature: str,
    hypotheses: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    costs: Costs,
) -> Measure:
    """Errors per 100 tokens of all references together.

    Raises:
        DataError: if no reference has a token.
    """
    pairs = zip(hypotheses, references, strict=True)
    rows = [(sum(align(ours, theirs, costs)), len(theirs)) for ours, theirs in pairs]
    statistics = np.array(rows, np.float64)
    if not statistics[:, 1].any():
        raise DataError(f"{name}: no reference has a token left to compare; check the references")
    return Measure(name, signature, statistics, ratio(100.0), is_better_high=False)


@dataclass(frozen=True)
class GlossProfile:
    """One way of comparing glosses.

    Attributes:
        clean: done to every gloss text first.
        costs: of the alignment.
        cleanup: the name of ``clean`` in the signature.
    """

    clean: Callable[[str], str]
    costs: Costs
    cleanup: str


GLOSS_PROFILES: Mapping[str, GlossProfile] = MappingProxyType(
    {
        "plain": GlossProfile(str.strip, PLAIN_COSTS, "none"),
        "phoenix": GlossProfile(clean_phoenix, PLAIN_COSTS, "phoenix"),
        "slt": GlossProfile(clean_phoenix, SCLITE_COSTS, "phoenix"),
    }
)


DEFAULT_GLOSS_PROFILE = "plain"
GLOSS_WER = "gloss WER"


def gloss_wer(
    hypotheses: Sequence[str], references: Sequence[str], profile: str = DEFAULT_GLOSS_PROFILE
) -> Measure:
    """Word error rate of glosses, separated by white space.

    Args:
        hypotheses: (n,) gloss texts; empty where nothing was recognised.
        references: (n,) gloss texts.
        profile: ``plain``; ``phoenix``, after the cleaning customary for PHOENIX14T; or ``slt``, which also aligns
            at costs of 4 for a substitution and 3 for others, as Sign Language Transformers does.

    Raises:
        ConfigError: no such profile.
        DataError: no texts, unequal numbers, or no gloss in any reference.
    """
    if profile not in GLOSS_PROFILES:
        raise ConfigError(f"gloss profile {profile[:40]!r}: unknown; known: {', '.join(GLOSS_PROFILES)}")
    check_texts(hypotheses, "glosses")
    check_texts(references, "reference glosses")
    if len(hypotheses) != len(references):
        raise DataError(
            f"glosses: {len(hypotheses):,} for {len(references):,} references; give one text for each"
        )
    rule = GLOSS_PROFILES[profile]
    ours, theirs = ([rule.clean(text).split() for text in texts] for texts in (hypotheses, references))
    costs = "/".join(map(str, rule.costs))
    signature = sign(profile=profile, wer="gloss", clean=rule.cleanup, **{"costs-sub/ins/del": costs})
    return error_rate(GLOSS_WER, signature, ours, theirs, rule.costs)

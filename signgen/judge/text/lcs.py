"""Longest common subsequences and edit distances of token sequences, a whole column of the table in one integer."""

from __future__ import annotations

from collections.abc import Sequence


def _positions(tokens: Sequence[str]) -> dict[str, int]:
    """Bit i of the mask of a token is set where the token stands at place i."""
    masks: dict[str, int] = {}
    for place, token in enumerate(tokens):
        masks[token] = masks.get(token, 0) | (1 << place)
    return masks


def lcs_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    Source: Hyyrö (2004), Bit-parallel LCS-length computation revisited.

    >>> lcs_length("morgen regen im norden".split(), "regen morgen im süden".split())
    2
    """
    masks, full = _positions(first), (1 << len(first)) - 1
    unmatched = full
    for token in second:
        matched = unmatched & masks.get(token, 0)
        unmatched = ((unmatched + matched) | (unmatched - matched)) & full
    return len(first) - unmatched.bit_count()


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Least number of substitutions, insertions and deletions from one to the other.

    Source: Myers (1999), A fast bit-vector algorithm for approximate string matching, as put by Hyyrö (2003).

    >>> edit_distance("kitten", "sitting")
    3
    """
    if not first:
        return len(second)
    masks, full, last = _positions(first), (1 << len(first)) - 1, 1 << (len(first) - 1)
    distance, up, down = len(first), full, 0
    for token in second:
        here = masks.get(token, 0)
        diagonal = (((here & up) + up) ^ up) | here | down
        right, left = (down | ~(diagonal | up)) & full, up & diagonal
        distance += bool(right & last) - bool(left & last)
        right, left = ((right << 1) | 1) & full, (left << 1) & full
        up, down = (left | ~(diagonal | right)) & full, right & diagonal
    return distance


def edit_similarity(first: Sequence[str], second: Sequence[str]) -> float:
    """1 for equal sequences, 0 where nothing can be kept; two empty ones are equal."""
    longest = max(len(first), len(second))
    return 1.0 - edit_distance(first, second) / longest if longest else 1.0


def lcs_tokens(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """One longest common subsequence; of several, the one that drops from ``second`` first, seen from the end."""
    table = [[0] * (len(second) + 1)]
    for token in first:
        above, row = table[-1], [0]
        for j, other in enumerate(second):
            row.append(above[j] + 1 if token == other else max(above[j + 1], row[j]))
        table.append(row)
    i, j, kept = len(first), len(second), []
    while i and j:
        if first[i - 1] == second[j - 1]:
            kept.append(first[i - 1])
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return kept[::-1]

"""The glosses of the known text that is nearest: a floor that every model of glosses has to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from signgen.errors import DataError

Tokens = tuple[str, ...]


class NearestText:
    """Looks up texts by the cosine of their words, rare words counting more (tf-idf).

    Args:
        texts: words of each known text, not empty.
        glosses: of each.
    """

    def __init__(self, texts: Sequence[Tokens], glosses: Sequence[Tokens]) -> None:
        if not texts or len(texts) != len(glosses):
            raise DataError(f"glossing: {len(texts)} texts for {len(glosses)} glosses; give one for each")
        self.glosses = tuple(glosses)
        seen = Counter(word for text in texts for word in set(text))
        self._column = {word: column for column, word in enumerate(seen)}
        self._weight = np.array([1.0 + np.log(len(texts) / count) for count in seen.values()])
        self._known = self._vectors(texts)

    def __call__(self, texts: Sequence[Tokens]) -> list[Tokens]:
        """Glosses of the nearest text to each; of equally near ones, the first."""
        likeness = (self._vectors(texts) @ self._known.T).toarray()
        return [self.glosses[int(row.argmax())] for row in likeness]

    def _vectors(self, texts: Sequence[Tokens]) -> Any:
        """(texts, words) sparse, each row of length 1 (or 0 if it has no known word)."""
        from scipy.sparse import csr_matrix

        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        for text in texts:
            counts = Counter(self._column[word] for word in text if word in self._column)
            row = np.array([self._weight[column] * count for column, count in counts.items()])
            columns += list(counts)
            values += (row / np.linalg.norm(row)).tolist() if len(row) else []
            ends.append(len(columns))
        return csr_matrix((values, columns, ends), (len(texts), len(self._column)), dtype=np.float64)

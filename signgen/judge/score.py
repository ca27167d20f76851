"""`Score`: a number that never travels without the recipe that made it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Score:
    """What a judge found over a corpus.

    Attributes:
        name: of the measure, such as ``BLEU-4``.
        value: over the whole corpus.
        signature: everything that the value depends on but the data, as ``key:value`` joined by ``|`` (sacrebleu's
            form); scores of different signatures must not be compared.
        each: (n,) value of each sample, NaN where it has none; None if the measure exists for a corpus only.
        interval: 95 % confidence interval of ``value``, if it was computed.
        is_better_high: whether more is better; None for a measure that is right at a certain value.
    """

    name: str
    value: float
    signature: str
    each: np.ndarray | None = None
    interval: tuple[float, float] | None = None
    is_better_high: bool | None = True


def check_comparable(first: Score, second: Score) -> None:
    """Raise ConfigError unless two scores were made by the same recipe."""
    if (first.name, first.signature) != (second.name, second.signature):
        raise ConfigError(
            f"{first.name} [{first.signature}] and {second.name} [{second.signature}] are made by different recipes "
            "and cannot be compared; score both the same way"
        )

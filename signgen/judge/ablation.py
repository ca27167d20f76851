"""The table of schedules: each against the first, paired clip by clip, over all seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.text.measure import Measure
from signgen.judge.text.paired import Difference, paired_difference
from signgen.judge.text.profiles import DEFAULT_PROFILE, Profile
from signgen.judge.text.resample import Resampling
from signgen.judge.text.scores import scorer

if TYPE_CHECKING:
    from signgen.slt.ablation import Row

MEASURE = "BLEU-4"


@dataclass(frozen=True)
class AblationLine:
    """One schedule in the table.

    Attributes:
        schedule: its name.
        seeds: of its trainings.
        each: score of each seed.
        spread: standard deviation over seeds; None with one seed.
        log_likelihood: natural log-probability of a character of the true texts, which does not depend on the
            vocabulary, on average.
        against: pooled over seeds, minus the same of the first schedule; None for the first.
        signature: of the score.
    """

    schedule: str
    seeds: tuple[int, ...]
    each: tuple[float, ...]
    spread: float | None
    log_likelihood: float
    against: Difference | None
    signature: str

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(self.each))


def ablation_table(
    rows: Sequence[Row],
    language: str,
    profile: str | Profile = DEFAULT_PROFILE,
    how: Resampling | None = None,
) -> list[AblationLine]:
    """The schedules of `signgen.slt.ablation.run_schedules`, in their order.

    The texts of all seeds are compared together and drawn by clip: a clip comes with what all its seeds made of it. So
    the interval holds for other clips, and the spread beside it says how much seeds matter.

    Args:
        rows: of all schedules; each schedule with the same seeds.
        language: of the texts.
        profile: convention of scoring.
        how: to draw resamples; documents are filled in.

    Raises:
        ConfigError: schedules with different seeds or clips, or a profile without BLEU.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.schedule, []).append(row)
    if len({(tuple(r.seed for r in group), *(r.names for r in group)) for group in groups.values()}) != 1:
        raise ConfigError("schedules: with different seeds or test clips they cannot be compared")
    first = next(iter(groups.values()))
    how = how or Resampling()
    documents = [name for row in first for name in row.names]
    drawn = Resampling(how.resamples, how.trials, how.seed, documents)
    single = scorer(first[0].references, language, profile)
    pooled = scorer([text for row in first for text in row.references], language, profile)
    together = {
        name: _bleu(pooled.measures([t for row in g for t in row.hypotheses], may_say_nothing=True))
        for name, g in groups.items()
    }
    base = together[first[0].schedule]
    lines = []
    for number, (name, group) in enumerate(groups.items()):
        each = tuple(_bleu(single.measures(row.hypotheses, may_say_nothing=True)).value for row in group)
        against = paired_difference(together[name], base, drawn) if number else None
        characters = sum(len(text) for row in group for text in row.references)
        chance = sum(float(row.log_likelihoods.sum()) for row in group) / characters
        spread = float(np.std(each, ddof=1)) if len(each) > 1 else None
        seeds = tuple(row.seed for row in group)
        lines.append(AblationLine(name, seeds, each, spread, chance, against, base.signature))
    return lines


def _bleu(measures: Sequence[Measure]) -> Measure:
    for measure in measures:
        if measure.name == MEASURE:
            return measure
    raise ConfigError(f"profile: has no {MEASURE}; use another")

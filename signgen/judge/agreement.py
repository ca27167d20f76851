"""Whether judges rank alike, and whether there are enough of them to say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

STABLE_TAU = 0.7
UNSTABLE = "ranking unstable"
# Judges of one architecture share its blind spots, and what one seed says another may not.
ARCHITECTURES, SEEDS = 2, 3

Rows = Mapping[str, float]


@dataclass(frozen=True)
class Jury:
    """Who judges.

    Attributes:
        architectures: how many kinds of model.
        seeds: how many trainings from different seeds the kind has that has most.
    """

    architectures: int
    seeds: int

    @property
    def stamp(self) -> str:
        """What must stand over a ranking by too few; empty if there are enough."""
        if self.architectures >= ARCHITECTURES and self.seeds >= SEEDS:
            return ""
        return (
            f"RANKING UNPROVEN: {_counted(self.architectures, 'architecture')}, {_counted(self.seeds, 'seed')}; "
            "two and three are needed"
        )


def jury_of(judges: Sequence[tuple[str, int]]) -> Jury:
    """The jury of judges given as architecture and seed.

    >>> jury_of([("linear", 0), ("linear", 1), ("graph", 2)])
    Jury(architectures=2, seeds=2)
    """
    seeds: dict[str, set[int]] = defaultdict(set)
    for architecture, seed in judges:
        seeds[architecture].add(seed)
    return Jury(len(seeds), max(map(len, seeds.values()), default=0))


@dataclass(frozen=True)
class Agreement:
    """Whether judges rank the same rows alike.

    Attributes:
        measure: by which they rank.
        taus: Kendall's tau-b of each pair of judges.
        architectures: the same of each pair of architectures, by the mean values of their judges.
        verdict: ``stable``, `UNSTABLE`, or that one judge cannot say.
    """

    measure: str
    taus: Mapping[str, float]
    architectures: Mapping[str, float]
    verdict: str

    @property
    def stamp(self) -> str:
        """What must stand over figures of judges that disagree; empty if they do not."""
        if self.verdict != UNSTABLE:
            return ""
        worst = min(self.taus, key=lambda pair: self.taus[pair])
        return f"RANKING UNSTABLE: {worst} order the rows differently by {self.measure} (tau {self.taus[worst]:.2f})"


def agreement(
    measure: str,
    values: Mapping[str, Rows],
    architectures: Mapping[str, str] | None = None,
    margin: float = 0.0,
) -> Agreement:
    """Kendall's tau-b between judges over all rows: system, floors, ceilings and rungs.

    Args:
        measure: its name.
        values: judge -> row -> value; rows that two judges do not share are left out.
        architectures: judge -> architecture; None if they are not known.
        margin: rows no further apart are tied; floors that differ by chance alone are in no order.
    """
    taus = _taus(values, margin)
    between = _taus(_means(values, architectures), margin) if architectures else {}
    if not taus:
        return Agreement(measure, {}, {}, "one judge: whether another would rank alike is not known")
    return Agreement(measure, taus, between, "stable" if min(taus.values()) >= STABLE_TAU else UNSTABLE)


def _taus(values: Mapping[str, Rows], margin: float) -> dict[str, float]:
    names, taus = list(values), {}
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            rows = [row for row in values[first] if row in values[second]]
            ours, theirs = (_order([values[judge][row] for row in rows], margin) for judge in (first, second))
            told_apart = float(np.sqrt((ours != 0).sum() * (theirs != 0).sum()))
            # Judges of which one tells no rows apart do not agree.
            taus[f"{first} / {second}"] = float((ours * theirs).sum()) / told_apart if told_apart else 0.0
    return taus


def _order(values: Sequence[float], margin: float) -> np.ndarray:
    """For each pair of values, 1 if the first is higher by more than a margin, -1 if the second is, else 0."""
    found = np.asarray(values, np.float64)
    apart = (found[:, None] - found)[np.triu_indices(len(found), 1)]
    order: np.ndarray = np.sign(apart) * (np.abs(apart) > margin)
    return order


def _means(values: Mapping[str, Rows], architectures: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Architecture -> row -> mean over its judges, of rows that all of them have."""
    groups: dict[str, list[Rows]] = defaultdict(list)
    for judge, rows in values.items():
        groups[architectures[judge]].append(rows)
    return {
        name: {
            row: float(np.mean([of[row] for of in group]))
            for row in group[0]
            if all(row in of for of in group)
        }
        for name, group in groups.items()
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

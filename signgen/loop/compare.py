"""The figures of a loop, from what its translators made of the held-out clips: scores, gains, and paired intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.data.files import read_file
from signgen.data.strict_json import parse_json_object
from signgen.errors import DataError
from signgen.judge.text.measure import Measure, ratio, sign
from signgen.judge.text.paired import paired_difference
from signgen.judge.text.resample import Resampling, bootstrap, percentiles
from signgen.judge.text.scores import scorer
from signgen.loop.schedules import BASE, CHANCE, CONTROL, JOINT, LOOP, UNSELECTED
from signgen.slt.ablation import PREDICTIONS

BLEU, CHRF, LIKELIHOOD = "BLEU-4", "chrF2", "log-likelihood"
# What is claimed or asked of a loop: the first against the second.
PAIRS = ((LOOP, UNSELECTED), (LOOP, CHANCE), (LOOP, JOINT), (LOOP, CONTROL))
MAX_BYTES = 1 << 28

Interval = tuple[float, float]


@dataclass(frozen=True)
class Read:
    """What one translator made of the held-out clips, in the order of the clips.

    Attributes:
        names: of the clips.
        references: their texts.
        hypotheses: what was read.
        log_likelihoods: (n,) natural, of the true texts.
    """

    names: tuple[str, ...]
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    log_likelihoods: tuple[float, ...]


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Gain:
    """One schedule against another.

    Attributes:
        first: a schedule.
        second: the schedule it is compared with.
        pooled: difference in BLEU-4 over the texts of all seeds, drawn by clip.
        p_value: of no difference, by approximate randomisation.
        each: the same of each seed alone.
        factor: of each seed, BLEU-4 of the first over that of the second; None where that is 0.
    """

    first: str
    second: str
    pooled: Figure
    p_value: float
    each: tuple[Figure, ...]
    factor: tuple[float | None, ...]


@dataclass(frozen=True)
class Line:
    """A schedule.

    Attributes:
        schedule: its name.
        bleu: BLEU-4 of each seed.
        pooled: measure -> over the texts of all seeds.
    """

    schedule: str
    bleu: tuple[Figure, ...]
    pooled: Mapping[str, Figure]


@dataclass(frozen=True)
class Compared:
    """All figures.

    Attributes:
        seeds: of the trainings.
        clips: held-out clips.
        lines: a schedule each.
        gains: against the first schedule, and the pairs that are asked about.
        control_share: of the loop's gain, what the control gains too; None without one of them, or without a gain.
        signature: of BLEU-4.
    """

    seeds: tuple[int, ...]
    clips: int
    lines: tuple[Line, ...]
    gains: tuple[Gain, ...]
    control_share: Figure | None
    signature: str


def read_predictions(folder: Path, split: str) -> Read:
    """What a training wrote about a split.

    Raises:
        DataError: missing or damaged.
    """
    path = folder / PREDICTIONS.format(split=split)
    rows = [parse_json_object(line, str(path)) for line in read_file(path, MAX_BYTES).splitlines()]
    try:
        columns = (
            [row[key] for row in rows] for key in ("name", "reference", "hypothesis", "log_likelihood")
        )
        return Read(*(tuple(column) for column in columns))
    except KeyError as error:
        raise DataError(f"{path}: a line without {error}; train again in a new folder") from None


def compare(
    reads: Mapping[str, Sequence[Read]], seeds: Sequence[int], language: str, how: Resampling | None = None
) -> Compared:
    """Score all schedules with all seeds.

    Args:
        reads: schedule -> of each seed; the first schedule is what others are compared with.
        seeds: of the trainings, in that order.
        language: of the texts.
        how: to draw resamples; documents are filled in.

    Raises:
        DataError: translators that read different clips.
    """
    every = [read for group in reads.values() for read in group]
    if len({(read.names, read.references) for read in every}) != 1:
        raise DataError("trained: not all translators read the same clips; train in a new folder")
    base, how = next(iter(reads)), how or Resampling()
    scoring = _Scoring(every[0], len(seeds), language, how)
    single = {name: [scoring.of(read)[BLEU] for read in group] for name, group in reads.items()}
    pooled = {name: scoring.pooled(group) for name, group in reads.items()}
    lines = [Line(name, scoring.figures(single[name]), scoring.together(pooled[name])) for name in reads]
    pairs = [(name, base) for name in list(reads)[1:]]
    pairs += [pair for pair in PAIRS if set(pair) <= reads.keys()]
    gains = tuple(scoring.gain(first, second, single, pooled) for first, second in pairs)
    share = scoring.share(pooled) if {BASE, LOOP, CONTROL} <= reads.keys() else None
    return Compared(
        tuple(seeds), len(every[0].names), tuple(lines), gains, share, pooled[base][BLEU].signature
    )


class _Scoring:
    """Measures of texts, alone and pooled over seeds; a clip is drawn with what all its seeds made of it."""

    def __init__(self, first: Read, seeds: int, language: str, how: Resampling) -> None:
        self._single = scorer(first.references, language)
        self._pooled = scorer(first.references * seeds, language)
        self._alone = Resampling(how.resamples, how.trials, how.seed)
        self._drawn = Resampling(how.resamples, how.trials, how.seed, list(first.names) * seeds)

    def of(self, read: Read) -> dict[str, Measure]:
        """Measures of one translator."""
        return _named(self._single.measures(read.hypotheses, may_say_nothing=True), [read])

    def pooled(self, group: Sequence[Read]) -> dict[str, Measure]:
        """Measures of a schedule over all seeds."""
        hypotheses = [text for read in group for text in read.hypotheses]
        return _named(self._pooled.measures(hypotheses, may_say_nothing=True), group)

    def figures(self, measures: Sequence[Measure]) -> tuple[Figure, ...]:
        """Each seed with its own interval."""
        drawn = bootstrap(measures, self._alone)
        return tuple(Figure(m.value, percentiles(values)) for m, values in zip(measures, drawn, strict=True))

    def together(self, measures: Mapping[str, Measure]) -> dict[str, Figure]:
        """Measures of a schedule with intervals."""
        drawn = bootstrap(list(measures.values()), self._drawn)
        pairs = zip(measures.items(), drawn, strict=True)
        return {name: Figure(measure.value, percentiles(values)) for (name, measure), values in pairs}

    def gain(
        self,
        first: str,
        second: str,
        single: Mapping[str, Sequence[Measure]],
        pooled: Mapping[str, Mapping[str, Measure]],
    ) -> Gain:
        """One schedule against another."""
        found = paired_difference(pooled[first][BLEU], pooled[second][BLEU], self._drawn)
        ours, theirs = single[first], single[second]
        drawn = bootstrap([*ours, *theirs], self._alone)
        each = tuple(
            Figure(a.value - b.value, percentiles(x - y))
            for a, b, x, y in zip(ours, theirs, drawn, drawn[len(ours) :], strict=False)
        )
        factor = tuple(a.value / b.value if b.value else None for a, b in zip(ours, theirs, strict=True))
        return Gain(first, second, Figure(found.difference, found.interval), found.p_randomised, each, factor)

    def share(self, pooled: Mapping[str, Mapping[str, Measure]]) -> Figure | None:
        """The control's gain as a share of the loop's."""
        measures = [pooled[name][BLEU] for name in (BASE, LOOP, CONTROL)]
        base, loop, control = (measure.value for measure in measures)
        drawn = bootstrap(measures, self._drawn)
        gains = drawn[1] - drawn[0]
        if loop <= base or (gains <= 0).any():
            return None
        return Figure((control - base) / (loop - base), percentiles((drawn[2] - drawn[0]) / gains))


def _named(measures: Sequence[Measure], group: Sequence[Read]) -> dict[str, Measure]:
    """BLEU-4, chrF and the log-likelihood of a character of the true texts."""
    found = {measure.name: measure for measure in measures if measure.name in (BLEU, CHRF)}
    chances = [value for read in group for value in read.log_likelihoods]
    lengths = [len(text) for read in group for text in read.references]
    statistics = np.column_stack([chances, lengths]).astype(np.float64)
    signature = sign(ll="reference", per="character")
    return {**found, LIKELIHOOD: Measure(LIKELIHOOD, signature, statistics, ratio())}

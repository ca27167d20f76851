"""The panel: what answers without looking and what true poses score, beside every figure of a judge.

A `Panel` cannot be made without its floors and ceilings, and a report cannot be made without a panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from signgen.errors import ConfigError
from signgen.judge import controls
from signgen.judge.backtranslation import LOG_LIKELIHOOD, Judge
from signgen.judge.score import Score
from signgen.judge.text.floors import floors
from signgen.judge.text.measure import Measure
from signgen.judge.text.resample import Resampling, bootstrap, percentiles, with_intervals
from signgen.judge.text.scores import Scorer
from signgen.judge.text.wer import DEFAULT_GLOSS_PROFILE, GLOSS_PROFILES, gloss_wer
from signgen.pose.sequence import PoseSequence

HEADLINE = "BLEU-4"
NORMALISED = (HEADLINE, "chrF2", LOG_LIKELIHOOD)
TEXT_FLOORS = ("best constant", "shuffled references", "random words of the length")
POSE_FLOORS = ("shuffled poses", "mean pose", "frozen first frame", "noise")
CEILINGS = ("true poses", "true poses re-processed")
ORACLE = "oracle stitch"
# Where training texts are not at hand, answers are copied from the references; these two would then copy the answer.
_NEED_TRAINING = ("most common training text", "random training text", "random training text of the length")
# Stands for a floor that says nothing at all: an answer that no reference has.
_NOTHING = "∅"


@dataclass(frozen=True, eq=False)
class Entry:
    """One row: what somebody, or nobody, made of the test.

    Attributes:
        name: of the row.
        texts: (n,) what the judge understood, or what was answered.
        measures: of these texts; where there are poses, also of what was recognised, and the log-likelihood.
        glosses: (n,) what a judge recognised, where it and the true glosses are of that kind; else empty.
    """

    name: str
    texts: tuple[str, ...]
    measures: tuple[Measure, ...]
    glosses: tuple[str, ...] = ()

    def measure(self, name: str) -> Measure | None:
        """The measure of a name, None if the row has none."""
        return next((measure for measure in self.measures if measure.name == name), None)


@dataclass(frozen=True, eq=False)
class Panel:
    """Floors and ceilings of one judge on one test.

    Attributes:
        floors: answers without a look, and poses that say nothing.
        ceilings: true poses, as they are and after what generated ones go through; an oracle where one was given.
    """

    floors: tuple[Entry, ...]
    ceilings: tuple[Entry, ...]

    def __post_init__(self) -> None:
        have = [entry.name for entry in (*self.floors, *self.ceilings)]
        for name in (*TEXT_FLOORS, *POSE_FLOORS, *CEILINGS):
            if not any(known == name or known.startswith(f"{name} of ") for known in have):
                raise ConfigError(f"panel: has no {name!r}; a score without it would say nothing")


@dataclass(frozen=True)
class Normalised:
    """A measure on the scale from floor (0) to ceiling (1).

    Attributes:
        name: of the measure.
        value: (system - floor) / (ceiling - floor); None if the judge does not read true poses better than floors.
        interval: 95 %, floors, ceiling and system resampled together.
        system: value of the system.
        floor: highest of the floors.
        floor_name: which.
        ceiling: value of the true poses.
    """

    name: str
    value: float | None
    interval: tuple[float, float] | None
    system: float
    floor: float
    floor_name: str
    ceiling: float


def entry_of(name: str, texts: Sequence[str], scorer: Scorer, more: Sequence[Measure] = ()) -> Entry:
    """A row of texts; one that says nothing at all scores 0."""
    said = list(texts) if any(text.strip() for text in texts) else [_NOTHING] * len(texts)
    return Entry(name, tuple(texts), (*scorer.measures(said), *more))


def judged(
    name: str,
    poses: Sequence[PoseSequence],
    judge: Judge,
    scorer: Scorer,
    glosses: Sequence[str] | None = None,
) -> Entry:
    """A row of what a judge makes of poses; with true ``glosses`` also of those that it recognises, if it does."""
    read = judge.read(poses)
    likelihood = judge.log_likelihood(poses, scorer.references)
    texts = [found.text for found in read]
    if glosses is None or not judge.reads_glosses:
        return entry_of(name, texts, scorer, [likelihood])
    recognised = tuple(found.glosses for found in read)
    more = [recognition(recognised, glosses, scorer.profile.name), likelihood]
    return replace(entry_of(name, texts, scorer, more), glosses=recognised)


def recognition(recognised: Sequence[str], glosses: Sequence[str], profile: str) -> Measure:
    """Error rate of recognised glosses, by the habit that goes with a convention of text scores if it has one."""
    return gloss_wer(recognised, glosses, profile if profile in GLOSS_PROFILES else DEFAULT_GLOSS_PROFILE)


def make_panel(
    judge: Judge,
    poses: Sequence[PoseSequence],
    scorer: Scorer,
    *,
    fps: float,
    train_texts: Sequence[str] | None = None,
    oracle: Sequence[PoseSequence] | None = None,
    glosses: Sequence[str] | None = None,
    seed: int = 0,
) -> Panel:
    """The panel of a judge on true poses.

    Args:
        judge: who reads.
        poses: the true ones, (n,) in the order of the scorer's references.
        scorer: of the references.
        fps: rate of the system that is evaluated, at which true poses are re-processed.
        train_texts: that a lazy system would copy from; without them the references themselves, which makes the
            constant answer stronger than any honest one.
        oracle: poses stitched from the true glosses, another ceiling.
        glosses: the true ones.
        seed: of all draws.

    Raises:
        ConfigError: a single clip, or a profile without BLEU.
        PoseError: a clip that cannot be read.
    """
    rng = np.random.default_rng(seed)
    # Intervals of single rows are not printed: those that matter are drawn together with the system's.
    few = Resampling(resamples=40)
    told = train_texts or scorer.references
    lazy = floors(told, scorer.references, scorer.language, scorer.profile, seed=seed, how=few)
    rows = [
        entry_of(floor.name, floor.hypotheses, scorer)
        for floor in lazy
        if train_texts or floor.name not in _NEED_TRAINING
    ]
    spoiled = {
        "shuffled poses": controls.shuffled(poses, rng),
        "mean pose": controls.mean_pose(poses),
        "frozen first frame": controls.frozen(poses),
        "noise": controls.noise(poses, rng),
    }
    rows += [judged(name, clips, judge, scorer, glosses) for name, clips in spoiled.items()]
    true = {CEILINGS[0]: poses, CEILINGS[1]: controls.reprocessed(poses, fps)}
    if oracle is not None:
        true[ORACLE] = oracle
    top = [judged(name, clips, judge, scorer, glosses) for name, clips in true.items()]
    return Panel(tuple(rows), tuple(top))


def normalised(name: str, system: Entry, panel: Panel, how: Resampling | None = None) -> Normalised | None:
    """A measure of a system between the best floor and true poses; None if the system has no such measure.

    In each resample the best floor of that resample counts, so that a lucky choice of floor is in the interval.
    """
    under = [(entry.name, found) for entry in panel.floors if (found := entry.measure(name)) is not None]
    mine, top = system.measure(name), panel.ceilings[0].measure(name)
    if mine is None or top is None or not under:
        return None
    drawn = bootstrap([mine, top, *(found for _, found in under)], how)
    floor_name, floor = max(((label, found.value) for label, found in under), key=lambda pair: pair[1])
    low = np.max(drawn[2:], axis=0)
    room = drawn[1] - low
    facts = (mine.value, floor, floor_name, top.value)
    if top.value <= floor or percentiles(room)[0] <= 0:
        return Normalised(name, None, None, *facts)
    spread = percentiles((drawn[0] - low) / room)
    return Normalised(name, (mine.value - floor) / (top.value - floor), spread, *facts)


def scores_of(entry: Entry, how: Resampling | None = None) -> list[Score]:
    """The measures of a row, summed up."""
    return with_intervals(entry.measures, how)


def panel_alarms(system: Entry, found: Sequence[Normalised]) -> list[str]:
    """What the panel says against the figures of a system."""
    lines = []
    for item in found:
        if item.value is None or item.interval is None:
            lines.append(
                f"{item.name}: the judge reads true poses no better than {item.floor_name}; no figure counts"
            )
        elif item.interval[0] <= 0:
            lines.append(f"{item.name}: not above {item.floor_name}, which says nothing of the clip")
        elif item.interval[0] > 1:
            lines.append(f"{item.name}: above true poses; such a system copies what the judge likes")
    return lines

"""Evaluate a system: admission first, then figures together with the panel they mean nothing without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.admission import Admission, admit, check_admitted
from signgen.judge.agreement import Agreement, agreement
from signgen.judge.backtranslation import LOG_LIKELIHOOD, Judge
from signgen.judge.card import Disjointness, check_stranger, disjointness
from signgen.judge.findings import Evaluation, Verdict
from signgen.judge.gates import check_extractors, extractor_notes, gates
from signgen.judge.panel import (
    HEADLINE,
    NORMALISED,
    Entry,
    Panel,
    judged,
    make_panel,
    normalised,
    panel_alarms,
    scores_of,
)
from signgen.judge.pose.score import pose_measures
from signgen.judge.score import Score
from signgen.judge.set_distances import set_distances
from signgen.judge.text.degeneracy import degeneracy
from signgen.judge.text.languages import base_language
from signgen.judge.text.leaks import leak_audit
from signgen.judge.text.measure import Measure
from signgen.judge.text.paired import paired_differences
from signgen.judge.text.resample import Resampling, bootstrap, percentiles
from signgen.judge.text.scores import scorer
from signgen.judge.trial import Options, Trial
from signgen.pose.sequence import PoseSequence

Progress = Callable[[str, int, int | None], None]
# A hypothesis nearer to its reference than this [shoulder widths] is its reference: extractors differ by more.
COPIED = 0.01


def evaluate(
    trial: Trial,
    judges: Sequence[Judge],
    options: Options | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Evaluation:
    """Evaluate a system.

    Args:
        trial: its clips beside what is true.
        judges: at least one, each of its own weights.
        options: how.
        progress: told which judge is at work.

    Raises:
        ConfigError: no judges, the same one twice, one that fails admission or was trained on the test.
        DataError: too few clips, or no judge understood a word.
        PoseError: a clip that cannot be read.
    """
    options = options or Options()
    how = Resampling(options.resamples, seed=options.seed, documents=trial.documents)
    ids = [judge.card.id for judge in judges]
    if not ids or len(set(ids)) != len(ids) or len({judge.card.name for judge in judges}) != len(ids):
        raise ConfigError("judges: give at least one, none twice and each of another name")
    for judge in judges:
        _check_language(judge, trial)
    scorer(
        trial.texts, trial.language, options.profile
    )  # an unknown profile is refused before anything takes long
    # All are admitted before the first figure is computed.
    admitted = [_admitted(judge, trial, options, how) for judge in judges]
    verdicts = []
    for number, (judge, (found, admission)) in enumerate(zip(judges, admitted, strict=True)):
        progress("judges", number, len(judges))
        verdicts.append(_verdict(judge, found, admission, trial, options, how))
    progress("judges", len(judges), len(judges))
    # Of the references, so that systems of two rates are measured alike.
    rate = min(clip.fps for clip in trial.references)
    poses = pose_measures(list(zip(trial.hypotheses, trial.references, strict=True)), fps=rate)
    train = options.train_texts
    return Evaluation(
        trial,
        options,
        tuple(verdicts),
        tuple(_agreement(name, verdicts) for name in (HEADLINE, LOG_LIKELIHOOD)),
        tuple(poses),
        tuple(_with_interval(poses, how)),
        leak_audit(train, trial.texts, trial.language) if train else None,
        _copied(trial, poses),
        tuple(_with_interval(trial.rendered.figures, how)) if trial.rendered is not None else (),
    )


def _check_language(judge: Judge, trial: Trial) -> None:
    known = {base_language(code) for code in judge.card.facts.spoken_languages}
    if known and base_language(trial.language) not in known:
        raise ConfigError(
            f"judge {judge.card.name}: reads {', '.join(sorted(known))}, the texts are {trial.language}; use a judge "
            "of their language, or name it with --language"
        )


def _admitted(
    judge: Judge, trial: Trial, options: Options, how: Resampling
) -> tuple[Disjointness, Admission]:
    found = disjointness(judge.card, trial.names, trial.texts, options.generator)
    if options.same_extractor:
        check_extractors(judge.card, trial.all_extractors)
    if not options.stamp:
        check_stranger(found, judge.card)
    admission = admit(judge, trial.references, trial.texts, seed=options.seed, how=how)
    if not options.stamp:
        check_admitted(admission, judge)
    return found, admission


def _verdict(
    judge: Judge,
    found: Disjointness,
    admission: Admission,
    trial: Trial,
    options: Options,
    how: Resampling,
) -> Verdict:
    counted = scorer(trial.texts, trial.language, options.profile)
    system = judged("system", trial.hypotheses, judge, counted, trial.glosses)
    rate = float(np.median([clip.fps for clip in trial.hypotheses]))
    panel = make_panel(
        judge,
        trial.references,
        counted,
        fps=rate,
        train_texts=options.train_texts,
        oracle=options.oracle,
        glosses=trial.glosses,
        seed=options.seed,
    )
    scaled = [item for name in NORMALISED if (item := normalised(name, system, panel, how)) is not None]
    seen = trial.rendered
    said = degeneracy(system.texts, trial.texts, trial.language, options.train_texts)
    rows = (trial.hypotheses, trial.references)
    return Verdict(
        judge,
        found,
        admission,
        panel,
        system,
        tuple(scores_of(system, how)),
        (_ranks(judge, rows[0], trial, options, how), _ranks(judge, rows[1], trial, options, how)),
        tuple(scaled),
        _detectable(system, panel, how),
        (
            *said.alarms,
            *panel_alarms(system, scaled),
            *found.notes,
            *extractor_notes(judge.card, trial.all_extractors),
        ),
        set_distances(judge, *rows, how),
        None if seen is None else gates(judge, seen, system, panel, counted, how, trial.glosses),
    )


def _ranks(
    judge: Judge, poses: Sequence[PoseSequence], trial: Trial, options: Options, how: Resampling
) -> tuple[Score, ...]:
    return tuple(_with_interval(judge.retrieval(poses, trial.texts, seed=options.seed), how))


def _detectable(system: Entry, panel: Panel, how: Resampling) -> float:
    pair = (system.measure(HEADLINE), panel.ceilings[0].measure(HEADLINE))
    if pair[0] is None or pair[1] is None:
        raise ConfigError(f"profile: has no {HEADLINE}; use another")
    # One trial: p values are not looked at.
    return paired_differences([pair[0]], [pair[1]], replace(how, trials=1))[0].detectable


def _with_interval(measures: Sequence[Measure], how: Resampling) -> list[Score]:
    """Scores with intervals over the resamples in which they have a value."""
    if not measures:
        return []
    drawn = [values[np.isfinite(values)] for values in bootstrap(measures, how)]
    return [
        measure.score(percentiles(values) if len(values) else None)
        for measure, values in zip(measures, drawn, strict=True)
    ]


def _agreement(measure: str, verdicts: Sequence[Verdict]) -> Agreement:
    cards = [found.judge.card for found in verdicts]
    values = {card.name: _rows(found, measure) for card, found in zip(cards, verdicts, strict=True)}
    # What the test cannot tell apart is in no order; of log-likelihoods that is next to nothing.
    least = [found.detectable for found in verdicts if np.isfinite(found.detectable)]
    margin = max(least, default=0.0) if measure == HEADLINE else 0.0
    return agreement(measure, values, {card.name: card.facts.architecture for card in cards}, margin)


def _rows(found: Verdict, measure: str) -> dict[str, float]:
    """Value of every row that the judge gave by reading poses."""
    entries = [found.system, *found.panel.floors, *found.panel.ceilings]
    has_poses = [entry for entry in entries if entry.measure(LOG_LIKELIHOOD) is not None]
    values = {entry.name: one.value for entry in has_poses if (one := entry.measure(measure)) is not None}
    if measure == LOG_LIKELIHOOD:
        for ladder in found.admission.ladders:
            rungs = zip(ladder.rungs[1:], ladder.values[1:], strict=True)
            values |= {f"{ladder.name} {label}": value for label, value in rungs}
    return values


def _copied(trial: Trial, poses: Sequence[Measure]) -> tuple[str, ...]:
    """Names of clips whose whole-body distance to the reference is next to nothing."""
    distance = next(measure for measure in poses if measure.name.startswith("DTW-MJE"))
    each = distance.values_of(distance.statistics)
    return tuple(trial.names[place] for place in np.flatnonzero(each < COPIED))

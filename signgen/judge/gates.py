"""Two gates: the poses that a system asked for, and those found again in its video; and who lost what in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.backtranslation import Judge
from signgen.judge.card import JudgeCard
from signgen.judge.panel import NORMALISED, Entry, Panel, judged
from signgen.judge.text.measure import Measure
from signgen.judge.text.resample import Resampling, bootstrap, percentiles
from signgen.judge.text.scores import Scorer
from signgen.judge.trial import Rendered

EXTRACTED = "system, found again in its videos"
KNOWN, FOUND = "control, as known", "control, found again"
GENERATOR, RENDERER, EXTRACTOR = "generator", "renderer", "extractor"


@dataclass(frozen=True)
class Share:
    """A part of what is lost between true poses and those found in the system's videos.

    Attributes:
        loser: one of the three, or several that could not be told apart, joined by `` + ``.
        value: in parts of the way from the best floor (0) to true poses (1); below 0 something was won.
        interval: 95 %, everything resampled together.
    """

    loser: str
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Loss:
    """What one measure says.

    Attributes:
        measure: its name.
        asked: normalised score of the poses that the system asked its renderer for; None if they were not given.
        found: normalised score of the poses found in its videos.
        shares: add up to 1 - ``found``; empty if the judge reads true poses no better than floors.
    """

    measure: str
    asked: Share | None
    found: Share | None
    shares: tuple[Share, ...]


@dataclass(frozen=True, eq=False)
class Gates:
    """The second gate of one judge.

    Attributes:
        extractor: what found the poses.
        entries: rows of the poses found again, and of the control.
        losses: one of each normalised measure.
        found: row of the poses found again; that of the system itself, if nobody says what was asked for.
        control: what stands for the extractor alone; empty if nothing does.
        notes: one line for each thing that a reader must know.
    """

    extractor: str
    entries: tuple[Entry, ...]
    losses: tuple[Loss, ...]
    found: Entry
    control: str
    notes: tuple[str, ...]


def gates(
    judge: Judge,
    rendered: Rendered,
    system: Entry,
    panel: Panel,
    scorer: Scorer,
    how: Resampling | None = None,
    glosses: Sequence[str] | None = None,
) -> Gates:
    """Judge what is found in videos and divide the loss.

    The generator loses what lies between true poses and those that it asked for, renderer and extractor together what
    lies between those and the ones found again. A control tells the two apart: poses that are known, and the same
    found again in pictures of them. What the extractor loses there it is taken to lose on the system's pictures too.

    Args:
        judge: who reads.
        rendered: what was found in the videos.
        system: the row of the system, of the poses asked for, or of those found if nobody says what was asked for.
        panel: of the same judge on the same test.
        scorer: of the true texts.
        how: to draw resamples.
        glosses: (n,) the true ones, if they are known.

    Raises:
        PoseError: a clip that cannot be read.
    """
    asked = system if rendered.has_asked else None
    found = judged(EXTRACTED, rendered.extracted, judge, scorer, glosses) if rendered.has_asked else system
    control: tuple[Entry, ...] = ()
    if rendered.control is not None:
        before = panel.ceilings[0]
        if rendered.control.known is not None:
            before = judged(KNOWN, rendered.control.known, judge, scorer, glosses)
        control = (before, judged(FOUND, rendered.control.found, judge, scorer, glosses))
    losses = tuple(
        loss for name in NORMALISED if (loss := _loss(name, asked, found, control, panel, how)) is not None
    )
    entries = [entry for entry in (found, *control) if entry not in (system, panel.ceilings[0])]
    name = rendered.control.name if rendered.control is not None else ""
    return Gates(rendered.extractor, tuple(entries), losses, found, name, tuple(_notes(rendered)))


def extractor_notes(card: JudgeCard, extractors: Sequence[str]) -> list[str]:
    """One line for each extractor whose poses a judge has not learnt from.

    Args:
        card: of the judge.
        extractors: what found the poses of the test; empty names are not known.
    """
    own = card.facts.extractors
    named = sorted({name for name in extractors if name})
    if not named:
        return []
    if not own:
        return [
            f"what found the judge's training poses is not known; those of the test are of {', '.join(named)}"
        ]
    strange = [name for name in named if name not in own]
    return [
        f"the judge learnt from poses of {', '.join(own)} and is shown those of {name}; a part of what is lost may be "
        "its own unfamiliarity"
        for name in strange
    ]


def check_extractors(card: JudgeCard, extractors: Sequence[str]) -> None:
    """Raise ConfigError if a judge is shown poses of an extractor that it has not learnt from."""
    for line in extractor_notes(card, extractors):
        raise ConfigError(
            f"judge {card.name}: {line}; use a judge of that extractor, or leave out --same-extractor"
        )


def _loss(
    name: str,
    asked: Entry | None,
    found: Entry,
    control: Sequence[Entry],
    panel: Panel,
    how: Resampling | None,
) -> Loss | None:
    """The shares by one measure; None if a row has no such measure."""
    rows = [panel.ceilings[0], found, *([] if asked is None else [asked]), *control]
    under = [measure for entry in panel.floors if (measure := entry.measure(name)) is not None]
    measures = [measure for entry in rows if (measure := entry.measure(name)) is not None]
    if len(measures) < len(rows) or not under:
        return None
    scaled = _scaled(measures, under, how)
    if scaled is None:
        return Loss(name, None, None, ())
    top, got, rest = scaled[0], scaled[1], scaled[2:]
    first, rest = (None, rest) if asked is None else (rest[0], rest[1:])
    parts = {
        **_of_renderer(top if first is None else first, got, rest, is_generator_in=first is None),
        **({} if first is None else {GENERATOR: top - first}),
    }
    order = sorted(parts, key=lambda loser: [GENERATOR, RENDERER, EXTRACTOR].index(loser.split(" + ")[0]))
    return Loss(
        name,
        None if first is None else _share("asked", first),
        _share("found", got),
        tuple(_share(loser, parts[loser]) for loser in order),
    )


def _of_renderer(
    start: np.ndarray, got: np.ndarray, control: Sequence[np.ndarray], *, is_generator_in: bool
) -> dict[str, np.ndarray]:
    """What is lost from ``start`` on, with the extractor told apart if there is a control."""
    others = f"{GENERATOR} + {RENDERER}" if is_generator_in else RENDERER
    if not control:
        return {f"{others} + {EXTRACTOR}": start - got}
    alone = control[0] - control[1]
    return {others: start - got - alone, EXTRACTOR: alone}


def _scaled(
    measures: Sequence[Measure], under: Sequence[Measure], how: Resampling | None
) -> list[np.ndarray] | None:
    """(1 + resamples,) of each measure on the way from the best floor to the first: the value, then the resamples."""
    drawn = bootstrap([*measures, *under], how)
    values = [np.append(one.value, many) for one, many in zip([*measures, *under], drawn, strict=True)]
    low = np.max(values[len(measures) :], axis=0)
    room = values[0] - low
    if room[0] <= 0 or percentiles(room[1:])[0] <= 0:
        return None
    return [(value - low) / room for value in values[: len(measures)]]


def _share(loser: str, values: np.ndarray) -> Share:
    return Share(loser, float(values[0]), percentiles(values[1:]))


def _notes(rendered: Rendered) -> list[str]:
    lines = []
    if not rendered.has_asked:
        lines.append(
            "no poses are given that the videos were made from, so what the generator lost is not separable"
        )
    if rendered.control is None:
        lines.append(
            "renderer and extractor are not separable: give true videos (video or extracted in the list of --ref), or "
            "--extractor-control"
        )
    return lines

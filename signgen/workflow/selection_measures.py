"""Judges at work on many clips: calibration and candidates, part by part, from the cache where it knows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.judge.backtranslation import Judge
from signgen.judge.card import disjointness
from signgen.judge.selection import MEASURES, Calibration, Rule, Values, calibrate
from signgen.judge.selection_scores import Candidate, Measured, fault, measure, spoiled
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest
from signgen.workflow.clip_parts import Part, parts_of, poses_of, text_of
from signgen.workflow.evaluation_inputs import Source, read_clips
from signgen.workflow.line_cache import LineCache
from signgen.workflow.progress import Progress

# Clips measured together: a kill loses at most so many.
_TOGETHER = 64


@dataclass(frozen=True)
class Sources:
    """What a selection reads.

    Attributes:
        clips: made ones, see `parts_of`.
        true: clips known to be good, for the calibration.
        extracted: poses found in the videos of the made clips, by the same names.
        true_extracted: likewise of the true ones.
        reports: of evaluations whose judges must be others.
        fps: rate of pose files that carry none.
    """

    clips: Path
    true: Path | None = None
    extracted: Path | None = None
    true_extracted: Path | None = None
    reports: tuple[Path, ...] = ()
    fps: float | None = None


class Measuring:
    """Judges at work, with what they said before."""

    def __init__(self, judges: Sequence[Judge], cache: LineCache, progress: Progress) -> None:
        self.judges, self.cache, self.progress = judges, cache, progress

    def calibrated(self, sources: Sources, rule: Rule, seed: int) -> Calibration:
        """Thresholds from the true clips.

        Raises:
            ConfigError: a judge was trained on them, or too few of them can be read.
        """
        parts = [] if sources.true is None else parts_of(sources.true, sources.fps)
        clips = {name: clip for part in parts for name, clip in part.read().items()}
        strangers(self.judges, {name: clip.info for name, clip in clips.items()}, "true clips")
        found = _extracted(sources.true_extracted, sources.fps)
        good = [_candidate(name, clip, found.get(name)) for name, clip in clips.items()]
        good = [clip for clip in good if not fault(self.judges, clip)]
        if sources.true_extracted is not None and not any(clip.extracted for clip in good):
            raise DataError(f"{sources.true_extracted}: has no clip of the names of the true clips")
        measured = _columns(self._all(good, "true clips"))
        bad = spoiled(good, seed) if len(good) > 1 else {}
        return calibrate(
            measured, {kind: _columns(self._all(clips, kind)) for kind, clips in bad.items()}, rule
        )

    def measured(
        self, parts: Sequence[Part], sources: Sources
    ) -> Iterator[tuple[Part, dict[str, Measured | str]]]:
        """Of each part what was found of each clip, or why nothing was."""
        total, done = sum(len(part.infos) for part in parts), 0
        extracted = _extracted(sources.extracted, sources.fps)
        for part in parts:
            clips = {name: _candidate(name, clip, extracted.get(name)) for name, clip in part.read().items()}
            faults = {name: fault(self.judges, clip) for name, clip in clips.items()}
            if sources.extracted is not None:
                faults |= {n: "has no extracted poses" for n in clips if n not in extracted and not faults[n]}
            ready = [name for name in clips if not faults[name]]
            measured = self._all([clips[name] for name in ready], "clips", done, total)
            found = dict(zip(ready, measured, strict=True))
            done += len(clips)
            yield part, {name: faults[name] or found[name] for name in clips}

    def _all(
        self, clips: Sequence[Candidate], stage: str, before: int = 0, total: int | None = None
    ) -> list[Measured]:
        found: list[Measured] = []
        for start in range(0, len(clips), _TOGETHER):
            found += self._some(clips[start : start + _TOGETHER])
            self.progress(stage, before + len(found), total or len(clips))
        return found

    def _some(self, clips: Sequence[Candidate]) -> list[Measured]:
        rows = self.cache.together(clips, [self._key(clip) for clip in clips], self._measure)
        return [Measured(row["values"], row["understood"], row["glosses"]) for row in rows]

    def _measure(self, clips: Sequence[Candidate]) -> list[dict[str, Any]]:
        return [vars(_rounded(found)) for found in measure(self.judges, clips)]

    def _key(self, clip: Candidate) -> str:
        """What stands for a clip and who measures it."""
        judges = "&".join(judge.signature for judge in self.judges)
        found = "" if clip.extracted is None else digest.of_poses(clip.extracted)
        return digest.of_text(
            "\n".join((judges, digest.of_poses(clip.poses), found, clip.text, clip.glosses))
        )


def strangers(judges: Sequence[Judge], infos: Mapping[str, Mapping[str, Any]], what: str) -> list[str]:
    """What judges have read of clips; refuses judges that were trained on them."""
    names, texts = list(infos), [text_of(info) for info in infos.values()]
    notes = []
    for judge in judges:
        seen = disjointness(judge.card, names, texts)
        if seen.is_contaminated:
            raise ConfigError(
                f"judge {judge.card.name}: was trained on {seen.clips} of the {seen.tests} {what}; use another judge, "
                "for it finds likely what it has learnt by heart"
            )
        if seen.texts:
            notes.append(
                f"judge {judge.card.name} read {seen.texts} of the {seen.tests} texts in its training"
            )
    return notes


def _candidate(name: str, clip: Source, extracted: PoseSequence | None) -> Candidate:
    """A clip as it is measured."""
    gloss = clip.info.get("gloss")
    glosses = gloss if isinstance(gloss, list) else str(gloss or "").split()
    found = extracted if extracted is not None else clip.extracted
    return Candidate(
        poses_of(name, clip),
        text_of(clip.info),
        " ".join(map(str, glosses)),
        None if clip.poses is None else found,
    )


def _rounded(found: Measured) -> Measured:
    """To what is written; a measure without a value is left out."""
    values = {name: round(value, 6) for name, value in found.values.items() if not math.isnan(value)}
    return replace(found, values=values)


def _columns(found: Sequence[Measured]) -> Values:
    """Measure -> (n,) values, of those measures that any clip has."""
    names = [name for name in MEASURES if any(name in each.values for each in found)]
    return {name: np.array([each.values.get(name, np.nan) for each in found]) for name in names}


def _extracted(source: Path | None, fps: float | None) -> dict[str, PoseSequence]:
    clips = {} if source is None else read_clips(source, fps)
    return {name: clip.poses for name, clip in clips.items()}

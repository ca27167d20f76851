"""What is evaluated and how: a system's clips beside true ones, and the options of an evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from signgen.data.trained_on import TrainedOn
from signgen.errors import DataError, PoseError
from signgen.judge.text.checks import check_references
from signgen.judge.text.measure import Measure
from signgen.judge.text.profiles import DEFAULT_PROFILE
from signgen.pose.geometry import shoulder_frame
from signgen.pose.sequence import PoseSequence

# Fewer clips bound nothing: an interval would come from a handful of sums.
FEWEST = 8


@dataclass(frozen=True, eq=False)
class Control:
    """Poses found again in pictures of known poses: what an extractor loses without a system.

    Attributes:
        name: of what it is.
        found: (n,) poses found in the pictures.
        known: (n,) what the pictures show; None if they show the true poses.
    """

    name: str
    found: tuple[PoseSequence, ...]
    known: tuple[PoseSequence, ...] | None = None


@dataclass(frozen=True, eq=False)
class Rendered:
    """What is seen in a system's videos.

    Attributes:
        extractor: what found the poses; several are joined by commas.
        extracted: (n,) poses found in the videos.
        has_asked: whether the hypotheses of the trial are the poses that the videos were made from; if not, they are
            those found in the videos.
        control: of the extractor.
        figures: measures of the videos, clip by clip.
        notes: what could not be measured, one line each.
    """

    extractor: str
    extracted: tuple[PoseSequence, ...]
    has_asked: bool
    control: Control | None = None
    figures: tuple[Measure, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Trial:
    """A system's clips beside what is true.

    Attributes:
        names: (n,) of the clips.
        hypotheses: (n,) made by the system.
        references: (n,) true poses.
        texts: (n,) true texts.
        language: of the texts.
        documents: (n,) source of each clip, if several come from one.
        extractors: what found the poses of both sides, as far as it is known.
        rendered: what is seen in the system's videos; None if there are none.
        glosses: (n,) true glosses, separated by spaces; None unless all clips have them.
    """

    names: tuple[str, ...]
    hypotheses: tuple[PoseSequence, ...]
    references: tuple[PoseSequence, ...]
    texts: tuple[str, ...]
    language: str
    documents: tuple[Hashable, ...] | None = None
    extractors: tuple[str, ...] = ()
    rendered: Rendered | None = None
    glosses: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        sizes = {len(self.names), len(self.hypotheses), len(self.references), len(self.texts)}
        sizes |= set() if self.rendered is None else {len(self.rendered.extracted)}
        sizes |= set() if self.glosses is None else {len(self.glosses)}
        if len(sizes) != 1:
            raise DataError(f"trial: {sorted(sizes)} names, hypotheses, references and texts; give one each")
        if len(self.names) < FEWEST:
            raise DataError(f"trial: {len(self.names)} clips; at least {FEWEST} are needed for any interval")
        check_references(self.texts)
        _check_clips(self.names, self.hypotheses, "hypotheses")
        _check_clips(self.names, self.references, "references")
        if self.rendered is not None:
            _check_clips(self.names, self.rendered.extracted, "poses found in videos")

    @property
    def all_extractors(self) -> tuple[str, ...]:
        """What found poses of the test, those in the system's videos included."""
        own = () if self.rendered is None else (self.rendered.extractor,)
        return tuple(dict.fromkeys((*self.extractors, *own)))

    @property
    def id(self) -> str:
        """Hash of names and texts: two reports with the same are of the same test."""
        lines = "\n".join(f"{name}\t{text}" for name, text in zip(self.names, self.texts, strict=True))
        return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _check_clips(names: Sequence[str], clips: Sequence[PoseSequence], side: str) -> None:
    """Raise PoseError for a clip that no judge could read, by its name."""
    for name, clip in zip(names, clips, strict=True):
        try:
            if not len(clip):
                raise PoseError("no frames")
            shoulder_frame(clip)
        except PoseError as error:
            raise PoseError(
                f"{side}: clip {name!r:.80}: {error}; leave it out on both sides, and say so"
            ) from None


@dataclass(frozen=True)
class Options:
    """How a system is evaluated.

    Attributes:
        profile: convention of the text scores.
        seed: of controls and resamples.
        resamples: of the bootstrap.
        stamp: go on with a judge that fails admission or was trained on the test, and say so in the report.
        train_texts: what a lazy system, or the judge, would copy from.
        generator: what the generator was trained on, see `signgen.data.trained_on.read_trained_on`.
        oracle: poses stitched from the true glosses.
        oracle_note: how they were made, or why they were not.
        same_extractor: refuse a judge that has not learnt from poses of the extractor that it is shown.
    """

    profile: str = DEFAULT_PROFILE
    seed: int = 0
    resamples: int = 1000
    stamp: bool = False
    train_texts: tuple[str, ...] | None = None
    generator: TrainedOn | None = None
    oracle: tuple[PoseSequence, ...] | None = None
    oracle_note: str = ""
    same_extractor: bool = False

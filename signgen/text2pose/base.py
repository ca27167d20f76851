"""`PoseSource`: text to poses, and `Utterance`: the poses with the account of where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from signgen.config import Registry
from signgen.data.cue import Cue
from signgen.lexicon.plan import TokenReport
from signgen.pose.sequence import PoseSequence


class PoseSource(Protocol):
    """Anything that turns a text into poses; the same seed gives the same poses."""

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        """Poses of one signer for ``text``."""
        ...


@dataclass(frozen=True)
class FrameOrigin:
    """Where a run of output frames came from.

    Attributes:
        start: first output frame.
        end: one past the last output frame.
        operation: ``sign``, ``transition``, ``hold``, ``pause``, ``rest``, ``raise`` or ``lower``.
        entry: id of the lexicon entry, empty for transitions and pauses.
        source_start: first frame used of the recording, in the recording's own rate.
        source_end: one past the last.
        licence: licence of the recording.
    """

    start: int
    end: int
    operation: str
    entry: str = ""
    source_start: int = 0
    source_end: int = 0
    licence: str = ""


@dataclass(frozen=True)
class Utterance:
    """Poses and the account of how they were made.

    Attributes:
        poses: the poses.
        mode: how the text was put into signs, such as ``word-by-word`` or a rule set's name.
        tiers: gloss timeline and other time-aligned texts by tier name (``text``, ``gloss``, ``source``).
        coverage: what became of each input token; empty if the source has no such notion.
        origins: origin of every frame, in order and without gaps; empty if unknown.
        report: figures about the making, ready for JSON (seams, sources, warnings).
    """

    poses: PoseSequence
    mode: str = ""
    tiers: Mapping[str, tuple[Cue, ...]] = field(default_factory=dict)
    coverage: tuple[TokenReport, ...] = ()
    origins: tuple[FrameOrigin, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class ExplainedSource(Protocol):
    """A source that can also say how it made the poses."""

    def explain(self, text: str, *, seed: int = 0) -> Utterance:
        """Poses for ``text`` with their account."""
        ...


def utter(source: PoseSource, text: str, *, seed: int = 0) -> Utterance:
    """The poses of any source as an `Utterance`; the account is as rich as the source can give."""
    if isinstance(source, ExplainedSource):
        return source.explain(text, seed=seed)
    poses = source(text, seed=seed)
    return Utterance(poses, tiers={"text": (Cue(0.0, poses.seconds, text),)})


sources: Registry[PoseSource] = Registry("source", "signgen.text2pose")

"""A source whose poses get the body, the view and the faults of a `Look`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from signgen.pose.looks import Look
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import PoseSource, Utterance, utter


@dataclass(frozen=True)
class Looked:
    """What ``source`` makes, as someone else signs it before another camera.

    Attributes:
        source: text to poses.
        look: body, view and recording.
    """

    source: PoseSource
    look: Look

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        """Poses for ``text``; see `explain` for errors."""
        return self.explain(text, seed=seed).poses

    def explain(self, text: str, *, seed: int = 0) -> Utterance:
        """Poses for ``text`` with the account of the source.

        Raises:
            PoseError: another view is asked for and the source's poses have no depth.
            SignGenError: as the source raises.
        """
        utterance = utter(self.source, text, seed=seed)
        return replace(utterance, poses=self.look(utterance.poses, seed=seed))

"""Signs of a lexicon for a SignDW Transformer to look at, and when a text would have them signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signgen.data.columnar import Clip as Stored
from signgen.data.columnar import write_columnar
from signgen.errors import PoseError
from signgen.lexicon.entry import Entry
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.stitch import Stitch

if TYPE_CHECKING:
    from signgen.signdw.signing.drafts import Draft

# A signer of this many pixels from shoulder to shoulder in the middle of such a canvas; the network sees neither.
_CANVAS, _SHOULDERS = 512, 164.0


@dataclass(frozen=True)
class Drafts:
    """Drafts of sentences: the glosses and times of the stitcher, each sign with the recording that it would use.

    Attributes:
        lexicon: as of `Stitch`.
        signed_language: of what is signed; empty: the lexicon's first.
    """

    lexicon: str
    signed_language: str = ""

    def __call__(self, text: str) -> Draft:
        """The draft of a sentence.

        Raises:
            LexiconError: nothing in the text can be signed.
            DataError: a recording cannot be read.
        """
        from signgen.signdw.signing.drafts import Draft

        made = self.stitch.explain(text)
        rate = made.poses.fps
        spans = [(cue.text, round(cue.start * rate), round(cue.end * rate)) for cue in made.tiers["gloss"]]
        signs = tuple(self.sign(self._by_id[cue.text]) for cue in made.tiers["source"])
        return Draft(tuple(spans), len(made.poses), signs)

    @cached_property
    def stitch(self) -> Stitch:
        """What makes the drafts."""
        return Stitch(lexicon=self.lexicon, signed_language=self.signed_language)

    def sign(self, entry: Entry) -> PoseSequence | None:
        """An isolated sign without lead-in and lead-out; None if its signer's shoulders are never seen."""
        from signgen.text2pose.stitching.crop import active_span

        try:
            clip = self.stitch.prepared(entry)
        except PoseError:
            return None
        start, stop = (0, len(clip)) if clip.is_cut else active_span(clip)
        seen = clip.confidence[start:stop]
        keypoints = np.zeros((*seen.shape, 3), np.float32)
        keypoints[..., :2] = clip.points[start:stop, :, :2] * _SHOULDERS + _CANVAS / 2
        keypoints[..., 2] = seen
        keypoints[seen == 0] = 0
        return PoseSequence(keypoints, clip.fps, _CANVAS, _CANVAS)

    def write_signs(self, path: Path) -> Path:
        """Write a sign for each gloss of the lexicon as a columnar shard that a training retrieves from.

        Returns:
            The path.

        Raises:
            ResourceError: the disk is full or the folder cannot be written.
            DataError: a recording cannot be read.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        write_columnar(self._stored(), path)
        return path

    def _stored(self) -> Iterator[Stored]:
        done: set[str] = set()
        for entry in self.stitch.opened.entries:
            glosses = [gloss for gloss in entry.glosses if gloss not in done]
            sign = self.sign(entry) if glosses else None
            if sign is None:
                continue
            for gloss in glosses:
                done.add(gloss)
                yield Stored(gloss, sign, {"gloss": gloss, "entry": entry.id, "licence": entry.licence})

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.stitch.opened.entries}

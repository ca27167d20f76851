"""`Entry`: one recorded variant of one isolated sign; one row of a lexicon's ``index.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A recording and the words and glosses it stands for.

    Attributes:
        lexicon: name of the lexicon it came from.
        path: the pose file.
        spoken_language: ISO 639 code of ``words``.
        signed_language: ISO 639-3 code.
        start: start of the sign in the recording [s].
        end: its end [s], or None for the end of the recording.
        words: spoken-language words the sign stands for; the first is preferred.
        glosses: glosses of the sign; the first is preferred.
        priority: of several entries for one word the lowest number is tried first.
        handedness: ``right``, ``left`` or ``both``: the dominant hand of the recording.
        variant: name of this variant of the sign, empty if there is one only.
        licence: licence of the recording.
        signer: who signs.
        sign: name of the sign where ``path`` is a file in notation and not a recording.
    """

    lexicon: str
    path: Path
    spoken_language: str
    signed_language: str
    start: float = 0.0
    end: float | None = None
    words: tuple[str, ...] = ()
    glosses: tuple[str, ...] = ()
    priority: int = 0
    handedness: str = "right"
    variant: str = ""
    licence: str = ""
    signer: str = ""
    sign: str = ""

    @property
    def gloss(self) -> str:
        """The preferred gloss."""
        return self.glosses[0] if self.glosses else (self.words[0].upper() if self.words else self.path.stem)

    @cached_property
    def id(self) -> str:
        """Stable name for provenance: lexicon, folder, file and span, or file and sign."""
        if self.sign:
            return f"{self.lexicon}/{self.path.name}#{self.sign}"
        span = "" if self.start == 0 and self.end is None else f"#{self.start:g}-{self.end or ''}"
        return f"{self.lexicon}/{self.path.parent.name}/{self.path.name}{span}"

"""`ConversionReport`: what became of every keypoint when one layout was turned into another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConversionReport:
    """The account of one conversion, by keypoint names.

    Attributes:
        layout: the layout converted from or to.
        mapped: keypoints of the result that were copied.
        derived: keypoints of the result that were computed from several others.
        dropped: keypoints of the original that have no place in the result.
        missing: keypoints of the result that nothing in the original gives.
        notes: what else was decided on the way, one sentence each.
    """

    layout: str
    mapped: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = ", ".join(
            f"{len(names)} {what}"
            for what in ("mapped", "derived", "dropped", "missing")
            if (names := getattr(self, what))
        )
        return f"{self.layout}: {'; '.join((counts or 'nothing to convert', *self.notes))}"

"""`Made`, what a stage makes of a video: the content of its files and what there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signgen.dataset.reasons import Reason


@dataclass(frozen=True)
class Made:
    """The result of one stage.

    Attributes:
        files: content by name; empty if the video is rejected.
        reasons: why the video is rejected.
        notes: what was odd.
        facts: figures for the record.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def rejected(name: str, detail: str = "") -> Made:
    """A video that cannot be used."""
    return Made(reasons=(Reason(name, detail),))

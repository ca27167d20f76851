"""`Track`, the captions of one language, and the building of one from rows that may be bad."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from signgen.data.cue import Cue

Kind = Literal["manual", "automatic", "translated"]
MAX_SECONDS = 1e6

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]{1,9})?)")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{0,15})?(?:[eE][-+]?[0-9]{1,3})?s?")


class Row(NamedTuple):
    """What a file says about one cue; None is what it does not say, or says in no way that can be read."""

    start: float | None
    end: float | None
    text: str | None
    is_open: bool = False  # no end is given, so it lasts until the next one starts


@dataclass(frozen=True)
class Track:
    """The captions of one language from one author.

    Attributes:
        language: primary subtag of BCP 47, empty if unknown.
        cues: in order of time, as the file has them but for markup.
        kind: ``manual`` as far as nothing says otherwise; ``automatic`` from speech recognition;
            ``translated`` by a machine.
        translated_from: language that a machine translated, if known.
        name: of the file, or of the tier in it.
        dropped: cues that could not be taken from the file, by reason.
    """

    language: str
    cues: tuple[Cue, ...]
    kind: Kind = "manual"
    translated_from: str = ""
    name: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        """Whether a machine made it."""
        return self.kind != "manual"


def cues_of(rows: Iterable[Row]) -> tuple[tuple[Cue, ...], Counter[str]]:
    """The cues of rows in order of time, and how many were dropped for what reason.

    An open row lasts until the next one that starts later. Reasons: ``bad-times`` (none, not finite, below zero or
    beyond `MAX_SECONDS`), ``negative-duration``, ``no-duration`` (an open row with nothing after it), ``no-text``.
    """
    dropped, good = Counter[str](), list[Row]()
    for row in rows:
        reason = _wrong(row)
        dropped.update([reason] if reason else [])
        good += [] if reason else [row]
    good.sort(key=lambda row: (row.start or 0.0, row.end or 0.0))
    cues, later = list[Cue](), math.inf
    for index in range(len(good) - 1, -1, -1):
        row = good[index]
        start = row.start or 0.0
        end = later if row.is_open else row.end or 0.0
        if math.isinf(end):
            dropped["no-duration"] += 1
        else:
            cues.append(Cue(start, end, _plain(row.text or "")))
        if index and (good[index - 1].start or 0.0) < start:
            later = start
    return tuple(reversed(cues)), dropped


def seconds_of(value: object) -> float | None:
    """Seconds that a value stands for: a number, or text such as ``12.5``, ``1:02.5`` or ``00:01:02,500``.

    >>> seconds_of("1:02,5"), seconds_of(3), seconds_of("soon")
    (62.5, 3.0, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return float(value) if abs(value) <= MAX_SECONDS * 1000 else None
    text = value.strip()
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return float(text.rstrip("s").replace(",", ".")) if _NUMBER.fullmatch(text) else None


def _wrong(row: Row) -> str:
    """Why a row cannot be a cue, or nothing."""
    if row.text is None:
        return "no-text"
    times = [row.start] if row.is_open else [row.start, row.end]
    if any(time is None or not 0 <= time <= MAX_SECONDS for time in times):
        return "bad-times"
    return "negative-duration" if not row.is_open and (row.end or 0.0) < (row.start or 0.0) else ""


def _plain(text: str) -> str:
    """Text that UTF-8 has a form for."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text

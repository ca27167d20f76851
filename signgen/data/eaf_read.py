"""Read ELAN annotation files, from anyone, with nothing of XML but elements, attributes and text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from signgen.data.cue import Cue
from signgen.errors import DataError

MAX_BYTES = 64 << 20
MAX_DEPTH = 32


@dataclass
class _Annotation:
    """One annotation as the file has it: two time slots, or another annotation that gives the times."""

    start_slot: str = ""
    end_slot: str = ""
    parent: str = ""
    text: str = ""


@dataclass
class _Document:
    """What the parser collects."""

    slots: dict[str, int | None] = field(default_factory=dict)
    tiers: dict[str, list[str]] = field(default_factory=dict)
    annotations: dict[str, _Annotation] = field(default_factory=dict)
    units: str = "milliseconds"


def read_eaf(path: Path) -> dict[str, list[Cue]]:
    """The tiers of an ELAN file by name, each with its cues in order of time.

    A dependent annotation has the times of the one it refers to. Time slots without a value lie evenly
    between their neighbours on the tier, as ELAN shows them.

    Raises:
        DataError: missing, too large, not XML, not ELAN, with a document type, or with broken references.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: larger than {MAX_BYTES >> 20} MiB; is this an ELAN file?")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    document = _Reader(path).read(data)
    if document.units != "milliseconds":
        raise DataError(f"{path}: times in {document.units!r}; only milliseconds are read")
    return {name: _cues(path, document, name) for name in document.tiers}


class _Reader:
    """Fills a `_Document` from the events of expat."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document = _Document()
        self._open: list[str] = []
        self._tier: list[str] | None = None
        self._annotation: _Annotation | None = None
        self._text: list[str] | None = None

    def read(self, data: bytes) -> _Document:
        """Parse the whole file."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise DataError(f"{self.path}: not valid XML: {error}") from None
        except (LookupError, ValueError) as error:
            raise DataError(f"{self.path}: cannot be decoded: {error}") from None
        return self.document

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise DataError(f"{self.path}: has a document type (<!DOCTYPE>), which ELAN files never do; refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != "ANNOTATION_DOCUMENT":
            raise DataError(f"{self.path}: not an ELAN file: it starts with <{name[:40]}>")
        if len(self._open) >= MAX_DEPTH:
            raise DataError(f"{self.path}: elements are nested too deep for an ELAN file")
        self._open.append(name)
        if name == "HEADER":
            self.document.units = attributes.get("TIME_UNITS", "milliseconds")
        elif name == "TIME_SLOT":
            self._add_slot(attributes)
        elif name == "TIER":
            self._add_tier(attributes)
        elif name in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self._add_annotation(name, attributes)
        elif name == "ANNOTATION_VALUE":
            self._text = []

    def _end(self, name: str) -> None:
        self._open.pop()
        if name == "ANNOTATION_VALUE" and self._text is not None:
            if self._annotation is not None:
                self._annotation.text = "".join(self._text)
            self._text = None
        elif name in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self._annotation = None
        elif name == "TIER":
            self._tier = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _add_slot(self, attributes: dict[str, str]) -> None:
        value = attributes.get("TIME_VALUE")
        if value is not None and not (value.isascii() and value.isdecimal() and len(value) < 13):
            raise DataError(f"{self.path}: bad TIME_VALUE {value[:40]!r}")
        slot = self._attribute(attributes, "TIME_SLOT_ID")
        self.document.slots[slot] = None if value is None else int(value)

    def _add_tier(self, attributes: dict[str, str]) -> None:
        name = self._attribute(attributes, "TIER_ID")
        if name in self.document.tiers:
            raise DataError(f"{self.path}: two tiers are called {name[:40]!r}")
        self._tier = self.document.tiers[name] = []

    def _add_annotation(self, kind: str, attributes: dict[str, str]) -> None:
        if self._tier is None:
            raise DataError(f"{self.path}: an annotation outside every tier")
        identifier = self._attribute(attributes, "ANNOTATION_ID")
        if identifier in self.document.annotations:
            raise DataError(f"{self.path}: two annotations have the id {identifier[:40]!r}")
        if kind == "REF_ANNOTATION":
            found = _Annotation(parent=self._attribute(attributes, "ANNOTATION_REF"))
        else:
            found = _Annotation(
                self._attribute(attributes, "TIME_SLOT_REF1"), self._attribute(attributes, "TIME_SLOT_REF2")
            )
        self._annotation = self.document.annotations[identifier] = found
        self._tier.append(identifier)

    def _attribute(self, attributes: dict[str, str], name: str) -> str:
        if name not in attributes:
            raise DataError(f"{self.path}: <{self._open[-1]}> without {name}")
        return attributes[name]


def _cues(path: Path, document: _Document, tier: str) -> list[Cue]:
    """The annotations of a tier as cues."""
    own = document.annotations
    spans = [_aligned(path, document, identifier) for identifier in document.tiers[tier]]
    times = _times(path, document, [slot for span in spans for slot in span])
    cues = []
    for identifier, (start, end) in zip(document.tiers[tier], spans, strict=True):
        if times[end] < times[start]:
            raise DataError(f"{path}: annotation {identifier[:40]!r} ends before it starts")
        cues.append(Cue(times[start] / 1000, times[end] / 1000, own[identifier].text))
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _aligned(path: Path, document: _Document, identifier: str) -> tuple[str, str]:
    """Time slots of an annotation, or of the one that it depends on."""
    chain: dict[str, _Annotation] = {}
    while identifier not in chain:
        found = document.annotations.get(identifier)
        if found is None:
            raise DataError(f"{path}: no annotation {identifier[:40]!r}, but another refers to it")
        if found.start_slot:
            for dependent in chain.values():  # so that a long chain is walked only once
                dependent.start_slot, dependent.end_slot = found.start_slot, found.end_slot
            return found.start_slot, found.end_slot
        chain[identifier] = found
        identifier = found.parent
    raise DataError(f"{path}: annotation {identifier[:40]!r} refers to itself")


def _times(path: Path, document: _Document, slots: list[str]) -> dict[str, float]:
    """Times [ms] of the slots of a tier; those without a value lie evenly between their neighbours."""
    times: dict[str, float] = {}
    waiting: list[str] = []
    last: float | None = None
    for slot in dict.fromkeys(slots):
        if slot not in document.slots:
            raise DataError(f"{path}: no time slot {slot[:40]!r}, but an annotation refers to it")
        value = document.slots[slot]
        if value is None:
            waiting.append(slot)
            continue
        for step, name in enumerate(waiting, start=1):
            begin = value if last is None else last
            times[name] = begin + (value - begin) * step / (len(waiting) + 1)
        waiting, last = [], float(value)
        times[slot] = last
    if waiting and last is None:
        raise DataError(f"{path}: a tier has no times at all")
    times.update(dict.fromkeys(waiting, last or 0.0))
    return times

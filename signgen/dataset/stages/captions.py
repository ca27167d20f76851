"""Stage 1, captions: what is signed and when, as ``caption.json`` of SignVerse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from signgen.data.strict_json import to_json
from signgen.dataset.captions import Cutting, document_of, read_any_captions
from signgen.dataset.folder import CAPTION
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.dataset.stages.base import Made, rejected
from signgen.errors import DataError


def make_captions(sample: Sample, captions: Path | None, cutting: Cutting) -> Made:
    """The caption of a sample from its caption file or folder, or else from the manifest's text."""
    try:
        tracks = read_any_captions(captions) if captions else []
    except DataError as error:
        return rejected("bad-captions", str(error).removeprefix(f"{captions}: "))
    found = document_of(sample, tracks, cutting)
    caption = found.caption
    facts = {
        "segments": len(caption["segments"]),
        "has_text": bool(caption["document_text"]),
        "caption_language": caption["caption_language"],
        "caption_kind": caption["caption_kind"],
        "cues_dropped": found.dropped,
        "cues_mended": found.mended,
    }
    notes = []
    if not caption["document_text"] and not sample.gloss:
        notes.append(Reason("no-captions", "nothing says what is signed"))
    if found.dropped:
        notes.append(Reason("cues-dropped", _counted(found.dropped)))
    return Made({CAPTION: (to_json(caption) + "\n").encode()}, (), tuple(notes), facts)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))

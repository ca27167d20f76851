"""Stage 1, captions: what is signed, as ``caption.json`` of SignVerse."""

from __future__ import annotations

from pathlib import Path

from signgen.data.strict_json import to_json
from signgen.dataset.folder import CAPTION
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.dataset.stages.base import Made, rejected
from signgen.errors import DataError


def make_captions(sample: Sample, captions: Path | None) -> Made:
    """The caption of a sample from its caption file, or else from the manifest's text."""
    from signgen.data.captions import read_captions

    try:
        cues = read_captions(captions) if captions else []
    except DataError as error:
        return rejected("bad-captions", str(error).removeprefix(f"{captions}: "))
    caption = {
        "video_id": sample.video_id,
        "sign_language": sample.signed_language,
        "segments": [{"start": cue.start, "end": cue.end, "text": cue.text} for cue in cues],
        "document_text": sample.text or " ".join(cue.text for cue in cues),
    }
    notes = (
        ()
        if caption["document_text"] or sample.gloss
        else (Reason("no-captions", "nothing says what is signed"),)
    )
    return Made(
        {CAPTION: (to_json(caption) + "\n").encode()},
        (),
        notes,
        {"segments": len(cues), "has_text": bool(caption["document_text"])},
    )

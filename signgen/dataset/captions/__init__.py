"""Captions of any common format to what is signed and when: read, cleaned, cut into sentences, as ``caption.json``."""

from __future__ import annotations

from signgen.dataset.captions.clean import Cleaned, clean_cues
from signgen.dataset.captions.document import Document, caption_json, document_of
from signgen.dataset.captions.read import read_any_captions
from signgen.dataset.captions.sentences import Cutting, segment
from signgen.dataset.captions.track import Track

__all__ = [
    "Cleaned",
    "Cutting",
    "Document",
    "Track",
    "caption_json",
    "clean_cues",
    "document_of",
    "read_any_captions",
    "segment",
]

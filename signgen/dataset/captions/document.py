"""The ``caption.json`` of a video: sentences of the track to learn from, the whole text, and where English is from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signgen.data.cue import Cue
from signgen.data.languages import normalise_signed_language
from signgen.dataset.captions.clean import Cleaned, Dropped, clean_cues
from signgen.dataset.captions.sentences import CUTTING, Cutting, joined_text, segment
from signgen.dataset.captions.tags import language_of
from signgen.dataset.captions.track import Track
from signgen.dataset.manifest import Sample
from signgen.errors import ConfigError

ENGLISH = "en"
_KINDS = ("manual", "automatic", "translated")


@dataclass(frozen=True)
class Document:
    """A caption and how it came about.

    Attributes:
        caption: content of ``caption.json``.
        track: the track it was made of; None if there is none with a text.
        dropped: cues that were left out of that track, by reason.
        mended: cues that were changed, by reason.
    """

    caption: Mapping[str, Any]
    track: Track | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)


def caption_json(sample: Sample, tracks: Sequence[Track]) -> dict[str, Any]:
    """The ``caption.json`` of SignVerse for a sample; see `document_of`."""
    return dict(document_of(sample, tracks).caption)


def document_of(sample: Sample, tracks: Sequence[Track], cutting: Cutting = CUTTING) -> Document:
    """The caption of a sample from its tracks, cut to its part of the video; times count from where the part starts.

    The track in the sample's spoken language counts, else one in any; a manual one before an automatic one before a
    translated one; English before others. Without tracks the text of the manifest is all there is, and with them it
    still is the ``document_text``.

    ``english_source`` is ``native`` or ``translated_from:LANGUAGE`` as in SignVerse, or ``none``; ``english_kind``
    tells manual from automatic tracks.
    """
    usable = [
        (track, _cut(clean_cues(track.cues), sample)) for track in ordered(tracks, sample.spoken_language)
    ]
    usable = [(track, found) for track, found in usable if found.cues]
    track, found = usable[0] if usable else (None, Cleaned(()))
    sentences = segment(found.cues, cutting) if track else _whole(sample)
    language = track.language if track else language_of(sample.spoken_language)
    text = sample.text or joined_text(cue.text for cue in sentences)
    caption: dict[str, Any] = {
        "video_id": sample.video_id,
        "sign_language": _signed(sample.signed_language),
        "caption_language": language,
        "caption_kind": track.kind if track else "manual" if text else "none",
        "segments": [
            {"start": cue.start, "end": cue.end, "text": cue.text} for cue in map(_rounded, sentences)
        ],
        "document_text": text,
    }
    if sample.end is not None:
        caption["duration_s"] = round(sample.end - sample.start, 3)
    english = next((item for item in usable if item[0].language == ENGLISH), None)
    if language == ENGLISH:
        caption |= _english_of(track, bool(text))
    elif english is None:
        caption |= _english_of(None, False)
    else:
        caption |= _english_of(english[0], True)
        _translate(caption, segment(english[1].cues, cutting))
    dropped = Counter(track.dropped if track else {}) + found.reasons
    return Document(caption, track, dict(sorted(dropped.items())), found.mended)


def ordered(tracks: Sequence[Track], language: str = "") -> list[Track]:
    """Tracks, the one to use first: of the wanted language, then by who made it, then English, then by their order."""
    wanted = language_of(language)

    def rank(track: Track) -> tuple[bool, int, bool]:
        return (
            bool(wanted) and track.language != wanted,
            _KINDS.index(track.kind),
            track.language != ENGLISH,
        )

    return sorted(tracks, key=rank)


def _english_of(track: Track | None, has_english: bool) -> dict[str, str]:
    """Where English is from."""
    if not has_english:
        return {"english_source": "none", "english_kind": "none"}
    if track is None or track.kind != "translated":
        return {"english_source": "native", "english_kind": track.kind if track else "manual"}
    return {"english_source": f"translated_from:{track.translated_from or 'und'}", "english_kind": track.kind}


def _translate(caption: dict[str, Any], english: Sequence[Cue]) -> None:
    """Add English to the segments; each sentence goes to the segment with which it shares the most time."""
    texts: dict[int, list[str]] = {}
    spans = [(row["start"], row["end"]) for row in caption["segments"]]
    first = 0
    for cue in english:
        while first < len(spans) and spans[first][1] <= cue.start:
            first += 1
        near = [n for n in range(first, min(first + 64, len(spans))) if spans[n][0] < cue.end]
        if near:
            best = max(near, key=lambda n: min(cue.end, spans[n][1]) - max(cue.start, spans[n][0]))
            texts.setdefault(best, []).append(cue.text)
    for index, parts in texts.items():
        caption["segments"][index]["english"] = joined_text(parts)
    caption["english_text"] = joined_text(cue.text for cue in english)


def _cut(found: Cleaned, sample: Sample) -> Cleaned:
    """The cues that lie at least half in the sample's part of the video, with times from its start."""
    if not sample.is_cut:
        return found
    end = math.inf if sample.end is None else sample.end
    inside, outside = list[Cue](), list[Dropped]()
    for cue in found.cues:
        first, last = max(cue.start, sample.start), min(cue.end, end)
        if last - first >= (cue.end - cue.start) / 2:
            inside.append(Cue(first - sample.start, last - sample.start, cue.text))
        else:
            outside.append(Dropped(cue, "outside"))
    return Cleaned(tuple(inside), (*found.dropped, *outside), found.mended)


def _whole(sample: Sample) -> list[Cue]:
    """The text of the manifest as one sentence, where it is known how long it is."""
    has_time = sample.text and sample.end is not None
    return [Cue(0.0, (sample.end or 0.0) - sample.start, sample.text)] if has_time else []


def _rounded(cue: Cue) -> Cue:
    return Cue(round(cue.start, 3), round(cue.end, 3), cue.text)


def _signed(code: str) -> str:
    """ISO 639-3 of a signed language; a code that is not known stays as it is."""
    try:
        return normalise_signed_language(code) if code else ""
    except ConfigError:
        return code

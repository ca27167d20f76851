"""Captions in the JSON of platforms and tools, told apart by their shape.

YouTube's json3 (``events`` with ``segs``); lists of cues in seconds or milliseconds under the usual names, alone, as
``segments`` (Whisper, SignVerse), ``body``, ``cues`` ...; and mappings from languages to such lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from signgen.data.files import read_file
from signgen.data.strict_json import parse_json
from signgen.dataset.captions.tags import Named, language_of, named, named_file
from signgen.dataset.captions.track import Kind, Row, Track, cues_of, seconds_of
from signgen.errors import DataError

MAX_BYTES = 16 << 20
MAX_TRACKS = 400

_LISTS = ("segments", "cues", "captions", "subtitles", "body", "transcript", "transcripts", "items")
_LANGUAGES = ("language", "lang", "language_code", "languageCode", "caption_language")
_SECONDS = {
    "start": ("start", "start_sec", "start_s", "start_time", "startTime", "from", "begin", "offset"),
    "end": ("end", "end_sec", "end_s", "end_time", "endTime", "to", "stop"),
    "duration": ("duration", "dur", "duration_sec", "duration_s"),
}
_MILLISECONDS = {
    "start": ("start_ms", "startMs", "tStartMs", "tOffsetMs"),
    "end": ("end_ms", "endMs"),
    "duration": ("duration_ms", "durationMs", "dDurationMs"),
}
_TEXTS = ("text", "content", "sentence", "caption", "line", "utf8")


def read_json_tracks(path: Path) -> list[Track]:
    """The tracks of a JSON file; see the module for the shapes.

    Raises:
        DataError: missing, too large, not JSON, or of no shape with captions.
    """
    value = parse_json(read_file(path, MAX_BYTES), str(path), MAX_BYTES)
    tracks = list(_tracks(value, named_file(path.stem), path.name))
    if not tracks:
        raise DataError(
            f"{path}: no captions found; expected json3, a list of cues with start and text, or 'segments'"
        )
    if len(tracks) > MAX_TRACKS:
        raise DataError(f"{path}: more than {MAX_TRACKS} tracks")
    return tracks


def _tracks(value: Any, name: Named, where: str) -> Iterator[Track]:
    if isinstance(value, list) and any(_is_cue(item) for item in value):
        yield _track(value, name, where)
    elif isinstance(value, dict) and isinstance(value.get("events"), list):
        yield _json3(value["events"], name, where)
    elif isinstance(value, dict):
        languages = value.get("languages")
        if isinstance(languages, dict):
            yield from _by_language(languages, where)
        elif (items := _list_of(value)) is not None:
            yield _track(items, _said(value, name), where)
            if any(isinstance(item, dict) and isinstance(item.get("english"), str) for item in items):
                yield _track(_english(items), _said_of_english(value), f"{where}:english")
        else:
            yield from _by_language(value, where)


def _by_language(value: Mapping[str, Any], where: str) -> Iterator[Track]:
    for tag, content in value.items():
        name = named(tag)
        items = _list_of(content) if isinstance(content, dict) else content
        if name is not None and isinstance(items, list) and any(_is_cue(item) for item in items):
            yield _track(items, name, f"{where}:{tag}")


def _list_of(value: Mapping[str, Any]) -> list[Any] | None:
    found = (value.get(name) for name in _LISTS)
    return next((items for items in found if isinstance(items, list)), None)


def _said(value: Mapping[str, Any], name: Named) -> Named:
    """What the file itself says of its language, and of who made it, over what its name says."""
    tags = (value.get(key) for key in _LANGUAGES)
    language = next((code for tag in tags if (code := language_of(tag))), name.language)
    if language in ("", "en") and isinstance(value.get("english_source"), str):
        return _said_of_english(value)  # a caption of SignVerse, in English
    automatic = value.get("is_generated") is True or "automatic" in (
        value.get("caption_kind"),
        value.get("kind"),
    )
    kind: Kind = "automatic" if automatic or value.get("kind") == "asr" else name.kind
    return Named(language, kind, name.translated_from if kind == "translated" else "")


def _said_of_english(value: Mapping[str, Any]) -> Named:
    """Where the English of a caption of SignVerse is from."""
    kind, _, language = str(value.get("english_source")).partition(":")
    if kind == "translated_from":
        return Named("en", "translated", "" if language == "und" else language_of(language))
    return Named("en", "automatic" if value.get("english_kind") == "automatic" else "manual")


def _english(items: list[Any]) -> list[Any]:
    """The cues with their English for text."""
    there = (item for item in items if isinstance(item, dict) and isinstance(item.get("english"), str))
    return [{**item, "text": item["english"]} for item in there]


def _is_cue(item: Any) -> bool:
    return isinstance(item, dict) and any(isinstance(item.get(key), str) for key in _TEXTS)


def _track(items: list[Any], name: Named, where: str) -> Track:
    rows = (_row(item) if isinstance(item, dict) else Row(None, None, None) for item in items)
    cues, dropped = cues_of(rows)
    return Track(name.language, cues, name.kind, name.translated_from, where, dropped)


def _row(item: Mapping[str, Any]) -> Row:
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
    start, end, duration = _time(item, "start"), _time(item, "end"), _time(item, "duration")
    if end is None and start is not None and duration is not None:
        end = start + duration
    is_open = not any(
        key in item for kind in ("end", "duration") for key in _SECONDS[kind] + _MILLISECONDS[kind]
    )
    return Row(start, end, text, is_open)


def _time(item: Mapping[str, Any], kind: str) -> float | None:
    for key in _MILLISECONDS[kind]:
        if key in item:
            milliseconds = seconds_of(item[key])
            return None if milliseconds is None else milliseconds / 1000
    return next((seconds_of(item[key]) for key in _SECONDS[kind] if key in item), None)


def _json3(events: list[Any], name: Named, where: str) -> Track:
    """Events of json3; those without text set up windows, and those that only append a line break are the roll-up."""
    rows, is_timed = list[Row](), False
    for event in events:
        segments = event.get("segs") if isinstance(event, dict) else None
        if not isinstance(segments, list):
            continue
        parts = [part for part in segments if isinstance(part, dict) and isinstance(part.get("utf8"), str)]
        is_timed = is_timed or any("acAsrConf" in part or part.get("tOffsetMs") for part in parts)
        text = "".join(part["utf8"] for part in parts)
        if text.strip():
            rows.append(_row({**{k: v for k, v in event.items() if k != "segs"}, "text": text}))
    cues, dropped = cues_of(rows)
    kind: Kind = "automatic" if is_timed and name.kind == "manual" else name.kind
    return Track(name.language, cues, kind, name.translated_from, where, dropped)

"""Captions: read SubRip (.srt) and WebVTT (.vtt), write WebVTT.

The two formats share one parser: blocks of lines set apart by blank lines, a line of times in each. What a
format forbids in a way that changes meaning is an error with its line; what can be mended is mended and
listed in `Captions.warnings`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.data.atomic import write_text
from signgen.data.cue import Cue
from signgen.errors import DataError

MAX_BYTES = 8 << 20
MAX_LINE = 1 << 16
MAX_WARNINGS = 100

_CLOCK = r"(-?)(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2})[.,]([0-9]{1,3})"
_TIMES = re.compile(rf"[ \t]*{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}(?:[ \t].*)?")
_ARROW = re.compile(r"-->|^[ \t]*-?[0-9]+:[0-9]+.*->")
_WORD_TIME = re.compile(r"<(?:[0-9]{1,4}:)?[0-9]{2}:[0-9]{2}\.[0-9]{3}><c>")
_READING = re.compile(r"<rt[^<>]*>[^<]*(?:</rt>)?")
_VTT_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[0-9:.]+>|</>")
_SRT_TAG = re.compile(r"</?(?:b|i|u|s|font|c|v|ruby|rt|lang)(?:[ .=][^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)


@dataclass(frozen=True)
class Captions:
    """Cues of a caption file in order of time.

    Attributes:
        cues: texts without markup; lines of one cue are joined by a line break.
        warnings: what was odd and how it was taken, one line each, at most `MAX_WARNINGS`.
        language: what the header of a WebVTT file says of it, if anything.
        has_word_times: words have times of their own, as speech recognition gives them.
        backward: number of cues that ended before they started and were left out.
    """

    cues: tuple[Cue, ...]
    warnings: tuple[str, ...] = ()
    language: str = ""
    has_word_times: bool = False
    backward: int = 0


@dataclass(frozen=True)
class _Block:
    """The times of one cue and the raw lines of its text."""

    line: int
    start: float
    end: float
    text: list[str]


def read_captions(path: Path) -> list[Cue]:
    """The cues of a SubRip or WebVTT file in order of time, without markup.

    Raises:
        DataError: missing, empty, too large, not UTF-8, no captions, or bad times; the text gives the line.
    """
    return list(read_captions_with_report(path).cues)


def read_captions_with_report(path: Path, *, leave_out_backward: bool = False) -> Captions:
    """As `read_captions`, with an account of empty, overlapping and unordered cues.

    Args:
        path: the file.
        leave_out_backward: leave out cues that end before they start; otherwise they are errors.
    """
    text = _read_text(path)
    is_vtt = re.match(r"WEBVTT(?:[ \t\n]|$)", text) is not None
    if path.suffix.lower() == ".vtt" and not is_vtt:
        raise DataError(
            f"{path}: a WebVTT file starts with the line WEBVTT; rename it to .srt if it is SubRip"
        )
    blocks = list(_blocks(path, text, is_vtt))
    if not blocks and not is_vtt:
        raise DataError(f"{path}: no captions found; expected SubRip or WebVTT")
    backward = [block for block in blocks if block.end < block.start]
    if backward and not leave_out_backward:
        line, start, end = backward[0].line, backward[0].start, backward[0].end
        raise DataError(f"{path}: line {line}: the cue ends at {end:g} s, before it starts at {start:g} s")
    blocks = [block for block in blocks if block.end >= block.start]
    cues = [(block.line, _cue(block, is_vtt)) for block in blocks]
    warnings = [f"line {line}: a cue without text was left out" for line, cue in cues if not cue.text]
    cues = [(line, cue) for line, cue in cues if cue.text]
    warnings += _order_warnings(cues)
    ordered = sorted((cue for _, cue in cues), key=lambda cue: (cue.start, cue.end))
    header = text.partition("\n\n")[0] if is_vtt else ""
    language = re.search(r"^Language:[ \t]*([A-Za-z0-9-]{2,35})[ \t]*$", header, re.MULTILINE)
    return Captions(
        tuple(ordered),
        tuple(warnings[:MAX_WARNINGS]),
        language=language.group(1) if language else "",
        has_word_times=is_vtt and any(_WORD_TIME.search(line) for block in blocks for line in block.text),
        backward=len(backward),
    )


def write_webvtt(cues: Iterable[Cue], path: Path) -> None:
    """Write cues as WebVTT in order of time; texts are plain, whatever characters they hold.

    Times are rounded to milliseconds. A cue shorter than that is given one, for players skip empty ones;
    blank lines end a cue in WebVTT and are left out, and so are cues without text.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.end))
    blocks = [f"{_span(cue)}\n{text}\n" for cue in ordered if (text := _escaped(cue.text))]
    write_text(path, "\n".join(["WEBVTT\n", *blocks]))


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: larger than {MAX_BYTES >> 20} MiB; is this a caption file?")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: the text is UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line} is not UTF-8; convert the file (often from Latin-1)") from None
    if "\0" in text:
        raise DataError(f"{path}: holds NUL characters; is this a text file?")
    if not text.strip():
        raise DataError(f"{path}: the file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(path: Path, text: str, is_vtt: bool) -> Iterator[_Block]:
    """Cues in the order of the file; comments, styles, numbers and names of cues are passed over."""
    lines = text.split("\n")
    starts = list(_time_lines(path, lines))
    ends = [*(line for line, _, _ in starts), len(lines)][1:]
    for (line, start, end), stop in zip(starts, ends, strict=True):
        body = lines[line + 1 : stop]
        if is_vtt:
            body = body[: body.index("") if "" in body else None]  # a line of blanks is a line of the cue
        elif stop < len(lines) and body and body[-1].strip().isdecimal():
            del body[-1]  # the number of the next cue
        yield _Block(line + 1, start, end, body)


def _time_lines(path: Path, lines: list[str]) -> Iterator[tuple[int, float, float]]:
    """Index, start [s] and end [s] of each line of times."""
    before = before_that = ""  # times stand first in a block, or after the number or name of the cue
    for index, line in enumerate(lines):
        if len(line) > MAX_LINE:
            raise DataError(f"{path}: line {index + 1} is longer than {MAX_LINE} characters")
        times = _TIMES.fullmatch(line) if "->" in line else None
        if times is not None:
            yield index, *_seconds(path, index + 1, times)
        elif _ARROW.search(line) and (_is_blank(before) or _is_blank(before_that)) and "-->" not in before:
            raise DataError(
                f"{path}: line {index + 1}: bad times {line.strip()[:60]!r}; "
                "expected 00:00:01.000 --> 00:00:02.500"
            )
        before, before_that = line, before


def _seconds(path: Path, line: int, times: re.Match[str]) -> tuple[float, float]:
    found = times.groups()
    start, end = _clock(*found[:5]), _clock(*found[5:])
    if start is None or end is None:
        raise DataError(
            f"{path}: line {line}: minutes and seconds go up to 59, got {times[0].strip()[:60]!r}"
        )
    if found[0] or found[5]:
        raise DataError(f"{path}: line {line}: a time below zero; shift the captions first")
    return start, end


def _clock(_sign: str, hours: str | None, minutes: str, seconds: str, fraction: str) -> float | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole * 1000 + int(fraction.ljust(3, "0"))) / 1000


def _cue(block: _Block, is_vtt: bool) -> Cue:
    text = _READING.sub("", "\n".join(block.text))
    text = html.unescape(_VTT_TAG.sub("", text)) if is_vtt else _SRT_TAG.sub("", text)
    return Cue(block.start, block.end, _tidy(text.replace("\0", "\ufffd")))


def _tidy(text: str) -> str:
    """Lines without outer blanks, empty ones left out."""
    lines = re.split("\r\n|\r|\n", text)
    return "\n".join(line.strip(" \t") for line in lines if not _is_blank(line))


def _is_blank(line: str) -> bool:
    return not line.strip(" \t")


def _order_warnings(cues: list[tuple[int, Cue]]) -> Iterator[str]:
    last_start = last_end = 0.0
    for line, cue in cues:
        if cue.start < last_start:
            yield f"line {line}: the cue starts before the one above it; cues were put in order of time"
        elif cue.start < last_end:
            yield f"line {line}: the cue overlaps one before it by {last_end - cue.start:.3f} s"
        if cue.start == cue.end:
            yield f"line {line}: the cue has no duration"
        last_start, last_end = cue.start, max(last_end, cue.end)


def _span(cue: Cue) -> str:
    start = round(cue.start * 1000)
    return f"{_stamp(start)} --> {_stamp(max(start + 1, round(cue.end * 1000)))}"


def _stamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def _escaped(text: str) -> str:
    """Cue text in which nothing can be taken for markup, an arrow or the end of the cue."""
    plain = _tidy(text).replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return html.escape(plain, quote=False)

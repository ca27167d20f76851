"""The HTML of a sign sheet: one page that holds everything it shows and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template

from signgen.data.sidecar import package_version

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Strip:
    """Pictures of a sign on one sheet; picture ``i`` stands in row ``i % rows`` and column ``i // rows``.

    Attributes:
        webp: the encoded sheet; its first row alone is an evenly spaced overview.
        side: width and height of one picture [px].
        columns: pictures in the first row.
        rows: rows; those after the first are one picture shorter.
        seconds: duration of the sign.
    """

    webp: bytes
    side: int
    columns: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Card:
    """What the page tells about one sign; all of it is text, none of it HTML.

    Attributes:
        gloss: heading.
        words: what it stands for.
        language: code of the words.
        name: what tells this sign from all others, for people who write about it.
        variant: name of the variant, or empty.
        origin: file and line, or file and span.
        licence: shown where the signs of a page differ in it, else empty.
        notation: the source text, or empty for a recording.
        strip: its pictures, or what is wrong with it.
    """

    gloss: str
    words: tuple[str, ...]
    language: str
    name: str
    variant: str
    origin: str
    licence: str
    notation: str
    strip: Strip | str


def head(name: str, topics: Mapping[str, int], licences: tuple[str, ...]) -> str:
    """The page up to its first topic; ``topics`` are the numbers of signs."""
    total = sum(topics.values())
    options = "".join(
        f'<option value="{_text(topic)}">{_text(topic)} ({count:,})</option>'
        for topic, count in topics.items()
    )
    terms = "; ".join(licences) or "not stated"
    style, script = _asset("style.css"), _asset("script.js")
    return Template(_asset("head.html")).substitute(
        name=_text(name),
        total=f"{total:,}",
        noun="sign" if total == 1 else "signs",
        options=options,
        licences=_text(terms),
        version=_text(package_version("signgen")),
        style=style,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def tail() -> str:
    """The end of the page, with its script."""
    return Template(_asset("tail.html")).substitute(script=_asset("script.js"))


def topic_start(topic: str, number: int) -> str:
    """The heading over the signs of a topic."""
    return (
        f'<section class="topic" data-topic="{_text(topic)}" aria-labelledby="topic-{number}">\n'
        f'<h2 id="topic-{number}">{_text(topic)}</h2>\n'
    )


def topic_end() -> str:
    """What closes `topic_start`."""
    return "</section>\n"


def card(shown: Card, number: int) -> str:
    """One sign."""
    words = ", ".join(shown.words)
    variant = f' <span class="variant">variant {_text(shown.variant)}</span>' if shown.variant else ""
    facts = [
        shown.origin,
        f"{shown.strip.seconds:.2f} s" if isinstance(shown.strip, Strip) else "",
        shown.licence,
    ]
    notation = (
        f'<div class="source"><pre dir="ltr">{_text(shown.notation)}</pre></div>\n' if shown.notation else ""
    )
    copied = "notation" if shown.notation else "name"
    correct = '<button type="button" class="correct" hidden>Correct</button>' if shown.notation else ""
    return (
        f'<article class="sign" id="sign-{number}" data-name="{_text(shown.name)}">\n'
        f'<div class="title">\n<h3><bdi>{_text(shown.gloss)}</bdi>{variant}</h3>\n'
        f'<p class="words" lang="{_text(shown.language)}"><bdi>{_text(words)}</bdi></p>\n</div>\n'
        f"{_picture(shown)}"
        f"{notation}"
        f'<div class="foot"><button type="button" class="copy" hidden>Copy {copied}</button>{correct}'
        f'<p class="facts"><bdi>{_text(" · ".join(filter(None, facts)))}</bdi></p></div>\n'
        "</article>\n"
    )


def _picture(shown: Card) -> str:
    strip = shown.strip
    if isinstance(strip, str):
        return f'<p class="broken" role="note">Cannot be shown: {_text(strip)}</p>\n'
    count = (strip.columns - 1) * strip.rows + 1
    data = base64.b64encode(strip.webp).decode("ascii")
    alt = f"{shown.gloss}: {strip.columns} pictures from the start of the sign to its end"
    return (
        f'<div class="strip"><img src="data:image/webp;base64,{data}" alt="{_text(alt)}" '
        f'width="{strip.columns * strip.side}" height="{strip.rows * strip.side}" data-rows="{strip.rows}" '
        f'data-count="{count}" data-side="{strip.side}" data-seconds="{strip.seconds:.3f}"></div>\n'
    )


def _text(text: str) -> str:
    """Text as HTML; what UTF-8 cannot hold (a file name may) becomes a question mark."""
    return escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the content security policy calls an inline style or script, so that it admits no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"

"""The text of a cue without what is not said: markup, sound descriptions, names of speakers, invisible characters."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

_TAG = re.compile(
    r"</?(?:b|i|u|s|em|strong|font|span|c|v|ruby|rt|lang|br|p)(?:[ .=/][^<>]*)?/?>", re.IGNORECASE
)
_WORD_TIME = re.compile(r"<[0-9:.]{5,16}>")
_ASS = re.compile(r"\{\\[^{}]*\}")
_ASS_BREAK = re.compile(r"\\[Nnh]")
_SQUARE = re.compile(r"\[[^\[\]]{0,500}\]|【[^【】]{0,500}】|［[^［］]{0,500}］")
_ROUND = re.compile(r"\(([^()]{0,500})\)|（([^（）]{0,500})）")
_STARS = re.compile(r"\*([^*\n]{1,80})\*")
_NOTES = re.compile(r"[♩♪♫♬♭♮♯🎵🎶]+")
_CHEVRONS = re.compile(r"^(?:>{2,}|»)[ \t]*", re.MULTILINE)
_DASH = re.compile(r"^[-–‐][ \t]*(?=[^\W\d_]|[\"'“‘¿¡(\[])", re.MULTILINE)
# NAME: or DR. NAME 2: at the start of a line, in capitals.
_LABEL = re.compile(
    r"^(?=[^\n:]{2,30}:)[^\W\d_a-z][^\W_a-z]*(?:[ .'’&/-]{1,2}[^\W_a-z]+){0,3}\.?:[ \t]*(?=\S|$)",
    re.MULTILINE,
)
_NAMED = re.compile(r"^[^\W\d_][\w.'’-]{0,24}(?: [\w.'’-]{1,24}){0,2}:[ \t]+", re.MULTILINE)
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f]+")
_BEFORE_MARK = re.compile(r"[ \t]+([,.;:!?…])(?![\w.])")

# What captioners write between round brackets or stars for sounds, in the languages with the most captions.
_SOUNDS = re.compile(
    r"\b(?:music|applau\w+|laugh\w*|chuckl\w*|cheer\w*|clap\w*|cough\w*|sigh\w*|gasp\w*|sob\w*|cry\w*|sing\w*|scream\w*|"
    r"shout\w*|whisper\w*|silence|inaudible|unintelligible|indistinct|bell\w*|ring\w*|knock\w*|bark\w*|beep\w*|static|"
    r"musik|applaus|lachen|lacht|gelächter|räuspert|seufzt|stille|unverständlich|"
    r"musique|applaudissements|rires?|soupirs?|inaudible|"
    r"música|aplausos?|risas?|risos?|suspiros?|silencio|silêncio|inaudible|inaudível|"
    r"musica|applausi|risate?|muziek|gelach|musikk|musiikki|skratt|muzyka|śmiech|oklaski|"
    r"музыка|аплодисменты|смех)\b|音楽|拍手|笑|音乐|掌声|笑声|음악|박수|웃음",
    re.IGNORECASE,
)  # fmt: skip
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
_JOINER = re.compile("(?<![^\\x00-\\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\\x00-\\x7f])")


class Wording(NamedTuple):
    """Text, and what was taken out of it: sound, music, speaker."""

    text: str
    removed: frozenset[str]


def reworded(text: str) -> Wording:
    """The text of a cue without what is not said; lines stay apart.

    Square brackets hold sounds and speakers and go; round ones and stars go if they hold a sound, capitals or all that
    there is in the cue. Words of songs stay, their notes go. A name with a colon goes if it is in capitals and what
    follows is not, or if it stands behind ``>>``.

    >>> reworded(">> JOHN: Hello (about 5 km) [Music]").text
    'Hello (about 5 km)'
    """
    removed = set[str]()
    plain = _tidy(_without_markup(text))
    for kind, function in (
        ("music", _without_notes),
        ("sound", _without_sounds),
        ("speaker", _without_speakers),
    ):
        shorter = _tidy(function(plain))
        if shorter != plain:
            removed.add(kind)
        plain = shorter
    lines = (_BEFORE_MARK.sub(r"\1", line) for line in _STARS.sub(r"\1", plain).split("\n"))
    return Wording("\n".join(line for line in lines if _is_said(line)), frozenset(removed))


def _tidy(text: str) -> str:
    """Lines without outer and double blanks, empty ones left out."""
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _without_markup(text: str) -> str:
    for _ in range(2):  # some platforms escape twice
        text = html.unescape(_WORD_TIME.sub("", _TAG.sub("", text)))
    text = _ASS_BREAK.sub("\n", _ASS.sub("", _WORD_TIME.sub("", _TAG.sub("", text))))
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _directed("".join(_visible(letter) for letter in text))


def _visible(letter: str) -> str:
    """A character; a space for a control character, nothing for an invisible one without meaning."""
    category = unicodedata.category(letter)
    if category == "Cc":
        return letter if letter == "\n" else " "
    if category in ("Cs", "Co", "Cn"):
        return "\ufffd"
    keeps = category != "Cf" or letter in "\u200c\u200d" or _BIDI.match(letter)
    return letter if keeps or "\U000e0020" <= letter <= "\U000e007f" else ""


def _directed(text: str) -> str:
    """Without joiners between letters that do not join, and without marks of direction that do nothing.

    Marks stay where there is text from right to left, unless they are left open and would turn what follows.
    """
    text = _JOINER.sub("", text)
    if not _BIDI.search(text):
        return text
    is_mixed = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in text)
    opened = sum(text.count(mark) for mark in "\u202a\u202b\u202d\u202e")
    isolated = sum(text.count(mark) for mark in "\u2066\u2067\u2068")
    is_closed = opened == text.count("\u202c") and isolated == text.count("\u2069")
    return text if is_mixed and is_closed else _BIDI.sub("", text)


def _without_notes(text: str) -> str:
    return _NOTES.sub(" ", text)


def _without_sounds(text: str) -> str:
    whole = _ROUND.fullmatch(text.strip()) or _STARS.fullmatch(text.strip())
    if whole:
        return ""
    text = _SQUARE.sub(" ", text)
    text = _ROUND.sub(lambda match: " " if _is_sound(match[1] or match[2] or "") else match[0], text)
    return _STARS.sub(lambda match: " " if _is_sound(match[1]) else match[0], text)


def _is_sound(words: str) -> bool:
    return (
        not words.strip() or _SOUNDS.search(words) is not None or (words.isupper() and len(words.split()) > 1)
    )


def _without_speakers(text: str) -> str:
    return "\n".join(map(_without_speaker, text.split("\n")))


def _without_speaker(line: str) -> str:
    turned = _CHEVRONS.sub("", line)
    if turned != line:
        return _NAMED.sub("", _LABEL.sub("", turned))
    line = _DASH.sub("", line)
    rest = _LABEL.sub("", line)
    return rest if rest == "" or rest != rest.upper() or rest == rest.lower() else line


def _is_said(line: str) -> bool:
    """Whether there is a letter, a digit or a symbol such as an emoji, and not punctuation alone."""
    return any(unicodedata.category(letter)[0] in "LNS" for letter in line)

"""Names of caption files and tracks to languages: ``ID.pt-BR.vtt``, ``ID.en-de.vtt``, ``a.en``."""

from __future__ import annotations

import re
from typing import NamedTuple

from signgen.data.languages import normalise_spoken_language
from signgen.dataset.captions.track import Kind
from signgen.errors import ConfigError

# ISO 639-1; a part of a file name is a language only if it is one of these.
_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io "
    "is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk "
    "ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc "
    "sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi "
    "vo wa wo xh yi yo za zh zu"
)
_TWO_LETTERS = frozenset(_CODES.split())
_LONG = {
    "ara": "ar", "chi": "zh", "deu": "de", "dut": "nl", "eng": "en", "fin": "fi", "fra": "fr", "fre": "fr",
    "ger": "de", "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl", "pol": "pl", "por": "pt", "rus": "ru",
    "spa": "es", "swe": "sv", "tur": "tr", "zho": "zh",
    "arabic": "ar", "chinese": "zh", "dutch": "nl", "english": "en", "french": "fr", "german": "de",
    "italian": "it", "japanese": "ja", "korean": "ko", "polish": "pl", "portuguese": "pt", "russian": "ru",
    "spanish": "es", "swedish": "sv", "turkish": "tr", "deutsch": "de", "deutsche": "de", "français": "fr",
    "español": "es", "nederlands": "nl", "italiano": "it", "português": "pt",
}  # fmt: skip
# Regions in lower case that are codes of languages as well.
_REGIONS = frozenset({"pt-br", "zh-tw", "en-ca", "fr-ca", "es-ar", "es-cr", "sv-se", "en-za"})
_AUTOMATIC = ("-orig", "-auto", "-asr", "_auto", "_asr")
_TAG = re.compile(r"([A-Za-z]{2,10})(?:[-_]([A-Za-z]{2,4}|[0-9]{3}))?")


class Named(NamedTuple):
    """What the tag of a track says."""

    language: str
    kind: Kind = "manual"
    translated_from: str = ""


def named(tag: str) -> Named | None:
    """What a tag of a platform says, or None if it is none.

    ``en-GB`` and ``zh-Hans`` have a region or a script; ``en-de``, with a language in lower case behind, is English
    that a machine made of German; ``en-orig`` and ``a.en`` are automatic.

    >>> named("en-de")
    Named(language='en', kind='translated', translated_from='de')
    """
    text, kind = tag.strip(), "manual"
    if text.startswith("a."):
        text, kind = text[2:], "automatic"
    for ending in _AUTOMATIC:
        if text.endswith(ending):
            text, kind = text.removesuffix(ending), "automatic"
    match = _TAG.fullmatch(text)
    language = language_of(match.group(1)) if match else ""
    if match is None or not language:
        return None
    second = match.group(2) or ""
    if second in _TWO_LETTERS and f"{match.group(1)}-{second}" not in _REGIONS:
        return Named(language, "translated", language_of(second))
    return Named(language, "automatic" if kind == "automatic" else "manual")


def language_of(code: object) -> str:
    """The primary subtag that a code or an English name stands for; empty if it is neither.

    >>> language_of("de_AT"), language_of("English"), language_of("film")
    ('de', 'en', '')
    """
    if not isinstance(code, str):
        return ""
    text = code.strip().lower()
    text = _LONG.get(text, text)
    try:
        subtag = normalise_spoken_language(text)
    except ConfigError:
        return ""
    subtag = _LONG.get(subtag, subtag)
    return subtag if subtag in _TWO_LETTERS or subtag in ("fil", "haw", "yue", "gsw") else ""


def named_file(stem: str) -> Named:
    """What the name of a file without its suffix says: ``ID.en`` is English, and so is ``en``."""
    rest, _, last = stem.rpartition(".")
    found = named(last)
    if found is None:
        return Named("")
    is_automatic = rest == "a" or rest.endswith(".a")
    return found._replace(kind="automatic") if is_automatic and found.kind == "manual" else found

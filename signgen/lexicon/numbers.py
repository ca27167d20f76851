"""Numbers, times, dates and ordinals as terms that a lexicon may have: numerals, number words, digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from signgen.lexicon.keys import listed, primary

# Longer ones are codes, not numbers, and nobody reads them in signs.
MAX_DIGITS = 40
_MAX_CARDINAL = 10**15

# Languages that write a decimal point; the others write a comma.
_POINT = listed("en zh ja ko th he hi bn ta te ml ur sw fil tl ms ga mt my km lo am")

_DECIMAL_WORDS: Mapping[str, str] = {
    "en": "point", "de": "Komma", "fr": "virgule", "es": "coma", "it": "virgola", "pt": "vírgula",
    "nl": "komma", "sv": "komma", "da": "komma", "nb": "komma", "pl": "przecinek", "cs": "čárka",
    "sk": "čiarka", "hr": "zarez", "tr": "virgül", "ru": "запятая", "uk": "кома", "el": "κόμμα",
    "et": "koma", "lt": "kablelis", "fi": "pilkku", "hu": "vessző", "ro": "virgulă", "zh": "点",
}  # fmt: skip

_DIGIT_WORDS: Mapping[str, Sequence[str]] = {
    language: listed(words)
    for language, words in {
        "ar": "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة",
        "cs": "nula jedna dva tři čtyři pět šest sedm osm devět",
        "da": "nul en to tre fire fem seks syv otte ni",
        "de": "null eins zwei drei vier fünf sechs sieben acht neun",
        "el": "μηδέν ένα δύο τρία τέσσερα πέντε έξι επτά οκτώ εννέα",
        "en": "zero one two three four five six seven eight nine",
        "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "et": "null üks kaks kolm neli viis kuus seitse kaheksa üheksa",
        "fi": "nolla yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän",
        "fr": "zéro un deux trois quatre cinq six sept huit neuf",
        "hr": "nula jedan dva tri četiri pet šest sedam osam devet",
        "hu": "nulla egy kettő három négy öt hat hét nyolc kilenc",
        "it": "zero uno due tre quattro cinque sei sette otto nove",
        "lt": "nulis vienas du trys keturi penki šeši septyni aštuoni devyni",
        "nb": "null en to tre fire fem seks sju åtte ni",
        "nl": "nul een twee drie vier vijf zes zeven acht negen",
        "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
        "pt": "zero um dois três quatro cinco seis sete oito nove",
        "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
        "ru": "ноль один два три четыре пять шесть семь восемь девять",
        "sk": "nula jeden dva tri štyri päť šesť sedem osem deväť",
        "sv": "noll ett två tre fyra fem sex sju åtta nio",
        "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
        "uk": "нуль один два три чотири п'ять шість сім вісім дев'ять",
        "zh": "零 一 二 三 四 五 六 七 八 九",
    }.items()
}

_SMALL = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = listed("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = {10**12: "trillion", 10**9: "billion", 10**6: "million", 1000: "thousand", 100: "hundred"}
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONTHS = listed("january february march april may june july august september october november december")


@dataclass(frozen=True)
class _Part:
    """A whole number and the way to read it, or a word."""

    digits: str
    how: Literal["cardinal", "year", "digits", "ordinal", "word"] = "cardinal"


def readings(text: str, language: str) -> Iterator[tuple[str, ...]]:
    """Ways to say a number token, best first; each is a sequence of terms to look up.

    First as written, then in numerals that signers combine (``2024`` as ``20 24``), in number words, an ordinal
    (``100th``) also as its cardinal, digit by digit, and in digit words. Number words are English only; digit
    words exist for 25 languages.

    >>> list(readings("2024", "en"))[1:3]
    [('20', '24'), ('twenty', 'twenty-four')]
    """
    language = primary(language)
    plain = ascii_digits(text)
    if sum(map(str.isdigit, plain)) > MAX_DIGITS:
        return
    parts = tuple(_parts(plain, language))
    numerals_first = all(part.how != "ordinal" for part in parts)
    ways = (_numerals, _words) if numerals_first else (_words, _cardinal_words, _numerals)
    said = (tuple(t for p in parts for t in way(p, language)) for way in (*ways, _digits, _digit_words))
    yield from dict.fromkeys(reading for reading in ((text,), (plain,), *said) if reading)


def spelled_reading(text: str, language: str) -> tuple[str, ...]:
    """The words to fingerspell for a number, empty where the language's number words are not known.

    >>> spelled_reading("20th", "en"), spelled_reading("12", "de"), spelled_reading("12", "th")
    (('twentieth',), ('eins', 'zwei'), ())
    """
    language = primary(language)
    plain = ascii_digits(text)
    if sum(map(str.isdigit, plain)) > MAX_DIGITS:
        return ()
    reading = tuple(term for part in _parts(plain, language) for term in _words(part, language))
    return () if any(character.isdigit() for term in reading for character in term) else reading


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of any script as 0-9."""
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFKC", text)
    )


def _parts(text: str, language: str) -> Iterator[_Part]:
    """The numbers and words of a token such as ``10:30``, ``2024-05-01``, ``20th``, ``-3.5`` or ``5pm``."""
    if text[:1] in "-−" and text[1:2].isdigit():
        yield _Part("minus", "word")
        text = text[1:]
    date = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
    clock = re.fullmatch(r"(\d{1,2}):(\d\d)", text)
    if date and 1 <= int(date[2]) <= 12:
        month = _Part(_MONTHS[int(date[2]) - 1], "word") if language == "en" else _Part(str(int(date[2])))
        day = _Part(str(int(date[3])))
        yield from (month, day) if language == "en" else (day, month)
        yield _Part(date[1], "year")
    elif clock:
        yield _Part(str(int(clock[1])))
        if clock[2] != "00":
            yield _Part(clock[2], "digits" if clock[2][0] == "0" else "cardinal")
    else:
        yield from _decimal_parts(text, language)


def _decimal_parts(text: str, language: str) -> Iterator[_Part]:
    point, comma = (".", ",") if language in _POINT else (",", ".")
    grouped = rf"\d{{1,3}}(?:[{comma}’']\d{{3}})+|\d+"
    match = re.fullmatch(rf"({grouped})(?:[{point}](\d+))?(st|nd|rd|th|\.)?", text)
    if match is None:
        for number, word in re.findall(r"(\d+)|([^\W\d]+)", text):
            yield _whole(number, year=True) if number else _Part(word, "word")
        return
    digits = re.sub(r"\D", "", match[1])
    yield _Part(digits, "ordinal") if match[3] else _whole(digits, year=digits == match[1] and not match[2])
    if match[2]:
        yield _Part(_DECIMAL_WORDS.get(language, "."), "word")
        yield _Part(match[2], "digits")


def _whole(digits: str, year: bool = False) -> _Part:
    if len(digits) > 1 and digits[0] == "0":
        return _Part(digits, "digits")
    return _Part(digits, "year" if year and len(digits) == 4 and 1100 <= int(digits) < 2100 else "cardinal")


def _atoms(part: _Part) -> list[int]:
    """The numbers below 100 and powers of ten that make up a number, as English says them."""
    value = int(part.digits)
    if part.how == "digits" or value >= _MAX_CARDINAL:
        return [int(digit) for digit in part.digits]
    if part.how == "year" and value % 1000 >= 10:
        return [value // 100, *([value % 100] if value % 100 else [100])]
    return list(_cardinal(value))


def _cardinal(value: int) -> Iterator[int]:
    if value < 100:
        yield value
        return
    for scale in _SCALES:
        if value >= scale:
            yield from _cardinal(value // scale)
            yield scale
            if value % scale:
                yield from _cardinal(value % scale)
            return


def _numerals(part: _Part, _: str) -> Iterator[str]:
    if part.how == "word":
        yield part.digits
    else:
        yield from map(str, _atoms(part))


def _words(part: _Part, language: str) -> Iterator[str]:
    if part.how == "word":
        yield part.digits
        return
    if language != "en":
        yield from _digit_words(part, language)
        return
    words = [_SCALES.get(atom) or _below_100(atom) for atom in _atoms(part)]
    if part.how == "ordinal":
        words[-1] = _ordinal(words[-1])
    yield from words


def _cardinal_words(part: _Part, language: str) -> Iterator[str]:
    return _words(_Part(part.digits) if part.how == "ordinal" else part, language)


def _digits(part: _Part, _: str) -> Iterator[str]:
    yield from (part.digits,) if part.how == "word" else part.digits


def _digit_words(part: _Part, language: str) -> Iterator[str]:
    names = _DIGIT_WORDS.get(language)
    for digit in _digits(part, language):
        yield names[int(digit)] if names and digit.isdigit() else digit


def _below_100(value: int) -> str:
    if value < 20:
        return _SMALL[value]
    return _TENS[value // 10] + (f"-{_SMALL[value % 10]}" if value % 10 else "")


def _ordinal(word: str) -> str:
    head, hyphen, last = word.rpartition("-")
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    last = _ORDINALS.get(last, regular)
    return head + hyphen + last

"""Which units of a text count as its words: by language, and what must not be done to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signgen.errors import ConfigError

# What sacrebleu offers for languages that write no spaces between words, or whose words are long strings of parts.
_TOKENISERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}
_SAME = {
    "zho": "zh",
    "chi": "zh",
    "cmn": "zh",
    "yue": "zh",
    "wuu": "zh",
    "jpn": "ja",
    "kor": "ko",
    "tha": "th",
}
# Written without spaces between words. Those that sacrebleu has no tokeniser for are scored by characters.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my"})
# Han, kana, Thai, Lao, Khmer and Burmese letters that touch: a text whose words are not told apart.
_TOUCHING = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{2}")
_WORD_TOKENISERS = frozenset({"13a", "none", "intl"})


def base_language(language: str) -> str:
    """The primary subtag in its short form.

    >>> base_language("zh-Hant-TW"), base_language("zho"), base_language("DE")
    ('zh', 'zh', 'de')
    """
    tag = language.strip().lower().replace("_", "-").partition("-")[0]
    if not tag.isalpha():
        raise ConfigError(f"language {language[:40]!r}: no code; give one of BCP 47, such as de, en or zh")
    return _SAME.get(tag, tag)


def is_unspaced(language: str) -> bool:
    """Whether the language is written without spaces between words."""
    return base_language(language) in _UNSPACED


def tokeniser_for(language: str) -> str:
    """The tokeniser of sacrebleu for a language: 13a where words are separated by spaces.

    >>> tokeniser_for("de"), tokeniser_for("zh"), tokeniser_for("ja"), tokeniser_for("th")
    ('13a', 'zh', 'ja-mecab', 'char')
    """
    base = base_language(language)
    return _TOKENISERS.get(base, "char" if base in _UNSPACED else "13a")


def check_tokeniser(tokeniser: str, language: str, references: Sequence[str]) -> None:
    """Raise ConfigError where a tokeniser for spaced words would take whole sentences of a text for words."""
    if tokeniser not in _WORD_TOKENISERS:
        return
    if is_unspaced(language):
        raise ConfigError(
            f"tokeniser {tokeniser!r}: {language} is written without spaces, so it would score whole phrases as "
            f"words; use {tokeniser_for(language)!r}"
        )
    if sum(bool(_TOUCHING.search(text)) for text in references) * 2 > len(references):
        raise ConfigError(
            f"language {language!r}: most references are written without spaces between words; name their language, "
            "such as zh, ja or th"
        )


def words_of(text: str, language: str) -> list[str]:
    """Words at Unicode white space; characters where the language writes no spaces.

    >>> words_of("für\u2003morgen .", "de"), words_of("今天 晴", "zh")
    (['für', 'morgen', '.'], ['今', '天', '晴'])
    """
    words = text.split()
    return list("".join(words)) if is_unspaced(language) else words

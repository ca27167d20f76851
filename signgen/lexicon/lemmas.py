"""Dictionary forms of words, for the languages that simplemma has."""

from __future__ import annotations

from functools import cache, lru_cache

from signgen.lexicon.keys import primary

# Croatian, Serbian and Bosnian share one dictionary; Norwegian is written Bokmål unless said otherwise.
_DICTIONARIES = {"hr": "hbs", "sr": "hbs", "bs": "hbs", "no": "nb"}


@lru_cache(maxsize=65536)
def lemma(word: str, language: str) -> str:
    """The dictionary form of a word, or the word itself where none is known.

    The first word of a language loads its dictionary: 0.1 to 1.5 s and up to 200 MB.

    >>> lemma("children", "en"), lemma("Kinder", "de"), lemma("children", "zh")
    ('child', 'Kind', 'children')
    """
    code = _DICTIONARIES.get(primary(language), primary(language))
    if not _has_dictionary(code):
        return word
    from simplemma import lemmatize

    return str(lemmatize(word, lang=code))


@cache
def _has_dictionary(code: str) -> bool:
    from simplemma import lemmatize

    try:
        lemmatize("a", lang=code)
    except ValueError:
        return False
    return True

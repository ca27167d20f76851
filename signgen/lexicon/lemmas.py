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
    if not has_lemmas(language):
        return word
    from simplemma import lemmatize

    return str(lemmatize(word, lang=code))


@cache
def has_lemmas(language: str) -> bool:
    """Whether there is a dictionary for a language."""
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return _DICTIONARIES.get(primary(language), primary(language)) in SUPPORTED_LANGUAGES

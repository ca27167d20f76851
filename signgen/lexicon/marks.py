"""Punctuation as data: what ends a sentence, what asks, and how long the signer pauses."""

from __future__ import annotations

from collections.abc import Mapping

from signgen.lexicon.keys import listed

# A full stop of half a second is what a Deaf user of spoken-to-signed asked for (its issue 59: punctuation
# should be "a 0.5 s pause, not a failure"); a mark inside a sentence gets half of that.
SENTENCE_PAUSE = 0.5
CLAUSE_PAUSE = 0.25

QUESTIONS = frozenset("?？؟⁇⁈⁉‽፧﹖⸮꘏՞")
SENTENCE_ENDS = frozenset(".!…。！．｡।॥۔։።៕។၊။܀܁܂᙮﹒﹗‼᠃჻") - {"၊"} | (QUESTIONS - {"՞"})
CLAUSE_ENDS = frozenset(",;:，；：、､،؛፣፤፥၊–—―·﹐﹑﹔﹕\u037e\u0387")

# Abbreviations whose full stop ends no sentence, by language.
ABBREVIATIONS: Mapping[str, tuple[str, ...]] = {
    "en": listed("mr mrs ms dr prof st vs etc jr sr approx dept no fig inc ltd mt"),
    "de": listed("dr prof hr fr nr str bzw ca usw vgl evtl ggf inkl geb"),
    "fr": listed("m mm mme mlle dr pr st ste etc av env"),
    "es": listed("sr sra srta dr dra ud uds etc av"),
    "it": listed("sig dott prof ecc ing avv"),
    "pt": listed("sr sra dr dra prof etc av"),
    "nl": listed("dhr mevr dr drs prof enz bijv ca"),
    "sv": listed("dr prof ca resp"),
    "pl": listed("dr prof np itd itp ul godz"),
    "tr": listed("dr prof vb vs"),
}

# Languages that write an ordinal number with a full stop.
ORDINAL_DOT = listed("de da nb nn no fi et lv lt cs sk sl hr sr bs hu pl tr is")


def asks(mark: str, language: str) -> bool:
    """Whether a run of marks ends a question; Greek writes ``;`` for it."""
    return bool(QUESTIONS.intersection(mark)) or (language == "el" and mark in (";", "\u037e"))


def ends_sentence(mark: str, language: str) -> bool:
    """Whether a run of marks ends a sentence."""
    return bool(SENTENCE_ENDS.intersection(mark)) or asks(mark, language)


def pause(mark: str, language: str) -> float:
    """How long to hold after a run of marks [s]; quotes, brackets and the like give none."""
    if ends_sentence(mark, language):
        return SENTENCE_PAUSE
    return CLAUSE_PAUSE if CLAUSE_ENDS.intersection(mark) else 0.0

"""Which languages a source takes and gives, for the samples it makes."""

from __future__ import annotations

from signgen.lexicon.finder import choose_languages
from signgen.text2pose.base import PoseSource
from signgen.text2pose.looked import Looked


def languages_of(source: PoseSource) -> tuple[str, str]:
    """Codes of the signed and of the spoken language: as set, else those of its lexicon or its network.

    Empty where a source tells neither: a network that has tags of several languages, say.

    Raises:
        LexiconError, ConfigError: its lexicon cannot be read, or leaves a choice.
    """
    source = source.source if isinstance(source, Looked) else source
    signed, spoken = (str(getattr(source, f"{kind}_language", "")) for kind in ("signed", "spoken"))
    drafter = getattr(source, "drafter", None)
    lexicon = getattr(drafter.stitch if drafter is not None else source, "opened", None)
    if lexicon is not None:
        spoken, signed = choose_languages(lexicon.pairs, lexicon.name, spoken or None, signed or None)
        return signed, spoken
    tags: tuple[str, ...] = getattr(getattr(getattr(source, "loaded", None), "card", None), "languages", ())
    return signed or (tags[0] if len(tags) == 1 else ""), spoken

"""The conventions that published scores were made by, one row each: how texts are prepared and what is computed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from signgen.errors import ConfigError
from signgen.judge.text.languages import check_tokeniser, is_unspaced, tokeniser_for

FullStop = Literal["as-is", "spaced", "glued", "stripped", "spaced-stripped"]
MeasureName = Literal[
    "BLEU",
    "chrF2",
    "chrF2++",
    "rougeL",
    "rougeL-slt",
    "rougeL-adaptive",
    "rougeL-union",
    "rougeL-ascii",
    "rougeL-stem",
    "textWER",
]

_KNOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "measures": get_args(MeasureName),
        "full_stop": get_args(FullStop),
        "smoothing": ("none", "floor", "add-k", "exp"),
    }
)
_LAST_STOP = re.compile(r"\s*\.\s*\Z")
_SPACED_STOP = re.compile(r"(?:\A|\s)\.\s*\Z")
_ENDS = tuple(".?!…。？！")


@dataclass(frozen=True)
class Profile:
    """One way of scoring.

    Attributes:
        name: of the code base or campaign whose way it is.
        measures: what is computed; ``BLEU`` stands for BLEU-1 to BLEU-4.
        tokeniser: of sacrebleu, for BLEU; None to choose by language.
        unspaced_tokeniser: the same for languages written without spaces between words, if it is another.
        lowercase: whether hypotheses and references are lower-cased first.
        full_stop: what becomes of a full stop at the end: left ``as-is``; a token of its own (``spaced``) or ``glued``
            to the last word, and added where a text has none; ``stripped``; or ``spaced-stripped``, only where it
            stands alone.
        smoothing: of BLEU, as sacrebleu names it.
        smoothing_value: of ``floor`` and ``add-k``; None otherwise.
        folds: characters of references replaced, in languages without spaces between words.
    """

    name: str
    measures: tuple[MeasureName, ...]
    tokeniser: str | None = None
    unspaced_tokeniser: str | None = None
    lowercase: bool = False
    full_stop: FullStop = "as-is"
    smoothing: str = "exp"
    smoothing_value: float | None = None
    folds: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for field, known in _KNOWN.items():
            value = getattr(self, field)
            for given in (value,) if isinstance(value, str) else value:
                if given not in known:
                    raise ConfigError(
                        f"profile {self.name}: {field} {given!r:.40}: unknown; known: {', '.join(known)}"
                    )

    def tokeniser_of(self, language: str, references: Sequence[str]) -> str:
        """The tokeniser for texts of a language.

        Raises:
            ConfigError: if it would take whole sentences for words.
        """
        unspaced = self.unspaced_tokeniser if is_unspaced(language) else None
        chosen = unspaced or self.tokeniser or tokeniser_for(language)
        check_tokeniser(chosen, language, references)
        return chosen

    def prepare(self, text: str) -> str:
        """A hypothesis as this convention compares it; empty stays empty."""
        lowered = text.lower() if self.lowercase else text
        return _with_stop(lowered, self.full_stop) if lowered.strip() else ""

    def prepare_reference(self, text: str, language: str) -> str:
        """A reference as this convention compares it."""
        for old, new in self.folds if is_unspaced(language) else ():
            text = text.replace(old, new)
        return self.prepare(text)


def _with_stop(text: str, rule: FullStop) -> str:
    if rule == "as-is":
        return text
    if rule == "spaced-stripped":
        return _SPACED_STOP.sub("", text)
    bare = _LAST_STOP.sub("", text)
    if rule == "stripped" or (bare == text and text.rstrip().endswith(_ENDS)):
        return bare
    return bare.rstrip() + (" ." if rule == "spaced" else ".")


# Facts of each convention, and what of it is not reproduced, are in docs/text-metrics.md.
_ALL = (
    Profile("signgen", ("BLEU", "chrF2", "chrF2++", "rougeL")),
    Profile(
        "slt",
        ("BLEU", "chrF2", "rougeL-slt"),
        tokeniser="none",
        unspaced_tokeniser="char",
        lowercase=True,
        smoothing="floor",
        smoothing_value=0.0,
    ),
    Profile(
        "slrtp",
        ("BLEU", "chrF2", "rougeL-slt", "textWER"),
        tokeniser="none",
        unspaced_tokeniser="char",
        smoothing="floor",
        smoothing_value=0.0,
    ),
    Profile("gfslt", ("BLEU",), tokeniser="13a", unspaced_tokeniser="char", full_stop="stripped"),
    Profile(
        "unisign",
        ("BLEU", "rougeL-adaptive", "rougeL-union"),
        tokeniser="13a",
        unspaced_tokeniser="char",
        full_stop="spaced-stripped",
        folds=(("，", ","), ("？", "?")),
    ),
    Profile(
        "spamo",
        ("BLEU", "rougeL-stem"),
        tokeniser="13a",
        unspaced_tokeniser="char",
        lowercase=True,
        full_stop="glued",
    ),
    Profile("wmt-slt", ("BLEU", "chrF2++", "rougeL-stem"), tokeniser="none", unspaced_tokeniser="char"),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})
DEFAULT_PROFILE = "signgen"


def profile_of(name: str | Profile) -> Profile:
    """The profile of a name; a profile of one's own is handed back.

    Raises:
        ConfigError: no such profile.
    """
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise ConfigError(f"profile {name[:40]!r}: unknown; known: {', '.join(PROFILES)}")
    return PROFILES[name]

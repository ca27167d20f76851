"""Codes of languages: ISO 639-3 for signed ones, the BCP 47 primary subtag for spoken ones.

A lexicon may bring a signed language that has no code here: `is_known` tells, and nothing below a user's
setting insists. SignVerse-2M writes nine codes that are wrong or belong to other languages; those are
mapped only when that source is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType

from signgen.data.iso639 import SIGNED_LANGUAGES
from signgen.errors import ConfigError

__all__ = [
    "SIGNED_LANGUAGES",
    "SIGNVERSE_ALIASES",
    "is_known",
    "language_name",
    "normalise_signed_language",
    "normalise_spoken_language",
]

# Swiss-German, French, Spanish, Italian, Portuguese, Dutch, Polish, Catalan and Mexican Sign Language. As
# ISO 639-3, `sgd` is Surigaonon, `lse` Lusengo, `lis` Lisu, `ngt` Kriang, `lsc` Albarradas Sign Language and
# `lsm` Saamia; `lsf`, `lgp` and `pjm` are no codes at all.
SIGNVERSE_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "sgd": "sgg",
        "lsf": "fsl",
        "lse": "ssp",
        "lis": "ise",
        "lgp": "psr",
        "ngt": "dse",
        "pjm": "pso",
        "lsc": "csc",
        "lsm": "mfs",
    }
)

_ALIASES: Mapping[str, Mapping[str, str]] = {"signverse": SIGNVERSE_ALIASES}

# The `sgn-` tags of the IANA language subtag registry and the codes that replaced them.
_SGN_TAGS: Mapping[str, str] = MappingProxyType(
    {
        "sgn-be-fr": "sfb",
        "sgn-be-nl": "vgt",
        "sgn-br": "bzs",
        "sgn-ch-de": "sgg",
        "sgn-co": "csn",
        "sgn-de": "gsg",
        "sgn-dk": "dsl",
        "sgn-es": "ssp",
        "sgn-fr": "fsl",
        "sgn-gb": "bfi",
        "sgn-gr": "gss",
        "sgn-ie": "isg",
        "sgn-it": "ise",
        "sgn-jp": "jsl",
        "sgn-mx": "mfs",
        "sgn-ni": "ncs",
        "sgn-nl": "dse",
        "sgn-no": "nsl",
        "sgn-pt": "psr",
        "sgn-se": "swl",
        "sgn-us": "ase",
        "sgn-za": "sfs",
    }
)

# Acronyms that people write for codes: shown as a hint in the error, never applied, for some of them are
# codes of spoken languages.
_ACRONYMS: Mapping[str, str] = MappingProxyType(
    {
        **SIGNVERSE_ALIASES,
        "asl": "ase",
        "auslan": "asf",
        "bsl": "bfi",
        "dgs": "gsg",
        "dsgs": "sgg",
        "gsl": "gss",
        "isl": "isg",
        "libras": "bzs",
        "lsfb": "sfb",
        "lsq": "fcs",
        "nzsl": "nzs",
        "oegs": "asq",
        "ögs": "asq",
        "ssl": "swl",
        "tid": "tsm",
        "tsl": "tss",
        "ksl": "kvk",
        "lsa": "aed",
        "lsch": "csg",
        "lsu": "ugy",
        "sasl": "sfs",
    }
)

# Codes of spoken languages that were withdrawn, and what stands for them now.
_WITHDRAWN = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro"}


def is_known(code: str) -> bool:
    """Whether ``code`` is the ISO 639-3 code of a sign language, exactly as written."""
    return code in SIGNED_LANGUAGES


def language_name(code: str) -> str:
    """English name of a signed language; the code itself where it has no name here."""
    return SIGNED_LANGUAGES.get(code, code)


def normalise_signed_language(code: str, source: str | None = None) -> str:
    """The ISO 639-3 code that ``code`` stands for.

    Args:
        code: an ISO 639-3 code in any case, also with a region (``ase-US``), or a tag such as ``sgn-US``.
        source: ``signverse`` to map the wrong codes of that data set; they are taken as written otherwise.

    Raises:
        ConfigError: not a known sign language; the text names the nearest one.

    >>> normalise_signed_language("sgn-US"), normalise_signed_language("lsc", source="signverse")
    ('ase', 'csc')
    """
    if source is not None and source not in _ALIASES:
        raise ConfigError(f"language source {source!r}: unknown; known: {', '.join(_ALIASES)}")
    tag = code.strip().lower().replace("_", "-")
    tag = _ALIASES.get(source or "", {}).get(tag, tag)
    tag = _SGN_TAGS.get(tag, tag.removeprefix("sgn-"))
    subtag = tag.partition("-")[0]
    if subtag in SIGNED_LANGUAGES:
        return subtag
    raise ConfigError(f"signed language {code[:40]!r}: unknown; {_hint(subtag)}")


def normalise_spoken_language(code: str) -> str:
    """The primary subtag of a BCP 47 tag in lower case: ``pt_BR`` gives ``pt``.

    Raises:
        ConfigError: not a language tag.
    """
    subtag = re.split("[-_]", code.strip().lower(), maxsplit=1)[0]
    if not re.fullmatch("[a-z]{2,3}", subtag):
        raise ConfigError(f"spoken language {code[:40]!r}: expected a code such as 'en', 'de' or 'pt-BR'")
    return _WITHDRAWN.get(subtag, subtag)


def _hint(tag: str) -> str:
    near = _ACRONYMS.get(tag) or next(iter(_near(tag)), None)
    if near is None:
        return "expected an ISO 639-3 code such as 'ase', 'gsg' or 'bfi'"
    return f"did you mean {near!r} ({SIGNED_LANGUAGES[near]})?"


def _near(tag: str) -> list[str]:
    """Codes whose English name, or failing that whose letters, come close to ``tag``."""
    names = {name.lower(): code for code, name in SIGNED_LANGUAGES.items()}
    by_start = [code for name, code in names.items() if len(tag) > 3 and name.startswith(tag)]
    by_name = [names[name] for name in difflib.get_close_matches(tag, names, n=1, cutoff=0.8)]
    return by_start or by_name or difflib.get_close_matches(tag, SIGNED_LANGUAGES, n=1, cutoff=0.6)

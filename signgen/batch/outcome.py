"""What came of a sample."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Ok:
    """A sample that was made.

    Attributes:
        id: of the sample.
        seconds: of signing in it; 0 if it was made before.
    """

    id: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Failed:
    """A sample that could not be made.

    Attributes:
        id: of the sample.
        stage: ``sign``, ``draw`` or ``pack``; ``make`` where they cannot be told apart.
        error: class of the error.
        line: what it says, on one line.
    """

    id: str
    stage: str
    error: str
    line: str


# What errors say of one sample: words in quotes, and the list after "what: what is wrong: ".
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LISTED = re.compile(r"^([^:;]*: [^:;]*: )[^;]+")


def reason_of(failed: Failed) -> str:
    """Why a sample failed without what is its own, so that samples with one reason can be counted.

    >>> reason_of(Failed("a1", "sign", "LexiconError", "text 'xyz': has no sign"))
    "sign: LexiconError: text '…': has no sign"
    >>> reason_of(Failed("a1", "sign", "LexiconError", "text: words are not in lexicon ase: xyz, abc; add them"))
    'sign: LexiconError: text: words are not in lexicon ase: …; add them'
    """
    line = _LISTED.sub(r"\1…", _QUOTED.sub("'…'", failed.line))
    return f"{failed.stage}: {failed.error}: {line}"

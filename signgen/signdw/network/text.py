"""Texts and language tags as numbers, and a clear refusal of what the network cannot read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from signgen.config import did_you_mean
from signgen.data.languages import language_name, normalise_signed_language
from signgen.errors import ConfigError, DataError
from signgen.nn.tokenizer import PAD, UNKNOWN, Tokenizer
from signgen.signdw.network.batch import Condition

# No unit of a text is longer than this many characters on average, so a longer text need not be cut up to be refused.
MAX_CHARACTERS_PER_WORD = 32
ANY_LANGUAGE = 0


class TextEncoding:
    """Texts with the tags of the languages that they are to be signed in.

    Args:
        tokenizer: text units.
        languages: ISO 639-3 codes of the signed languages that the network has tags for.
        max_words: text units of a sentence at most.
    """

    def __init__(self, tokenizer: Tokenizer, languages: Sequence[str], max_words: int) -> None:
        self.tokenizer = tokenizer
        self.languages = tuple(languages)
        self.max_words = max_words

    def language(self, code: str | None) -> int:
        """The number of a signed language such as ``ase`` or ``<ase>``; of None, the one that stands for any.

        Raises:
            ConfigError: not a signed language, or none that the network was trained for.
        """
        if code is None:
            return ANY_LANGUAGE
        known = normalise_signed_language(code.strip().removeprefix("<").removesuffix(">"))
        if known not in self.languages:
            raise ConfigError(
                f"signed language {known!r} ({language_name(known)}): this network has no tag for it"
                f"{did_you_mean(known, self.languages)}"
            )
        return 1 + self.languages.index(known)

    def words(self, text: str) -> list[int]:
        """Numbers of the units of a text.

        Raises:
            DataError: it is empty, too long, or has no unit that the network knows.
        """
        if not text.strip():
            raise DataError("text: it is empty; give a sentence to sign")
        if len(text) <= MAX_CHARACTERS_PER_WORD * self.max_words:
            words = self.tokenizer.encode(text)
            if not self.tokenizer.decode([word for word in words if word != UNKNOWN]).strip():
                raise DataError(
                    f"text {_short(text)}: no unit of it was in the training texts; use their language"
                )
            if len(words) <= self.max_words:
                return words
        raise DataError(
            f"text {_short(text)}: longer than the {self.max_words} units that the network reads; "
            "give it sentence by sentence"
        )

    def condition(self, texts: Sequence[str], languages: Iterable[str | None]) -> Condition:
        """Texts and the languages to sign them in, side by side.

        Raises:
            ConfigError: an unknown language.
            DataError: a text that cannot be read.
        """
        numbers = [self.words(text) for text in texts]
        tags = [self.language(code) for code in languages]
        longest = max(map(len, numbers))
        text = torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in numbers])
        lengths = torch.tensor([len(row) for row in numbers])
        return Condition(text, torch.arange(longest)[None] < lengths[:, None], torch.tensor(tags))


def _short(text: str) -> str:
    return repr(text[:40] + ("..." if len(text) > 40 else ""))


def bare_word(word: str) -> str:
    """A word in lower case without what is no letter or digit around it.

    >>> bare_word('"Mother\\'s,')
    "mother's"
    """
    kept = [i for i, char in enumerate(word) if char.isalnum()]
    return word[kept[0] : kept[-1] + 1].lower() if kept else ""

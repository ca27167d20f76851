"""Texts as numbers: sentencepiece units or whole words, and the vocabulary of glosses."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from signgen.data.atomic import write_bytes, write_text
from signgen.data.files import read_file
from signgen.errors import CheckpointError, DataError

UNKNOWN, PAD, START, END = range(4)
SPECIALS = ("<unk>", "<pad>", "<s>", "</s>")
BLANK = 0
MAX_VOCABULARY_BYTES = 64 << 20
PIECES_FILE, WORDS_FILE, GLOSSES_FILE = "text.model", "text.txt", "gloss.txt"


class Tokenizer(Protocol):
    """Text to numbers and back; numbers 0 to 3 are unknown, padding, start and end."""

    def __len__(self) -> int: ...
    def encode(self, text: str) -> list[int]:
        """The numbers of a text, without start and end."""
        ...

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of numbers; specials vanish."""
        ...

    def save(self, folder: Path) -> None:
        """Write it into the folder of a checkpoint."""
        ...


class Words:
    """Whole words, split at spaces, the most frequent first."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (*SPECIALS, *words)
        self._numbers = {word: number for number, word in enumerate(self.words)}

    @classmethod
    def train(cls, texts: Iterable[str], size: int | None = None) -> Words:
        """The ``size`` most frequent words, all if None."""
        return cls(_frequent(texts, None if size is None else size - len(SPECIALS)))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text, without start and end."""
        return [self._numbers.get(word, UNKNOWN) for word in text.split()]

    def decode(self, numbers: Sequence[int]) -> str:
        """The words of numbers; an unknown one shows as ``<unk>``."""
        return " ".join(self.words[n] for n in numbers if n == UNKNOWN or n >= len(SPECIALS))

    def save(self, folder: Path) -> None:
        """Write one word a line."""
        write_text(folder / WORDS_FILE, "".join(f"{word}\n" for word in self.words[len(SPECIALS) :]))


class Pieces:
    """Units of a sentencepiece unigram model."""

    def __init__(self, model: bytes, where: str = PIECES_FILE) -> None:
        import sentencepiece

        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except (RuntimeError, ValueError, TypeError):
            raise CheckpointError(f"{where}: damaged; not a sentencepiece model") from None
        if len(self) <= END or self._processor.pad_id() != PAD or self._processor.eos_id() != END:
            raise CheckpointError(f"{where}: a sentencepiece model with other special units")

    @classmethod
    def train(cls, texts: Iterable[str], size: int = 1000) -> Pieces:
        """At most ``size`` units that make the texts most likely.

        Raises:
            DataError: there is too little text.
        """
        import sentencepiece

        written = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.Train(
                sentence_iterator=iter(list(texts)), model_writer=written, vocab_size=size, model_type="unigram",
                hard_vocab_limit=False, character_coverage=1.0, num_threads=1, minloglevel=2,
                unk_id=UNKNOWN, pad_id=PAD, bos_id=START, eos_id=END,
            )  # fmt: skip
        except (RuntimeError, OSError) as error:
            reason = " ".join(str(error).split())[-120:]
            raise DataError(
                f"training texts: no units can be learned ({reason}); use tokens.kind: words"
            ) from None
        return cls(written.getvalue())

    def __len__(self) -> int:
        return int(self._processor.vocab_size())

    @property
    def serialized(self) -> bytes:
        """The model as bytes."""
        return self._model

    def encode(self, text: str) -> list[int]:
        """The numbers of a text, without start and end."""
        return list(self._processor.EncodeAsIds(text))

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of numbers; specials vanish but for the unknown one."""
        return str(self._processor.DecodeIds([n for n in numbers if n == UNKNOWN or n >= len(SPECIALS)]))

    def save(self, folder: Path) -> None:
        """Write the model."""
        self.save_as(folder / PIECES_FILE)

    def save_as(self, path: Path) -> None:
        """Write the model to a file of any name."""
        write_bytes(path, self._model)


class Glosses:
    """The gloss vocabulary of a CTC head: 0 is the blank, 1 an unknown gloss."""

    def __init__(self, glosses: Sequence[str]) -> None:
        self.glosses = ("<blank>", "<unk>", *glosses)
        self._numbers = {gloss: number for number, gloss in enumerate(self.glosses)}

    @classmethod
    def train(cls, sequences: Iterable[str]) -> Glosses:
        """All glosses of the sequences, the most frequent first."""
        return cls(_frequent(sequences, None))

    def __len__(self) -> int:
        return len(self.glosses)

    def encode(self, sequence: str) -> list[int]:
        """Numbers of space-separated glosses."""
        return [self._numbers.get(gloss, 1) for gloss in sequence.split()]

    def decode(self, numbers: Sequence[int]) -> str:
        """Space-separated glosses; blanks vanish."""
        return " ".join(self.glosses[n] for n in numbers if n != BLANK)

    def save(self, folder: Path) -> None:
        """Write one gloss a line."""
        write_text(folder / GLOSSES_FILE, "".join(f"{gloss}\n" for gloss in self.glosses[2:]))


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in the folder of a checkpoint.

    Raises:
        CheckpointError: it is damaged, or there is none.
    """
    if (folder / PIECES_FILE).is_file():
        return Pieces(_read(folder / PIECES_FILE), str(folder / PIECES_FILE))
    if (folder / WORDS_FILE).is_file():
        return Words(_lines(folder / WORDS_FILE))
    raise CheckpointError(
        f"{folder}: no tokenizer ({PIECES_FILE} or {WORDS_FILE}); the checkpoint is not whole"
    )


def load_glosses(folder: Path) -> Glosses | None:
    """The gloss vocabulary of a checkpoint, None if it was trained without glosses."""
    path = folder / GLOSSES_FILE
    return Glosses(_lines(path)) if path.is_file() else None


def _frequent(texts: Iterable[str], size: int | None) -> list[str]:
    counts = Counter(word for text in texts for word in text.split())
    # By number and then by spelling, so that the order of the texts does not matter.
    return sorted(counts, key=lambda word: (-counts[word], word))[:size]


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MAX_VOCABULARY_BYTES)
    except DataError as error:
        raise CheckpointError(str(error)) from None


def _lines(path: Path) -> list[str]:
    try:
        lines = _read(path).decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError:
        raise CheckpointError(f"{path}: damaged; not UTF-8") from None
    if len(set(lines)) != len(lines):
        raise CheckpointError(f"{path}: damaged; an entry comes twice")
    return lines

"""Signs in the notation of docs/notation.md: YAML read strictly, with file and line in every complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signgen.config import did_you_mean
from signgen.errors import LexiconError
from signgen.lexicon.notation_reader import Reader
from signgen.lexicon.notation_steps import STEP_KEYS, Base, Step, read_base, read_step
from signgen.lexicon.notation_words import FACE, HANDS, LONGEST, SECOND_HAND, SHORTEST

SUFFIX = ".yaml"
MAX_BYTES = 8 << 20
MAX_SIGNS = 20_000
_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]*(?:\.(?P<variant>[0-9]{1,2}))?")
_KEYS = ("words", "hands", "face", "then", "duration", "note", *STEP_KEYS)
_REQUIRED = ("words", "hand", "palm", "fingers", "at")
_MAX_STEPS = 8


@dataclass(frozen=True)
class Sign:
    """One sign of a notation file.

    Attributes:
        name: gloss, with ``.2`` for a second variant.
        words: words that it stands for.
        steps: what the hands do, at least one.
        hands: ``one``, ``symmetric``, ``alternating``, ``parallel`` or ``base``.
        base: the second hand, with ``hands`` ``base``.
        face: non-manuals, such as ``{"brows": "raised"}``.
        duration: seconds from the first stroke to the end of the last, or None for a natural one.
        note: for readers.
        path: the file.
        line: where in the file, from 1.
    """

    name: str
    words: tuple[str, ...]
    steps: tuple[Step, ...]
    hands: str = "one"
    base: Base | None = None
    face: Mapping[str, str] = field(default_factory=dict, hash=False)
    duration: float | None = None
    note: str = ""
    path: Path = Path()
    line: int = 0

    @property
    def gloss(self) -> str:
        """Its name without the number of the variant."""
        return self.name.partition(".")[0]

    @property
    def variant(self) -> str:
        """The number of the variant, empty for the first."""
        return self.name.partition(".")[2]


def read_signs(path: Path) -> tuple[Sign, ...]:
    """The signs of one file, in its order.

    Raises:
        LexiconError: not a readable notation file; the text names file and line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LexiconError(f"{path}: larger than {MAX_BYTES >> 20} MiB; split it into topics")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LexiconError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_signs(text, path)


def parse_signs(text: str, path: Path = Path("notation")) -> tuple[Sign, ...]:
    """The signs of a text; ``path`` is the file to name in complaints.

    Raises:
        LexiconError: the text names file and line.
    """
    top = Reader.of_text(text, path)
    signs = []
    for name, reader in top.items():
        if not _NAME.fullmatch(name):
            reader.fail(
                f"{name!r} is no gloss; write capitals, digits and hyphens, with .2 for a second variant"
            )
        signs.append(_sign(name, reader))
        if len(signs) > MAX_SIGNS:
            reader.fail(f"more than {MAX_SIGNS:,} signs; split the file into topics")
    return tuple(signs)


def read_folder(folder: Path) -> tuple[Sign, ...]:
    """The signs of every notation file of a folder, by file name.

    Raises:
        LexiconError: a bad file, or a name that two files use.
    """
    signs: dict[str, Sign] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        for sign in read_signs(path):
            if sign.name in signs:
                other = signs[sign.name]
                raise LexiconError(
                    f"{path}:{sign.line}: {sign.name} is already in {other.path.name}:{other.line}; "
                    f"name a variant {sign.gloss}.2"
                )
            signs[sign.name] = sign
    return tuple(signs.values())


def _sign(name: str, reader: Reader) -> Sign:
    reader.check_keys(_KEYS, _REQUIRED)
    hands = reader.choice("hands", HANDS, "one")
    words = reader.words("words")
    first = read_step(reader, None)
    steps = [first, *_further(reader, first)]
    base = read_base(reader.inside("base")) if "base" in reader else None
    if (hands == "base") != (base is not None):
        reader.fail(
            f"{name}: hands: base needs a base: with hand, palm and fingers"
            if base is None
            else f"{name}: base: describes the second hand only with hands: base"
        )
    for step in steps:
        if hands == "one" and {step.place.name, step.end_place.name} & SECOND_HAND:
            reader.fail(
                f"{name}: {step.place.name} lies on the second hand or arm; say hands: base (or symmetric)"
            )
    return Sign(
        name,
        words,
        tuple(steps),
        hands,
        base,
        dict(_face(reader)),
        reader.number("duration", None, SHORTEST, LONGEST),
        reader.text("note", ""),
        reader.path,
        reader.line,
    )


def _further(reader: Reader, step: Step) -> Iterator[Step]:
    if "then" not in reader:
        return
    rows = reader.list("then")
    if len(rows) > _MAX_STEPS:
        reader.fail(f"then: at most {_MAX_STEPS} steps")
    for row in rows:
        row.check_keys(STEP_KEYS, ())
        step = read_step(row, step)
        yield step


def _face(reader: Reader) -> Iterator[tuple[str, str]]:
    if "face" not in reader:
        return
    inside = reader.inside("face")
    inside.check_keys(tuple(FACE), ())
    for key, _ in inside.items():
        yield key, inside.choice(key, FACE[key], "")


def find_sign(signs: Mapping[str, Sign], name: str) -> Sign:
    """The sign of a name.

    Raises:
        LexiconError: there is none; the text suggests one.
    """
    if name not in signs:
        raise LexiconError(f"{name}: no such sign{did_you_mean(name, signs)}")
    return signs[name]

"""Lexicons written in notation: the built-in ``ase`` and folders of users, synthesised when a sign is wanted."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.notation import SUFFIX, Sign, find_sign, read_signs
from signgen.pose.sequence import PoseSequence

_DATA = Path(__file__).parent / "data"
# Lexicons in the package by name: signed and spoken language.
BUILT_IN = {"ase": ("ase", "en")}
LICENCE = "Apache-2.0; written from published phonological descriptions, not recorded from or verified by Deaf signers"
# A file of this name holds an alphabet: its words are letters.
_LETTERS = "letters"


def is_written(folder: Path) -> bool:
    """Whether a folder holds signs in notation and no index of recordings."""
    from signgen.lexicon.index import INDEX_NAME

    return not (folder / INDEX_NAME).is_file() and any(folder.glob(f"*{SUFFIX}"))


def open_written(folder: Path, name: str) -> tuple[Entry, ...]:
    """Entries for all signs of the notation files of a folder; nothing is synthesised yet.

    Raises:
        LexiconError: a bad file, or a name that two files use; the text names file and line.
    """
    signs: dict[str, Sign] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        for key, sign in _signs(*_stamped(path)).items():
            if key in signs:
                other = signs[key]
                raise LexiconError(
                    f"{path}:{sign.line}: {key} is already in {other.path.name}:{other.line}; "
                    f"name a variant {sign.gloss}.2"
                )
            signs[key] = sign
    signed, spoken = BUILT_IN.get(name, ("ase", "en"))
    return tuple(_entry(sign, name, signed, spoken) for sign in signs.values())


def built_in(name: str) -> tuple[Path, tuple[Entry, ...]]:
    """Folder and entries of a lexicon of the package."""
    folder = _DATA / name
    return folder, open_written(folder, name)


def synthesised(entry: Entry) -> PoseSequence:
    """The whole movement of an entry, from rest to rest.

    Raises:
        LexiconError: the sign is no longer in its file, or the file is bad.
    """
    from signgen.lexicon.synthesis import synthesise

    return synthesise(find_sign(_signs(*_stamped(entry.path)), entry.sign))


def _stamped(path: Path) -> tuple[Path, float]:
    try:
        return path, path.stat().st_mtime
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read: {error.strerror}") from None


@lru_cache(maxsize=256)
def _signs(path: Path, _: float) -> dict[str, Sign]:
    return {sign.name: sign for sign in read_signs(path)}


def _entry(sign: Sign, lexicon: str, signed: str, spoken: str) -> Entry:
    from signgen.lexicon.synthesis import FPS
    from signgen.lexicon.synthesis_time import active_span

    is_letter = sign.path.stem == _LETTERS
    start, end = active_span(sign, FPS)
    return Entry(
        lexicon=f"{lexicon}:{_LETTERS}" if is_letter else lexicon,
        path=sign.path,
        spoken_language=spoken,
        signed_language=signed,
        start=start,
        end=end,
        words=sign.words,
        glosses=sign.words[:1] if is_letter else (sign.gloss,),
        priority=int(sign.variant or 0),
        variant=sign.variant,
        licence=LICENCE,
        signer="synthesised",
        sign=sign.name,
    )

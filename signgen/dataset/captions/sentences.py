"""Cut cues into sentences: over the ends of cues, at marks and pauses, in scripts with and without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from annotated_types import Gt

from signgen.config import setting
from signgen.data.cue import Cue

# Marks that end a sentence wherever they stand; the full stop and the ellipsis ask what follows.
_ALWAYS = "!?。！？｡．؟۔।॥։።፧៖។၊။᙮‽"
_END = re.compile(rf"(?:[{_ALWAYS}]|[.…])+[\"'”’»›)\]」』）】]*(?=\s|$)|[。！？｡]+[」』）】”’]*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“„«])(?:[^\W\d_]|mr|mrs|ms|dr|prof|st|jr|sr|vs|no|nos|vol|fig|approx|e\.g|i\.e|u\.s|etc|ca|bzw|usw|z\.b|d\.h|u\.a"
    r"|nr|hr|fr|evtl|ggf|inkl|mme|mlle|sra|srta|dña|núm|pág|avv|dott|sig)\.$",
    re.IGNORECASE,
)
# "2. Mai": within a cue a number with a full stop is an ordinal.
_ORDINAL = re.compile(r"(?:^|\s)[0-9]{1,2}\.$")
# Scripts written without spaces: Thai, Lao, Burmese, Khmer, kana, Han.
_NO_SPACE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3001-\u3003\u3005-\u3011\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff01-\uff0f\uff1a-\uff1f\U00020000-\U000323af]"
)


@dataclass(frozen=True)
class Cutting:
    """How cues become sentences."""

    longest_gap: Annotated[float, Gt(0)] = setting(1.5, "a pause longer than this ends a sentence [s]")
    longest: Annotated[float, Gt(0)] = setting(15.0, "no sentence of several cues is longer than this [s]")
    most_characters: Annotated[int, Gt(0)] = setting(300, "nor has it more characters")


CUTTING = Cutting()


def segment(cues: Sequence[Cue], cutting: Cutting = CUTTING) -> list[Cue]:
    """Sentences with their times.

    A cue with the end of one sentence and the start of another is cut in proportion to its characters. What has no
    marks is cut at pauses and lengths alone.

    >>> [cue.text for cue in segment([Cue(0, 2, "It rains. Then"), Cue(2, 3, "it snows.")])]
    ['It rains.', 'Then it snows.']
    """
    has_case = any(cue.text != cue.text.lower() for cue in cues)
    pieces = [piece for cue in cues for piece in _pieces(cue)]
    sentences, open_pieces = list[Cue](), list[Cue]()
    for piece, following in pairwise([*pieces, None]):
        if piece is None:
            continue
        if open_pieces and not _fits(open_pieces, piece, cutting):
            sentences.append(_joined(open_pieces))
            open_pieces = []
        open_pieces.append(piece)
        if _ends(open_pieces, following, has_case):
            sentences.append(_joined(open_pieces))
            open_pieces = []
    return [*sentences, _joined(open_pieces)] if open_pieces else sentences


def joined_text(texts: Iterable[str]) -> str:
    """Texts one after the other, with a space between them unless both are of a script without spaces.

    >>> joined_text(["你好", "世界"]), joined_text(["hello", "world"])
    ('你好世界', 'hello world')
    """
    whole = ""
    for text in texts:
        is_tight = whole and text and _NO_SPACE.match(whole[-1]) and _NO_SPACE.match(text[0])
        whole += text if is_tight or not whole or not text else f" {text}"
    return whole


def _pieces(cue: Cue) -> Iterator[Cue]:
    """The parts of a cue between marks that may end a sentence."""
    text = joined_text(cue.text.split("\n"))
    ends = (match.end() for match in _END.finditer(text))
    cuts = [end for end in ends if not _ORDINAL.search(text[max(0, end - 5) : end])]
    bounds = sorted({0, *cuts, len(text)})
    seconds = (cue.end - cue.start) / max(1, len(text))
    for first, last in pairwise(bounds):
        part = text[first:last].strip()
        if part:
            end = cue.end if last == len(text) else cue.start + last * seconds
            yield Cue(min(cue.start + first * seconds, end), end, part)


def _fits(sentence: Sequence[Cue], piece: Cue, cutting: Cutting) -> bool:
    characters = sum(len(part.text) + 1 for part in sentence) + len(piece.text)
    return (
        piece.start - sentence[-1].end <= cutting.longest_gap
        and piece.end - sentence[0].start <= cutting.longest
        and characters <= cutting.most_characters
    )


def _ends(sentence: Sequence[Cue], following: Cue | None, has_case: bool) -> bool:
    """Whether the mark at the end of a piece ends the sentence."""
    text = sentence[-1].text
    *_, found = (None, *_END.finditer(text))
    if found is None or found.end() != len(text):
        return False
    if any(mark in _ALWAYS for mark in found[0]):
        return True
    if (
        found[0].startswith(".")
        and not found[0].startswith("..")
        and _ABBREVIATION.search(text.rstrip("\"'”’»)"))
    ):
        return following is None
    goes_on = following is not None and (
        following.text.startswith(("...", "…")) or (has_case and following.text[:1].islower())
    )
    return not goes_on


def _joined(pieces: Sequence[Cue]) -> Cue:
    return Cue(pieces[0].start, pieces[-1].end, joined_text(piece.text for piece in pieces))

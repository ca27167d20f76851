"""English to ASL order: time first, no articles and copula, negation and wh-word last, pointing pronouns.

The rules are those that ASL textbooks give for plain sentences: time before topic and comment, pronouns by
pointing, negation after the verb with a headshake, the wh-word at the end with the brows furrowed over the
whole question (so too in the examples of the National Center for Sign Language and Gesture Resources), brows
raised over a yes/no question. They are not a grammar of ASL: no topics, classifiers, agreement in space,
negative incorporation (DON'T-KNOW) or role shift.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from signgen.lexicon.plan import NonManual
from signgen.lexicon.rules import english_words as en
from signgen.lexicon.rules.base import Arranged, Clause, Wanted, rule_sets
from signgen.lexicon.rules.english_pieces import Piece, drop, is_time_word, pieces_of, time_spans

_Pieces = list[Piece]


@rule_sets.register("english-asl")
@dataclass(frozen=True)
class EnglishAsl:
    """English words in the order of American Sign Language."""

    mode: ClassVar[str] = "english-asl"
    spoken_language: ClassVar[str] = "en"
    signed_languages: ClassVar[tuple[str, ...]] = ("ase",)

    def __call__(self, clause: Clause) -> Arranged:
        """The clause in ASL order."""
        parts = _split(pieces_of(clause.words))
        asking = [part for part in parts if part[0].key in en.AUXILIARIES | en.WH] or parts[-1:]
        wanted: list[Wanted] = []
        dropped: dict[int, str] = {}
        for part in parts:
            marked = _apply(part, clause.asks and part in asking)
            wanted.extend(_signs(marked))
            dropped.update({token: p.dropped for p in marked if p.dropped for token in p.tokens})
        signed = {token for want in wanted for token in want.tokens}
        return Arranged(tuple(wanted), {t: why for t, why in dropped.items() if t not in signed})


def _split(pieces: _Pieces) -> list[_Pieces]:
    """Parts with a subject of their own, so that a time adverbial stays in its part."""
    parts: list[_Pieces] = [[]]
    for index, piece in enumerate(pieces):
        after = pieces[index + 1].key if index + 1 < len(pieces) else ""
        starts = piece.key in en.SUBORDINATORS or (piece.key in en.COORDINATORS and after in en.SUBJECTS)
        if starts and parts[-1]:
            parts.append([])
        parts[-1].append(piece)
    return [part for part in parts if part]


def _apply(pieces: _Pieces, asks: bool) -> _Pieces:
    """Every rule in turn; a rule changes pieces in place of the old ones and never their number."""
    pieces = _times(pieces)
    question = _question(pieces, asks)
    if question == "wh_question":
        pieces = _wh(pieces)
    for rule in _RULES:
        pieces = [rule(pieces, index) if not piece.dropped else piece for index, piece in enumerate(pieces)]
    return [replace(piece, question=question) for piece in pieces]


def _signs(pieces: _Pieces) -> list[Wanted]:
    """Leading words, time, the rest, NOT, wh-word; with the marks that hold."""
    kept = [piece for piece in pieces if not piece.dropped]
    order = {"lead": 0, "time": 1, "": 2, "negative": 2, "not": 3, "wh": 4}
    kept.sort(key=lambda piece: order[piece.role])
    signs: list[Wanted] = []
    negated = False
    for piece in kept:
        negated = negated or piece.role in ("not", "negative")
        marks: tuple[NonManual, ...] = (piece.question,) if piece.question else ()
        if negated and piece.role != "wh":
            marks = (*marks, "negation")
        signs.append(
            Wanted(piece.text, piece.tokens, piece.glosses, piece.kind, marks, piece.is_optional, piece.rule)
        )
    return signs


def _times(pieces: _Pieces) -> _Pieces:
    """Give time adverbials their role, and leading words theirs; prepositions of time have no sign."""
    marked = list(pieces)
    for start, end in time_spans(pieces):
        for index in range(start, end):
            marked[index] = replace(marked[index], role="time")
            if marked[index].key in en.PREPOSITIONS | en.ARTICLES and index == start and end - start > 1:
                marked[index] = drop(marked[index], "part of a time adverbial")
    for index, piece in enumerate(marked):
        if piece.key not in en.LEADERS or (piece.key == "no" and len(pieces) > 1):
            break
        marked[index] = replace(piece, role="lead")
    return marked


def _first(pieces: _Pieces) -> int:
    """Index of the first word after leading words, time and a preposition before a wh-word."""
    for index, piece in enumerate(pieces):
        before_wh = (
            piece.key in en.PREPOSITIONS and index + 1 < len(pieces) and pieces[index + 1].key in en.WH
        )
        if piece.role == "" and not before_wh:
            return index
    return 0


def _question(pieces: _Pieces, asks: bool) -> NonManual | None:
    """A wh-question opens with a wh-word and an auxiliary, or is asked and has a wh-word."""
    first = _first(pieces)
    opening = pieces[first]
    after = pieces[first + 1].key if first + 1 < len(pieces) else ""
    if _is_wh(opening) and (asks or after in en.AUXILIARIES):
        return "wh_question"
    if not asks:
        return None
    if opening.key in en.AUXILIARIES or not any(_is_wh(piece) for piece in pieces):
        return "yes_no_question"
    return "wh_question"


def _is_wh(piece: Piece) -> bool:
    return piece.key.split(" ")[0] in en.WH


def _wh(pieces: _Pieces) -> _Pieces:
    """Send the first wh-word to the end; "how are you" keeps its order (HOW YOU), a phrase its place."""
    if [piece.key for piece in pieces[-3:]] == ["how", "are", "you"]:
        return pieces
    place = next(index for index, piece in enumerate(pieces) if _is_wh(piece))
    moved = replace(pieces[place], role="" if pieces[place].is_phrase else "wh")
    return [*pieces[:place], moved, *pieces[place + 1 :]]


def _future(pieces: _Pieces, index: int) -> Piece:
    """Be going to VERB: WILL."""
    keys = [piece.key for piece in pieces]
    for start in range(max(0, index - 2), index + 1):
        if (
            keys[start : start + 2] == ["going", "to"]
            and keys[start + 2 : start + 3]
            and keys[start + 2] in en.VERBS
        ):
            if index == start:
                return replace(
                    pieces[index], text="will", key="will", glosses=("WILL", "FUTURE"), rule="future"
                )
            if index == start + 1:
                return drop(pieces[index], "future: in WILL")
    return pieces[index]


def _perfect(pieces: _Pieces, index: int) -> Piece:
    """Have PARTICIPLE: FINISH."""
    piece = pieces[index]
    following = [p.key for p in pieces[index + 1 : index + 4]]
    if piece.key not in en.HAVE or not following:
        return piece
    if "been" in following:
        return drop(piece, "auxiliary")
    if any(key in en.PARTICIPLES or (key.endswith("ed") and len(key) > 4) for key in following):
        gap = following[
            : next(i for i, key in enumerate(following) if key in en.PARTICIPLES or key.endswith("ed"))
        ]
        if all(key in en.SUBJECTS | {"not", "never", "already", "just", "ever", "always"} for key in gap):
            return replace(piece, glosses=("FINISH",), is_optional=True, rule="perfect")
    return piece


def _auxiliary(pieces: _Pieces, index: int) -> Piece:
    """Do, does, did before not, or where they open a question; the main verb "do" stays."""
    piece = pieces[index]
    if piece.key not in en.DO:
        return piece
    after = [p.key for p in pieces[index + 1 :]]
    opens = all(p.role != "" or p.dropped or p.key in en.PREPOSITIONS for p in pieces[:index])
    if after[:1] == ["not"] or (opens and len(after) >= 2):
        return drop(piece, "auxiliary")
    noun = index > 0 and pieces[index - 1].key not in en.SUBJECTS
    asked = any(p.role == "wh" for p in pieces[:index])
    return drop(piece, "auxiliary") if asked and noun and len(after) >= 2 else piece


def _copula(pieces: _Pieces, index: int) -> Piece:
    """Am, is, are, was, were: none in ASL; an answer ("Yes, I am.") and an emphasis ("It IS.") stay, "I'm" never."""
    piece = pieces[index]
    if piece.key not in en.BE:
        return piece
    others = [p for p in pieces if p.key != "not" and p is not piece]
    if any(p.tokens == piece.tokens for p in others):
        return drop(piece, "copula")
    answers = index + 1 >= len(pieces) - (pieces[-1].key == "not") and all(
        p.key in en.SUBJECTS or p.role == "lead" for p in others
    )
    stressed = piece.text.isupper() and len(piece.text) > 1 and not all(p.text.isupper() for p in others)
    return piece if answers or stressed else drop(piece, "copula")


def _article(pieces: _Pieces, index: int) -> Piece:
    """A, an, the; but not the letter in "vitamin A" or in "A."."""
    piece = pieces[index]
    letter = len(pieces) == 1 or (piece.text == "A" and index > 0 and piece.key == "a")
    return drop(piece, "article") if piece.key in en.ARTICLES and not letter else piece


def _preposition(pieces: _Pieces, index: int) -> Piece:
    """To and of have no sign of their own in ASL: direction and relation are shown."""
    piece = pieces[index]
    return drop(piece, "preposition") if piece.key in ("to", "of") and len(pieces) > 1 else piece


def _expletive(pieces: _Pieces, index: int) -> Piece:
    """There is: HAVE; it is raining, what time is it: no it."""
    piece = pieces[index]
    near = {p.key for p in pieces[max(0, index - 1) : index + 2]}
    exists = {p.key for p in pieces[index + 1 : index + 2]} | {p.key for p in pieces[:1] if index == 1}
    if piece.key == "there" and exists & en.BE:
        return replace(piece, glosses=("HAVE", "EXIST"), is_optional=True, rule="there is")
    if piece.key == "it" and near & en.BE and any(p.key in en.DUMMY_IT or p.kind == "number" for p in pieces):
        return drop(piece, "dummy subject")
    return piece


def _pronoun(pieces: _Pieces, index: int) -> Piece:
    """Pronouns are pointing signs (IX), possessives a flat hand (POSS)."""
    piece = pieces[index]
    if piece.key == "her":
        after = pieces[index + 1] if index + 1 < len(pieces) else None
        owns = after is not None and after.key not in en.AFTER_HER and not is_time_word(after)
        return replace(piece, glosses=en.PRONOUNS["his" if owns else "she"], rule="pronoun")
    if piece.key in en.PRONOUNS and not piece.glosses:
        return replace(piece, glosses=en.PRONOUNS[piece.key], rule="pronoun")
    return piece


def _negation(pieces: _Pieces, index: int) -> Piece:
    """Not goes last; other negatives stay and carry the headshake."""
    piece = pieces[index]
    if piece.key == "not":
        return replace(piece, role="not", glosses=("NOT",), rule="negation")
    if piece.key in en.NEGATIVES or re.fullmatch(r"(can|will) not", piece.key):
        return replace(piece, role=piece.role or "negative")
    return piece


_RULES: Sequence[Callable[[_Pieces, int], Piece]] = (
    _expletive,
    _future,
    _perfect,
    _auxiliary,
    _copula,
    _article,
    _preposition,
    _pronoun,
    _negation,
)

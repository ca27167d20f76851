"""Steps of a sign: places, directions and movements, read strictly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.config import did_you_mean
from signgen.lexicon.handshapes import handshapes
from signgen.lexicon.notation_reader import Reader
from signgen.lexicon.notation_words import (
    ALL_PLACES,
    CONTACTS,
    DIRECTIONS,
    INTERNALS,
    MAX_GAP_CM,
    MAX_REPEAT,
    PATHS,
    REACHES,
    ROOM_SIDES,
    SECOND_HAND,
    SIDES,
    SIZES,
    TOUCHES,
)  # fmt: skip

STEP_KEYS = (
    "hand", "palm", "fingers", "at", "touch", "contact", "gap", "move", "repeat", "internal", "base",
)  # fmt: skip
_BASE_KEYS = ("hand", "palm", "fingers", "at", "touch", "contact", "gap", "move")
# cos of the least angle between palm and finger direction: 15 degrees.
_PARALLEL = 0.966


@dataclass(frozen=True)
class Direction:
    """A direction of a right hand as a (3,) unit vector, and the part of it that names a side of the room."""

    own: tuple[float, float, float]
    room: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def vector(self, is_second: bool = False) -> np.ndarray:
        """Unit vector in the frame of a right hand; for the second hand, which is mirrored, room sides turn."""
        room = np.array(self.room)
        if is_second:
            room[0] = -room[0]
        total = np.array(self.own) + room
        unit: np.ndarray = total / np.linalg.norm(total)
        return unit


@dataclass(frozen=True)
class Place:
    """A place by name; side 1 right, 0 centre, -1 left, None the usual one; reach ``near``, ``far`` or empty."""

    name: str
    side: int | None = None
    reach: str = ""


@dataclass(frozen=True)
class Move:
    """A path with its directions and its length [m]."""

    path: str = "none"
    directions: tuple[Direction, ...] = ()
    size: float = SIZES["medium"]


@dataclass(frozen=True)
class Base:
    """The second hand of a sign whose hands differ. ``moves``: it goes along with the first hand."""

    hand: tuple[str, str]
    palm: tuple[Direction, Direction]
    fingers: tuple[Direction, Direction]
    place: Place = Place("neutral", 0)
    touch: str = "palm"
    contact: str = "none"
    gap: float = 0.05
    moves: bool = False


@dataclass(frozen=True)
class Step:
    """One movement of the first hand from a posture to another; pairs are (start, end) of each stroke."""

    hand: tuple[str, str]
    palm: tuple[Direction, Direction]
    fingers: tuple[Direction, Direction]
    place: Place
    end_place: Place
    is_placed: bool
    touch: str
    contact: str
    gap: float
    move: Move
    repeat: int
    internal: str
    base: Base | None = None


def read_step(reader: Reader, before: Step | None) -> Step:
    """A step; what it leaves out is as it was at the end of the step ``before``.

    Raises:
        LexiconError: the text names file and line.
    """
    hand = _hands(reader) if "hand" in reader or before is None else (before.hand[1],) * 2
    palm = _directions(reader, "palm") if "palm" in reader or before is None else (before.palm[1],) * 2
    fingers = (
        _directions(reader, "fingers") if "fingers" in reader or before is None else (before.fingers[1],) * 2
    )
    _check_crossing(reader, palm, fingers)
    contact = reader.choice("contact", CONTACTS, "none")
    places = _places(reader) if "at" in reader or before is None else (before.end_place,) * 2
    touch = reader.choice("touch", TOUCHES, "") or (
        before.touch if before else "palm" if contact == "none" else "fingertips"
    )
    gap = reader.number("gap", 5.0, 0.0, MAX_GAP_CM)
    repeat = reader.number("repeat", 2 if contact == "tap" else 1, 1, MAX_REPEAT)
    base = None
    if before is not None and "base" in reader:
        base = read_base(reader.inside("base"))
    return Step(
        hand, palm, fingers, *places, "at" in reader or before is None, touch, contact, (gap or 0.0) / 100,
        _move(reader, places[0] != places[1]), int(repeat or 1), reader.choice("internal", INTERNALS, "none"), base,
    )  # fmt: skip


def read_base(reader: Reader) -> Base:
    """The second hand of ``hands: base``.

    Raises:
        LexiconError: the text names file and line.
    """
    reader.check_keys(_BASE_KEYS, _BASE_KEYS[:3])
    palm, fingers = _directions(reader, "palm"), _directions(reader, "fingers")
    _check_crossing(reader, palm, fingers)
    place = _places(reader)[0] if "at" in reader else Place("neutral", 0)
    if place.name in SECOND_HAND:
        reader.fail(f"at: {place.name} is a place of the second hand itself", "at")
    contact = reader.choice("contact", ("none", "hold"), "none")
    gap = reader.number("gap", 5.0, 0.0, MAX_GAP_CM)
    moves = reader.choice("move", ("still", "with"), "still") == "with"
    touch = reader.choice("touch", TOUCHES, "palm" if contact == "none" else "fingertips")
    return Base(_hands(reader), palm, fingers, place, touch, contact, (gap or 0.0) / 100, moves)


def _hands(reader: Reader) -> tuple[str, str]:
    names = reader.pair("hand")
    for name in names:
        if name not in handshapes():
            reader.fail(
                f"hand: no handshape {name!r}{did_you_mean(name, handshapes())}; see docs/notation.md", "hand"
            )
    return names


def _directions(reader: Reader, key: str) -> tuple[Direction, Direction]:
    first, last = (_direction(reader, key, text) for text in reader.pair(key))
    return first, last


def _direction(reader: Reader, key: str, text: str) -> Direction:
    sums = {False: np.zeros(3), True: np.zeros(3)}
    for word in text.split("+"):
        if word not in DIRECTIONS:
            reader.fail(
                f"{key}: no direction {word!r}{did_you_mean(word, DIRECTIONS)}; join several by +",
                key,
            )
        sums[word in ROOM_SIDES] += DIRECTIONS[word]
    own, room = sums[False], sums[True]
    if np.linalg.norm(own + room) < 0.1 or np.linalg.norm(own - room) < 0.1:
        reader.fail(f"{key}: {text!r} cancels out", key)
    return Direction((own[0], own[1], own[2]), (room[0], room[1], room[2]))


def _check_crossing(
    reader: Reader, palm: tuple[Direction, Direction], fingers: tuple[Direction, Direction]
) -> None:
    for p, f in zip(palm, fingers, strict=True):
        if abs(p.vector() @ f.vector()) > _PARALLEL:
            reader.fail(
                "palm and fingers point along the same line; the palm faces across the fingers",
                "palm" if "palm" in reader else "",
            )


def _places(reader: Reader) -> tuple[Place, Place]:
    first, last = (_place(reader, text) for text in reader.pair("at"))
    return first, last


def _place(reader: Reader, text: str) -> Place:
    name, *rest = text.split()
    if name not in ALL_PLACES:
        reader.fail(f"at: no place {name!r}{did_you_mean(name, ALL_PLACES)}", "at")
    side, reach = None, ""
    for word in rest:
        if word in SIDES and side is None:
            side = SIDES[word]
        elif word in REACHES and name.startswith("neutral") and not reach:
            reach = word
        else:
            reader.fail(
                f"at: {word!r} after {name}; a place takes right, centre or left, and neutral near or far",
                "at",
            )
    return Place(name, side, reach)


def _move(reader: Reader, is_way: bool) -> Move:
    """The path; between two places (``is_way``) the words after it are bulge and swing only."""
    if "move" not in reader:
        return Move("straight" if is_way else "none")
    path, *words = reader.text("move", "").split()
    if path not in PATHS:
        reader.fail(f"move: no path {path!r}{did_you_mean(path, PATHS)}", "move")
    size = SIZES["medium"]
    if words and words[-1] in SIZES:
        size = SIZES[words.pop()]
    lowest, highest = PATHS[path]
    if is_way and path in ("straight", "arc", "zigzag", "back_and_forth", "none"):
        lowest, highest = 0, max(0, highest - 1)
    elif path in ("straight", "arc", "back_and_forth"):
        lowest = 0 if reader.text("contact", "") == "tap" and path == "straight" else 1
    if not lowest <= len(words) <= highest:
        wanted = str(lowest) if lowest == highest else f"{lowest} or {highest}"
        reader.fail(
            f"move: {path} takes {wanted} directions here and then a size ({', '.join(SIZES)})", "move"
        )
    return Move(path, tuple(_direction(reader, "move", word) for word in words), size)

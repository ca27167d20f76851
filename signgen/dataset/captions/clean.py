"""Clean the cues of a track: what is not said goes, what is said twice is said once, and one cue follows another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from signgen.data.cue import Cue
from signgen.dataset.captions.rollup import is_rolling, unrolled
from signgen.dataset.captions.wording import reworded

# A cue that another one leaves less than this is one with it [s].
SHORTEST = 0.2
# Cues at the same time that are taken; more are no captions.
MOST_TOGETHER = 8
# A longer text is no caption.
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Dropped:
    """A cue that was left out, with its text as it was, and why.

    Attributes:
        cue: the cue.
        reason: ``empty``, ``sound``, ``music``, ``speaker`` (nothing else was in it), ``no-duration``, ``repeated``
            (roll-up), ``duplicate`` (the same text at the same time) ``crowded`` (too many at the same time) or
            ``too-long``.
    """

    cue: Cue
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """The result of `clean_cues`.

    Attributes:
        cues: in order of time, none overlapping another.
        dropped: every cue that is gone.
        mended: how many cues were shortened (``overlap``), put together (``merged``), or lost a part of their text
            (``sound``, ``music``, ``speaker``).
    """

    cues: tuple[Cue, ...]
    dropped: tuple[Dropped, ...] = ()
    mended: Mapping[str, int] = field(default_factory=dict)

    @property
    def reasons(self) -> Counter[str]:
        """Number of dropped cues by reason."""
        return Counter(item.reason for item in self.dropped)


def clean_cues(cues: Iterable[Cue]) -> Cleaned:
    """Cues without what is not said, without repetitions and overlaps; every one that is gone is accounted for.

    Cues at the same time are put together as one, for signers say it once; a cue that runs into the next one ends
    where that starts.
    """
    dropped, mended = list[Dropped](), Counter[str]()
    said = list(_said(sorted(cues, key=lambda cue: (cue.start, cue.end)), dropped, mended))
    if is_rolling(said):
        said, repeats = unrolled(said)
        dropped += [Dropped(cue, "repeated") for cue in repeats]
    lasting = list[Cue]()
    for cue in said:
        if cue.end > cue.start:
            lasting.append(cue)
        else:
            dropped.append(Dropped(cue, "no-duration"))
    once = _once(lasting, dropped)
    in_turn = _in_turn(once, dropped, mended)
    dropped.sort(key=lambda item: (item.cue.start, item.cue.end))
    return Cleaned(tuple(in_turn), tuple(dropped), dict(sorted(mended.items())))


def _said(cues: Sequence[Cue], dropped: list[Dropped], mended: Counter[str]) -> Iterable[Cue]:
    for cue in cues:
        if len(cue.text) > MOST_CHARACTERS:
            dropped.append(Dropped(Cue(cue.start, cue.end, cue.text[:80]), "too-long"))
            continue
        text, removed = reworded(cue.text)
        if text:
            mended.update(removed)
            yield Cue(cue.start, cue.end, text)
        else:
            reason = next((name for name in ("sound", "music", "speaker") if name in removed), "empty")
            dropped.append(Dropped(cue, reason))


def _once(cues: Sequence[Cue], dropped: list[Dropped]) -> list[Cue]:
    """Without cues whose text is shown already."""
    kept, showing, limit = list[Cue](), dict[str, float](), 64
    for cue in cues:
        if showing.get(cue.text, -1.0) > cue.start:
            dropped.append(Dropped(cue, "duplicate"))
        else:
            kept.append(cue)
        showing[cue.text] = max(cue.end, showing.get(cue.text, 0.0))
        if len(showing) > limit:
            showing = {text: end for text, end in showing.items() if end > cue.start}
            limit = max(64, 2 * len(showing))
    return kept


def _in_turn(cues: Sequence[Cue], dropped: list[Dropped], mended: Counter[str]) -> list[Cue]:
    """Cues of which none overlaps the next."""
    turns, together = list[Cue](), 1
    for cue in cues:
        last = turns[-1] if turns else None
        if last is None or cue.start >= last.end:
            turns.append(cue)
            together = 1
        elif cue.start - last.start >= SHORTEST:
            turns[-1] = Cue(last.start, cue.start, last.text)
            turns.append(cue)
            mended["overlap"] += 1
            together = 1
        elif together == MOST_TOGETHER:
            dropped.append(Dropped(cue, "crowded"))
        else:
            together += 1
            turns[-1] = Cue(last.start, max(last.end, cue.end), f"{last.text}\n{cue.text}")
            mended["merged"] += 1
    return turns

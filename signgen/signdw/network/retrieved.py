"""Isolated signs that the network looks at while it signs: what it never learned it can copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from signgen.errors import DataError
from signgen.signdw.motion.clip_codes import ClipCodes
from signgen.signdw.network.batch import NO_SLOT
from signgen.signdw.network.plan import LEAD_IN, Plan

# Steps of a clip that are looked at, from its first; hardly an isolated sign takes longer.
LONGEST = 16
Clips = tuple[tuple[int, Tensor], ...]
# (S, Q) codes of an isolated sign by gloss.
Library = Mapping[str, Tensor]


def library_of(clips: ClipCodes) -> Library:
    """(S, Q) codes by gloss, of a folder of isolated signs; the first clip of a gloss is taken.

    Raises:
        DataError: no clip names its gloss.
    """
    found: dict[str, Tensor] = {}
    for number, info in enumerate(clips.infos):
        gloss = info.get("gloss")
        if isinstance(gloss, str) and int(clips.frames[number]):
            found.setdefault(gloss, clips.of(number)[:LONGEST])
    if not found:
        raise DataError("data.signs: no clip names its gloss; make the folder with --retrieval LEXICON")
    return found


def clips_of(library: Library, glosses: Sequence[str], plan: Plan) -> Clips:
    """The place in the plan and the codes of every gloss that a library has; none for a plan of a length alone."""
    if not plan.glosses:
        return ()
    first = int(plan.glosses[0] == LEAD_IN)
    return tuple((first + i, library[gloss]) for i, gloss in enumerate(glosses) if gloss in library)


def side_by_side(rows: Sequence[Clips], streams: int) -> tuple[Tensor, Tensor]:
    """(B, R, Q) codes and (B, R) slots of `Condition`, for the clips of B sentences."""
    longest = max([1, *(sum(len(codes) for _, codes in clips) for clips in rows)])
    retrieved = torch.zeros(len(rows), longest, streams, dtype=torch.long)
    slots = torch.full((len(rows), longest), NO_SLOT)
    for row, clips in enumerate(rows):
        at = 0
        for slot, codes in clips:
            retrieved[row, at : at + len(codes)] = codes
            slots[row, at : at + len(codes)] = slot
            at += len(codes)
    return retrieved, slots

"""Sign texts with a checkpoint: movement from the text alone, or what is known of it step by step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint, memory_errors
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.tokenizer import STEP_RATE
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, UNKNOWN, Plan
from signgen.signdw.network.text import bare_word
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.drafts import Drafter, with_drafts
from signgen.signdw.signing.performing import perform

# Ends of sentences: the network was trained on single ones.
_END = re.compile(r"(?<=[.!?。！？])\s+")
# Frames in which one sentence's rest becomes the next one's.
_BETWEEN = 4
_RESTS = (LEAD_IN, LEAD_OUT)
Spans = list[tuple[str, int, int]]


@dataclass(frozen=True, eq=False)
class Signed:
    """A text as a checkpoint signs it.

    Attributes:
        poses: at 24 frames a second.
        glosses: (gloss, first frame, one past last) of what was planned, without rests; empty for plans of a length.
        unknown: words of the text that no training text had.
    """

    poses: PoseSequence
    glosses: tuple[tuple[str, int, int], ...]
    unknown: tuple[str, ...]


def sign_texts(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    draws: DrawSettings,
    seeds: Sequence[int],
    language: str | None = None,
    size: tuple[int, int] = (512, 512),
    is_smooth: bool = True,
    drafter: Drafter | None = None,
) -> list[Signed]:
    """Sign texts side by side; each depends on its own seed alone.

    Args:
        checkpoint: that signs.
        texts: of one sentence or several each.
        draws: how codes are drawn.
        seeds: one for each text.
        language: signed language; None: whatever the network knows.
        size: width and height of the canvas [px].
        is_smooth: see `poses_of_codes`.
        drafter: gives glosses, times and isolated signs of each sentence; None: the network plans.

    Raises:
        DataError: a text that is empty, too long or of no known word.
        ConfigError: a language that the network has no tag for, or drafts for one trained without retrieval.
        ResourceError: there is not enough memory.
    """
    split = [sentences(text) for text in texts]
    flat = [sentence for text in split for sentence in text]
    numbers = [
        number for seed, text in zip(seeds, split, strict=True) for number in sentence_seeds(seed, len(text))
    ]
    condition = checkpoint.encoding.condition(flat, [language] * len(flat))
    plans = None
    drafts = [] if drafter is None else [drafter(sentence) for sentence in flat]
    if drafts:
        condition, plans = with_drafts(checkpoint, condition, drafts)
    with memory_errors(f"{len(flat)} sentences"):
        drawn = iter(perform(checkpoint, condition, draws, numbers, plans, size, is_smooth))
        names = (drafts[i].glosses if drafts else None for i in range(len(flat)))
        found = []
        for text, parts in zip(texts, split, strict=True):
            made = [next(drawn) for _ in parts]
            glosses = [_spans(checkpoint, plan, next(names)) for _, plan in made]
            found.append(_joined(checkpoint, text, [poses for poses, _ in made], glosses))
    return found


def unknown_words(checkpoint: Checkpoint, text: str) -> tuple[str, ...]:
    """Words of a text that no training text had; none where the training texts are not known."""
    words = dict.fromkeys(bare for word in text.split() if (bare := bare_word(word)))
    return tuple(word for word in words if checkpoint.words and word not in checkpoint.words)


def sentences(text: str) -> list[str]:
    """The sentences of a text, which are signed one by one."""
    return [part for part in _END.split(" ".join(text.split())) if part] or [text]


def sentence_seeds(seed: int, count: int) -> list[int]:
    """The seeds of the sentences of a text; that of the first is the text's own."""
    others = [int(np.random.SeedSequence([seed, i]).generate_state(1)[0]) for i in range(1, count)]
    return [seed, *others]


def _joined(
    checkpoint: Checkpoint, text: str, poses: Sequence[PoseSequence], spans: Sequence[Spans]
) -> Signed:
    """Sentences one after another, with a short way between their rests."""
    pieces: list[np.ndarray] = []
    glosses: list[tuple[str, int, int]] = []
    place = 0
    for clip, own in zip(poses, spans, strict=True):
        if pieces:
            way = joining(pieces[-1][-1], clip.keypoints[0])
            pieces.append(way)
            place += len(way)
        glosses += [(name, place + a, place + b) for name, a, b in own]
        pieces.append(clip.keypoints)
        place += len(clip)
    if not place:
        raise DataError(f"text {text[:40]!r}: nothing was drawn for it")
    first = poses[0]
    whole = PoseSequence(np.concatenate(pieces), first.fps, first.width, first.height)
    return Signed(whole, tuple(glosses), unknown_words(checkpoint, text))


def joining(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(4, 128, 3) keypoints on a straight way from one rest to the next, which are near each other."""
    share = (np.arange(1, _BETWEEN + 1) / (_BETWEEN + 1))[:, None, None]
    way = before + share * (after - before)
    way[..., 2] = np.minimum(before[:, 2], after[:, 2])
    way[way[..., 2] == 0] = 0
    found: np.ndarray = way.astype(np.float32)
    return found


def _spans(checkpoint: Checkpoint, plan: Plan, glosses: Sequence[str] | None) -> Spans:
    """When which gloss of a plan is signed; ``glosses`` are the names of a draft, rests left out."""
    if checkpoint.glosses is None or not plan.glosses:
        return []
    if glosses is not None:
        signed = [span for number, span in zip(plan.glosses, plan.spans, strict=True) if number not in _RESTS]
        return [(name, a * STRIDE, b * STRIDE) for name, (a, b) in zip(glosses, signed, strict=True)]
    names = checkpoint.glosses.decode(plan.glosses)
    spans = zip(plan.glosses, names, plan.spans, strict=True)
    rests = (*_RESTS, UNKNOWN)
    return [(name, a * STRIDE, b * STRIDE) for number, name, (a, b) in spans if number not in rests]


__all__ = ["STEP_RATE", "Signed", "sign_texts", "unknown_words"]

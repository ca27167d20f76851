"""Clips ready to learn from: text, language and plan as numbers beside the codes, and which come in which batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from signgen.errors import ConfigError, DataError
from signgen.nn.tokenizer import PAD, Tokenizer
from signgen.signdw.motion.clip_codes import ClipCodes
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.parts import FPS
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.plan import GlossVocabulary, Plan, pad_plans, plan_of
from signgen.signdw.network.retrieved import Clips, clips_of, side_by_side
from signgen.signdw.network.text import TextEncoding, bare_word
from signgen.signdw.settings import SignDWSettings

Timeline = list[tuple[str, int, int]]


@dataclass(frozen=True, eq=False)
class Example:
    """A clip to learn from.

    Attributes:
        clip: its number in the corpus.
        words: numbers of its text units.
        language: number of its signed language.
        plan: that it was signed by; of its length alone where glosses are not known.
        codes: (S, Q) of its steps.
        retrieved: places in the plan with the codes of isolated signs of their glosses.
        place: shard and number in it.
    """

    clip: int
    words: tuple[int, ...]
    language: int
    plan: Plan
    codes: Tensor
    retrieved: Clips = ()
    place: tuple[Path, int] | None = None


@dataclass(frozen=True, eq=False)
class Examples:
    """The usable clips of a source.

    Attributes:
        clips: all of them.
        items: the usable ones.
        left_out: how many were left out, by reason.
    """

    clips: ClipCodes
    items: tuple[Example, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.items)


def texts_of(clips: ClipCodes) -> list[str]:
    """The texts of the clips that have one."""
    return [text for info in clips.infos if (text := _text(info))]


def glosses_of(clips: Iterable[ClipCodes]) -> list[str]:
    """All glosses of the timelines, the most frequent first; they are spelled alike whatever order clips have."""
    counts: dict[str, int] = {}
    for part in clips:
        for info in part.infos:
            for gloss, _, _ in _timeline(info):
                counts[gloss] = counts.get(gloss, 0) + 1
    return sorted(counts, key=lambda gloss: (-counts[gloss], gloss))


def make_examples(
    clips: ClipCodes,
    encoding: TextEncoding,
    glosses: GlossVocabulary | None,
    settings: SignDWSettings,
    signs: Mapping[str, Tensor] | None = None,
) -> Examples:
    """What of a source can be learned from; ``signs`` are codes of isolated signs by gloss, to be retrieved."""
    items: list[Example] = []
    left_out: dict[str, int] = {}
    for number in range(len(clips)):
        try:
            item = _example(clips, number, encoding, glosses, settings)
            names = [gloss for gloss, _, _ in _timeline(clips.infos[number])] if signs else []
            items.append(replace(item, retrieved=clips_of(signs or {}, names, item.plan)))
        except (DataError, ConfigError) as error:
            reason = str(error).partition(":")[0]
            left_out[reason] = left_out.get(reason, 0) + 1
    return Examples(clips, tuple(items), left_out)


def _example(
    clips: ClipCodes,
    number: int,
    encoding: TextEncoding,
    glosses: GlossVocabulary | None,
    settings: SignDWSettings,
) -> Example:
    info, frames = clips.infos[number], int(clips.frames[number])
    codes = clips.of(number)
    if not frames:
        raise DataError("shoulders: not to be seen")
    if len(codes) > settings.max_steps:
        raise DataError("length: more steps than the network takes")
    language = info.get("signed_language")
    plan = _plan(info, clips.rates[number], frames, glosses)
    if len(plan.glosses) > settings.max_glosses:
        raise DataError("glosses: more than the network takes")
    return Example(
        number,
        tuple(encoding.words(_text(info))),
        encoding.language(language if isinstance(language, str) else None),
        plan,
        codes,
        place=clips.places[number],
    )


def _plan(info: Mapping[str, Any], rate: float, frames: int, glosses: GlossVocabulary | None) -> Plan:
    timeline = _timeline(info) if glosses is not None else []
    if glosses is None or not timeline:
        return Plan(-(-frames // STRIDE))
    factor = FPS / rate
    scaled = [(gloss, *(min(frames, round(at * factor)) for at in span)) for gloss, *span in timeline]
    return plan_of(scaled, frames, STRIDE, glosses)  # type: ignore[arg-type]


def _text(info: Mapping[str, Any]) -> str:
    return " ".join(str(info.get("text") or "").split())


def _timeline(info: Mapping[str, Any]) -> Timeline:
    """What a clip says about when which gloss is signed; nothing where it does not say it as it should."""
    found: Timeline = []
    items = info.get("timeline")
    for item in items if isinstance(items, list) else ():
        if not (isinstance(item, list | tuple) and len(item) == 3 and isinstance(item[0], str)):
            return []
        start, end = item[1], item[2]
        if not (isinstance(start, int | float) and isinstance(end, int | float)):
            return []
        found.append((item[0], int(start), int(end)))
    return found


def collate(items: Sequence[Example]) -> Batch:
    """Examples side by side."""
    steps = max(len(item.codes) for item in items)
    codes = torch.zeros(len(items), steps, items[0].codes.shape[1], dtype=torch.long)
    for row, item in zip(codes, items, strict=True):
        row[: len(item.codes)] = item.codes
    lengths = torch.tensor([len(item.codes) for item in items])
    words = max(len(item.words) for item in items)
    text = torch.tensor([[*item.words, *[PAD] * (words - len(item.words))] for item in items])
    counts = torch.tensor([len(item.words) for item in items])
    has_glosses = any(item.plan.glosses for item in items)
    glosses, durations = pad_plans([item.plan for item in items]) if has_glosses else (None, None)
    signs = [item.retrieved for item in items]
    condition = Condition(
        text,
        torch.arange(words)[None] < counts[:, None],
        torch.tensor([item.language for item in items]),
        glosses,
        durations,
        *(side_by_side(signs, codes.shape[2]) if any(signs) else ()),
    )
    return Batch(codes, torch.arange(steps)[None] < lengths[:, None], condition)


@dataclass(frozen=True, eq=False)
class Order:
    """Which examples come in which batch; depends on the seed and the number of the batch alone.

    Within a source every clip comes once before any comes again. Clips of ``pool`` batches are sorted by length, so
    that little is padded, and their batches shuffled.

    Attributes:
        sources: what is drawn from.
        shares: how often, of all draws; they sum up to 1.
        batch: examples in a batch.
        pool: batches that are sorted together.
        seed: decides everything.
    """

    sources: Sequence[Examples]
    shares: Sequence[float]
    batch: int
    pool: int
    seed: int

    def __getitem__(self, number: int) -> list[Example]:
        """The examples of a batch."""
        group, place = divmod(number, self.pool)
        found = self._group(group)
        return found[place * self.batch : (place + 1) * self.batch]

    def _group(self, group: int) -> list[Example]:
        if self._kept.get("group") != group:
            self._kept["group"], self._kept["items"] = group, self._drawn(group)
        items: list[Example] = self._kept["items"]
        return items

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", {})

    _kept: Any = None

    def _drawn(self, group: int) -> list[Example]:
        size = self.batch * self.pool
        items: list[Example] = []
        before = 0.0
        for number, (source, share) in enumerate(zip(self.sources, self.shares, strict=True)):
            after = before + share
            counts = [_at(after, g, size) - _at(before, g, size) for g in (group, group + 1)]
            items += self._of(source, number, *counts)
            before = after
        # Equal lengths in another order each time.
        rng = np.random.default_rng([self.seed, 1, group])
        items = [items[i] for i in rng.permutation(len(items))]
        items.sort(key=lambda item: len(item.codes))
        batches = rng.permutation(self.pool)
        return [item for b in batches for item in items[b * self.batch : (b + 1) * self.batch]]

    def _of(self, source: Examples, number: int, start: int, stop: int) -> list[Example]:
        found: list[Example] = []
        for epoch in range(start // len(source), (stop - 1) // len(source) + 1) if stop > start else ():
            order = np.random.default_rng([self.seed, 2 + number, epoch]).permutation(len(source))
            first = epoch * len(source)
            found += [source.items[i] for i in order[max(0, start - first) : stop - first]]
        return found


def _at(share: float, group: int, size: int) -> int:
    """How many of the draws before a group lie below a cumulated share; the last gets what is left."""
    total = group * size
    return total if share > 1 - 1e-9 else int(total * share)


def shares_of(sources: Mapping[str, Examples], weights: Mapping[str, float]) -> list[float]:
    """How often each source is drawn from: by its weight, or without weights by its size."""
    wanted = [weights.get(name, 0.0) if weights else float(len(part)) for name, part in sources.items()]
    return [value / sum(wanted) for value in wanted]


def words_of(texts: Iterable[str]) -> list[str]:
    """All words of texts in lower case, without marks around them."""
    return sorted({bare for text in texts for word in text.split() if (bare := bare_word(word))})


def tokenizer_texts(texts: Sequence[str]) -> list[str]:
    """Texts for learning text units: each once, so that the units do not depend on how often templates were filled."""
    return sorted(set(texts))


__all__ = ["Example", "Examples", "Order", "Tokenizer", "collate", "make_examples"]

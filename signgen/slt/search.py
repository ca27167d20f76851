"""Find a text: the best next word again and again, or several texts side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from signgen.errors import ConfigError
from signgen.nn.tokenizer import END, PAD, START
from signgen.slt.decoder import Decoder, DecoderState
from signgen.slt.settings import DecodeSettings


@dataclass(frozen=True)
class Found:
    """One text.

    Attributes:
        tokens: without start and end.
        log_probability: natural logarithm, of the end too.
    """

    tokens: tuple[int, ...]
    log_probability: float


@torch.no_grad()
def search(decoder: Decoder, memory: Tensor, mask: Tensor, settings: DecodeSettings) -> list[Found]:
    """The text of each clip of a (B, T, width) memory with its (B, T) mask."""
    return [found[0] for found in search_several(decoder, memory, mask, settings, 1)]


@torch.no_grad()
def search_several(
    decoder: Decoder, memory: Tensor, mask: Tensor, settings: DecodeSettings, count: int
) -> list[list[Found]]:
    """As `search`, up to ``count`` texts of each clip, the best first.

    Raises:
        ConfigError: more texts than are followed side by side.
    """
    if not 1 <= count <= settings.beam:
        raise ConfigError(f"n-best {count}: needs a beam of at least as many; it is {settings.beam}")
    state = decoder.begin(memory, mask)
    if settings.beam == 1:
        return [[found] for found in greedy(decoder, state, settings.longest)]
    return beam_search_several(decoder, state, settings, count)


def next_words(decoder: Decoder, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
    """(B, words) log-probabilities of the word after ``tokens`` (B,); padding and start are never words."""
    scores, state = decoder(tokens[:, None], state)
    scores = scores[:, -1].float()
    scores[:, [PAD, START]] = -torch.inf
    return F.log_softmax(scores, -1), state


@torch.no_grad()
def greedy(decoder: Decoder, state: DecoderState, longest: int) -> list[Found]:
    """The likeliest next word, until the end or ``longest`` words."""
    rows = len(state.mask)
    tokens = state.mask.new_full((rows,), START, dtype=torch.long)
    is_running = state.mask.new_ones(rows, dtype=torch.bool)
    total = torch.zeros(rows, device=tokens.device)
    words: list[Tensor] = []
    while is_running.any() and len(words) < longest:
        chances, state = next_words(decoder, tokens, state)
        best, tokens = chances.max(-1)
        total += torch.where(is_running, best, 0)
        tokens = torch.where(is_running, tokens, END)
        is_running = is_running & (tokens != END)
        words.append(tokens)
    texts = torch.stack(words, 1).tolist()
    return [Found(_before_end(text), value) for text, value in zip(texts, total.tolist(), strict=True)]


def length_penalty(length: int, alpha: float) -> float:
    """What a log-probability of ``length`` words, the end included, is divided by (Wu et al., 2016)."""
    return float(((5 + length) / 6) ** alpha)


@torch.no_grad()
def beam_search(decoder: Decoder, state: DecoderState, settings: DecodeSettings) -> list[Found]:
    """The best of ``beam`` texts that are followed side by side, by length-penalised log-probability."""
    return [found[0] for found in beam_search_several(decoder, state, settings, 1)]


@torch.no_grad()
def beam_search_several(
    decoder: Decoder, state: DecoderState, settings: DecodeSettings, count: int
) -> list[list[Found]]:
    """As `beam_search`, up to ``count`` texts of each clip, the best first; those that did not end come last."""
    rankings = [[_Finished(settings, count)] for _ in range(len(state.mask))]
    _follow(decoder, state, settings, rankings)
    return [ranking.texts for (ranking,) in rankings]


@torch.no_grad()
def beam_search_penalties(
    decoder: Decoder, state: DecoderState, settings: DecodeSettings, alphas: Sequence[float]
) -> list[list[Found]]:
    """What `beam_search` finds of each clip with each of several length penalties; ``settings.alpha`` is not used.

    A penalty ranks texts that have ended and changes none that is followed, so all are had from one search.
    """
    all_settings = [replace(settings, alpha=alpha) for alpha in alphas]
    rankings = [[_Finished(own, 1) for own in all_settings] for _ in range(len(state.mask))]
    _follow(decoder, state, settings, rankings)
    return [[ranking.texts[0] for ranking in own] for own in rankings]


def _follow(
    decoder: Decoder, state: DecoderState, settings: DecodeSettings, rankings: Sequence[Sequence[_Finished]]
) -> None:
    """Follow ``settings.beam`` texts of each clip and enter those that end into all rankings of the clip."""
    clips, beam = len(state.mask), settings.beam
    state = state.repeat(beam)
    device = state.mask.device
    tokens = torch.full((clips * beam,), START, device=device)
    totals = torch.full((clips, beam), -torch.inf, device=device)
    totals[:, 0] = 0
    texts = torch.empty((clips * beam, 0), dtype=torch.long, device=device)
    first_rows = torch.arange(clips, device=device)[:, None] * beam
    for length in range(1, settings.longest + 1):
        chances, state = next_words(decoder, tokens, state)
        words = chances.shape[1]
        candidates = (totals[..., None] + chances.view(clips, beam, words)).flatten(1)
        # Twice as many as needed, because up to half of them may be ends.
        values, places = candidates.topk(min(2 * beam, candidates.shape[1]), dim=1)
        rows, chosen = first_rows + places // words, places % words
        is_end = chosen == END
        for clip in is_end[:, :beam].any(1).nonzero()[:, 0].tolist():
            for place in is_end[clip, :beam].nonzero()[:, 0].tolist():
                text = texts[rows[clip, place]].tolist()
                for ranking in rankings[clip]:
                    ranking.add(Found(tuple(text), float(values[clip, place])), length)
        # Ends cannot go on; what goes on keeps its order.
        kept = values.masked_fill(is_end, -torch.inf).topk(beam, dim=1)
        totals = kept.values
        rows = rows.gather(1, kept.indices).flatten()
        tokens = chosen.gather(1, kept.indices).flatten()
        texts = torch.cat([texts[rows], tokens[:, None]], 1)
        state = state.select_words(rows)
        best = totals[:, 0].tolist()
        if all(ranking.is_done(value) for own, value in zip(rankings, best, strict=True) for ranking in own):
            break
    for clip, own in enumerate(rankings):
        for row, value in enumerate(totals[clip].tolist(), clip * beam):
            for ranking in own:
                ranking.add_unfinished(Found(tuple(texts[row].tolist()), value))


class _Finished:
    """The best finished texts of one clip."""

    def __init__(self, settings: DecodeSettings, count: int) -> None:
        self._alpha, self._longest, self._count = settings.alpha, settings.longest, count
        self._ranked: list[tuple[float, Found]] = []

    @property
    def texts(self) -> list[Found]:
        """The best first."""
        return [found for _, found in self._ranked]

    def add(self, found: Found, length: int) -> None:
        value = found.log_probability / length_penalty(length, self._alpha)
        # Of equal ones the first stays first.
        self._ranked = sorted([*self._ranked, (value, found)], key=lambda item: -item[0])[: self._count]

    def add_unfinished(self, found: Found) -> None:
        """Where too few texts ended, those that were cut come last."""
        if len(self._ranked) < self._count and found.log_probability > -math.inf:
            self._ranked.append((-math.inf, found))

    def is_done(self, running: float) -> bool:
        """Whether no running text can get in: a log-probability only falls, and dividing helps it at most so."""
        if len(self._ranked) < self._count:
            return False
        return self._ranked[-1][0] >= running / length_penalty(self._longest, self._alpha)


def _before_end(text: list[int]) -> tuple[int, ...]:
    return tuple(text[: text.index(END)] if END in text else text)

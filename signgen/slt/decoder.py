"""The decoder: from what was signed and the words so far to the next word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.attention import KeysValues, Positions
from signgen.nn.dropout import Dropout
from signgen.nn.transformer import DecoderLayer, MaskedNorm
from signgen.slt.settings import ModelSettings


@dataclass(frozen=True, eq=False)
class DecoderState:
    """What is kept from word to word.

    Attributes:
        memory: keys and values of what was signed, for each layer.
        mask: (B, T) true for real frames.
        past: keys and values of the words so far, for each layer; empty before the first.
    """

    memory: tuple[KeysValues, ...]
    mask: Tensor
    past: tuple[KeysValues, ...] = ()

    @property
    def length(self) -> int:
        """Words so far."""
        return self.past[0][0].shape[2] if self.past else 0

    def select_words(self, rows: Tensor) -> DecoderState:
        """The state whose row ``i`` has the words of row ``rows[i]``, of the same clip."""
        return DecoderState(self.memory, self.mask, tuple((k[rows], v[rows]) for k, v in self.past))

    def repeat(self, times: int) -> DecoderState:
        """Each row so many times in a row; only before the first word."""
        memory = tuple((k.repeat_interleave(times, 0), v.repeat_interleave(times, 0)) for k, v in self.memory)
        return DecoderState(memory, self.mask.repeat_interleave(times, 0))


class Decoder(nn.Module):
    """Words in, scores of the next word out."""

    def __init__(self, settings: ModelSettings, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, settings.width)
        self.scale = 1.0 if settings.is_word_normed else math.sqrt(settings.width)
        self.norm = MaskedNorm(settings.width) if settings.is_word_normed else None
        self.positions = Positions(settings.width)
        self.dropout = Dropout(settings.dropout)
        self.layers: Sequence[DecoderLayer] = nn.ModuleList(  # type: ignore[assignment]
            DecoderLayer(settings.width, settings.heads, settings.inner, settings.dropout)
            for _ in range(settings.decoder_layers)
        )
        self.last_norm = nn.LayerNorm(settings.width, eps=1e-6)
        self.output = nn.Linear(settings.width, words, bias=False)
        if settings.is_tied:
            self.output.weight = self.embedding.weight

    def begin(self, memory: Tensor, mask: Tensor) -> DecoderState:
        """The state before the first word, of a (B, T, width) memory with its (B, T) mask."""
        return DecoderState(tuple(layer.memory_attention.project(memory) for layer in self.layers), mask)

    def forward(
        self, tokens: Tensor, state: DecoderState, is_word: Tensor | None = None
    ) -> tuple[Tensor, DecoderState]:
        """(B, S, words) scores of the word after each of ``tokens`` (B, S), and the state with them.

        Args:
            tokens: all words, or after a first call the newest one alone (S = 1).
            state: from `begin`, or as it was left.
            is_word: (B, S) false for padding behind the words.
        """
        x = self.embedding(tokens) * self.scale
        if self.norm is not None:
            is_word = torch.ones_like(tokens, dtype=torch.bool) if is_word is None else is_word
            x = F.softsign(self.norm(x, is_word))
        x = self.dropout(self.positions(x, state.length))
        past = []
        for number, layer in enumerate(self.layers):
            before = state.past[number] if state.past else None
            x, kept = layer(x, state.memory[number], state.mask, before)
            past.append(kept)
        return self.output(self.last_norm(x)), DecoderState(state.memory, state.mask, tuple(past))

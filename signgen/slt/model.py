"""The translator: frames through a front end and an encoder, glosses by CTC, words by a decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signgen.nn.attention import Positions
from signgen.nn.dropout import Dropout
from signgen.nn.tokenizer import PAD
from signgen.nn.transformer import EncoderLayer
from signgen.slt.batches import Batch
from signgen.slt.decoder import Decoder
from signgen.slt.frontends import LinearFrontend
from signgen.slt.settings import ModelSettings


class Translator(nn.Module):
    """A sign-language translator.

    Args:
        settings: its shape.
        words: size of the text vocabulary.
        glosses: size of the gloss vocabulary with its blank; 0 for none.
        tags: kinds of data that the model is told about; 0 for none.
    """

    def __init__(self, settings: ModelSettings, words: int, glosses: int = 0, tags: int = 0) -> None:
        super().__init__()
        self.settings = settings
        self.tag = nn.Embedding(tags, settings.width) if tags else None
        self.positions = Positions(settings.width)
        self.dropout = Dropout(settings.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(settings.width, settings.heads, settings.inner, settings.dropout)
            for _ in range(settings.encoder_layers)
        )
        self.last_norm = nn.LayerNorm(settings.width, eps=1e-6)
        self.gloss = nn.Linear(settings.width, glosses) if glosses else None
        self.decoder = Decoder(settings, words)
        self.apply(_initialise)
        # After the others, because its weights may come from elsewhere.
        self.frontend = make_frontend(settings)

    def encode(self, frames: Tensor, mask: Tensor, tags: Tensor | None = None) -> Tensor:
        """(B, T, width) memory of frames (B, T, ...), real where ``mask`` (B, T) is true.

        ``tags`` (B,) says which kind of data each clip is; None: the first kind, which is the real one.
        """
        x = self.frontend(frames, mask)
        if self.tag is not None:
            x = x + self.tag(mask.new_zeros(len(x), dtype=torch.long) if tags is None else tags)[:, None]
        x = self.dropout(self.positions(x))
        for layer in self.layers:
            x = layer(x, mask)
        memory: Tensor = self.last_norm(x)
        return memory

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Scores of each next word (B, L - 1, words) given the true ones before, and of glosses (B, T, glosses)."""
        mask = batch.mask
        memory = self.encode(batch.frames, mask, batch.tags)
        tokens = batch.tokens[:, :-1]
        words, _ = self.decoder(tokens, self.decoder.begin(memory, mask), tokens != PAD)
        return words, None if self.gloss is None else self.gloss(memory)


def _initialise(module: nn.Module) -> None:
    """Xavier for matrices, zero for biases; norms start as they are."""
    if isinstance(module, nn.Linear | nn.Embedding | nn.Conv1d | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        bias = getattr(module, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)


def make_frontend(settings: ModelSettings) -> nn.Module:
    """The front end that the settings name.

    Raises:
        CheckpointError: the weights of an image encoder cannot be used.
        DependencyError: its package is not installed.
    """
    if settings.frontend == "linear":
        return LinearFrontend(settings.width, settings.is_in_parts).apply(_initialise)
    if settings.frontend == "temporal":
        from signgen.slt.temporal import TemporalFrontend

        return TemporalFrontend(settings.width, settings.is_in_parts).apply(_initialise)
    if settings.frontend == "recurrent":
        from signgen.slt.recurrent import RecurrentFrontend

        return RecurrentFrontend(settings.width, settings.is_in_parts).apply(_initialise)
    if settings.frontend == "graph":
        from signgen.slt.graph import GraphFrontend

        return GraphFrontend(settings.width, settings.graph_width).apply(_initialise)
    from signgen.slt.video import make_video_frontend

    return make_video_frontend(settings)

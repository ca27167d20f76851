"""Use a trained translator: poses to text, glosses, likelihoods and features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from signgen.errors import CheckpointError, ConfigError
from signgen.nn.checkpoint import check_fits, load_into
from signgen.nn.device import device_named
from signgen.nn.tokenizer import Glosses, Tokenizer, load_glosses, load_tokenizer
from signgen.pose.sequence import PoseSequence
from signgen.slt.batches import frame_mask, pad_frames, pad_tokens
from signgen.slt.card import WEIGHTS, Card, load_weights
from signgen.slt.ctc import beam_glosses, greedy_glosses
from signgen.slt.features import features
from signgen.slt.loss import reference_log_likelihood
from signgen.slt.model import Translator
from signgen.slt.pack import home_of
from signgen.slt.search import search_several
from signgen.slt.settings import VIDEO_FRONTENDS, DecodeSettings, SltSettings, prepare

BATCH = 32


@dataclass(frozen=True)
class Translation:
    """What was understood of a clip.

    Attributes:
        text: the translation.
        log_probability: natural logarithm of its probability, the end included.
        glosses: separated by spaces; empty without a gloss head.
    """

    text: str
    log_probability: float
    glosses: str


@dataclass(frozen=True, eq=False)
class SignTranslator:
    """A trained model with its vocabularies and its card; make one with `load_translator`."""

    model: Translator
    tokenizer: Tokenizer
    glosses: Glosses | None
    card: Card
    settings: SltSettings
    device: torch.device

    def translate(
        self, poses: Sequence[PoseSequence], decode: DecodeSettings | None = None, gloss_beam: int = 1
    ) -> list[Translation]:
        """The translation of each clip.

        Args:
            poses: clips, at any rate; they are resampled to the model's.
            decode: how to search; None: as the card says, greedily if it does not.
            gloss_beam: prefixes that are followed for the glosses; 1 takes the likeliest path.

        Raises:
            PoseError: a clip without frames or shoulders, or of too low a rate.
        """
        return [found[0] for found in self.translate_frames(self._features(poses), decode, gloss_beam)]

    def translate_frames(
        self,
        blocks: Sequence[np.ndarray],
        decode: DecodeSettings | None = None,
        gloss_beam: int = 1,
        count: int = 1,
    ) -> list[list[Translation]]:
        """Up to ``count`` translations of each clip, the best first, from what the model sees.

        Args:
            blocks: (T, 128, 3) float32 of `signgen.slt.features.features`, or (T, 3, H, W) uint8 of
                `signgen.slt.video_frames.images_of`, at the model's rate.
            decode: as `translate`; its beam is at least ``count``.
            gloss_beam: likewise.
            count: translations of a clip.
        """
        decode = decode or self.card.swept or DecodeSettings()
        found: list[list[Translation]] = [[] for _ in blocks]
        for rows, memory, mask in self._encoded(blocks):
            several = search_several(self.model.decoder, memory, mask, decode, count)
            lines = self._gloss_lines(memory, mask, gloss_beam)
            for row, texts, line in zip(rows, several, lines, strict=True):
                found[row] = [
                    Translation(self.tokenizer.decode(text.tokens), text.log_probability, line)
                    for text in texts
                ]
        return found

    def log_likelihood(self, poses: Sequence[PoseSequence], texts: Sequence[str]) -> np.ndarray:
        """(n, 2): natural log-probability of each text given its clip, and the number of its tokens with the end.

        Raises:
            ConfigError: not as many texts as clips.
            PoseError: as `translate`.
        """
        if len(poses) != len(texts):
            raise ConfigError(f"texts: {len(texts)} for {len(poses)} clips; give one for each")
        found = np.zeros((len(poses), 2))
        for rows, memory, mask in self._encoded(self._features(poses)):
            tokens = pad_tokens([self._numbers(texts[row]) for row in rows]).to(self.device)
            found[rows] = self.score_tokens(memory, mask, tokens)
        return found

    def likelihood_matrix(self, poses: Sequence[PoseSequence], texts: Sequence[str]) -> np.ndarray:
        """(n, m) natural log-probability of a token of each of ``m`` texts given each clip, for retrieval.

        Raises:
            PoseError: as `translate`.
        """
        numbers = [self._numbers(text) for text in texts]
        found = np.zeros((len(poses), len(texts)))
        for rows, memory, mask in self._encoded(self._features(poses)):
            for place, row in enumerate(rows):
                for start in range(0, len(texts), BATCH):
                    tokens = pad_tokens(numbers[start : start + BATCH]).to(self.device)
                    size = (len(tokens), -1)
                    scores = self.score_tokens(
                        memory[place].expand(*size, -1), mask[place].expand(*size), tokens
                    )
                    found[row, start : start + BATCH] = scores[:, 0] / scores[:, 1]
        return found

    @torch.no_grad()
    def score_tokens(self, memory: Tensor, mask: Tensor, tokens: Tensor) -> np.ndarray:
        """(B, 2) log-probability and number of padded ``tokens`` (B, L) given a (B, T, width) memory."""
        scores, _ = self.model.decoder(tokens[:, :-1], self.model.decoder.begin(memory, mask))
        return torch.stack(reference_log_likelihood(scores, tokens), 1).double().cpu().numpy()

    def embed(self, poses: Sequence[PoseSequence]) -> np.ndarray:
        """(n, width) float32: what the encoder makes of each clip, averaged over its frames.

        Raises:
            PoseError: as `translate`.
        """
        found = np.zeros((len(poses), self.model.settings.width), np.float32)
        for rows, memory, mask in self._encoded(self._features(poses)):
            means = (memory * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            found[rows] = means.float().cpu().numpy()
        return found

    def _numbers(self, text: str) -> list[int]:
        return self.tokenizer.encode(text.lower() if self.settings.data.is_lower else text)

    def _features(self, poses: Sequence[PoseSequence]) -> list[np.ndarray]:
        """What a model of keypoints sees of clips."""
        if self.model.settings.frontend in VIDEO_FRONTENDS:
            raise ConfigError("this translator reads video, not poses; give it images with translate_frames")
        return [features(clip, self.card.fps) for clip in poses]

    def _encoded(self, blocks: Sequence[np.ndarray]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Numbers of clips of like length, their memory and its mask."""
        order = sorted(range(len(blocks)), key=lambda row: -len(blocks[row]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            frames, lengths = pad_frames([blocks[row] for row in rows])
            frames, lengths = frames.to(self.device), lengths.to(self.device)
            mask = frame_mask(lengths, frames.shape[1])
            with torch.no_grad():
                memory = self.model.encode(frames, mask)
            yield rows, memory, mask

    @torch.no_grad()
    def _gloss_lines(self, memory: Tensor, mask: Tensor, beam: int) -> list[str]:
        if self.model.gloss is None or self.glosses is None:
            return [""] * len(memory)
        chances = self.model.gloss(memory).float().log_softmax(-1).cpu().numpy()
        lengths = mask.sum(1).tolist()
        return [
            self.glosses.decode(
                greedy_glosses(rows[:length]) if beam == 1 else beam_glosses(rows[:length], beam)[0]
            )
            for rows, length in zip(chances, lengths, strict=True)
        ]


def load_translator(folder: Path, device: str = "auto") -> SignTranslator:
    """A translator from the folder of a training, of its ``best`` checkpoint, or of a member of a pack.

    Raises:
        CheckpointError: missing or damaged.
        ConfigError: no such device.
    """
    if not (folder / WEIGHTS).is_file() and (folder / "best" / WEIGHTS).is_file():
        folder = folder / "best"
    where = device_named(device)
    weights, card = load_weights(folder)
    home = home_of(folder)
    tokenizer, glosses = load_tokenizer(home), load_glosses(home)
    if len(tokenizer) != card.words or (len(glosses) if glosses else 0) != card.glosses:
        raise CheckpointError(
            f"{folder}: vocabularies of another training; fetch or train the checkpoint again"
        )
    settings = _settings_of(card, folder)
    if settings.model.frontend != "pretrained":
        with torch.device("meta"):
            check_fits(_model_of(card, settings), weights, str(folder / WEIGHTS))
    model = _model_of(card, settings)
    load_into(model, weights, str(folder / WEIGHTS))
    return SignTranslator(model.to(where).eval(), tokenizer, glosses, card, settings, where)


def _model_of(card: Card, settings: SltSettings) -> Translator:
    return Translator(settings.model, card.words, card.glosses, card.tags)


def _settings_of(card: Card, folder: Path) -> SltSettings:
    try:
        return prepare(card.settings)
    except ConfigError as error:
        raise CheckpointError(
            f"{folder / WEIGHTS}: its card has settings that cannot be used: {error}"
        ) from None

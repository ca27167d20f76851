"""What training makes small: the surprise at the true words, and at the true glosses by CTC."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from signgen.nn.processes import mean_over_processes, process_count
from signgen.nn.tokenizer import BLANK, PAD
from signgen.slt.batches import Batch
from signgen.slt.settings import TrainSettings


@dataclass(frozen=True, eq=False)
class Losses:
    """Scalars of one batch.

    Attributes:
        total: what is differentiated.
        words: translation loss.
        glosses: gloss loss, 0 without glosses.
    """

    total: Tensor
    words: Tensor
    glosses: Tensor


def losses(words: Tensor, glosses: Tensor | None, batch: Batch, settings: TrainSettings) -> Losses:
    """The losses of `Translator.forward` on a batch.

    Of several processes each gives its part of the mean over all words and clips of all, times their number: the
    average of that, which is what gradients get, is the mean over the whole batch, however it was divided.
    """
    targets = batch.tokens[:, 1:]
    translation = F.cross_entropy(
        words.float().flatten(0, 1),
        targets.flatten(),
        ignore_index=PAD,
        label_smoothing=settings.smoothing,
        reduction="sum",
    )
    count = len(targets) if settings.per == "sentence" else (targets != PAD).sum()
    translation = translation / count * _weight(count, translation)
    recognition = translation.new_zeros(())
    if glosses is not None:
        recognition = gloss_loss(glosses, batch) * _weight((batch.gloss_lengths > 0).sum(), translation)
    return Losses(translation + settings.gloss_weight * recognition, translation, recognition)


def _weight(count: Tensor | int, like: Tensor) -> Tensor | float:
    """How much a mean over ``count`` weighs in the mean over all processes."""
    if process_count() == 1:
        return 1.0
    own = torch.as_tensor(count, dtype=like.dtype, device=like.device)
    return own / mean_over_processes(own).clamp(min=1 / process_count())


def gloss_loss(scores: Tensor, batch: Batch) -> Tensor:
    """Mean CTC loss per gloss over the clips whose glosses are known; 0 if there are none.

    Clips too short for their glosses add nothing.
    """
    known = batch.gloss_lengths > 0
    # CTC is a long sum of small probabilities: always in float32.
    chances = F.log_softmax(scores.float(), -1).transpose(0, 1)[:, known]
    if not bool(known.any()):
        return scores.sum() * 0
    return torch.nn.functional.ctc_loss(
        chances,
        batch.glosses,
        batch.lengths[known],
        batch.gloss_lengths[known],
        blank=BLANK,
        zero_infinity=True,
    )


def reference_log_likelihood(words: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of natural log-probabilities of the true tokens with their end, and their number, each (B,).

    Args:
        words: (B, L - 1, words) scores.
        tokens: (B, L) start, tokens, end, padding.
    """
    targets = tokens[:, 1:]
    found = F.log_softmax(words.float(), -1).gather(-1, targets[..., None])[..., 0]
    is_word = targets != PAD
    return (found * is_word).sum(1), is_word.sum(1)

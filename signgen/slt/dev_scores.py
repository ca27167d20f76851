"""How good a translator is on the dev set, to choose a checkpoint by; reports are the judges' business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from signgen.nn.tokenizer import Tokenizer
from signgen.slt.batches import FrameReader, Source, collate, keypoint_frames
from signgen.slt.ctc import greedy_glosses
from signgen.slt.loss import reference_log_likelihood
from signgen.slt.model import Translator
from signgen.slt.search import search
from signgen.slt.settings import DecodeSettings


@dataclass(frozen=True)
class DevScores:
    """Figures of one look at the dev set.

    Attributes:
        bleu: BLEU-4 of sacrebleu, of texts decoded from poses alone.
        log_likelihood: natural log-probability of a token of the true texts, on average.
        gloss_errors: substituted, left out and added glosses in percent of the true ones; None without glosses.
        signature: of the BLEU.
    """

    bleu: float
    log_likelihood: float
    gloss_errors: float | None
    signature: str


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a translator makes of clips, in their order.

    Attributes:
        texts: decoded.
        glosses: numbers of decoded glosses, empty without a gloss head.
        log_likelihoods: (n,) natural log-probability of the true tokens of each clip.
        tokens: (n,) their numbers, ends included.
    """

    texts: tuple[str, ...]
    glosses: tuple[tuple[int, ...], ...]
    log_likelihoods: np.ndarray
    tokens: np.ndarray


@torch.no_grad()
def outputs(
    model: Translator,
    source: Source,
    tokenizer: Tokenizer,
    decode: DecodeSettings,
    batch_size: int,
    device: torch.device,
    reader: FrameReader = keypoint_frames,
) -> Outputs:
    """Translate all clips of a source, the long ones together."""
    was_training = model.training
    model.eval()
    order = np.argsort(-source.clips.lengths, kind="stable")
    texts = [""] * len(order)
    glosses: list[tuple[int, ...]] = [()] * len(order)
    chances, counts = np.zeros(len(order)), np.zeros(len(order), np.int64)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([(source, int(row)) for row in rows], reader=reader).to(device)
        mask = batch.mask
        memory = model.encode(batch.frames, mask)
        scores, _ = model.decoder(batch.tokens[:, :-1], model.decoder.begin(memory, mask))
        values, numbers = reference_log_likelihood(scores, batch.tokens)
        chances[rows], counts[rows] = values.cpu().numpy(), numbers.cpu().numpy()
        for row, found in zip(rows, search(model.decoder, memory, mask, decode), strict=True):
            texts[row] = tokenizer.decode(found.tokens)
        if model.gloss is not None:
            frames = model.gloss(memory).float().cpu().numpy()
            for row, frame, length in zip(rows, frames, batch.lengths.tolist(), strict=True):
                glosses[row] = greedy_glosses(frame[:length])
    model.train(was_training)
    return Outputs(tuple(texts), tuple(glosses), chances, counts)


def dev_scores(found: Outputs, source: Source, bleu_tokenizer: str) -> DevScores:
    """The figures of outputs against what is true.

    Raises:
        ConfigError: sacrebleu has no such tokenizer here.
    """
    bleu, signature = corpus_bleu(found.texts, source.clips.texts, bleu_tokenizer)
    pairs = [(true, line) for true, line in zip(source.glosses, found.glosses, strict=True) if true]
    errors = sum(edits(line, true) for true, line in pairs)
    total = sum(len(true) for true, _ in pairs)
    return DevScores(
        round(bleu, 4),
        float(found.log_likelihoods.sum() / max(1, found.tokens.sum())),
        100 * errors / total if total else None,
        signature,
    )


def corpus_bleu(hypotheses: Sequence[str], references: Sequence[str], tokenizer: str) -> tuple[float, str]:
    """BLEU-4 and its signature.

    Raises:
        ConfigError: sacrebleu has no such tokenizer here.
    """
    from sacrebleu.metrics.bleu import BLEU

    from signgen.errors import ConfigError

    try:
        # Early in training all texts are alike and without punctuation: no advice is wanted.
        metric = BLEU(tokenize=tokenizer, force=True)
    except (AssertionError, ImportError, RuntimeError, ValueError, KeyError):
        raise ConfigError(
            f"train.bleu_tokenizer: sacrebleu has no {tokenizer!r}; use 13a, none, zh or char"
        ) from None
    score = metric.corpus_score(list(hypotheses), [list(references)])
    return float(score.score), str(metric.get_signature())


def edits(hypothesis: Sequence[int], reference: Sequence[int]) -> int:
    """Fewest substitutions, deletions and insertions that turn one into the other.

    >>> edits([1, 2, 3], [1, 3, 4])
    2
    """
    row = np.arange(len(reference) + 1)
    for number, symbol in enumerate(hypothesis, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (np.array(reference, np.int64) != symbol))
        row = np.concatenate([[number], best])
        # An insertion costs one more than what is to its left.
        places = np.arange(len(row))
        row = np.minimum.accumulate(row - places) + places
    return int(row[-1])

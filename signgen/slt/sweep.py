"""Find the beam and length penalty that do best on the dev set, and keep them in the checkpoint's card."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from signgen.data.strict_json import plain
from signgen.errors import ConfigError
from signgen.slt.batches import Source, collate, encode_source
from signgen.slt.card import WEIGHTS, load_weights, save_weights
from signgen.slt.dev_scores import corpus_bleu
from signgen.slt.material import EVERYTHING, read_split, target_of
from signgen.slt.pack import home_of
from signgen.slt.search import Found, beam_search_penalties, search
from signgen.slt.settings import DataSettings, DecodeSettings
from signgen.slt.translate import SignTranslator, load_translator
from signgen.slt.video_frames import frame_reader

# Beams as Sign Language Transformers sweeps them (Camgoz et al., 2020), penalties twice as finely.
BEAMS = tuple(range(1, 11))
ALPHAS = tuple(half / 2 for half in range(11))


@dataclass(frozen=True)
class Tried:
    """A way of searching and what it reaches.

    Attributes:
        decode: the way.
        bleu: BLEU-4 of sacrebleu on the dev set.
    """

    decode: DecodeSettings
    bleu: float


def sweep(
    folder: Path,
    data: Path | None = None,
    *,
    beams: Sequence[int] = BEAMS,
    alphas: Sequence[float] = ALPHAS,
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> list[Tried]:
    """Try all beams with all penalties on the dev set and write the best into the card.

    Whoever loads the checkpoint then searches so, unless told otherwise.

    Args:
        folder: of a training, or its ``best``.
        data: folder with ``dev/``; None: that of the training's target.
        beams: texts that are followed side by side; 1 is greedy and knows no penalty.
        alphas: length penalties.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets a line for each beam.

    Returns:
        what each reaches, the best first; of equal ones the smaller beam, then the smaller penalty.

    Raises:
        ConfigError: a member of a pack, or a way of searching that there is not.
        CheckpointError: missing or damaged.
        DataError: no dev set.
    """
    place = folder if (folder / WEIGHTS).is_file() else folder / "best"
    if home_of(place) != place:
        raise ConfigError(f"{folder}: member of a pack, which stays as packed; sweep before packing")
    translator = load_translator(place, device)
    dev = _dev_set(translator, data)
    tried = []
    for beam in sorted(set(beams)):
        found = _try(translator, dev, dataclasses.replace(translator.settings.decode, beam=beam), alphas)
        best = max(found, key=lambda one: one.bleu)
        report(f"beam {beam}  dev BLEU {best.bleu:.2f} with penalty {best.decode.alpha:g}")
        tried += found
    # Sorting keeps the order of equal ones.
    tried.sort(key=lambda one: -one.bleu)
    weights, card = load_weights(place)
    save_weights(place, weights, dataclasses.replace(card, decode=plain(tried[0].decode)))
    return tried


def _dev_set(translator: SignTranslator, folder: Path | None) -> Source:
    data: DataSettings = translator.settings.data
    if folder is not None:
        data = dataclasses.replace(data, sources={"data": folder}, target="")
    clips = read_split(data, target_of(data), "dev")
    return encode_source(clips, translator.tokenizer, translator.glosses, EVERYTHING, EVERYTHING)


def _try(
    translator: SignTranslator, dev: Source, decode: DecodeSettings, alphas: Sequence[float]
) -> list[Tried]:
    """One beam with all penalties."""
    ways = [dataclasses.replace(decode, alpha=alpha) for alpha in sorted(set(alphas))]
    if decode.beam == 1:
        ways = [dataclasses.replace(decode, alpha=DecodeSettings().alpha)]
    texts = _translate(translator, dev, ways)
    tokenizer = translator.settings.train.bleu_tokenizer
    scores = [corpus_bleu(column, dev.clips.texts, tokenizer)[0] for column in zip(*texts, strict=True)]
    return [Tried(way, round(score, 4)) for way, score in zip(ways, scores, strict=True)]


@torch.no_grad()
def _translate(
    translator: SignTranslator, dev: Source, ways: Sequence[DecodeSettings]
) -> list[tuple[str, ...]]:
    """The texts of each clip, one for each way; ways differ in their penalty alone."""
    reader, size = frame_reader(translator.settings), translator.settings.train.batch
    order = np.argsort(-dev.clips.lengths, kind="stable")
    texts: list[tuple[str, ...]] = [()] * len(order)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        batch = collate([(dev, int(row)) for row in rows], reader=reader).to(translator.device)
        memory = translator.model.encode(batch.frames, batch.mask)
        for row, found in zip(rows, _search(translator, memory, batch.mask, ways), strict=True):
            texts[row] = tuple(translator.tokenizer.decode(one.tokens) for one in found)
    return texts


def _search(
    translator: SignTranslator, memory: torch.Tensor, mask: torch.Tensor, ways: Sequence[DecodeSettings]
) -> list[list[Found]]:
    decoder, first = translator.model.decoder, ways[0]
    if first.beam == 1:
        return [[found] for found in search(decoder, memory, mask, first)]
    return beam_search_penalties(decoder, decoder.begin(memory, mask), first, [way.alpha for way in ways])

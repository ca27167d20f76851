"""How many weights a network has, counted without allocating any."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from signgen.signdw.network.backbone import SignDW
from signgen.signdw.settings import LANGUAGES, SignDWSettings


def count_weights(
    settings: SignDWSettings, sizes: Sequence[int], glosses: int, languages: int = len(LANGUAGES)
) -> dict[str, int]:
    """Weights of text encoder, planner, steps and heads of a network with a full text vocabulary; ``total`` last.

    The refiner and the motion tokenizer count for themselves.

    Args:
        settings: its shape.
        sizes: codes of each stream.
        glosses: size of the gloss vocabulary; 0: none.
        languages: that have a tag.
    """
    with torch.device("meta"):
        model = SignDW(settings, sizes, settings.words, languages, glosses)
    groups = {"text": ("text.",), "planner": ("planner.",), "heads": ("heads.",)}
    counts = dict.fromkeys((*groups, "steps", "total"), 0)
    for name, weights in model.named_parameters():
        group = next((g for g, starts in groups.items() if name.startswith(starts)), "steps")
        counts[group] += weights.numel()
        counts["total"] += weights.numel()
    return counts

"""A signed language of a few words: what a network of a few thousand weights can learn by heart in seconds."""

from __future__ import annotations

import torch

from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, SPECIALS
from signgen.signdw.settings import SignDWSettings

SIZES = (7, 11, 5)
WORDS, GLOSSES = 24, len(SPECIALS) + 6
SETTINGS = SignDWSettings(
    width=48, heads=4, text_layers=1, plan_layers=1, layers=2, head_inner=64, words=WORDS, max_words=8,
    max_steps=24, max_glosses=8, dropout=0.0, text_dropout=0.0, language_dropout=0.0, code_noise=0.0,
)  # fmt: skip


def toy_network(**changes) -> SignDW:
    """A network with weights of seed 0, ready to draw."""
    from dataclasses import replace

    torch.manual_seed(0)
    return SignDW(replace(SETTINGS, **changes), SIZES, WORDS, 2, GLOSSES).eval()


def toy_batch(rows: int = 6) -> Batch:
    """Sentences of two or three words, each word a gloss, each gloss some steps; all determined by the words."""
    texts = [(0, 1), (1, 0, 2), (2, 3), (3, 4, 1), (4, 5), (5, 2, 0)][:rows]
    longest = 18
    codes, mask = (
        torch.zeros(rows, longest, 3, dtype=torch.long),
        torch.zeros(rows, longest, dtype=torch.bool),
    )
    text, text_mask = torch.zeros(rows, 3, dtype=torch.long), torch.zeros(rows, 3, dtype=torch.bool)
    glosses, durations = torch.zeros(rows, 5, dtype=torch.long), torch.zeros(rows, 5, dtype=torch.long)
    for row, words in enumerate(texts):
        plan = [(LEAD_IN, 2), *((len(SPECIALS) + w, 2 + w % 3) for w in words), (LEAD_OUT, 1)]
        glosses[row, : len(plan)] = torch.tensor([g for g, _ in plan])
        durations[row, : len(plan)] = torch.tensor([d for _, d in plan])
        text[row, : len(words)] = 4 + torch.tensor(words)
        text_mask[row, : len(words)] = True
        place = 0
        for gloss, duration in plan:
            for step in range(duration):
                codes[row, place] = torch.tensor(
                    [(gloss + step) % 7, (3 * gloss + step) % 11, gloss * step % 5]
                )
                mask[row, place] = True
                place += 1
    return Batch(
        codes, mask, Condition(text, text_mask, torch.ones(rows, dtype=torch.long), glosses, durations)
    )


def learned_by_heart(model: SignDW, batch: Batch, steps: int = 150) -> dict[str, float]:
    """The last losses of a training on one batch; afterwards the network is ready to draw."""
    torch.manual_seed(0)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    for _ in range(steps):
        losses = model(batch)
        optimizer.zero_grad()
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    return {name: float(loss.detach()) for name, loss in losses.items()}

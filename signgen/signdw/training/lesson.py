"""What an update learns from: clips, and further sentences of which the plans alone are learned.

Texts and plans are short beside movements, so many more of them can be learned in the same time; and what a plan does
not say, no movement can make good.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import Batch
from signgen.signdw.network.text import ANY_LANGUAGE


class Lesson(nn.Module):
    """The losses of an update, in one pass, as several processes need it.

    Args:
        model: that learns.
        is_timed: whether durations of the further sentences are true, so that they are learned too.
    """

    def __init__(self, model: SignDW, is_timed: bool = True) -> None:
        super().__init__()
        self.model = model
        self.is_timed = is_timed

    def forward(
        self, batch: Batch, plans: Batch | None = None, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Losses of the clips by name, ``plans`` those of the further sentences, ``total`` their sum."""
        losses: dict[str, Tensor] = self.model(batch, generator)
        if plans is None:
            return losses
        condition, dropped = plans.condition, self.model.settings.language_dropout
        if self.training:
            keep = torch.rand(len(condition), device=condition.language.device) >= dropped
            condition = replace(condition, language=torch.where(keep, condition.language, ANY_LANGUAGE))
        states, mask = self.model.encode_text(condition)
        found = self.model.planner.losses(
            states, mask, plans.mask.sum(1), condition.glosses, condition.durations
        )
        further = torch.stack(list(found.values())).sum() if self.is_timed else found["gloss"]
        return {**losses, "plans": further, "total": losses["total"] + further}

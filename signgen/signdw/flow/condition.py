"""What each frame at 24 Hz is told: the codes of its step, which frame of the step it is, gloss and phase."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.network.plan import PAD, PHASES, align


class FrameCondition(nn.Module):
    """Vectors of steps and a plan, frame by frame.

    Args:
        embed_width: features of a step.
        glosses: size of the gloss vocabulary; 0: plans have none.
        gloss_width: features of a gloss.

    Attributes:
        width: features of the condition.
    """

    def __init__(self, embed_width: int, glosses: int, gloss_width: int) -> None:
        super().__init__()
        self.gloss = nn.Embedding(glosses, gloss_width, padding_idx=PAD) if glosses else None
        self.width = embed_width + STRIDE + (2 * gloss_width + PHASES if glosses else 0)

    def forward(
        self, embedded: Tensor, glosses: Tensor | None = None, durations: Tensor | None = None
    ) -> Tensor:
        """(B, 4S, width).

        Args:
            embedded: (B, S, embed_width) of steps.
            glosses: (B, G) planned glosses with rests, 0 behind the end; None: no plan.
            durations: (B, G) steps of each.
        """
        rows, steps = embedded.shape[:2]
        place = torch.eye(STRIDE, device=embedded.device, dtype=embedded.dtype).repeat(rows, steps, 1)
        # Codes of the neighbouring steps are found by the convolutions; to blend them here would hide steps' borders.
        parts = [embedded.repeat_interleave(STRIDE, 1), place]
        if self.gloss is not None:
            if glosses is None or durations is None:
                empty = self.gloss.embedding_dim * 2 + PHASES
                return F.pad(torch.cat(parts, -1), (0, empty))
            found = align(glosses, durations, steps, STRIDE)
            parts += [self.gloss(found.glosses), self.gloss(found.following), found.phases]
        return torch.cat(parts, -1)

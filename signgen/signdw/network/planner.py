"""From text to a plan: glosses one after another, each with a duration; or a length alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.layers import RotaryStack
from signgen.nn.norms import RMSNorm
from signgen.signdw.network.bins import LogBins
from signgen.signdw.network.dice import PLAN_CHANCE, Dice, draw
from signgen.signdw.network.plan import END, PAD, UNKNOWN, Plan
from signgen.signdw.settings import DrawSettings, SignDWSettings

DURATION_BINS, LENGTH_BINS = 24, 64
LONGEST_GLOSS = 64


class Planner(nn.Module):
    """Draws lengths and durations from what it learned about them: an average fits no signer.

    Args:
        settings: its shape.
        glosses: size of the gloss vocabulary; 0: plans of a length alone.
    """

    def __init__(self, settings: SignDWSettings, glosses: int) -> None:
        super().__init__()
        width = settings.width
        self.settings = settings
        self.length_bins = LogBins(settings.max_steps, LENGTH_BINS)
        self.length = nn.Linear(width, len(self.length_bins))
        self.gloss: nn.Embedding | None = None
        if glosses:
            self.gloss = nn.Embedding(glosses, width, padding_idx=PAD)
            self.duration_bins = LogBins(LONGEST_GLOSS, DURATION_BINS)
            self.duration = nn.Embedding(len(self.duration_bins) + 1, width)
            self.stack = RotaryStack(
                settings.plan_layers,
                width,
                settings.heads,
                settings.max_glosses + 1,
                settings.dropout,
                has_memory=True,
            )
            self.duration_norm = RMSNorm(width)
            self.next_gloss = nn.Linear(width, glosses)
            self.next_duration = nn.Linear(width, len(self.duration_bins))

    def losses(
        self, states: Tensor, mask: Tensor, lengths: Tensor, glosses: Tensor | None, durations: Tensor | None
    ) -> dict[str, Tensor]:
        """Cross-entropies of lengths, glosses and durations; clips without glosses count for lengths alone.

        Args:
            states: (B, L, width) of the text, its first that of the language.
            mask: (B, L) true where there is text.
            lengths: (B,) steps.
            glosses: (B, G) the plan that was signed.
            durations: (B, G) its steps.
        """
        losses = {"length": F.cross_entropy(self.length(states[:, 0]).float(), self.length_bins(lengths))}
        if self.gloss is None or glosses is None or durations is None:
            return losses
        known = (glosses != PAD).any(1, keepdim=True)
        bins = self.duration_bins(durations)
        found = self._found(*self._shifted(glosses, bins), states, mask)
        # The end comes after the last gloss.
        counts = (glosses != PAD).sum(1, keepdim=True)
        ended = F.pad(glosses, (0, 1)).scatter(1, counts, END)
        wanted = ended.masked_fill(~known, PAD)
        logits = self.next_gloss(found).float()
        losses["gloss"] = _mean_over(logits, wanted, wanted != PAD)
        timed = self.duration_logits(found[:, :-1], glosses)
        losses["duration"] = _mean_over(timed, bins, glosses != PAD)
        return losses

    def duration_logits(self, found: Tensor, glosses: Tensor) -> Tensor:
        """(..., bins) how long each gloss takes, knowing which it is."""
        logits: Tensor = self.next_duration(self.duration_norm(found + self._glosses(glosses))).float()
        return logits

    def _glosses(self, numbers: Tensor) -> Tensor:
        if self.gloss is None:
            raise TypeError("a planner of lengths has no glosses")
        found: Tensor = self.gloss(numbers)
        return found

    def _shifted(self, glosses: Tensor, bins: Tensor) -> tuple[Tensor, Tensor]:
        """(B, G + 1) gloss and bin before each place; the end stands before the first."""
        first = torch.full_like(glosses[:, :1], END)
        return torch.cat([first, glosses], 1), torch.cat(
            [first.new_full(first.shape, len(self.duration_bins)), bins], 1
        )

    def _found(self, glosses: Tensor, bins: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        x = self._glosses(glosses) + self.duration(bins)
        length = x.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
        found: Tensor = self.stack(x, causal, states, mask)
        return found

    def sample(self, states: Tensor, mask: Tensor, draws: DrawSettings, seeds: Sequence[int]) -> list[Plan]:
        """A plan for each text, with glosses if the network learned any."""
        dice = Dice(seeds, PLAN_CHANCE, states.device)
        if self.gloss is None:
            return self._sample_lengths(states, draws, dice)
        return self._sample_glosses(states, mask, draws, dice)

    def _sample_lengths(self, states: Tensor, draws: DrawSettings, dice: Dice) -> list[Plan]:
        logits = self.length(states[:, 0]).float()
        bins = draw(logits, dice.gumbel(logits.shape[1]), draws.duration_temperature)
        chance = dice.uniform() if draws.duration_temperature else torch.full_like(logits[:, 0], 0.5)
        return [Plan(length) for length in self.length_bins.draw(bins, chance).tolist()]

    def _sample_glosses(self, states: Tensor, mask: Tensor, draws: DrawSettings, dice: Dice) -> list[Plan]:
        rows, settings = len(states), self.settings
        cache, memory = self.stack.cache(states), self.stack.project(states)
        gloss = torch.full((rows,), END, device=states.device)
        bins = torch.full_like(gloss, len(self.duration_bins))
        running, columns = torch.ones_like(gloss, dtype=torch.bool), []
        for place in range(settings.max_glosses):
            x = (self._glosses(gloss) + self.duration(bins))[:, None]
            found = self.stack(x, None, memory, mask, cache)[:, 0]
            logits = self.next_gloss(found).float()
            # A plan has at least one gloss, and only such as can be signed.
            logits[:, [PAD, UNKNOWN] if place else [PAD, UNKNOWN, END]] = -torch.inf
            gloss = draw(logits, dice.gumbel(logits.shape[1]), draws.gloss_temperature)
            running = running & (gloss != END)
            if not running.any():
                break
            timed = self.duration_logits(found, gloss)
            bins = draw(timed, dice.gumbel(timed.shape[1]), draws.duration_temperature)
            chance = dice.uniform() if draws.duration_temperature else torch.full_like(timed[:, 0], 0.5)
            columns.append((gloss * running, self.duration_bins.draw(bins, chance) * running))
        glosses, durations = (torch.stack(column, 1).tolist() for column in zip(*columns, strict=True))
        pairs = zip(glosses, durations, strict=True)
        return [cut_plan(*pair, settings.max_steps) for pair in pairs]


def cut_plan(glosses: Sequence[int], durations: Sequence[int], longest: int) -> Plan:
    """A plan of glosses up to padding that ends after ``longest`` steps at the latest."""
    kept: list[tuple[int, int]] = []
    steps = 0
    for gloss, duration in zip(glosses, durations, strict=True):
        duration = min(duration, longest - steps)
        if gloss == PAD or duration <= 0:
            break
        kept.append((gloss, duration))
        steps += duration
    return Plan(steps, tuple(g for g, _ in kept), tuple(d for _, d in kept))


def _mean_over(logits: Tensor, wanted: Tensor, counted: Tensor) -> Tensor:
    """Mean cross-entropy of (B, G, N) logits over the places that count."""
    each = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    return (each * counted).sum() / counted.sum().clamp(min=1)

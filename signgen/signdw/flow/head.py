"""The refiner behind a tokenizer: codes and a plan in, movement out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.flow.condition import FrameCondition
from signgen.signdw.flow.refiner import Known, Refined, Refiner
from signgen.signdw.flow_settings import RefinerSettings, RefineSettings
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.windows import Windows
from signgen.signdw.network.corruption import Chance, noisy
from signgen.signdw.network.dice import FRAME_CHANCE, Dice
from signgen.signdw.network.plan import Plan, pad_plans


class FlowHead(nn.Module):
    """What `--head flow` learns after the codes.

    Args:
        settings: its shape.
        tokenizer: that it will stand behind; not part of it, and not changed.
        glosses: size of the gloss vocabulary; 0: it knows codes alone.
    """

    def __init__(self, settings: RefinerSettings, tokenizer: MotionTokenizer, glosses: int = 0) -> None:
        super().__init__()
        self.settings = settings
        self.condition = FrameCondition(tokenizer.embed_width, glosses, settings.gloss_width)
        self.refiner = Refiner(settings, tokenizer.settings.channels, self.condition.width)

    @torch.no_grad()
    def begin(self, tokenizer: MotionTokenizer, codes: Tensor, truth: Windows) -> None:
        """Learn how far coordinates spread, from many clips, before training; for the arguments see `forward`."""
        self.refiner.begin(
            truth.values, truth.visible, truth.mask, self._coarse(tokenizer, codes, truth.mask[:, ::STRIDE])
        )

    def forward(
        self,
        tokenizer: MotionTokenizer,
        codes: Tensor,
        truth: Windows,
        glosses: Tensor | None = None,
        durations: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Losses by name, ``total`` the weighted sum; see `Refiner.loss`.

        Args:
            tokenizer: in evaluation mode.
            codes: (B, S, Q) of the clips.
            truth: the clips, (B, 4S, ...).
            glosses: (B, G) their plans, if the head knows glosses.
            durations: (B, G) steps of each.
            generator: where all that is random comes from; None: torch's own.
        """
        if self.training:
            chance = Chance(codes.device, generator)
            codes = noisy(codes, [s.size for s in tokenizer.streams], self.settings.code_noise, chance)
            if self.settings.start == "noise":
                gone = chance(len(codes)) < self.settings.code_dropout
                codes = codes.masked_fill(gone[:, None, None], -1)
        with torch.no_grad():
            embedded = tokenizer.embed(codes)
            coarse = self._coarse(tokenizer, codes, truth.mask[:, ::STRIDE])
        condition = self.condition(embedded, glosses, durations)
        return self.refiner.loss(truth.values, truth.visible, condition, truth.mask, generator, coarse)

    @torch.inference_mode()
    def refine(
        self,
        tokenizer: MotionTokenizer,
        codes: Sequence[Tensor],
        plans: Sequence[Plan],
        seeds: Sequence[int],
        draws: RefineSettings | None = None,
        known: Known | None = None,
    ) -> list[Refined]:
        """The movement of each sentence, (4S, 128, ...); a seed gives the same whatever else is in the batch.

        Args:
            tokenizer: in evaluation mode.
            codes: (S, Q) of each sentence; all negative: drawn by gloss and phase alone (start: noise).
            plans: that they were drawn for.
            seeds: of each sentence.
            draws: how.
            known: frames that stay as they are, (B, 4 * longest S, ...).
        """
        device = self.refiner.weights.device
        lengths = [len(c) for c in codes]
        padded = nn.utils.rnn.pad_sequence(list(codes), batch_first=True, padding_value=-1).to(device)
        glosses, durations = (t.to(device) for t in pad_plans(plans))
        steps = torch.arange(padded.shape[1], device=device) < torch.tensor(lengths, device=device)[:, None]
        condition = self.condition(tokenizer.embed(padded), glosses, durations)
        coarse = self._coarse(tokenizer, padded, steps)
        mask = steps.repeat_interleave(STRIDE, 1)
        width = NUM_KEYPOINTS * self.refiner.channels
        noise = Dice(seeds, FRAME_CHANCE, device).normal_of([n * STRIDE for n in lengths], width)
        found = self.refiner.sample(condition, mask, noise, draws, coarse, known=known)
        rows = zip(*found, lengths, strict=True)
        return [Refined(values[: n * STRIDE], seen[: n * STRIDE]) for values, seen, n in rows]

    @torch.inference_mode()
    def refine_span(
        self,
        tokenizer: MotionTokenizer,
        codes: Tensor,
        plan: Plan,
        seed: int,
        first: int,
        draws: RefineSettings | None = None,
        known: Known | None = None,
    ) -> Refined:
        """The movement of a span of one sentence, (4S, 128, ...), with the noise that it has in the whole.

        Args:
            tokenizer: in evaluation mode.
            codes: (S, Q) of the span.
            plan: of the whole sentence.
            seed: of the sentence.
            first: step that the span begins with.
            draws: how.
            known: frames of the span that stay as they are, (1, 4S, ...).
        """
        device, width = self.refiner.weights.device, NUM_KEYPOINTS * self.refiner.channels
        codes = codes.to(device)[None]
        whole = codes.new_full((1, plan.steps, codes.shape[2]), -1)
        whole[:, first : first + codes.shape[1]] = codes
        glosses, durations = (t.to(device) for t in pad_plans([plan]))
        frames = slice(first * STRIDE, (first + codes.shape[1]) * STRIDE)
        condition = self.condition(tokenizer.embed(whole), glosses, durations)[:, frames]
        mask = torch.ones(condition.shape[:2], dtype=torch.bool, device=device)
        noise = Dice([seed], FRAME_CHANCE, device).normal_of([plan.steps * STRIDE], width)[:, frames]
        coarse = self._coarse(tokenizer, codes, mask[:, ::STRIDE])
        found = self.refiner.sample(condition, mask, noise, draws, coarse, known=known)
        return Refined(found.values[0], found.visible[0])

    def _coarse(self, tokenizer: MotionTokenizer, codes: Tensor, steps: Tensor) -> Tensor | None:
        return tokenizer.decode(codes, steps)[0] if self.settings.start == "coarse" else None

"""Poses straight from text and plan, each the one with the least expected distance: the ablation `--head regress`.

It is what many published models do, and averages all ways in which something can be signed; here it shows how much
movement that costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.flow.condition import FrameCondition
from signgen.signdw.flow.network import FrameNetwork
from signgen.signdw.flow.refiner import Refined
from signgen.signdw.flow.scale import Scale, point_weights
from signgen.signdw.flow_settings import RefinerSettings
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.windows import Windows
from signgen.signdw.network.backbone import MASKED, SignDW
from signgen.signdw.network.batch import HIDDEN, Condition
from signgen.signdw.network.plan import Plan, pad_plans
from signgen.signdw.settings import DrawSettings, SignDWSettings


class Regressor(nn.Module):
    """The backbone with nothing but its condition to look at, and layers over frames; no codes.

    Args:
        settings: shape of the backbone.
        frames: shape of the layers over frames: its width, layers and kernel.
        words: size of the text vocabulary.
        languages: signed languages that have a tag.
        glosses: size of the gloss vocabulary; 0: trained without glosses.
        channels: coordinates of a keypoint.
    """

    weights: Tensor

    def __init__(
        self,
        settings: SignDWSettings,
        frames: RefinerSettings,
        words: int,
        languages: int,
        glosses: int = 0,
        channels: int = 2,
    ) -> None:
        super().__init__()
        self.channels = channels
        # One stream of one code, which is always hidden.
        self.backbone = SignDW(settings, (1,), words, languages, glosses)
        aligned = glosses if settings.align == "gloss" else 0
        self.condition = FrameCondition(settings.width, aligned, frames.gloss_width)
        outputs = NUM_KEYPOINTS * (channels + 1)
        self.network = FrameNetwork(
            0, self.condition.width, outputs, frames.width, frames.layers, frames.kernel
        )
        self.scale = Scale(channels)
        self.register_buffer("weights", point_weights(), persistent=False)

    @torch.no_grad()
    def begin(self, truth: Windows) -> None:
        """Learn how far coordinates spread, from many clips, before training."""
        self.scale.fit(truth.values, truth.visible & truth.mask[..., None])

    def forward(self, condition: Condition, truth: Windows) -> dict[str, Tensor]:
        """Losses by name, ``total`` their sum: of the plan, of coordinates (L1) and of visibility.

        Args:
            condition: what is signed, with the plan that it was signed by if known.
            truth: the clips, (B, 4S, ...).
        """
        states, text_mask = self.backbone.encode_text(condition)
        steps = truth.mask.view(len(truth.mask), -1, STRIDE).any(-1)
        losses = self.backbone.planner.losses(
            states, text_mask, steps.sum(1), condition.glosses, condition.durations
        )
        found, logits = self._poses(states, condition, steps)
        counted = (truth.visible & truth.mask[..., None]).to(found)
        away = (found - self.scale.into(truth.values)).abs().view(*truth.values.shape).mean(-1)
        losses["distance"] = (away * counted * self.weights).sum() / counted.sum().clamp(min=1)
        seen = F.binary_cross_entropy_with_logits(logits, truth.visible.to(found), reduction="none")
        frames = truth.mask[..., None].expand_as(seen)
        losses["visibility"] = (seen * frames).sum() / frames.sum().clamp(min=1)
        losses["total"] = torch.stack(list(losses.values())).sum()
        return losses

    def _poses(self, states: Tensor, condition: Condition, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled poses (B, 4S, 128 C) and logits of visibility (B, 4S, 128) for steps (B, S) that are true."""
        trunk = self.backbone
        memory, memory_mask = trunk.remember(states, condition)
        x = trunk.codes(torch.full((*steps.shape, 1), HIDDEN, device=steps.device))
        x = x + trunk.guide(condition, steps.sum(1), steps.shape[1]) + trunk.modes.weight[MASKED]
        found = trunk.stack(trunk.dropout(x), steps[:, None, None], memory, memory_mask)
        told = self.condition(found, condition.glosses, condition.durations)
        frames = steps.repeat_interleave(STRIDE, 1)[..., None].to(found)
        out = self.network(self.network.condition(told), frames)
        size = NUM_KEYPOINTS * self.channels
        return out[..., :size], out[..., size:]

    @torch.inference_mode()
    def generate(
        self,
        condition: Condition,
        draws: DrawSettings | None = None,
        seeds: Sequence[int] = (0,),
        plans: Sequence[Plan] | None = None,
    ) -> tuple[list[Refined], list[Plan]]:
        """The movement of each sentence, (4S, 128, ...), and its plan; chance decides the plan alone.

        Args:
            condition: what to sign; its own glosses are not looked at.
            draws: how plans are drawn.
            seeds: of each sentence.
            plans: when to sign what; None: drawn from the text.
        """
        states, text_mask = self.backbone.encode_text(condition)
        if plans is None:
            plans = self.backbone.planner.sample(states, text_mask, draws or DrawSettings(), seeds)
        glosses, durations = (t.to(states.device) for t in pad_plans(plans))
        is_planned = any(plan.glosses for plan in plans)
        condition = replace(
            condition,
            glosses=glosses if is_planned else None,
            durations=durations if is_planned else None,
        )
        lengths = torch.tensor([plan.steps for plan in plans], device=states.device)
        steps = torch.arange(int(lengths.max()), device=states.device) < lengths[:, None]
        found, logits = self._poses(states, condition, steps)
        values, seen = self.scale.out(found), logits > 0
        frames = (lengths * STRIDE).tolist()
        return [Refined(v[:n], s[:n]) for v, s, n in zip(values, seen, frames, strict=True)], list(plans)

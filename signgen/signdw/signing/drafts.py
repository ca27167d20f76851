"""Drafts of sentences that a checkpoint signs anew: glosses and times from a lexicon, and its isolated signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.parts import FPS, to_parts
from signgen.signdw.network.batch import Condition
from signgen.signdw.network.plan import LEAD_IN, GlossVocabulary, Plan, plan_of
from signgen.signdw.network.retrieved import LONGEST, Clips, side_by_side


@dataclass(frozen=True, eq=False)
class Draft:
    """A sentence as a lexicon would have it signed.

    Attributes:
        timeline: (gloss, first frame, one past last) at 24 frames a second.
        frames: in all.
        signs: an isolated recording for each item of the timeline; None where there is none.
    """

    timeline: tuple[tuple[str, int, int], ...]
    frames: int
    signs: tuple[PoseSequence | None, ...]

    @property
    def glosses(self) -> list[str]:
        """What is signed, in order."""
        return [gloss for gloss, _, _ in self.timeline]


Drafter = Callable[[str], Draft]


def check_retrieves(checkpoint: Checkpoint) -> GlossVocabulary:
    """The glosses of a checkpoint that looks at retrieved clips.

    Raises:
        ConfigError: it was trained without.
    """
    if not checkpoint.model.settings.is_retrieving or checkpoint.glosses is None:
        raise ConfigError(
            "source.retrieval: this checkpoint was trained without it; leave it out, or train one with "
            "signgen train signdw --retrieval LEXICON"
        )
    return checkpoint.glosses


def with_drafts(
    checkpoint: Checkpoint, condition: Condition, drafts: Sequence[Draft]
) -> tuple[Condition, list[Plan]]:
    """A condition with the signs of a draft for each of its sentences, and when they are signed.

    Raises:
        ConfigError: the checkpoint was trained without retrieval.
        DataError: a draft has no sign, or more of them than steps.
    """
    names = check_retrieves(checkpoint)
    plans = [plan_of(draft.timeline, draft.frames, STRIDE, names) for draft in drafts]
    rows = [_clips(checkpoint, draft, plan) for draft, plan in zip(drafts, plans, strict=True)]
    retrieved, slots = side_by_side(rows, len(checkpoint.motion.streams))
    return replace(condition, retrieved=retrieved, slots=slots), plans


def _clips(checkpoint: Checkpoint, draft: Draft, plan: Plan) -> Clips:
    first = int(plan.glosses[0] == LEAD_IN)
    pairs = enumerate(draft.signs, first)
    return tuple((place, codes_of(checkpoint, sign)) for place, sign in pairs if sign is not None)


@torch.no_grad()
def codes_of(checkpoint: Checkpoint, poses: PoseSequence) -> Tensor:
    """(S, Q) codes of an isolated sign.

    Raises:
        PoseError: its shoulders are never seen.
    """
    parts = to_parts(poses, FPS, checkpoint.motion.settings.depth)
    values = torch.from_numpy(parts.values)[None].to(checkpoint.device)
    visible = torch.from_numpy(parts.visible)[None].to(checkpoint.device)
    found: Tensor = checkpoint.motion.encode(values, visible)[0, :LONGEST].cpu()
    return found

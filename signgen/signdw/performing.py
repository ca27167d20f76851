"""Sentences as poses with whatever a checkpoint has: decoded codes, a refiner behind them, or poses from text."""

from __future__ import annotations

from collections.abc import Sequence

from signgen.pose.sequence import PoseSequence
from signgen.signdw.batch import Condition
from signgen.signdw.checkpoint import Checkpoint
from signgen.signdw.decoding import poses_of_codes, poses_of_values
from signgen.signdw.generate import generate
from signgen.signdw.plan import Plan
from signgen.signdw.settings import DrawSettings

Performed = tuple[PoseSequence, Plan]


def perform(
    checkpoint: Checkpoint,
    condition: Condition,
    draws: DrawSettings,
    seeds: Sequence[int],
    plans: Sequence[Plan] | None = None,
    size: tuple[int, int] = (512, 512),
    is_smooth: bool = True,
) -> list[Performed]:
    """Poses and plan of each sentence; for the arguments see `generate` and `poses_of_codes`.

    Raises:
        ConfigError: there are not as many seeds or plans as sentences.
        DataError: a plan does not fit the network.
    """
    if checkpoint.regressor is not None:
        found, plans = checkpoint.regressor.generate(condition.to(checkpoint.device), draws, seeds, plans)
        return [(poses_of_values(each, *size), plan) for each, plan in zip(found, plans, strict=True)]
    drawn = generate(checkpoint.model, condition, draws, seeds, plans)
    plans = [each.plan for each in drawn]
    if checkpoint.head is not None:
        refined = checkpoint.head.refine(checkpoint.motion, [each.codes for each in drawn], plans, seeds)
        poses = [poses_of_values(each, *size) for each in refined]
    else:
        poses = [poses_of_codes(checkpoint.motion, each.codes, *size, is_smooth=is_smooth) for each in drawn]
    return list(zip(poses, plans, strict=True))

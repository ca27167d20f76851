"""Sentences as poses with whatever a checkpoint has: decoded codes, a refiner behind them, or poses from text."""

from __future__ import annotations

from collections.abc import Sequence

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint
from signgen.signdw.checkpoint.library import with_own_signs
from signgen.signdw.drawing.decoding import poses_of_codes, poses_of_values
from signgen.signdw.drawing.generate import generate
from signgen.signdw.flow_settings import RefineSettings
from signgen.signdw.network.batch import Condition
from signgen.signdw.network.plan import Plan
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
        ConfigError: there are not as many seeds or plans as sentences, or the checkpoint has no use for a setting.
        DataError: a plan does not fit the network.
    """
    check_draws(checkpoint, draws)
    if checkpoint.regressor is not None:
        found, plans = checkpoint.regressor.generate(condition.to(checkpoint.device), draws, seeds, plans)
        return [(poses_of_values(each, *size), plan) for each, plan in zip(found, plans, strict=True)]
    condition, plans = with_own_signs(checkpoint, condition, draws, seeds, plans)
    drawn = generate(checkpoint.model, condition, draws, seeds, plans)
    plans = [each.plan for each in drawn]
    if checkpoint.head is not None:
        codes = [each.codes for each in drawn]
        refined = checkpoint.head.refine(checkpoint.motion, codes, plans, seeds, draws.refine)
        poses = [poses_of_values(each, *size) for each in refined]
    else:
        poses = [poses_of_codes(checkpoint.motion, each.codes, *size, is_smooth=is_smooth) for each in drawn]
    return list(zip(poses, plans, strict=True))


def check_draws(checkpoint: Checkpoint, draws: DrawSettings) -> None:
    """Raise if something is asked for that would change nothing.

    Raises:
        ConfigError: refining without a refiner, or weights in eight bits where no codes are drawn.
    """
    if draws.refine != RefineSettings() and checkpoint.head is None:
        raise ConfigError(
            "refine: the checkpoint has no refiner; use one of --head flow, or leave it as it is"
        )
    if draws.eight_bits and checkpoint.regressor is not None:
        raise ConfigError("eight_bits: the checkpoint draws no codes (--head regress); leave it out")

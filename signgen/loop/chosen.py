"""Which made poses are good enough to learn from, by a judge that reports on nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signgen.judge.selection import Rule
from signgen.loop.settings import ChosenSettings
from signgen.workflow.progress import Progress
from signgen.workflow.select import select_files
from signgen.workflow.selection_measures import Sources


def rule_of(settings: ChosenSettings) -> Rule:
    """How strict to be.

    Raises:
        ConfigError: several rules at once, or a measure that there is not.
    """
    return Rule(settings.keep_share, settings.precision, settings.thresholds)


def choose(
    settings: ChosenSettings,
    judges: Sequence[str],
    made: Path,
    real: Path,
    folder: Path,
    *,
    device: str,
    progress: Progress,
) -> dict[str, Any]:
    """Select from a batch, calibrated on the real dev set; ``folder`` gets shards with what is kept.

    Returns:
        counts, thresholds, how many of the bad clips of the calibration pass, and who judged.

    Raises:
        SignGenError: as `signgen.workflow.select.select_files`.
    """
    account = select_files(
        Sources(made, real / "dev"), folder, judges, rule_of(settings), writes_shards=True, seed=settings.seed,
        device=device, force=True, progress=progress,
    )  # fmt: skip
    found: Mapping[str, Any] = account["calibration"]
    return {
        "clips": account["clips"],
        "kept": account["kept"],
        "reasons": account["reasons"],
        "thresholds": account["thresholds"],
        "true_kept": found["good"]["share"],
        "bad_kept": {kind: rate["share"] for kind, rate in found["bad"].items()},
        "judges": account["judges"],
        "notes": account["notes"],
    }

"""Which made poses are good enough to learn from, by a judge that reports on nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.columnar import Clip, write_columnar
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError
from signgen.judge.selection import Rule
from signgen.loop.settings import ChosenSettings
from signgen.workflow.clip_parts import TRAIN, parts_of, poses_of, training_split
from signgen.workflow.progress import Progress
from signgen.workflow.select import ACCOUNT, PAGE, select_files
from signgen.workflow.selection_measures import Sources

DRAWN_ACCOUNT = "drawn.json"


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
        DataError: nothing is kept.
        SignGenError: as `signgen.workflow.select.select_files`.
    """
    account = select_files(
        Sources(made, real / "dev"), folder, judges, rule_of(settings), writes_shards=True, seed=settings.seed,
        device=device, force=True, progress=progress,
    )  # fmt: skip
    if not account["kept"]:
        worst = max(account["reasons"], key=account["reasons"].__getitem__)
        raise DataError(f"chosen: no clip is good enough, most of all for {worst}; see {folder / PAGE}")
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


def draw_as_many(made: Path, chosen: Path, folder: Path) -> None:
    """Shards with as many made clips as were chosen, drawn by chance: what choosing has to beat clip by clip.

    Raises:
        SignGenError: a source cannot be read, or the folder not be written.
    """
    if (folder / DRAWN_ACCOUNT).exists():
        return
    count = read_json_object(chosen / ACCOUNT)["kept"]
    parts = parts_of(training_split(made))
    names = [name for part in parts for name in part.infos]
    drawn = set(np.random.default_rng([count, 17]).choice(names, size=count, replace=False).tolist())
    for part in parts:
        if not drawn.isdisjoint(part.infos):
            clips = part.read().items()
            write_columnar(
                (Clip(name, poses_of(name, clip), clip.info) for name, clip in clips if name in drawn),
                folder / TRAIN / part.file,
            )
    write_text(folder / DRAWN_ACCOUNT, to_json({"clips": count, "of": len(names)}) + "\n")

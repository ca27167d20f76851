"""Poses of the novel sentences: a batch in which each text is signed with some of the looks that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from signgen.batch.local import Local
from signgen.batch.output.finish import finish_folder
from signgen.batch.plan import expand, write_plan
from signgen.batch.run import Ran, run_batch
from signgen.batch.sample import Sample
from signgen.batch.status import read_status
from signgen.batch.texts import Text, read_texts
from signgen.errors import DataError, ResourceError
from signgen.loop.ledger import Stopped
from signgen.loop.settings import MadeSettings
from signgen.workflow.progress import Progress


def plan_samples(settings: MadeSettings, texts: Sequence[Text]) -> list[Sample]:
    """What is to be made: of each text as many of all combinations as `looks` says, drawn with the seed.

    Raises:
        ConfigError: settings that cannot be built.
    """
    samples = expand(texts, settings.settings, settings.vary, "poses")
    if not settings.looks:
        return samples
    rng = np.random.default_rng([settings.seed, 11])
    drawn: list[Sample] = []
    for _, group in groupby(samples, key=lambda sample: (sample.text, sample.name)):
        looks = list(group)
        places = rng.choice(len(looks), size=min(settings.looks, len(looks)), replace=False)
        drawn += [looks[place] for place in sorted(places)]
    return drawn


def make(
    settings: MadeSettings, texts: Path, folder: Path, *, workers: int, progress: Progress
) -> dict[str, Any]:
    """Plan the batch in ``folder`` and make what is missing of it.

    Returns:
        counts of samples, and hours of signing.

    Raises:
        Stopped: a signal asked for it.
        DataError: too many samples failed.
        ResourceError: another process works on the folder, or the disk is full.
    """
    samples = plan_samples(settings, read_texts(texts))
    write_plan(samples, folder, settings.settings, settings.vary, shard_size=settings.shard_size)
    ran = run_batch(folder, launcher=Local(workers), max_failures=settings.max_failures, progress=progress)
    _check(ran, folder)
    made = finish_folder(folder, title="Made signing of a loop")
    return {"samples": made.samples, "failed": ran.failed, "hours": round(made.hours, 4)}


def _check(ran: Ran, folder: Path) -> None:
    if ran.is_over:
        reasons: Mapping[str, int] = read_status(folder).reasons
        worst = next(iter(reasons), "unknown")
        raise DataError(f"made: {ran.failed} of {ran.planned} samples failed, most of all: {worst}")
    if ran.is_stopped and not ran.is_complete:
        raise Stopped
    if ran.held:
        raise ResourceError(f"{folder}: another process makes {ran.held[0]}; run again when it is done")

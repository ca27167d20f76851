"""Every schedule with every seed, in processes of their own; each writes what it makes of the held-out clips."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.files import read_file
from signgen.data.strict_json import parse_json_object, read_json_object, to_json
from signgen.dataset import pool
from signgen.errors import ConfigError, ResourceError, SignGenError
from signgen.loop.schedules import CHOSEN, DRAWN, MADE, REAL, schedule_of
from signgen.loop.settings import TrainedSettings
from signgen.slt.ablation import PREDICTIONS
from signgen.slt.settings import SltSettings
from signgen.slt.settings import prepare as prepare_slt
from signgen.workflow.progress import Progress

RESULT = "result.json"
SECONDS_BETWEEN_LOOKS = 2.0
MAX_LOG_BYTES = 1 << 28
# Libraries that read them when they are loaded: with several processes one thread each, or they wait for each other.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """One training and the reading of the held-out clips.

    Attributes:
        settings: of the training, its seed among them.
        schedule: its name.
        pretrain: see `schedule_of`.
        rate: see `schedule_of`.
        folder: of the training.
        split: that is read.
        device: that computes.
    """

    settings: SltSettings
    schedule: str
    pretrain: float
    rate: float
    folder: Path
    split: str
    device: str


def slt_settings(settings: TrainedSettings, folders: Mapping[str, Path], cache: Path | None) -> SltSettings:
    """The settings of all trainings, with the sources of this loop.

    Raises:
        ConfigError: wrong ones, or sources that are given by hand.
    """
    data = settings.slt.get("data") or {}
    for name in ("sources", "target", "cache"):
        if isinstance(data, Mapping) and name in data:
            raise ConfigError(f"trained.slt.data.{name}: the loop sets it; leave it out")
    sources = {name: str(folders[name]) for name in (REAL, MADE, CHOSEN, DRAWN)}
    own = {"sources": sources, "target": REAL, **({"cache": str(cache)} if cache else {})}
    try:
        return prepare_slt({**settings.slt, "data": {**data, **own}})
    except ConfigError as error:
        raise ConfigError(f"trained.slt: {error}") from None


def tasks_of(
    settings: TrainedSettings, slt: SltSettings, folder: Path, split: str, device: str
) -> list[Task]:
    """All trainings, seed by seed, so that the first seed is soon complete."""
    return [
        Task(
            replace(slt, seed=seed), name, settings.pretrain, settings.finetune_rate, folder_of(folder, name, seed),
            split, device,
        )
        for seed in settings.seeds
        for name in settings.schedules
    ]  # fmt: skip


def folder_of(trained: Path, schedule: str, seed: int) -> Path:
    """Where a training is."""
    return trained / schedule / f"seed-{seed}"


def train_all(tasks: Sequence[Task], *, workers: int, progress: Progress) -> dict[str, Any]:
    """Train what is not trained yet; a stopped training goes on to the bit.

    Returns:
        of each training BLEU, updates, and the update with the best dev score.

    Raises:
        SignGenError: as the trainings raise.
    """
    total = sum(task.settings.train.steps for task in tasks)
    todo = [task for task in tasks if not (task.folder / RESULT).exists()]
    threads = 1 if workers > 1 else os.cpu_count() or 1
    with _watched(tasks, total, progress):
        ended = pool.work(
            todo, partial(_Learner, threads), workers=workers, seconds=math.inf, is_stopped=lambda: False,
            environments=[dict.fromkeys(THREADS, str(threads))] * workers,
        )  # fmt: skip
        for task, result in ended:
            if isinstance(result, SignGenError):
                raise result
            if isinstance(result, pool.Lost):
                raise ResourceError(
                    f"{task.folder}: its process {result.how}; perhaps memory is short: use fewer --workers"
                )
    return {"trainings": [read_json_object(task.folder / RESULT) for task in tasks]}


class _Learner:
    """What a worker does with a task."""

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)

    def __call__(self, task: Task) -> SignGenError | None:
        try:
            learn(task)
        except SignGenError as error:
            return error
        return None


def learn(task: Task) -> None:
    """Train, and write what it makes of the held-out clips, then the result."""
    from signgen.slt.ablation import run_schedules

    schedule = schedule_of(task.schedule, task.pretrain, task.rate)
    home = task.folder.parents[1]
    seed = task.settings.seed
    row = run_schedules(task.settings, home, [schedule], [seed], split=task.split, device=task.device)[0]
    best = max(_log(task.folder), key=lambda look: (look["is_best"], look["total"]))
    result = {
        "schedule": task.schedule,
        "seed": seed,
        "updates": row.steps,
        "best_update": best["total"],
        "dev_bleu": best["bleu"],
        "bleu": row.bleu,
        "gloss_wer": row.gloss_errors,
        "predictions": PREDICTIONS.format(split=task.split),
    }
    write_text(task.folder / RESULT, to_json(result, indent=1) + "\n")


def _log(folder: Path) -> list[dict[str, Any]]:
    path = folder / "log.jsonl"
    if not path.exists():
        return []
    lines = read_file(path, MAX_LOG_BYTES).splitlines()
    return [parse_json_object(line, str(path)) for line in lines if line.endswith(b"}")]


@contextmanager
def _watched(tasks: Sequence[Task], total: int, progress: Progress) -> Iterator[None]:
    """Tell now and then how many updates all trainings have made, from their logs."""
    over = threading.Event()

    def tell() -> None:
        done = sum(max((look["total"] for look in _log(task.folder)), default=0) for task in tasks)
        progress("updates", min(done, total), total)

    def look() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            tell()

    tell()
    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        tell()

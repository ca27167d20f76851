"""Train a ControlNet, or PoseNet, on videos beside the poses that they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from accelerate.utils import InitProcessGroupKwargs

from signgen.data.strict_json import plain
from signgen.nn.crew import Crew, Report, crew_on
from signgen.nn.metrics import peak_memory
from signgen.nn.training import Course, Leg, train
from signgen.nn.training_state import fingerprint_of
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.task import DiffusionTask, Run

# Encoding a large data set takes hours, during which faster processes wait.
PATIENCE = timedelta(hours=24)
# Settings that change no weight.
_FREE = {
    "data": ("sources", "poses", "cache", "readers"),
    "model": ("base", "weights", "controlnet", "download"),
    "train": ("samples", "sample_steps", "sample_guidance", "tensorboard", "checkpointing"),
}


Make = Callable[[Any, Sequence[Pair], Path, Crew], DiffusionTask]


@dataclass(frozen=True)
class TrainedDiffusion:
    """What a training left.

    Attributes:
        folder: for the renderer.
        steps: updates in all.
        loss: of held-out windows, of the weights in the folder; None if nothing was held out.
        learned: numbers that were learned.
        frames_per_second: that were learned from, since the last look before the end; 0 if nothing was done.
        memory_mb: most memory used, of the GPU or of this process.
    """

    folder: Path
    steps: int
    loss: float | None
    learned: int
    frames_per_second: float
    memory_mb: float


def train_diffusion(
    make: Make,
    run: Run,
    pairs: Sequence[Pair],
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> TrainedDiffusion:
    """Train, or go on with a training that was stopped; on one device the result is the same to the bit.

    Of several processes, as ``torchrun`` starts them, each takes its part of every update.

    Args:
        make: `ControlNetTask` or `PoseNetTask`.
        run: everything about it.
        pairs: what is learned from.
        folder: gets the result in a folder for the renderer, ``metrics.jsonl``, ``samples/`` and the state.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at what was held out.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: sources that cannot be learned from.
        CheckpointError: weights or a state that are missing or damaged.
    """
    crew = crew_on(device, report, InitProcessGroupKwargs(timeout=PATIENCE))
    task, settings = make(run, pairs, folder, crew), run.train
    course = Course(
        settings,
        (Leg(settings.steps),),
        settings.validate_every,
        _fingerprint(run, task, crew.count),
        accumulate=settings.accumulate,
        average=settings.average,
        is_tensorboard=settings.tensorboard,
    )
    progress, last = train(task, course, folder, crew, stop_after)
    return TrainedDiffusion(
        task.result,
        progress.total,
        None if progress.best is None else -progress.best,
        sum(weight.numel() for weight in task.network.parameters()),
        last.pace["frames_per_second"] if last else 0.0,
        peak_memory(crew.device),
    )


def _fingerprint(run: Run, task: DiffusionTask, processes: int) -> str:
    """What must be equal for a training to be continued; folders may have moved, samples do not matter."""
    values = plain(run)
    for section, names in _FREE.items():
        values[section] = {name: value for name, value in values[section].items() if name not in names}
    origin = {name: fact["sha256"] for name, fact in task.facts().items() if isinstance(fact, Mapping)}
    footage = task.reader.footage
    size = [footage.width, footage.height]
    return fingerprint_of(
        {"run": values, "origin": origin, "data": footage.id, "size": size, "processes": processes}
    )

"""Train a translator: what is learned from stage by stage, what is judged, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain
from signgen.nn.chance import seed
from signgen.nn.crew import Crew, Report, crew_on
from signgen.nn.device import in_precision
from signgen.nn.optimizer import Plateau
from signgen.nn.task import Look, Task
from signgen.nn.training import Course, Leg
from signgen.nn.training import train as train_task
from signgen.nn.training_state import Progress, fingerprint_of
from signgen.slt.batches import Batch, FrameReader, collate
from signgen.slt.card import Card, save_vocabularies, save_weights
from signgen.slt.dev_scores import DevScores, dev_scores, outputs
from signgen.slt.features import LAYOUT
from signgen.slt.loss import losses
from signgen.slt.material import Material, data_id, load_material, stage_order
from signgen.slt.model import Translator
from signgen.slt.schedules import Schedule
from signgen.slt.settings import SltSettings
from signgen.slt.video_frames import frame_reader

BEST, LOG = "best", "log.jsonl"


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        checkpoint: folder of the best weights.
        score: their dev score.
        steps: updates in all.
    """

    checkpoint: Path
    score: float
    steps: int


def train(
    settings: SltSettings,
    folder: Path,
    schedule: Schedule | None = None,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> Trained:
    """Train, or go on with a training that was stopped.

    On one device the result is the same to the bit however often it was stopped. Of several processes, as ``torchrun``
    starts them, each takes its part of every batch: together they do what one does with all of it, but for what is
    dropped out and for rounding.

    Args:
        settings: everything about it.
        folder: gets ``best/``, ``log.jsonl`` and the state to go on from.
        schedule: which sources are learned from when; None: all of them by size.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at the dev set.
        stop_after: stop after so many updates in all, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: a folder without usable clips.
        CheckpointError: a damaged state.
    """
    schedule, crew = schedule or Schedule("all"), crew_on(device, report)
    task = SltTask(settings, schedule, folder / BEST, crew)
    how = settings.train
    course = Course(
        how,
        tuple(Leg(steps, stage.rate) for steps, stage in zip(task.steps, schedule.stages, strict=True)),
        how.validate_every,
        _fingerprint(settings, schedule, task.material, crew.count),
        patience=how.patience,
        plateau=Plateau(how.plateau, how.factor, how.lowest) if how.schedule == "plateau" else None,
        log=LOG,
    )
    progress, _ = train_task(task, course, folder, crew, stop_after)
    return Trained(folder / BEST, progress.best or 0.0, progress.total)


def stage_steps(schedule: Schedule, steps: int) -> list[int]:
    """Updates of each stage; together ``steps``, at least one each."""
    total = sum(stage.steps for stage in schedule.stages)
    ends, done = [], 0.0
    for stage in schedule.stages:
        done += stage.steps
        ends.append(round(steps * done / total))
    return [max(1, end - start) for start, end in zip([0, *ends], ends, strict=False)]


class SltTask(Task):
    """A translator that learns from clips, stage by stage.

    Args:
        settings: everything about it.
        schedule: which sources are learned from when.
        best: gets the best weights.
        crew: the processes that train together; each takes its part of every batch.
    """

    network: Translator

    def __init__(self, settings: SltSettings, schedule: Schedule, best: Path, crew: Crew) -> None:
        self.settings, self.schedule, self.best, self.crew = settings, schedule, best, crew
        self.material: Material = load_material(settings, schedule)
        self.reader: FrameReader = frame_reader(settings)
        self.steps = stage_steps(schedule, settings.train.steps)
        torch.manual_seed(settings.seed)
        facts = self.material.facts
        network = Translator(settings.model, facts["words"], facts["glosses"], facts["tags"])
        self.network = network.to(crew.device)

    def begin(self) -> None:
        """Write vocabularies, and what is learned from."""
        if self.crew.is_first:
            save_vocabularies(self.best, self.material.tokenizer, self.material.glosses, self.material.clips)

    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Batch]:
        """See `Task`."""
        number, steps = place.stage, self.steps[place.stage]
        stage = self.schedule.stages[number]
        order = stage_order(self.material, stage, self.settings, number, steps, self.crew.count)
        for step in range(place.step, place.step + count):
            key, share = [self.settings.seed, number, step], (self.crew.index, self.crew.count)
            batch = collate(order[step], self.settings.augment, key, self.reader, share=share)
            yield batch.to(self.crew.device)

    def losses(
        self, lesson: Any, batch: Batch, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], Tensor]:
        """See `Task`."""
        train = self.settings.train
        seed(self.settings.seed, place.stage, place.step * self.crew.count + part)
        with in_precision(self.crew.device, train.precision):
            words, glosses = lesson(batch)
        return vars(losses(words, glosses, batch, train)), batch.lengths.sum()

    def look(self, network: Translator, total: int) -> DevScores:
        """Scores of the dev set, with texts decoded greedily."""
        material, train = self.material, self.settings.train
        greedy = replace(self.settings.decode, beam=1)
        made = outputs(
            network, material.dev, material.tokenizer, greedy, train.batch, self.crew.device, self.reader
        )
        return dev_scores(made, material.dev, train.bleu_tokenizer)

    def score(self, found: DevScores) -> float:
        """See `Task`."""
        return found.bleu if self.settings.train.score == "bleu" else found.log_likelihood

    def keep(self, network: Translator, look: Look) -> None:
        """See `Task`."""
        save_weights(self.best, network.state_dict(), self._card(look))

    def figures(self, look: Look) -> dict[str, Any]:
        """See `Task`."""
        return {
            "stage": look.place.stage,
            "step": look.place.step,
            "loss": look.losses["total"],
            "words": look.losses["words"],
            "glosses": look.losses["glosses"],
            "rate": look.rate,
            "seconds": look.pace["seconds"],
            **asdict(look.found),
            "is_best": look.is_best,
        }

    def line(self, look: Look) -> str:
        """See `Task`."""
        scores: DevScores = look.found
        glosses = "" if scores.gloss_errors is None else f"  gloss WER {scores.gloss_errors:.1f}"
        return (
            f"update {look.total}  loss {look.losses['total']:.3f}  dev BLEU {scores.bleu:.2f}  "
            f"log-likelihood {scores.log_likelihood:.3f}{glosses}{'  *' if look.is_best else ''}"
        )

    def _card(self, look: Look) -> Card:
        return Card(
            fps=self.settings.data.fps,
            layout=LAYOUT,
            **self.material.facts,
            seed=self.settings.seed,
            step=look.total,
            dev=asdict(look.found),
            schedule=plain(self.schedule),
            settings=plain(self.settings),
            versions={"signgen": package_version("signgen"), "torch": torch.__version__},
        )


def _fingerprint(settings: SltSettings, schedule: Schedule, material: Material, processes: int) -> str:
    """What must be equal for a training to be continued; folders may have moved, and batches be divided otherwise."""
    values = plain(settings)
    values["train"]["batch"] *= processes
    for name in ("sources", "cache"):
        del values["data"][name]
    return fingerprint_of({"settings": values, "schedule": schedule, "data": data_id(material)})

"""Train a SignDW Transformer: what is learned from, what is judged, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain
from signgen.data.trained_on import save_trained_on
from signgen.nn.chance import mixed, seed
from signgen.nn.crew import Crew, Report, crew_on
from signgen.nn.device import in_precision
from signgen.nn.task import Look, Task
from signgen.nn.training import Course, Leg, train
from signgen.nn.training_state import Progress
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.card import SignDWCard
from signgen.signdw.checkpoint.folder import save_checkpoint, save_vocabularies
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.windows import Windows
from signgen.signdw.network.batch import Batch
from signgen.signdw.settings import LANGUAGES
from signgen.signdw.training.dev_losses import dev_losses, used_loss
from signgen.signdw.training.examples import Order, collate
from signgen.signdw.training.fingerprint import fingerprint
from signgen.signdw.training.learner import make_learner
from signgen.signdw.training.material import Material, load_material
from signgen.signdw.training.samples import sample_poses
from signgen.signdw.training.settings import SignDWRun

BEST = "best"
# Poses of dev sentences by name, and the update after which they were made.
Show = Callable[[int, Mapping[str, PoseSequence]], None]
# A batch, and what else the learner wants: further plans, or the poses behind its codes.
Wanted = tuple[Batch, Batch | Windows | None]


@dataclass(frozen=True)
class TrainedSignDW:
    """What a training left.

    Attributes:
        checkpoint: folder of the best weights.
        loss: their dev loss.
        steps: updates in all.
    """

    checkpoint: Path
    loss: float
    steps: int


def train_signdw(
    run: SignDWRun,
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    show: Show | None = None,
    stop_after: int | None = None,
) -> TrainedSignDW:
    """Train, or go on with a training that was stopped; on one device the result is the same to the bit.

    Of several processes, as ``torchrun`` starts them, each takes its part of every batch.

    Args:
        run: everything about it.
        folder: gets ``best/``, ``metrics.jsonl`` and the state to go on from.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at the dev set.
        show: gets poses of dev sentences at each look.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: settings that do not fit together or the folder, or a loss that is no number.
        DataError: a folder without usable clips.
        CheckpointError: a damaged state or tokenizer.
    """
    # A batch without glosses leaves the planner of glosses out.
    crew = crew_on(device, report, DistributedDataParallelKwargs(find_unused_parameters=True))
    task = SignDWTask(run, folder / BEST, crew, show)
    settings = run.train
    course = Course(
        settings,
        (Leg(settings.steps),),
        settings.validate_every,
        fingerprint(run, task.material, crew.count),
        accumulate=settings.accumulate,
        average=settings.average,
        patience=settings.patience,
        is_tensorboard=settings.tensorboard,
    )
    progress, _ = train(task, course, folder, crew, stop_after)
    return TrainedSignDW(folder / BEST, -(progress.best or 0.0), progress.total)


class SignDWTask(Task):
    """A network that learns from clips, and from further plans or texts.

    Args:
        run: everything about it.
        best: gets the best weights.
        crew: the processes that train together.
        show: gets poses of dev sentences at each look.
    """

    def __init__(self, run: SignDWRun, best: Path, crew: Crew, show: Show | None = None) -> None:
        self.run, self.best, self.crew, self._show = run, best, crew, show
        self.material: Material = load_material(run)
        self.learner = make_learner(run, self.material)
        self.network = self.learner.network.to(crew.device)
        self.material.motion.to(crew.device)
        # Batches that an update is divided into.
        self.parts = crew.count * run.train.accumulate
        self.order = Order(
            list(self.material.sources.values()), self.material.shares, run.train.batch * self.parts,
            run.data.pool, run.seed,
        )  # fmt: skip
        self.plans = self._plan_order(run.train.plan_batch * self.parts) if run.train.plan_batch else None

    def _plan_order(self, batch: int) -> Order:
        """Which further sentences come when: those without poses, or else clips."""
        own, texts = mixed(self.run.seed, 1), self.material.texts
        if texts is None:
            return replace(self.order, batch=batch, seed=own)
        return Order([texts], [1.0], batch, self.run.data.pool, own)

    def begin(self) -> None:
        """Write vocabularies, and what is learned from."""
        material = self.material
        if self.crew.is_first:
            save_vocabularies(self.best, material.tokenizer, material.glosses, material.words, material.signs)
            save_trained_on(self.best, *material.names_and_texts())

    def lesson(self, network: nn.Module) -> nn.Module:
        """See `Task`."""
        return self.learner.lesson(network)

    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Wanted]:
        """See `Task`."""
        return (self._batch(place.total + n, part) for n in range(count) for part in parts)

    def _batch(self, update: int, part: int) -> Wanted:
        # Every so many examples of the whole, so that all parts are about equally long.
        every = slice(part, None, self.parts)
        chosen = self.order[update][every]
        batch = collate(chosen).to(self.crew.device)
        if self.learner.truth is not None:
            return batch, self.learner.truth(chosen).to(self.crew.device)
        plans = None if self.plans is None else collate(self.plans[update][every])
        return batch, plans if plans is None else plans.to(self.crew.device)

    def losses(
        self, lesson: Any, batch: Wanted, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], Tensor]:
        """See `Task`."""
        seed(self.run.seed, place.total, part)
        with in_precision(self.crew.device, self.run.train.precision):
            found: Mapping[str, Tensor] = lesson(*batch)
        return found, batch[0].mask.sum() * STRIDE

    def look(self, network: nn.Module, total: int) -> dict[str, float]:
        """Losses of dev clips."""
        lesson, run = self.learner.lesson(network), self.run
        return dev_losses(lesson, self.material.dev, run.train.batch, run.seed, self.learner.truth)

    def score(self, found: Mapping[str, float]) -> float:
        """See `used_loss`."""
        return -used_loss(found)

    def keep(self, network: nn.Module, look: Look) -> None:
        """See `Task`."""
        save_checkpoint(self.best, self.learner.networks(network), self._card(look))

    def line(self, look: Look) -> str:
        """See `Task`."""
        parts = "  ".join(f"{name} {value:.3f}" for name, value in look.found.items())
        pace = look.pace["frames_per_second"]
        return (
            f"update {look.total}  loss {look.losses['total']:.3f}  dev {parts}  {pace:.0f} frames/s"
            f"{'  *' if look.is_best else ''}"
        )

    def show(self, network: nn.Module, look: Look) -> None:
        """Sign some dev sentences."""
        if self._show is not None and self.run.train.samples:
            networks = self.learner.networks(network.eval())
            self._show(look.total, sample_poses(networks, self.material, self.run.train.samples))

    def _card(self, look: Look) -> SignDWCard:
        material = self.material
        return SignDWCard(
            head=self.run.head,
            model=self.run.model,
            refiner=None if self.run.head == "token" else self.run.refiner,
            motion=material.motion.settings,
            words=len(material.tokenizer),
            glosses=len(material.glosses or ()),
            languages=LANGUAGES,
            licence=material.licence,
            facts={
                "step": look.total,
                "seed": self.run.seed,
                "clips": material.clip_count,
                "dev": dict(look.found),
                "train": plain(replace(self.run.train, start=None)),
                "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
            },
        )

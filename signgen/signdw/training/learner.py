"""What a training learns: codes from text (token), poses behind the codes (flow), or poses from text (regress)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from signgen.errors import ConfigError, DataError
from signgen.signdw.checkpoint.folder import Checkpoint, load_checkpoint
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.regression import Regressor
from signgen.signdw.motion.clip_codes import clip_parts
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.windows import Windows, stacked
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import Batch
from signgen.signdw.settings import LANGUAGES
from signgen.signdw.training.examples import Example, Order, collate
from signgen.signdw.training.lesson import Lesson
from signgen.signdw.training.material import Material
from signgen.signdw.training.settings import SignDWRun
from signgen.signdw.training.start import begin_with, check_start

# Clips that spreads are measured on before a head is trained.
_MEASURED = 256
Truth = Callable[[Sequence[Example]], Windows]


@dataclass(frozen=True, eq=False)
class Learner:
    """What a training learns.

    Attributes:
        network: that learns.
        lesson: gives a network that has its shape the module that computes losses of a batch.
        networks: what a checkpoint with a network of its shape holds.
        truth: the poses of clips, where they are learned from; None: codes alone are.
    """

    network: nn.Module
    lesson: Callable[[Any], nn.Module]
    networks: Callable[[Any], dict[str, nn.Module]]
    truth: Truth | None = None


def make_learner(run: SignDWRun, material: Material) -> Learner:
    """What a training learns, its network with first weights.

    Raises:
        ConfigError: `--head flow` without a trained network to stand behind, or settings that contradict each other.
        CheckpointError: that network is damaged.
        DataError: a damaged shard.
    """
    if run.head != "token" and run.train.plan_batch:
        raise ConfigError("train.plan_batch: plans alone are learned with --head token; leave it at 0")
    torch.manual_seed(run.seed)
    return {"token": _token, "flow": _flow, "regress": _regress}[run.head](run, material)


class FlowLesson(nn.Module):
    """The losses of a refiner behind a tokenizer, which does not learn."""

    def __init__(self, head: FlowHead, motion: MotionTokenizer) -> None:
        super().__init__()
        self.head = head
        # Not one of its parts: not learned, averaged or shared between processes.
        self._motion = (motion,)

    def forward(
        self, batch: Batch, truth: Windows, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Losses by name, ``total`` their sum."""
        motion, condition = self._motion[0], batch.condition
        found: dict[str, Tensor] = self.head(
            motion, batch.codes, truth, condition.glosses, condition.durations, generator
        )
        return found


class RegressLesson(nn.Module):
    """The losses of poses straight from text."""

    def __init__(self, network: Regressor) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, batch: Batch, truth: Windows, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Losses by name, ``total`` their sum; nothing in them is left to chance."""
        found: dict[str, Tensor] = self.network(batch.condition, truth)
        return found


def _token(run: SignDWRun, material: Material) -> Learner:
    glosses = len(material.glosses or ())
    model = SignDW(run.model, material.sizes, len(material.tokenizer), len(LANGUAGES), glosses)
    if run.train.start is not None:
        begin_with(model, run.train.start, material)
    is_timed = material.texts is None
    return Learner(
        model,
        lambda network: Lesson(network, is_timed),
        lambda network: {"model": network, "motion": material.motion},
    )


def _flow(run: SignDWRun, material: Material) -> Learner:
    if run.train.start is None:
        raise ConfigError("head: flow stands behind a trained network; name it with train.start")
    before: Checkpoint = load_checkpoint(run.train.start)
    check_start(before, run.train.start, material)
    if before.card.model != run.model:
        raise ConfigError(
            "model: not that of train.start, which the refiner stands behind; use the same settings"
        )
    head = FlowHead(run.refiner, material.motion, len(material.glosses or ()))
    truth = _truth(material)
    items = _first(run, material)
    head.begin(material.motion, collate(items).codes, truth(items))
    return Learner(
        head,
        lambda network: FlowLesson(network, material.motion),
        lambda network: {"model": before.model, "motion": material.motion, "head": network},
        truth,
    )


def _regress(run: SignDWRun, material: Material) -> Learner:
    channels = material.motion.settings.channels
    counts = len(material.tokenizer), len(LANGUAGES), len(material.glosses or ())
    network = Regressor(run.model, run.refiner, *counts, channels)
    truth = _truth(material)
    network.begin(truth(_first(run, material)))
    return Learner(
        network, RegressLesson, lambda learned: {"regressor": learned, "motion": material.motion}, truth
    )


def _truth(material: Material) -> Truth:
    depth = material.motion.settings.depth

    def truth(items: Sequence[Example]) -> Windows:
        """The clips, (B, 4S, ...)."""
        clips = []
        for item in items:
            if item.place is None or (clip := clip_parts(item.place, depth)) is None:
                raise DataError(
                    f"clip {item.clip}: its poses cannot be read again; leave the corpus as it is"
                )
            clips.append(clip)
        return stacked(clips, STRIDE * max(len(item.codes) for item in items))

    return truth


def _first(run: SignDWRun, material: Material) -> list[Example]:
    """Clips of the beginning of the training."""
    order = Order(list(material.sources.values()), material.shares, run.train.batch, run.data.pool, run.seed)
    batches = -(-_MEASURED // run.train.batch)
    items = [item for number in range(batches) for item in order[number]]
    return list(islice(items, _MEASURED))

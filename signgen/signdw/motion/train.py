"""Train a motion tokenizer on columnar shards: what is learned from, what is judged, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain
from signgen.errors import ConfigError
from signgen.nn.chance import seed
from signgen.nn.crew import Report, crew_on
from signgen.nn.device import in_precision
from signgen.nn.task import Look, Task
from signgen.nn.training import Course, Leg, train
from signgen.nn.training_state import Progress, fingerprint_of
from signgen.signdw.motion.folder import save_tokenizer
from signgen.signdw.motion.loss import KEYPOINT_WEIGHTS, tokenizer_losses
from signgen.signdw.motion.parts import Parts
from signgen.signdw.motion.report import TokenizerReport, tokenizer_report
from signgen.signdw.motion.settings import TokenizerRun
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.variation import varied
from signgen.signdw.motion.windows import WindowReader, Windows, clips_of, shards_id, split_shards

TOKENIZER, LOG = "tokenizer", "log.jsonl"
# Dev clips that are looked at during training.
LOOKED_AT = 64


@dataclass(frozen=True)
class TrainedTokenizer:
    """What a training left.

    Attributes:
        folder: of the tokenizer.
        steps: updates in all.
        report: on the dev clips that it was looked at with last; None if it has not been looked at.
    """

    folder: Path
    steps: int
    report: TokenizerReport | None


def train_tokenizer(
    run: TokenizerRun,
    folder: Path,
    *,
    device: str = "auto",
    report: Report = lambda line: None,
    stop_after: int | None = None,
) -> TrainedTokenizer:
    """Train, or go on with a training that was stopped; the result is the same to the bit however often it was.

    Args:
        run: everything about it.
        folder: gets ``tokenizer/``, ``log.jsonl`` and the state to go on from.
        device: ``auto``, ``cpu``, ``cuda``, ...
        report: gets one line for each look at the dev set.
        stop_after: stop after so many updates, to be continued.

    Raises:
        ConfigError: no sources, settings that do not fit the folder, or a loss that is no number.
        DataError: a source without usable clips.
        CheckpointError: a damaged state.
    """
    if not run.data.sources:
        raise ConfigError("data.sources: name at least one folder of a corpus with train/ and dev/")
    crew = crew_on(device, report)
    task = TokenizerTask(run, folder / TOKENIZER, crew.device)
    course = Course(
        run.train,
        (Leg(run.train.steps),),
        run.train.validate_every,
        _fingerprint(run, task.shards_id),
        log=LOG,
    )
    progress, last = train(task, course, folder, crew, stop_after)
    return TrainedTokenizer(folder / TOKENIZER, progress.total, last.found if last else None)


class TokenizerTask(Task):
    """A motion tokenizer that learns from windows.

    Args:
        run: everything about it.
        folder: gets the tokenizer.
        device: where to compute.
    """

    network: MotionTokenizer

    def __init__(self, run: TokenizerRun, folder: Path, device: torch.device) -> None:
        self.run, self.folder, self.device = run, folder, device
        shards = split_shards(run.data.sources, "train")
        dev = split_shards(run.data.sources, "dev")
        self.reader = WindowReader(shards, run.data.window, run.train.batch, run.seed, run.model.depth)
        self.dev: list[Parts] = clips_of(dev, run.model.depth, LOOKED_AT)
        self.shards_id = shards_id(shards)
        torch.manual_seed(run.seed)
        self.network = MotionTokenizer(run.model).to(device)

    def begin(self) -> None:
        """Principal components and first codes, from the first batches."""
        seed(self.run.seed)
        windows = [self._shown(each) for each in islice(self.reader.batches(), self.run.train.begin)]
        values, visible, mask = (
            torch.cat([getattr(window, name) for window in windows]).to(self.device)
            for name in ("values", "visible", "mask")
        )
        self.network.begin(values, visible, mask, KEYPOINT_WEIGHTS.to(self.device))

    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Windows]:
        """See `Task`."""
        return self.reader.batches(place.total)

    def losses(
        self, lesson: Any, batch: Windows, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], Tensor]:
        """See `Task`."""
        train = self.run.train
        seed(self.run.seed, place.total)
        windows = self._shown(batch.to(self.device))
        shown = _hidden(windows.visible, train.hide)
        keep = self._levels(len(windows.values))
        with in_precision(self.device, train.precision):
            coded = lesson(windows.values, shown, windows.mask, keep)
        return vars(tokenizer_losses(coded, windows, train)), windows.mask.sum()

    def _shown(self, windows: Windows) -> Windows:
        """Windows as they are learned from."""
        return varied(windows, self.run.train.vary) if self.run.train.vary else windows

    def _levels(self, batch: int) -> Tensor:
        """(B,) levels that each window may use: all, or for some of them any number."""
        most = max(stream.level for stream in self.network.streams) + 1
        fewer = torch.randint(1, most + 1, (batch,), device=self.device)
        is_fewer = torch.rand(batch, device=self.device) < self.run.train.level_dropout
        return torch.where(is_fewer, fewer, most)

    def look(self, network: MotionTokenizer, total: int) -> TokenizerReport:
        """Report on dev clips."""
        return tokenizer_report(network, self.dev)

    def keep(self, network: MotionTokenizer, look: Look) -> None:
        """See `Task`."""
        facts = {
            "step": look.total,
            "seed": self.run.seed,
            "train": plain(self.run.train),
            "window": self.run.data.window,
            "data": self.shards_id,
            "dev": plain(look.found),
            "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
        }
        save_tokenizer(network, self.folder, facts)

    def figures(self, look: Look) -> dict[str, Any]:
        """See `Task`."""
        named = {"loss" if name == "total" else name: value for name, value in look.losses.items()}
        return {**named, "seconds": look.pace["seconds"], **asdict(look.found)}

    def line(self, look: Look) -> str:
        """See `Task`."""
        return f"update {look.total}  loss {look.losses['total']:.3f}  {look.found.line()}"


def _hidden(visible: Tensor, most: float) -> Tensor:
    """(B, T, 128) the keypoints that the model is shown: of each window a share at random is hidden, of some none."""
    share = most * torch.rand(len(visible), 1, 1, device=visible.device)
    return visible & (torch.rand(visible.shape, device=visible.device) >= share)


def _fingerprint(run: TokenizerRun, data: str) -> str:
    """What must be equal for a training to be continued; folders may have moved."""
    values = plain(run)
    del values["data"]["sources"]
    return fingerprint_of({"run": values, "data": data})

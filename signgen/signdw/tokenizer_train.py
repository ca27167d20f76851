"""Train a motion tokenizer on columnar shards, to go on bit for bit where it stopped."""

from __future__ import annotations

import hashlib
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, to_json
from signgen.errors import ConfigError
from signgen.nn.device import device_named, in_precision
from signgen.nn.log import Log
from signgen.nn.optimizer import make_optimizer, rate_at, set_rate
from signgen.nn.training_state import (
    FILE,
    Progress,
    read_progress,
    restore_model,
    restore_optimizer,
    save_state,
)
from signgen.signdw.motion_tokenizer import MotionTokenizer
from signgen.signdw.parts import Parts
from signgen.signdw.tokenizer_folder import save_tokenizer
from signgen.signdw.tokenizer_loss import KEYPOINT_WEIGHTS, NAMES, tokenizer_losses
from signgen.signdw.tokenizer_report import TokenizerReport, tokenizer_report
from signgen.signdw.tokenizer_settings import TokenizerRun
from signgen.signdw.variation import varied
from signgen.signdw.windows import WindowReader, Windows, clips_of, shards_id, split_shards

TOKENIZER, LOG = "tokenizer", "log.jsonl"
# Dev clips that are looked at during training.
LOOKED_AT = 64
Report = Callable[[str], None]


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
    training = _Training(run, folder, device, report)
    training.resume()
    training.go_on(run.train.steps if stop_after is None else min(stop_after, run.train.steps))
    return TrainedTokenizer(folder / TOKENIZER, training.progress.total, training.last)


class _Training:
    """One training in progress."""

    def __init__(self, run: TokenizerRun, folder: Path, device: str, report: Report) -> None:
        self.run, self.folder, self.report = run, folder, report
        self.device = device_named(device)
        shards = split_shards(run.data.sources, "train")
        dev = split_shards(run.data.sources, "dev")
        self.reader = WindowReader(shards, run.data.window, run.train.batch, run.seed, run.model.depth)
        self.dev: list[Parts] = clips_of(dev, run.model.depth, LOOKED_AT)
        torch.manual_seed(run.seed)
        self.model = MotionTokenizer(run.model).to(self.device)
        self.optimizer = make_optimizer(self.model, run.train)
        self.progress = Progress()
        self.last: TokenizerReport | None = None
        self.shards_id = shards_id(shards)
        self.fingerprint = _fingerprint(run, self.shards_id)

    def resume(self) -> None:
        """Take up what an earlier run left, or else begin with what the data show."""
        state = self.folder / FILE
        if state.is_file():
            tensors, self.progress = read_progress(state, self.fingerprint)
            restore_model(tensors, self.model, str(state))
            restore_optimizer(tensors, self.optimizer)
        else:
            self._begin()
        self.log = Log(self.folder / LOG, self.progress.total)

    def go_on(self, until: int) -> None:
        """Train up to an update."""
        progress, train = self.progress, self.run.train
        self.model.train()
        sums, since, started = (
            torch.zeros(len(NAMES), device=self.device),
            progress.total,
            time.perf_counter(),
        )
        batches = self.reader.batches(progress.total)
        while progress.total < until:
            sums += self._step(next(batches))
            progress.step += 1
            progress.total += 1
            if progress.total % train.validate_every == 0 or progress.total == train.steps:
                means = (sums / (progress.total - since)).tolist()
                self._look(means, time.perf_counter() - started)
                sums.zero_()
                since, started = progress.total, time.perf_counter()
        if progress.total > since:
            # Stopped between looks: what is logged at the next look counts from here.
            self._save()

    def _begin(self) -> None:
        """Principal components and first codes, from the first batches."""
        torch.manual_seed(_mixed([self.run.seed]))
        windows = [
            self._shown(each) for each in itertools.islice(self.reader.batches(), self.run.train.begin)
        ]
        values, visible, mask = (
            torch.cat([getattr(window, name) for window in windows]).to(self.device)
            for name in ("values", "visible", "mask")
        )
        self.model.begin(values, visible, mask, KEYPOINT_WEIGHTS.to(self.device))

    def _step(self, windows: Windows) -> Tensor:
        """One update; gives the losses."""
        train, step = self.run.train, self.progress.total
        torch.manual_seed(_mixed([self.run.seed, step]))
        windows = self._shown(windows.to(self.device))
        set_rate(self.optimizer, rate_at(train, step, train.steps))
        shown = _hidden(windows.visible, train.hide)
        keep = self._levels(len(windows.values))
        with in_precision(self.device, train.precision):
            coded = self.model(windows.values, shown, windows.mask, keep)
        found = tokenizer_losses(coded, windows, train)
        self.optimizer.zero_grad(set_to_none=True)
        found.total.backward()  # type: ignore[no-untyped-call]
        if train.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), train.clip)
        self.optimizer.step()
        return found.detached()

    def _shown(self, windows: Windows) -> Windows:
        """Windows as they are learned from."""
        return varied(windows, self.run.train.vary) if self.run.train.vary else windows

    def _levels(self, batch: int) -> Tensor:
        """(B,) levels that each window may use: all, or for some of them any number."""
        most = max(stream.level for stream in self.model.streams) + 1
        fewer = torch.randint(1, most + 1, (batch,), device=self.device)
        is_fewer = torch.rand(batch, device=self.device) < self.run.train.level_dropout
        return torch.where(is_fewer, fewer, most)

    def _look(self, means: list[float], seconds: float) -> None:
        """Report on dev clips, log, and save."""
        if not math.isfinite(means[0]):
            raise ConfigError(
                f"train.rate: the loss is no number after update {self.progress.total}; use a lower rate"
            )
        self.last = tokenizer_report(self.model, self.dev)
        self.model.train()
        figures = dict(zip(NAMES, means, strict=True))
        self.log.add({"total": self.progress.total, **figures, "seconds": seconds, **asdict(self.last)})
        self.report(f"update {self.progress.total}  loss {means[0]:.3f}  {self.last.line()}")
        save_tokenizer(self.model, self.folder / TOKENIZER, self._facts())
        self._save()

    def _facts(self) -> dict[str, Any]:
        return {
            "step": self.progress.total,
            "seed": self.run.seed,
            "train": plain(self.run.train),
            "window": self.run.data.window,
            "data": self.shards_id,
            "dev": plain(self.last),
            "versions": {"signgen": package_version("signgen"), "torch": str(torch.__version__)},
        }

    def _save(self) -> None:
        save_state(self.folder / FILE, self.model, self.optimizer, self.progress, self.fingerprint)


def _hidden(visible: Tensor, most: float) -> Tensor:
    """(B, T, 128) the keypoints that the model is shown: of each window a share at random is hidden, of some none."""
    share = most * torch.rand(len(visible), 1, 1, device=visible.device)
    return visible & (torch.rand(visible.shape, device=visible.device) >= share)


def _fingerprint(run: TokenizerRun, data: str) -> str:
    """What must be equal for a training to be continued; folders may have moved."""
    values = plain(run)
    del values["data"]["sources"]
    return hashlib.sha256(to_json({"run": values, "data": data}).encode()).hexdigest()


def _mixed(key: list[int]) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=7).digest())

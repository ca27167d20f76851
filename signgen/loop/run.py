"""The loop from its settings to its report, step by step; the same call goes on where a stopped one left off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from signgen.data.strict_json import plain
from signgen.loop import chosen, glosses, judged, made, report, texts, trained
from signgen.loop.check import check_all, corpus_settings
from signgen.loop.compare import compare, read_predictions
from signgen.loop.ledger import Ledger, Step
from signgen.loop.schedules import BASE, CHANCE, CHOSEN, DRAWN, MADE, REAL
from signgen.loop.settings import LoopSettings, prepare
from signgen.workflow.judges import load_judges
from signgen.workflow.progress import Progress, silent
from signgen.workflow.select import ACCOUNT


@dataclass(frozen=True)
class Means:
    """With what a loop is run; nothing of it changes what comes out, but for the rounding of a device.

    Attributes:
        workers: processes that make poses and train.
        device: of judges and trainings.
        progress: told of each step.
    """

    workers: int = 1
    device: str = "auto"
    progress: Progress = silent


def run_loop(
    config: Mapping[str, Any],
    folder: str | Path,
    *,
    workers: int = 1,
    device: str = "auto",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run a loop, or go on with one, and write its report; see docs/loop.md.

    Args:
        config: settings as in ``configs/loop/ase.yaml``.
        folder: gets ``loop.json``, ``report.md``, ``report.html`` and a folder for each step.
        workers: processes.
        device: auto, cpu, cuda, ...
        progress: told how far each step is.

    Returns:
        the report, as ``loop.json`` has it.

    Raises:
        SignGenError: a leaf that says what is wrong; wrong settings before anything is made.
        Stopped: a signal asked for it.
    """
    settings, folder = prepare(config), Path(folder)
    check_all(settings, folder, device)
    loop = Loop(settings, folder, Means(workers, device, progress))
    ledger, before = Ledger.of(folder), ""
    for step in loop.steps():
        before = ledger.run(step, before)
    return report.write(ledger, plain(settings))


class Loop:
    """The steps of a loop.

    Args:
        settings: of the loop.
        folder: of the loop.
        means: with what it is run.
    """

    def __init__(self, settings: LoopSettings, folder: Path, means: Means) -> None:
        self._settings, self._folder, self._means = settings, folder, means
        self._real = settings.real.folder or folder / REAL

    def steps(self) -> list[Step]:
        """In their order; each depends on those before it."""
        own, folder = self._settings, self._folder
        tasks = self._tasks()
        fixed = replace(own.trained, schedules=(BASE,), seeds=(0,))
        return [
            Step("real", own.real, self._make_real, (self._real,)),
            Step("texts", own.texts, self._write_texts, (folder / "texts" / texts.TEXTS,)),
            Step("made", own.made, self._make_poses, (folder / MADE / "SHA256SUMS",)),
            Step("chosen", own.chosen, self._choose, (folder / CHOSEN / ACCOUNT,)),
            # Schedules and seeds may be added later; what is trained is not trained again.
            Step(
                "trained", [fixed, own.scored.split], partial(self._train, tasks),
                tuple(task.folder / trained.RESULT for task in tasks),
            ),
            Step("judged", [own.scored, own.chosen], self._judge, (), is_final=True),
            Step("compared", [own.trained, own.scored], self._compare, (), is_final=True),
        ]  # fmt: skip

    @property
    def _choosing(self) -> tuple[str, ...]:
        """Judges that choose."""
        return self._settings.chosen.judge or (str(self._folder / "judge"),)

    def _make_real(self) -> dict[str, Any]:
        real = self._settings.real
        if real.folder is None:
            from signgen.corpus.make import make_corpus

            make_corpus(real.grammar, self._real, corpus_settings(real), progress=self._means.progress)
        return {split: len(texts.sentences_of(self._real, split)) for split in ("train", "dev", "test")}

    def _write_texts(self) -> dict[str, Any]:
        return texts.write_texts(self._settings.texts, self._real, self._folder / "texts")

    def _make_poses(self) -> dict[str, Any]:
        return made.make(
            self._settings.made, self._folder / "texts" / texts.TEXTS, self._folder / MADE,
            workers=self._means.workers, progress=self._means.progress,
        )  # fmt: skip

    def _choose(self) -> dict[str, Any]:
        if not self._settings.chosen.judge:
            self._train_judge()
        return chosen.choose(
            self._settings.chosen, self._choosing, self._folder / MADE, self._real, self._folder / CHOSEN,
            device=self._means.device, progress=self._means.progress,
        )  # fmt: skip

    def _train_judge(self) -> None:
        """A judge that has read the real training set alone."""
        from signgen.slt.train import train

        settings = self._slt()
        sources = {REAL: self._real}
        own = replace(settings, data=replace(settings.data, sources=sources))
        train(own, self._folder / "judge", device=self._means.device)

    def _slt(self) -> Any:
        folders = {name: self._folder / name for name in (MADE, CHOSEN, DRAWN)} | {REAL: self._real}
        return trained.slt_settings(self._settings.trained, folders, self._folder / "cache")

    def _tasks(self) -> Sequence[trained.Task]:
        return trained.tasks_of(
            self._settings.trained, self._slt(), self._folder / "trained", self._settings.scored.split,
            self._means.device,
        )  # fmt: skip

    def _train(self, tasks: Sequence[trained.Task]) -> dict[str, Any]:
        if CHANCE in self._settings.trained.schedules:
            chosen.draw_as_many(self._folder / MADE, self._folder / CHOSEN, self._folder / DRAWN)
        return trained.train_all(tasks, workers=self._means.workers, progress=self._means.progress)

    def _judge(self) -> dict[str, Any]:
        scored, device = self._settings.scored, self._means.device
        kinds = judged.kinds_of(self._real / "train", self._folder / MADE, self._folder / CHOSEN / "train")
        errors = glosses.gloss_errors(
            [kind for kind in kinds if kind.name != judged.TRUE], self._folder / "texts" / texts.TEXTS
        )
        rows = []
        if scored.judge:
            judges = load_judges(scored.judge, device=device)
            rows = judged.score(kinds, judges, scored.language, scored.clips, progress=self._means.progress)
        return {"rows": rows, "gloss_errors": errors}

    def _compare(self) -> dict[str, Any]:
        own, home = self._settings, self._folder / "trained"
        reads = {
            name: [
                read_predictions(trained.folder_of(home, name, seed), own.scored.split)
                for seed in own.trained.seeds
            ]
            for name in own.trained.schedules
        }
        found: dict[str, Any] = plain(compare(reads, own.trained.seeds, own.scored.language))
        return found

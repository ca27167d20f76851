"""All schedules over all seeds, and what each of them makes of the same test clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.strict_json import to_json
from signgen.errors import ConfigError
from signgen.slt.batches import encode_source
from signgen.slt.clips import Clips
from signgen.slt.dev_scores import dev_scores, outputs
from signgen.slt.material import EVERYTHING, read_split, target_of
from signgen.slt.schedules import Schedule
from signgen.slt.settings import SltSettings
from signgen.slt.train import train
from signgen.slt.translate import load_translator
from signgen.slt.video_frames import frame_reader

PREDICTIONS = "{split}.jsonl"


@dataclass(frozen=True, eq=False)
class Row:
    """One training and what it makes of the clips that count.

    Attributes:
        schedule: its name.
        seed: of the training.
        checkpoint: folder of the best weights.
        steps: updates in all.
        names: of the clips, the same in all rows.
        references: their true texts.
        hypotheses: what was decoded.
        log_likelihoods: (n,) natural log-probability of the true tokens of each clip, their end included.
        tokens: (n,) how many; they depend on the training's vocabulary.
        bleu: BLEU-4 over all clips.
        signature: of the BLEU.
        gloss_errors: gloss word error rate [%]; None without glosses.
    """

    schedule: str
    seed: int
    checkpoint: Path
    steps: int
    names: tuple[str, ...]
    references: tuple[str, ...]
    hypotheses: tuple[str, ...]
    log_likelihoods: np.ndarray
    tokens: np.ndarray
    bleu: float
    signature: str
    gloss_errors: float | None


def run_schedules(
    settings: SltSettings,
    folder: Path,
    schedules: Sequence[Schedule],
    seeds: Sequence[int],
    *,
    split: str = "test",
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> list[Row]:
    """Train every schedule with every seed and translate the target's clips of a split with each.

    Each training has a folder of its own, ``<schedule>/seed-<n>``, with its predictions beside it; what is finished is
    not done again. All have the same number of updates and choose their checkpoint on the same dev set, which is what
    makes their rows comparable.

    Raises:
        ConfigError: settings that do not fit together, or a schedule or seed twice.
        DataError: a folder without usable clips.
    """
    names = [schedule.name for schedule in schedules]
    if len(set(names)) != len(names) or len(set(seeds)) != len(seeds) or not names or not seeds:
        raise ConfigError("schedules, seeds: name each once, and at least one of both")
    clips = read_split(settings.data, target_of(settings.data), split)
    rows = []
    for schedule in schedules:
        for seed in seeds:
            where = f"{schedule.name} seed {seed}"
            place = folder / schedule.name / f"seed-{seed}"
            own = replace(settings, seed=seed)

            def tell(line: str, where: str = where) -> None:
                report(f"{where}: {line}")

            trained = train(own, place, schedule, device=device, report=tell)
            row = translate_split(own, place, schedule.name, trained.steps, clips, device)
            _write(row, place / PREDICTIONS.format(split=split))
            tell(f"{split} BLEU {row.bleu:.2f}")
            rows.append(row)
    return rows


def translate_split(
    settings: SltSettings, place: Path, schedule: str, steps: int, clips: Clips, device: str = "auto"
) -> Row:
    """The row of a finished training.

    Raises:
        CheckpointError: its checkpoint is missing or damaged.
    """
    translator = load_translator(place, device)
    source = encode_source(clips, translator.tokenizer, translator.glosses, EVERYTHING, EVERYTHING)
    found = outputs(
        translator.model, source, translator.tokenizer, settings.decode, settings.train.batch,
        translator.device, frame_reader(settings),
    )  # fmt: skip
    scores = dev_scores(found, source, settings.train.bleu_tokenizer)
    return Row(
        schedule, settings.seed, place / "best", steps, clips.names, clips.texts, found.texts,
        found.log_likelihoods, found.tokens, scores.bleu, scores.signature, scores.gloss_errors,
    )  # fmt: skip


def _write(row: Row, path: Path) -> None:
    """One JSON object a line for each clip, so that any judge can score them again."""
    columns = zip(
        row.names,
        row.references,
        row.hypotheses,
        row.log_likelihoods.tolist(),
        row.tokens.tolist(),
        strict=True,
    )
    keys = ("name", "reference", "hypothesis", "log_likelihood", "tokens")
    write_text(path, "".join(to_json(dict(zip(keys, line, strict=True))) + "\n" for line in columns))

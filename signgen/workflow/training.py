"""Corpora and translators from plain settings, as recipes use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signgen.errors import ConfigError

if TYPE_CHECKING:
    from signgen.corpus.make import Made
    from signgen.judge.ablation import AblationLine


def make_corpus(grammar: str | Path, folder: str | Path, config: Mapping[str, Any] | None = None) -> Made:
    """Make a corpus from a grammar, or go on with one; see docs/corpus.md.

    Args:
        grammar: a file, or the name of one of the package.
        folder: gets ``train``, ``dev`` and ``test``.
        config: settings as in ``configs/corpus/real.yaml``; what is left out takes its default.

    Raises:
        SignGenError: a leaf that says what is wrong.
    """
    from signgen.corpus.make import make_corpus as make
    from signgen.corpus.settings import prepare

    return make(grammar, Path(folder), prepare(config))


def train_schedules(
    config: Mapping[str, Any],
    folder: str | Path,
    schedules: Sequence[str],
    *,
    seeds: Sequence[int] = (0,),
    split: str = "test",
    language: str = "en",
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> list[AblationLine]:
    """Train translators by several schedules with several seeds and compare them; see docs/slt.md.

    Args:
        config: settings as in ``configs/slt/schedules.yaml``, with ``data.sources``.
        folder: gets a training for each in ``SCHEDULE/seed-N``; what is finished is not done again.
        schedules: names; the others are compared with the first.
        seeds: each schedule is trained with each.
        split: what they are compared on.
        language: of the texts.
        device: auto, cpu, cuda, ...
        report: told how far it is.

    Raises:
        SignGenError: a leaf that says what is wrong.
    """
    from signgen.judge.ablation import ablation_table
    from signgen.slt.ablation import run_schedules
    from signgen.slt.schedules import schedule_named
    from signgen.slt.settings import prepare

    values = dict(config)
    own = values.pop("schedules", None) or {}
    if not isinstance(own, dict):
        raise ConfigError("schedules: expected schedules by name")
    wanted = [schedule_named(name, own) for name in schedules]
    rows = run_schedules(
        prepare(values), Path(folder), wanted, seeds, split=split, device=device, report=report
    )
    return ablation_table(rows, language)

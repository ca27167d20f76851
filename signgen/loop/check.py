"""All settings of a loop, checked before any work: an hour later nothing may turn out to be misspelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signgen.batch.plan import expand
from signgen.batch.texts import Text
from signgen.batch.watch import allowed_failures
from signgen.data.shard_files import shards_in
from signgen.errors import ConfigError, DataError
from signgen.loop.chosen import rule_of
from signgen.loop.schedules import CHOSEN, DRAWN, MADE, REAL
from signgen.loop.settings import LoopSettings, RealSettings
from signgen.loop.trained import slt_settings
from signgen.nn.extra import need
from signgen.workflow.judges import judge_folders

SPLITS = ("train", "dev", "test")


def check_all(settings: LoopSettings, folder: Path, device: str) -> None:
    """Build or open everything that the settings name.

    Raises:
        SignGenError: what is wrong, in one line.
    """
    need("torch", "safetensors", "sentencepiece", "accelerate", what="the loop")
    need("sacrebleu", extra="eval", what="the loop")
    from signgen.judge.text.scores import scorer
    from signgen.nn.device import device_named

    device_named(device)
    _check_real(settings.real)
    if settings.texts.file is not None and not settings.texts.file.is_file():
        raise DataError(f"texts.file: {settings.texts.file}: no such file")
    for grammar in (settings.real.grammar, settings.texts.grammar):
        if grammar:
            from signgen.corpus.grammar_file import read_grammar

            read_grammar(grammar)
    _check_made(settings)
    rule_of(settings.chosen)
    slt_settings(settings.trained, {name: folder / name for name in (REAL, MADE, CHOSEN, DRAWN)}, None)
    scorer(["a text"], settings.scored.language)
    _check_judges(settings)


def corpus_settings(real: RealSettings) -> Any:
    """The settings of the corpus that is made.

    Raises:
        ConfigError: they are wrong.
    """
    from signgen.corpus.settings import prepare

    try:
        return prepare(real.corpus)
    except ConfigError as error:
        raise ConfigError(f"real.corpus: {error}") from None


def _check_real(real: RealSettings) -> None:
    if real.folder is None:
        counts = corpus_settings(real).counts()
        empty = [split for split in SPLITS if not counts[split]]
        if empty:
            raise ConfigError(f"real.corpus: no sentence would be in {empty[0]}; ask for more")
        return
    for split in SPLITS:
        shards_in(real.folder / split)


def _check_made(settings: LoopSettings) -> None:
    """Every combination is built once, as planning will do."""
    try:
        expand([Text("a text")], settings.made.settings, settings.made.vary, "poses")
        allowed_failures(settings.made.max_failures, 1)
    except ConfigError as error:
        raise ConfigError(f"made: {error}") from None


def _check_judges(settings: LoopSettings) -> None:
    from signgen.judge.card import judge_card

    choosing = [folder for spec in settings.chosen.judge for folder in judge_folders(spec)]
    reporting = [folder for spec in settings.scored.judge for folder in judge_folders(spec)]
    chose = {judge_card(folder).id for folder in choosing}
    for folder in reporting:
        card = judge_card(folder)
        if card.id in chose:
            raise ConfigError(
                f"scored.judge: {card.name} also chooses; report with another, or it confirms itself"
            )

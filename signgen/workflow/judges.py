"""Judges by name or folder: one place that knows where they lie and that several can share one name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signgen.data.checkpoints import built_in_folder, checkpoint_folder
from signgen.errors import CheckpointError, ConfigError
from signgen.judge.backtranslation import Judge, load_judge

# Names of built-in judges by the language of the texts and the signed language.
BUILT_IN = {("en", "ase"): "ase"}


def load_judges(specs: Sequence[str], *, beam: int | None = None, device: str = "auto") -> list[Judge]:
    """The judges that specs mean, told apart by name.

    Args:
        specs: folders of trainings, names of such below the folder of checkpoints, or names of built-in ones; a folder
            of several trainings means all of them.
        beam: texts that a judge follows side by side; None: see `load_judge`.
        device: that they compute on.

    Raises:
        ConfigError: none at all, or one twice.
        CheckpointError: missing or damaged.
    """
    if not specs:
        raise ConfigError(
            "judge: none given, and none is built in for these languages; train one with signgen train slt and name "
            "its folder with --judge"
        )
    judges = [
        load_judge(folder, beam=beam, device=device) for spec in specs for folder in judge_folders(spec)
    ]
    return told_apart(judges)


def judge_folders(spec: str) -> tuple[Path, ...]:
    """The folders of the trainings that a spec means.

    Raises:
        CheckpointError: there are none.
    """
    from signgen.slt import pack
    from signgen.slt.card import WEIGHTS

    for folder in (Path(spec), checkpoint_folder() / spec, built_in_folder(spec)):
        if not folder.is_dir():
            continue
        if (folder / pack.PACK).is_file():
            return pack.members(folder)
        is_one = (folder / WEIGHTS).is_file() or (folder / "best").is_dir()
        members = sorted(path.parent for path in folder.glob(f"*/{WEIGHTS}")) if not is_one else []
        members += sorted(path.parents[1] for path in folder.glob(f"*/best/{WEIGHTS}")) if not is_one else []
        return tuple(members) or (folder,)
    raise CheckpointError(
        f"judge {spec!r}: no such folder, nor one below {checkpoint_folder()}, nor built in "
        f"({', '.join(sorted(BUILT_IN.values()))}); train it first"
    )


def built_in_for(infos: Iterable[Mapping[str, Any]], language: str | None = None) -> tuple[str, ...]:
    """Names of the built-in judges that can read clips; none if their languages are mixed, unsaid or not known here.

    Args:
        infos: what is said about each clip.
        language: of the texts; None takes what the clips say.
    """
    pairs = {
        (language or str(info.get("spoken_language")), str(info.get("signed_language"))) for info in infos
    }
    return tuple(BUILT_IN[pair] for pair in pairs if pair in BUILT_IN) if len(pairs) == 1 else ()


def told_apart(judges: Sequence[Judge]) -> list[Judge]:
    """Judges of one folder name are told apart by their weights."""
    names = [judge.card.name for judge in judges]
    return [
        replace(judge, card=replace(judge.card, name=f"{judge.card.name}-{judge.card.id[:6]}"))
        if names.count(judge.card.name) > 1
        else judge
        for judge in judges
    ]

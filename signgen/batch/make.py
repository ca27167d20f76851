"""Batches from plain settings and paths, as recipes use them: planned, made, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signgen.batch.choices import take_choices
from signgen.batch.local import Local
from signgen.batch.output.finish import finish_folder
from signgen.batch.output.verify import Verified, verify_folder
from signgen.batch.plan import SHARD_SIZE, Kind, Plan, expand, write_plan
from signgen.batch.run import MAX_FAILURES, Ran
from signgen.batch.run import run_batch as run
from signgen.batch.texts import Text, read_texts
from signgen.errors import DataError
from signgen.workflow.progress import Progress, silent
from signgen.workflow.texts import check_text


def plan_batch(
    texts: str | Path | Sequence[str],
    folder: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    video: bool = False,
    shard_size: int = SHARD_SIZE,
) -> Plan:
    """Lay down which samples there are to be; the same call again changes nothing. See docs/batch.md.

    Args:
        texts: sentences, or the path of a .txt, .csv or .jsonl with them.
        folder: of the batch; it holds one plan.
        settings: as in ``configs/generate.yaml``, with a section ``vary`` if wanted.
        vary: values by dotted setting, laid over that section; every combination is made of every text.
        video: whether to draw each sample as a video too.
        shard_size: samples in a shard at most.

    Raises:
        ConfigError: settings that cannot be built, or a folder with another plan.
        DataError: texts that cannot be read or signed.
        ResourceError: the folder cannot be written.
    """
    kind: Kind = "video" if video else "poses"
    fixed, choices = take_choices(settings or {}, ())
    choices.update({path: list(values) for path, values in (vary or {}).items()})
    if isinstance(texts, str | Path):
        found = read_texts(Path(texts))
    else:
        found = [Text(check_text(line.strip(), f"text {number}")) for number, line in enumerate(texts, 1)]
    if not found:
        raise DataError("texts: none are given")
    samples = expand(found, fixed, choices, kind)
    return write_plan(samples, Path(folder), fixed, choices, kind=kind, shard_size=shard_size)


def run_batch(
    folder: str | Path, *, workers: int = 1, max_failures: str = MAX_FAILURES, progress: Progress = silent
) -> Ran:
    """Make what is missing of a planned batch, with index, card and sums when all of it is there.

    Run it again after any stop. More than one worker needs a program that can be imported: keep calls below
    ``if __name__ == "__main__"``.

    Args:
        folder: of the batch.
        workers: processes; 0 for this one.
        max_failures: end when more samples fail: a number, or a share of all.
        progress: told how many samples are settled.

    Raises:
        SignGenError: what would hit every sample: no disk, no weights, a damaged plan.
    """
    ran = run(Path(folder), launcher=Local(workers), max_failures=max_failures, progress=progress)
    if ran.is_whole and not ran.is_over and ran.made:
        finish_folder(Path(folder))
    return ran


def verify_batch(folder: str | Path, *, deep: bool = False, progress: Progress = silent) -> Verified:
    """Compare every shard, the index and the card with their SHA-256; what is damaged is in the answer.

    Args:
        folder: of the batch.
        deep: decode every member of every sample as well.
        progress: told how far it is.

    Raises:
        DataError: not the folder of a batch.
    """
    return verify_folder(Path(folder), deep=deep, progress=progress)

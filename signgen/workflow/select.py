"""Keep or reject made clips by what judges, who will not report on them, measure of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.columnar import Clip, write_columnar
from signgen.data.sidecar import package_version
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import ConfigError
from signgen.judge.backtranslation import Judge
from signgen.judge.report import check_report
from signgen.judge.selection import (
    GLOSS_WER,
    PCK,
    Rule,
    check_other_judge,
    reasons,
)
from signgen.judge.selection_scores import Measured
from signgen.workflow.clip_parts import TRAIN, Part, parts_of, poses_of, text_of, training_split
from signgen.workflow.evaluate import MAX_REPORT_BYTES
from signgen.workflow.judges import load_judges
from signgen.workflow.line_cache import LineCache
from signgen.workflow.outputs import refuse_existing
from signgen.workflow.progress import Progress, silent
from signgen.workflow.selection_measures import Measuring, Sources, strangers
from signgen.workflow.selection_report import page_of, selection_of

KEPT, REJECTED, ACCOUNT, PAGE, CACHE = (
    "kept.jsonl", "rejected.jsonl", "selection.json", "selection.html", "scores.jsonl",
)  # fmt: skip


def select_files(
    sources: Sources,
    output: Path,
    judges: Sequence[str],
    rule: Rule,
    *,
    writes_shards: bool = False,
    seed: int = 0,
    device: str = "auto",
    force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Choose clips and write ``kept.jsonl``, ``rejected.jsonl``, an account, a page and perhaps shards.

    Args:
        sources: what is read.
        output: a folder; ``scores.jsonl`` in it lets a stopped run go on.
        judges: see `signgen.workflow.judges.load_judges`.
        rule: how strict to be.
        writes_shards: also write ``train/`` with the kept clips, to be trained on.
        seed: of the bad clips of the calibration.
        device: of the judges.
        force: replace an earlier selection.
        progress: told how many clips are measured.

    Returns:
        the account.

    Raises:
        SignGenError: a leaf that says what is wrong.
    """
    return choose(
        sources, output, load_judges(judges, beam=1, device=device), rule,
        writes_shards=writes_shards, seed=seed, force=force, progress=progress,
    )  # fmt: skip


def choose(
    sources: Sources,
    output: Path,
    judges: Sequence[Judge],
    rule: Rule,
    *,
    writes_shards: bool = False,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """`select_files` with judges at hand."""
    refuse_existing([output / name for name in (KEPT, REJECTED, ACCOUNT, PAGE)], force)
    if sources.true is None and not rule.thresholds:
        raise ConfigError(
            "selection: give true clips with --calibrate, or thresholds such as --min-log-likelihood"
        )
    check_other_judge({judge.card.id: judge.card.name for judge in judges}, _reporting(sources.reports))
    parts = parts_of(training_split(sources.clips), sources.fps)
    notes = strangers(judges, {name: info for part in parts for name, info in part.infos.items()}, "clips")
    job = Measuring(judges, LineCache(output / CACHE), progress)
    calibration = None if sources.true is None else job.calibrated(sources, rule, seed)
    thresholds = dict(rule.thresholds) if calibration is None else dict(calibration.thresholds)
    _check_measurable(judges, parts, sources, rule, thresholds)
    rows, files = [], []
    for part, measured in job.measured(parts, sources):
        decided = [_row(name, part.infos[name], found, thresholds) for name, found in measured.items()]
        rows += decided
        if writes_shards:
            files += _write_shard(part, {row["name"] for row in decided if not row["reasons"]}, output)
    notes += _unmeasured(rows, thresholds)
    account = selection_of(
        rows, thresholds, calibration, [judge.card for judge in judges],
        {"seed": seed, "rule": rule, "notes": notes, "shards": files, "signgen": package_version("signgen"),
         "signature": "&".join(judge.signature for judge in judges)},
    )  # fmt: skip
    _write(output, rows, account)
    return account


def _check_measurable(
    judges: Sequence[Judge],
    parts: Sequence[Part],
    sources: Sources,
    rule: Rule,
    thresholds: Mapping[str, float],
) -> None:
    """Raise ConfigError if a threshold by hand would say nothing, or poses of videos have none."""
    if sources.extracted is not None and PCK not in thresholds:
        raise ConfigError(
            "PCK: has no threshold; give --min-pck, or --calibrate-extracted beside --calibrate"
        )
    if PCK in rule.thresholds and sources.extracted is None and not _has_extracted(parts):
        raise ConfigError(
            "--min-pck: needs poses found in the videos of the clips; give them with --extracted"
        )
    if GLOSS_WER in rule.thresholds:
        if not any(judge.card.facts.glosses for judge in judges):
            raise ConfigError(
                "--max-gloss-wer: the judge reads no glosses; use one that was trained with them"
            )
        if not any(info.get("gloss") for part in parts for info in part.infos.values()):
            raise ConfigError(f"--max-gloss-wer: no clip of {sources.clips} has glosses; leave it out")


def _has_extracted(parts: Sequence[Part]) -> bool:
    """Whether a list of clips names poses found in videos beside those asked for."""
    return any(info.get("extracted") for part in parts for info in part.infos.values())


def _unmeasured(rows: Sequence[Mapping[str, Any]], thresholds: Mapping[str, float]) -> list[str]:
    """A line for each measure that not all readable clips have."""
    scores = [row["scores"] for row in rows if row["scores"]]
    counts = {name: sum(name in each for each in scores) for name in thresholds}
    return [
        f"{name} could be measured of {count} of {len(scores)} clips"
        for name, count in counts.items()
        if count < len(scores)
    ]


def _reporting(reports: Sequence[Path]) -> list[tuple[str, str]]:
    """Ids of the judges of reports, and where they report."""
    found = []
    for path in reports:
        values = read_json_object(path, MAX_REPORT_BYTES)
        check_report(values, str(path))
        found += [(str(judge["card"]["id"]), str(path)) for judge in values["judges"]]
    return found


def _row(
    name: str, info: Mapping[str, Any], found: Measured | str, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """The line of a clip."""
    row: dict[str, Any] = {"name": name, "text": text_of(info), "scores": {}, "reasons": []}
    if info.get("gloss"):
        row["gloss"] = info["gloss"]
    if isinstance(found, str):
        return {**row, "reasons": [found]}
    return {
        **row,
        "scores": found.values,
        "understood": found.understood,
        "understood_glosses": found.glosses,
        "reasons": list(reasons(found.values, thresholds)),
    }


def _write_shard(part: Part, kept: set[str], output: Path) -> list[str]:
    """The kept clips of a part under its own name; nothing if there are none."""
    target = output / TRAIN / part.file
    if not kept:
        target.unlink(missing_ok=True)
        return []
    clips = part.read().items()
    write_columnar(
        (Clip(name, poses_of(name, clip), clip.info) for name, clip in clips if name in kept), target
    )
    return [f"{TRAIN}/{part.file}"]


def _write(output: Path, rows: Sequence[Mapping[str, Any]], account: Mapping[str, Any]) -> None:
    for name, is_kept in ((KEPT, True), (REJECTED, False)):
        chosen = [to_json(row) for row in rows if is_kept == (not row["reasons"])]
        write_text(output / name, "".join(f"{line}\n" for line in chosen))
    write_text(output / PAGE, page_of(account))
    write_text(output / ACCOUNT, to_json(account, indent=1) + "\n")

"""The report of an evaluation as plain values: what is printed, drawn, kept and compared later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from signgen.data.sidecar import package_version
from signgen.errors import DataError
from signgen.judge.backtranslation import LOG_LIKELIHOOD
from signgen.judge.findings import Evaluation, Verdict, pose_alarms
from signgen.judge.gates_report import gates_values, video_values
from signgen.judge.panel import CEILINGS, POSE_FLOORS, TEXT_FLOORS, Entry
from signgen.judge.printed import between, cell, number, score_values
from signgen.judge.text.measure import Measure

KIND = "signgen-evaluation"
VERSION = 2
# As the command line allows: a file from elsewhere must not make a comparison run for days.
MOST_RESAMPLES = 100_000


def report_of(found: Evaluation) -> dict[str, Any]:
    """The report; JSON can hold it."""
    trial, options = found.trial, found.options
    return {
        "kind": KIND,
        "version": VERSION,
        "signgen": package_version("signgen"),
        "signature": found.signature,
        "stamps": list(found.stamps),
        "test": {
            "id": trial.id,
            "clips": len(trial.names),
            "language": trial.language,
            "profile": options.profile,
            "seed": options.seed,
            "resamples": options.resamples,
            "rates": sorted({clip.fps for clip in trial.hypotheses}),
            "texts": list(trial.texts),
            "glosses": None if trial.glosses is None else list(trial.glosses),
            "names": list(trial.names),
            "documents": None if trial.documents is None else [str(name) for name in trial.documents],
        },
        "judges": [_judge(verdict) for verdict in found.verdicts],
        "jury": asdict(found.jury),
        "agreement": [
            {**asdict(item), **_over_judges(item.measure, found.verdicts)} for item in found.agreements
        ],
        "notes": [note for note in (options.oracle_note,) if note],
        "poses": [
            {**score_values(score), **_kept(measure)}
            for measure, score in zip(found.poses, found.pose_scores, strict=True)
        ],
        "videos": video_values(found),
        "alarms": pose_alarms(found),
        "leaks": None
        if found.leaks is None
        else {
            "near": found.leaks.near,
            "found": [{**asdict(leak), "name": trial.names[leak.test]} for leak in found.leaks.leaks],
        },
        "copied": list(found.copied),
    }


def check_report(values: Mapping[str, Any], where: str) -> None:
    """Raise DataError unless ``values`` are a whole report with its panel.

    Args:
        values: as read.
        where: file that they are from, for the error.
    """
    if values.get("kind") != KIND or values.get("version") != VERSION:
        raise DataError(f"{where}: no report of this version; make it with signgen eval")
    try:
        judges = values["judges"]
        names = [
            {row["name"] for part in ("floors", "ceilings") for row in judge["panel"][part]}
            for judge in judges
        ]
        sizes = {len(judge[key]) for judge in judges for key in ("texts", "log_probabilities")}
        sizes |= {len(glosses) for glosses in _all_glosses(values)}
        sizes |= {len(values["test"][key]) for key in ("texts", "names")}
        sizes |= {len(row["statistics"]) for row in values["poses"]}
        is_whole = bool(judges) and len(sizes) == 1 and isinstance(values["signature"], str)
        cards = [judge["card"] for judge in judges]
        is_whole = is_whole and all(isinstance(card["architecture"], str) for card in cards)
        is_whole = is_whole and all(isinstance(card["seed"], int) for card in cards)
        is_whole = is_whole and 40 <= values["test"]["resamples"] <= MOST_RESAMPLES
    except (KeyError, TypeError):
        raise DataError(f"{where}: damaged report; make it again with signgen eval") from None
    wanted = {*POSE_FLOORS, *TEXT_FLOORS[1:], *CEILINGS}
    if not is_whole or any(not wanted <= found for found in names):
        raise DataError(
            f"{where}: report without its whole panel, texts or settings; make it again with signgen eval"
        )


def _judge(found: Verdict) -> dict[str, Any]:
    likelihood = found.system.measure(LOG_LIKELIHOOD)
    return {
        "card": found.judge.card.printed(),
        "signature": found.judge.signature,
        "disjointness": {**asdict(found.disjointness), "notes": list(found.disjointness.notes)},
        "admission": {
            "passed": found.admission.is_passed,
            "faults": list(found.admission.faults),
            "ladders": [asdict(ladder) for ladder in found.admission.ladders],
        },
        "panel": {
            "floors": [_row(entry) for entry in found.panel.floors],
            "ceilings": [_row(entry) for entry in found.panel.ceilings],
        },
        "scores": [score_values(score) for score in found.scores],
        "retrieval": {
            "system": [score_values(score) for score in found.retrieval[0]],
            "true poses": [score_values(score) for score in found.retrieval[1]],
        },
        "normalised": [asdict(item) for item in found.normalised],
        "detectable": found.detectable,
        "alarms": list(found.alarms),
        "sets": {
            "scores": [score_values(score) for score in found.sets.scores],
            "notes": list(found.sets.notes),
        },
        "glosses": list(found.system.glosses),
        "texts": list(found.system.texts),
        "gates": gates_values(found.gates),
        "log_probabilities": [] if likelihood is None else likelihood.statistics[:, 0].tolist(),
        "characters": [] if likelihood is None else likelihood.statistics[:, 1].tolist(),
    }


def _all_glosses(values: Mapping[str, Any]) -> list[list[str]]:
    """True and recognised glosses; none where the test or a judge has none."""
    if values["test"]["glosses"] is None:
        return []
    return [values["test"]["glosses"], *(judge["glosses"] for judge in values["judges"] if judge["glosses"])]


def _over_judges(measure: str, verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Mean and standard deviation of the system over judges, which no interval over clips holds."""
    found = [one.value for verdict in verdicts if (one := verdict.system.measure(measure)) is not None]
    spread = number(float(np.std(found, ddof=1))) if len(found) > 1 else None
    return {"mean": number(float(np.mean(found))) if found else None, "sd": spread}


def _row(entry: Entry) -> dict[str, Any]:
    return {"name": entry.name, "scores": {one.name: number(one.value) for one in entry.measures}}


def _kept(measure: Measure) -> dict[str, Any]:
    """What is needed to resample the measure again."""
    return {"statistics": _numbers(measure.statistics)}


def _numbers(values: np.ndarray) -> list[list[float]]:
    rows: list[list[float]] = np.nan_to_num(values, nan=0.0).tolist()
    return rows


def worst_and_best(report: Mapping[str, Any], count: int) -> tuple[list[int], list[int]]:
    """Numbers of the clips whose true text the first judge finds least and most likely, per character."""
    judge = report["judges"][0]
    each = np.array(judge["log_probabilities"]) / np.array(judge["characters"])
    order: list[int] = np.argsort(each, kind="stable").tolist()
    count = min(count, len(order) // 2)
    return order[:count], order[::-1][:count]


def set_rows(judge: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Distances between all clips of the system and all true ones, in a judge's features."""
    return [(row["name"], cell(row["value"]), between(row["interval"])) for row in judge["sets"]["scores"]]


def pose_rows(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Measures of poses with their intervals."""
    return [
        (row["name"], cell(row["value"]), between(row["interval"]))
        for row in report["poses"]
        # Less than a percent that could not be compared changes nothing that is printed.
        if not row["name"].endswith(" masked") or (row["value"] or 0) >= 0.01
    ]

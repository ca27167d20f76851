"""The second gate in a report: as plain values, and as lines and rows for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signgen.judge.backtranslation import LOG_LIKELIHOOD
from signgen.judge.findings import Evaluation
from signgen.judge.gates import GENERATOR, RENDERER, Gates, Loss, Share
from signgen.judge.printed import between, cell, number, score_values

NOT_SEPARABLE = "not separable"
_NOTES = 8


def gates_values(found: Gates | None) -> dict[str, Any] | None:
    """What one judge says of the second gate; None without videos."""
    if found is None:
        return None
    likelihood = found.found.measure(LOG_LIKELIHOOD)
    return {
        "extractor": found.extractor,
        "control": found.control or None,
        "rows": [
            {"name": entry.name, "scores": {one.name: number(one.value) for one in entry.measures}}
            for entry in found.entries
        ],
        "texts": list(found.found.texts),
        "log_probabilities": [] if likelihood is None else likelihood.statistics[:, 0].tolist(),
        "losses": [_loss(loss) for loss in found.losses],
        "notes": list(found.notes),
    }


def video_values(found: Evaluation) -> dict[str, Any] | None:
    """What is measured of the system's videos; None without any."""
    rendered = found.trial.rendered
    if rendered is None:
        return None
    return {
        "extractor": rendered.extractor,
        "scores": [score_values(score) for score in found.video_scores],
        "notes": list(rendered.notes),
    }


def gate_rows(judge: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Who lost what, one column for each measure; none without videos."""
    if not judge["gates"]:
        return []
    losses = [loss for loss in judge["gates"]["losses"] if loss["shares"]]
    if not losses:
        return []
    losers = list(dict.fromkeys(share["loser"] for loss in losses for share in loss["shares"]))
    rows: list[tuple[str, ...]] = [
        (f"[{judge['card']['name']}: lost]", *(loss["measure"] for loss in losses))
    ]
    for loser in losers:
        found = [next((s for s in loss["shares"] if s["loser"] == loser), None) for loss in losses]
        rows.append((loser, *map(said, found)))
    if not any(loser == RENDERER for loser in losers):
        rows.append((f"{RENDERER} alone", *([NOT_SEPARABLE] * len(losses))))
    if not any(loser == GENERATOR for loser in losers):
        rows.append((f"{GENERATOR} alone", *([NOT_SEPARABLE] * len(losses))))
    rows.append(("left: found in videos", *(said(loss["found"]) for loss in losses)))
    return rows


def note_lines(judge: Mapping[str, Any]) -> list[str]:
    """What must be known to read a judge's rows."""
    if not judge["gates"]:
        return []
    silent = [loss["measure"] for loss in judge["gates"]["losses"] if not loss["shares"]]
    return [
        *judge["gates"]["notes"],
        *(f"{measure}: no shares; true poses are read no better than floors" for measure in silent),
    ]


def video_lines(report: Mapping[str, Any]) -> list[str]:
    """Videos that could not be measured, and why."""
    notes = report["videos"]["notes"] if report["videos"] else []
    lines = [f"videos: not measured: {note}" for note in notes[:_NOTES]]
    return [*lines, *([f"videos: not measured: {len(notes) - _NOTES} more"] if len(notes) > _NOTES else [])]


def video_rows(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Measures of the videos with their intervals."""
    rows = report["videos"]["scores"] if report["videos"] else []
    return [
        (row["name"], cell(row["value"]), between(row["interval"]))
        for row in rows
        if not row["name"].endswith(" masked") or (row["value"] or 0) >= 0.01
    ]


def said(share: Mapping[str, Any] | None) -> str:
    """A share with its interval."""
    return "-" if share is None else f"{share['value']:+.2f} ({between(share['interval'])})"


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "measure": loss.measure,
        "asked": _share(loss.asked),
        "found": _share(loss.found),
        "shares": [_share(share) for share in loss.shares],
    }


def _share(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    return {"loser": share.loser, "value": share.value, "interval": list(share.interval)}

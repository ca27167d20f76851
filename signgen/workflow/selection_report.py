"""The account of a selection: as plain values, as lines for a terminal, and as a page that needs nothing else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from signgen.data.strict_json import plain
from signgen.judge.card import JudgeCard
from signgen.judge.rate import Rate
from signgen.judge.selection import MEASURES, Calibration, Curve

KIND, VERSION = "signgen-selection", 1
# Enough for any picture; thresholds come from the whole curve.
_POINTS = 101
_WIDE, _HIGH = 51, 11
_SIGNS = "abcdefgh"
_COLOURS = ("#b3261e", "#b26a00", "#1f6feb", "#1a7f37", "#8250df", "#57606a")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #d5dae0}
table{border-collapse:collapse}td,th{padding:.15rem 1rem .15rem 0;text-align:left;vertical-align:top}
svg{background:#f6f8fa;max-width:100%}code{word-break:break-all;font-size:.75rem;color:#57606a}
"""
_SHOWN = 50


def selection_of(
    rows: Sequence[Mapping[str, Any]],
    thresholds: Mapping[str, float],
    calibration: Calibration | None,
    cards: Sequence[JudgeCard],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """The account; JSON can hold it.

    Args:
        rows: of all clips, each with its reasons.
        thresholds: measure -> value.
        calibration: None where thresholds were given by hand and no true clips.
        cards: of the judges.
        facts: what else belongs to it.
    """
    rejected = [row for row in rows if row["reasons"]]
    why = Counter(_kind_of(reason) for row in rejected for reason in row["reasons"])
    return {
        "kind": KIND,
        "version": VERSION,
        "clips": len(rows),
        "kept": len(rows) - len(rejected),
        "rejected": len(rejected),
        "reasons": dict(sorted(why.items())),
        "thresholds": dict(thresholds),
        "judges": [
            {"name": card.name, "id": card.id, "architecture": card.facts.architecture} for card in cards
        ],
        "calibration": None if calibration is None else _calibration(calibration),
        "examples": [dict(row) for row in rejected[:_SHOWN]],
        **{name: plain(value) for name, value in facts.items()},
    }


def table(account: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What is kept of good and bad clips at the operating point."""
    found = account["calibration"]
    if found is None:
        return []
    single = list(found["single"])
    rows = [("", "kept", "95 % interval", "area", *(f"area by {name}" for name in single))]
    rows.append(("true clips", *_shares(found["good"]), "", *("" for _ in single)))
    for kind, rate in found["bad"].items():
        alone = (found["single"][name].get(kind) for name in single)
        cells = ("-" if value is None else f"{value:.3f}" for value in alone)
        rows.append((kind, *_shares(rate), f"{found['curve']['areas'][kind]:.3f}", *cells))
    return rows


def lines(account: Mapping[str, Any]) -> list[str]:
    """Thresholds, the plot and the sums."""
    bounds = [
        f"{name} {'at least' if MEASURES[name] else 'at most'} {value:.4g}"
        for name, value in account["thresholds"].items()
    ]
    said = [f"kept if {', '.join(bounds)}"]
    if account["calibration"] is not None:
        said += plot(account["calibration"]["curve"], account["calibration"]["good"]["share"])
    said.append(f"kept {account['kept']} of {account['clips']} clips")
    said += [f"  rejected for {reason}: {count}" for reason, count in account["reasons"].items()]
    return [*said, *(f"note: {note}" for note in account["notes"])]


def plot(curve: Mapping[str, Any], chosen: float) -> list[str]:
    """Bad clips kept, by kind, against true clips kept, in characters.

    Args:
        curve: as in an account.
        chosen: share of true clips kept at the operating point.
    """
    canvas = [[" "] * _WIDE for _ in range(_HIGH)]
    mark = round(chosen * (_WIDE - 1))
    for row in canvas:
        row[mark] = "|"
    good = np.array(curve["good"])
    for sign, shares in zip(_SIGNS, curve["bad"].values(), strict=False):
        for column in range(_WIDE):
            # The strictest choice that still keeps so many true clips.
            places = np.flatnonzero(good >= column / (_WIDE - 1) - 1e-9)
            height = round(shares[int(places[-1])] * (_HIGH - 1))
            canvas[_HIGH - 1 - height][column] = sign
    edges = {0: "100 %", _HIGH - 1: "  0 %"}
    body = [f"{edges.get(number, ''):>5} {''.join(row).rstrip()}" for number, row in enumerate(canvas)]
    legend = ", ".join(f"{sign} {kind}" for sign, kind in zip(_SIGNS, curve["bad"], strict=False))
    foot = f"      0 %{'true clips kept':^{_WIDE - 8}}100 %"
    return [f"bad clips kept ({legend}; | chosen)", *body, foot]


def page_of(account: Mapping[str, Any]) -> str:
    """The account as a page."""
    found = account["calibration"]
    judges = ", ".join(f"{judge['name']} ({judge['id']})" for judge in account["judges"])
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'><title>Selection</title>",
        f"<style>{_STYLE}</style><h1>Kept {account['kept']} of {account['clips']} clips</h1>",
        f"<p>Judged by {escape(judges)}, who must not report on what is made of them.</p>",
        *(f"<p>{escape(line)}</p>" for line in lines({**account, "calibration": None})),
        *([] if found is None else ["<h2>Acceptance</h2>", picture(found), _table(table(account))]),
        f"<h2>Rejected{', the first ' + str(_SHOWN) if account['rejected'] > _SHOWN else ''}</h2>",
        _table([("clip", "text", "understood", "why"), *map(_example, account["examples"])]),
        f"<p><code>{escape(account['signature'])}</code></p></html>",
    ]
    return "\n".join(parts) + "\n"


def picture(found: Mapping[str, Any]) -> str:
    """The acceptance curve as SVG: bad clips kept against true clips kept."""
    side, left, top = 320, 50, 15
    curve = found["curve"]
    marks = [f"<rect x={left} y={top} width={side} height={side} fill=none stroke='#8b949e'/>"]
    for number, (kind, shares) in enumerate(curve["bad"].items()):
        colour = _COLOURS[number % len(_COLOURS)]
        steps = zip(curve["good"], shares, strict=True)
        points = " ".join(f"{left + side * x:.1f},{top + side * (1 - y):.1f}" for x, y in steps)
        marks.append(f"<polyline points='{points}' fill=none stroke='{colour}' stroke-width=2 />")
        y = top + 20 * number + 14
        marks.append(f"<rect x={left + side + 20} y={y - 9} width=14 height=4 fill='{colour}'/>")
        marks.append(f"<text x={left + side + 42} y={y} font-size=13>{escape(kind)}</text>")
    x = left + side * found["good"]["share"]
    marks.append(f"<path d='M{x:.1f} {top}V{top + side}' stroke='#1b1f24' stroke-dasharray='4 3'/>")
    for share in (0.0, 0.5, 1.0):
        marks.append(
            f"<text x={left + side * share:.0f} y={top + side + 16} font-size=12 text-anchor=middle>{share:.0%}</text>"
            f"<text x={left - 6} y={top + side * (1 - share) + 4:.0f} font-size=12 text-anchor=end>{share:.0%}</text>"
        )
    marks.append("<text x=210 y=369 font-size=12 text-anchor=middle>true clips kept</text>")
    marks.append("<text x=410 y=130 font-size=12>(bad clips kept, upwards)</text>")
    return (
        f"<p>Bad clips kept against true clips kept; the dashed line is the choice.</p>"
        f"<svg viewBox='0 0 600 375' width=600 height=375 role=img>{''.join(marks)}</svg>"
    )


def _calibration(found: Calibration) -> dict[str, Any]:
    return {
        "level": found.level,
        "good": _rate(found.good),
        "bad": {kind: _rate(rate) for kind, rate in found.bad.items()},
        "single": {name: dict(areas) for name, areas in found.single.items()},
        "curve": _thinned(found.curve),
    }


def _thinned(curve: Curve) -> dict[str, Any]:
    """At most `_POINTS` points of a curve, its ends among them, from lenient to strict."""
    places = np.unique(np.linspace(0, len(curve.levels) - 1, _POINTS).round().astype(int))
    return {
        "levels": curve.levels[places].tolist(),
        "good": curve.good[places].tolist(),
        "bad": {kind: shares[places].tolist() for kind, shares in curve.bad.items()},
        "areas": dict(curve.areas),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    share = None if math.isnan(rate.share) else rate.share
    return {"count": rate.count, "total": rate.total, "share": share, "interval": list(rate.interval)}


def _shares(rate: Mapping[str, Any]) -> tuple[str, str]:
    low, high = rate["interval"]
    return f"{rate['count']} of {rate['total']}", f"{low:.0%} to {high:.0%}"


def _kind_of(reason: str) -> str:
    """A reason without its numbers."""
    return next((name for name in MEASURES if reason.startswith(f"{name} ")), reason)


def _example(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["name"], row["text"], row.get("understood", ""), "; ".join(row["reasons"]))


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

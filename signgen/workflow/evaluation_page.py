"""A report as one page that needs nothing else: tables, plots and the worst and best clips, drawn as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from signgen.judge.backtranslation import LOG_LIKELIHOOD
from signgen.judge.gates_report import video_rows
from signgen.judge.panel import HEADLINE
from signgen.judge.report import pose_rows, set_rows, worst_and_best
from signgen.judge.summary import SYSTEM, judge_lines, panel_rows, said_lines, verdict_lines
from signgen.judge.trial import Trial
from signgen.workflow.evaluation_gates import clip_pictures, gates_section, video_notes
from signgen.workflow.evaluation_plots import bars, curve, scale, strip

CLIPS_SHOWN = 4
_HEADER = ("measure", "value", "95 % interval")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #d5dae0}h3{font-size:1rem}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;font-variant-numeric:tabular-nums}
tr.system td{font-weight:700}.stamp{background:#b3261e;color:#fff;padding:.5rem .8rem;font-weight:700}
.alarm{border-left:4px solid #b26a00;padding-left:.6rem}.plots{display:flex;flex-wrap:wrap;gap:1.2rem}
figure{margin:0}figcaption{font-size:.85rem;color:#57606a}svg{background:#f6f8fa;max-width:100%}
code{word-break:break-all;font-size:.75rem;color:#57606a}.clip{margin:1rem 0}
"""
NOTE = (
    "Scores of a program about what another program made. No figure here says whether Deaf signers understand or "
    "accept the signing."
)


def page_of(report: Mapping[str, Any], trial: Trial, videos: Mapping[str, Path] | None = None) -> str:
    """The page of a report.

    Args:
        report: from `signgen.judge.report.report_of`.
        trial: whose clips are drawn.
        videos: of the system, by name; pictures of those of the clips that are shown go into the page.
    """
    test = report["test"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'><title>Evaluation</title>",
        f"<style>{_STYLE}</style><h1>Back-translation of {test['clips']} clips</h1>",
        *(f"<p class=stamp>{escape(stamp)}</p>" for stamp in report["stamps"]),
        *_together(report),
        *(_judge(judge) for judge in report["judges"]),
        "<h2>Poses beside references</h2>",
        _table([_HEADER, *pose_rows(report)]),
        *_videos(report),
        _clips(report, trial, videos or {}),
        "<h2>How it was made</h2>",
        f"<p>{escape(NOTE)}</p><p><code>{escape(report['signature'])}</code></p></html>",
    ]
    return "\n".join(parts) + "\n"


def _together(report: Mapping[str, Any]) -> list[str]:
    """What all judges say, first: the system on the panel's scale, the panel of means, and what must be known."""
    judges = report["judges"]
    lines = [
        f"<p{' class=alarm' if line.startswith('alarm: ') else ''}>{escape(line)}</p>"
        for line in said_lines(report)
    ]
    return [
        *(f"<p><b>{escape(line)}</b></p>" for line in verdict_lines(report)),
        _table(panel_rows(judges, "mean over judges" if len(judges) > 1 else ""), SYSTEM),
        *lines,
    ]


def _judge(judge: Mapping[str, Any]) -> str:
    card = judge["card"]
    facts = [
        ("architecture", card["shape"]), ("weights", card["id"]), ("rate", f"{card['fps']:g} fps"),
        ("keypoints", card["layout"]), ("seed", card["seed"]), ("training clips", card["training_clips"]),
        ("training id", card["training_id"]), ("extractors", ", ".join(card["extractors"]) or "not known"),
        *((f"dev {name}", _shown(value)) for name, value in card["dev"].items()),
    ]  # fmt: skip
    ladders = [
        curve(
            ladder["name"] + (": " + ladder["fault"] if ladder["fault"] else ""),
            ladder["rungs"],
            ladder["values"],
        )
        for ladder in judge["admission"]["ladders"]
    ]
    verdict = "admitted" if judge["admission"]["passed"] else "NOT ADMITTED"
    return "\n".join(
        [
            f"<h2>Judge {escape(card['name'])}</h2>",
            *(scale(item) for item in judge["normalised"]),
            bars(HEADLINE, _rows(judge, HEADLINE)),
            _table(panel_rows([judge], ""), SYSTEM),
            *(f"<p>{escape(line)}</p>" for line in judge_lines(judge)),
            gates_section(judge),
            "<h3>All clips against all true clips, in this judge's features</h3>",
            _table([_HEADER, *set_rows(judge)]),
            f"<h3>Admission: {verdict}</h3><p>{escape(LOG_LIKELIHOOD)} of the true texts, poses spoiled ever more</p>",
            f"<div class=plots>{''.join(ladders)}</div>",
            "<h3>Card</h3>",
            _table([(str(name), str(value)) for name, value in facts]),
        ]
    )


def _shown(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _rows(judge: Mapping[str, Any], measure: str) -> list[tuple[str, float, Any]]:
    """Name, value and interval of each row of the panel, the system among them."""
    panel = judge["panel"]
    system = next(score for score in judge["scores"] if score["name"] == measure)
    rows: list[tuple[str, float, Any]] = [
        (row["name"], row["scores"][measure] or 0.0, None) for row in panel["floors"]
    ]
    rows.append(("SYSTEM", system["value"] or 0.0, system["interval"]))
    return rows + [(row["name"], row["scores"][measure] or 0.0, None) for row in panel["ceilings"]]


def _table(rows: Sequence[Sequence[str]], marked: str = "") -> str:
    cells = [
        f"<tr{' class=system' if marked and row[0] == marked else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    ]
    return f"<table>{''.join(cells)}</table>"


def _videos(report: Mapping[str, Any]) -> list[str]:
    if not report["videos"]:
        return []
    rows = _table([_HEADER, *video_rows(report)])
    return ["<h2>Videos beside what they were made from</h2>", rows, video_notes(report)]


def _clips(report: Mapping[str, Any], trial: Trial, videos: Mapping[str, Path]) -> str:
    worst, best = worst_and_best(report, CLIPS_SHOWN)
    parts = ["<h2>Clips</h2>"]
    for title, places in (("Least likely to be understood", worst), ("Most likely", best)):
        parts.append(f"<h3>{title}</h3>")
        parts += [_clip(place, report, trial, videos.get(trial.names[place])) for place in places]
    return "\n".join(parts)


def _clip(place: int, report: Mapping[str, Any], trial: Trial, video: Path | None) -> str:
    said = [(judge["card"]["name"], "understood", judge["texts"][place]) for judge in report["judges"]]
    if trial.rendered is not None and trial.rendered.has_asked:
        said += [
            (judge["card"]["name"], "understood of the video", judge["gates"]["texts"][place])
            for judge in report["judges"]
        ]
    heard = "".join(
        f"<br>{escape(name)} {what}: {escape(text) or '<i>nothing</i>'}" for name, what, text in said
    )
    return (
        f"<div class=clip><b>{escape(trial.names[place])}</b>: {escape(trial.texts[place])}{heard}<br>"
        f"{clip_pictures(place, trial.rendered, video)}"
        f"{strip('system', trial.hypotheses[place])}{strip('reference', trial.references[place])}</div>"
    )

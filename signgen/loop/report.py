"""What came of a loop: a verdict in a few lines, tables, and the files that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.sidecar import package_version
from signgen.loop.compare import BLEU, CHRF, LIKELIHOOD
from signgen.loop.ledger import Ledger
from signgen.loop.page import page_of
from signgen.loop.plot import picture
from signgen.loop.schedules import BASE, CONTROL, LOOP, UNSELECTED

MARKDOWN, PAGE, PICTURE = "report.md", "report.html", "report.svg"
TITLE = "What made signing is worth to a translator"
Table = list[tuple[str, ...]]


def write(ledger: Ledger, config: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``report.md``, ``report.html`` and ``report.svg`` from the facts of all steps.

    Returns:
        the report: facts by step, the verdict in lines, and the settings.
    """
    facts = {name: ledger.facts(name) for name in ledger.steps}
    said = verdict(facts)
    report = {"signgen": package_version("signgen"), "config": config, "facts": facts, "verdict": said}
    svg = picture(facts["compared"], TITLE)
    write_text(ledger.folder / PICTURE, svg)
    write_text(ledger.folder / MARKDOWN, markdown(report))
    write_text(ledger.folder / PAGE, page_of(TITLE, svg, sections(report), said, config))
    return report


def sections(report: Mapping[str, Any]) -> list[tuple[str, Table]]:
    """Headed tables, the first row of each being its heads."""
    facts = report["facts"]
    found = [
        ("Translators", schedules_table(facts["compared"])),
        ("Differences", gains_table(facts["compared"])),
    ]
    if facts["judged"]["rows"]:
        found.append(("The made poses, by judges that report", judged_table(facts["judged"])))
    return [*found, ("The data", data_table(facts))]


def markdown(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    parts = [f"# {TITLE}", *(f"- {line}" for line in report["verdict"]), "", f"![BLEU-4]({PICTURE})"]
    for head, table in sections(report):
        first, *rest = table
        parts += ["", f"## {head}", "| " + " | ".join(first) + " |", "|" + "---|" * len(first)]
        parts += ["| " + " | ".join(row) + " |" for row in rest]
    return "\n".join([*parts, "", f"`{report['facts']['compared']['signature']}`", ""])


def verdict(facts: Mapping[str, Any]) -> list[str]:
    """What the figures say about the loop, in words that stand alone."""
    compared = facts["compared"]
    gains = {(gain["first"], gain["second"]): gain for gain in compared["gains"]}
    lines = []
    if gain := gains.get((LOOP, BASE)):
        factors = [f"{value:.1f}" if value is not None else "-" for value in gain["factor"]]
        lines.append(
            f"{LOOP} against {BASE}: {_signed(gain['pooled'])} BLEU-4; times as much by seed: {', '.join(factors)}"
        )
    if gain := gains.get((LOOP, UNSELECTED)):
        lines.append(f"selection against none: {_signed(gain['pooled'])}")
    if share := compared["control_share"]:
        low, high = share["interval"]
        lines.append(
            f"{CONTROL}, with the poses of other texts: {share['value']:.0%} of that gain ({low:.0%} to {high:.0%})"
        )
    return lines


def schedules_table(compared: Mapping[str, Any]) -> Table:
    """Scores of each schedule."""
    heads = ("schedule", *(f"seed {seed}" for seed in compared["seeds"]))
    rows: Table = [(*heads, "BLEU-4, pooled", "chrF2", "log-likelihood")]
    for line in compared["lines"]:
        name, pooled = line["schedule"], line["pooled"]
        each = (f"{figure['value']:.1f}" for figure in line["bleu"])
        scores = (_spanned(pooled[BLEU]), _spanned(pooled[CHRF]), _spanned(pooled[LIKELIHOOD], 3))
        rows.append((name, *each, *scores))
    return rows


def gains_table(compared: Mapping[str, Any]) -> Table:
    """Paired differences, pooled and of each seed."""
    seeds = (f"seed {seed}" for seed in compared["seeds"])
    rows: Table = [("schedule", "against", "BLEU-4", "p", *seeds)]
    for gain in compared["gains"]:
        each = (_signed(figure) for figure in gain["each"])
        rows.append((gain["first"], gain["second"], _signed(gain["pooled"]), f"{gain['p_value']:.4f}", *each))
    return rows


def judged_table(judged: Mapping[str, Any]) -> Table:
    """What the reporting judges read."""
    errors = judged.get("gloss_errors", {})
    rows: Table = [("poses", "judge", "clips", "BLEU-4", "log-likelihood", "signs unlike the grammar's")]
    for row in judged["rows"]:
        error = errors.get(row["kind"])
        rows.append(
            (
                row["kind"], row["judge"], str(row["clips"]), _spanned(row[BLEU]), _spanned(row[LIKELIHOOD], 3),
                "" if error is None else f"{error:.1f} %",
            )
        )  # fmt: skip
    return rows


def data_table(facts: Mapping[str, Any]) -> Table:
    """What was learned from."""
    real, texts, made, chosen = (facts[name] for name in ("real", "texts", "made", "chosen"))
    refused = ", ".join(f"{count} {reason}" for reason, count in texts["refused"].items()) or "none"
    bad = ", ".join(f"{kind} {_share(share)}" for kind, share in chosen["bad_kept"].items())
    return [
        ("what", "how many"),
        ("real sentences: train, dev, test", f"{real['train']}, {real['dev']}, {real['test']}"),
        ("novel sentences", str(texts["texts"])),
        ("refused", refused),
        ("within one word of a dev or test sentence", str(texts["one_word_from_held_out"])),
        ("made", f"{made['samples']} samples, {made['hours']:.2f} h; {made['failed']} failed"),
        ("chosen", f"{chosen['kept']} of {chosen['clips']}"),
        ("chosen by", ", ".join(judge["name"] for judge in chosen["judges"])),
        ("of true dev clips it would keep", _share(chosen["true_kept"])),
        ("of spoiled ones", bad),
    ]


def summary(report: Mapping[str, Any]) -> Sequence[tuple[str, ...]]:
    """The table for a terminal."""
    return schedules_table(report["facts"]["compared"])


def _signed(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:+.1f} ({low:+.1f} to {high:+.1f})"


def _spanned(figure: Mapping[str, Any], digits: int = 1) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"

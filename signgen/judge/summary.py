"""What all judges of a report say together, each thing once: a panel of means and a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from signgen.judge.backtranslation import LOG_LIKELIHOOD
from signgen.judge.gates_report import gate_rows, note_lines, video_lines
from signgen.judge.printed import between, cell
from signgen.judge.text.wer import GLOSS_WER

SYSTEM = "SYSTEM"
COLUMNS = ("BLEU-4", "BLEU-1", "chrF2", GLOSS_WER, LOG_LIKELIHOOD)
# Pairs of judges that one line still shows.
MOST_PAIRS = 3


def panel_rows(judges: Sequence[Mapping[str, Any]], title: str) -> list[tuple[str, ...]]:
    """Floors, system and ceilings, headline measures as columns; means over judges, of several the system's range.

    Args:
        judges: of a report, one or more.
        title: what stands over the names of the rows.
    """
    columns = [name for name in COLUMNS if any(_has(judge, name) for judge in judges)]
    rows: list[tuple[str, ...]] = [(title, *columns)]
    for found in _same_rows(judges):
        name = found[0]["name"]
        values = [_values(row["scores"].get(column) for row in found) for column in columns]
        rows.append((name, *(cell(float(np.mean(one)) if one else None) for one in values)))
        if name == SYSTEM and len(judges) > 1:
            rows.append(("  lowest to highest judge", *(_range(one) for one in values)))
    return rows


def verdict_lines(report: Mapping[str, Any]) -> list[str]:
    """The headline: the system on the panel's scale, over judges and over clips."""
    return [
        _normalised(items)
        for items in zip(*(judge["normalised"] for judge in report["judges"]), strict=False)
    ]


def said_lines(report: Mapping[str, Any]) -> list[str]:
    """What must be known to read the figures; what several judges say stands there once."""
    judges = report["judges"]
    lines = list(report["notes"])
    lines += _once(judges, lambda judge: (*judge["sets"]["notes"], *note_lines(judge)))
    lines += video_lines(report)
    lines += [f"alarm: {line}" for line in alarm_lines(report)]
    lines.append(_admitted(judges))
    detectable = max(judge["detectable"] for judge in judges)
    lines.append(f"differences in BLEU-4 below {detectable:.1f} would not be seen on this test")
    return [*lines, *map(agreed, report["agreement"])]


def judge_lines(judge: Mapping[str, Any]) -> list[str]:
    """What one of several judges says for itself."""
    faults = "; ".join(judge["admission"]["faults"])
    return [
        *map(scaled, judge["normalised"]),
        f"differences in BLEU-4 below {judge['detectable']:.1f} would not be seen on this test",
        f"NOT ADMITTED: {faults}" if faults else "admitted",
    ]


def alarm_lines(report: Mapping[str, Any]) -> list[str]:
    """All alarms, each once."""
    of_poses = [f"poses: {alarm}" for alarm in report["alarms"]]
    return [*_once(report["judges"], lambda judge: judge["alarms"]), *of_poses]


def share_rows(judges: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Who lost what on the way to the video; of several judges the range of the shares. None without videos."""
    tables = [rows for judge in judges if (rows := gate_rows(judge))]
    if len(tables) < 2:
        return tables[0] if tables else []
    shares: dict[str, dict[str, list[float]]] = {}
    for judge in judges:
        for loss in judge["gates"]["losses"] if judge["gates"] else ():
            left = [{**loss["found"], "loser": "left: found in videos"}] if loss["shares"] else []
            for share in (*loss["shares"], *left):
                shares.setdefault(share["loser"], {}).setdefault(loss["measure"], []).append(share["value"])
    measures = list(dict.fromkeys(measure for row in shares.values() for measure in row))
    rows = [(loser, *(_range(row.get(one, [])) for one in measures)) for loser, row in shares.items()]
    return [("[lost, lowest to highest judge]", *measures), *rows]


def set_ranges(judges: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Distances between all clips of the system and all true ones over judges, whose features differ in scale."""
    found: dict[str, list[float]] = {}
    for judge in judges:
        for row in judge["sets"]["scores"]:
            found.setdefault(row["name"], []).extend(_values([row["value"]]))
    return [(name, _range(values)) for name, values in found.items()]


def agreed(item: Mapping[str, Any]) -> str:
    """What judges say together, in one line."""
    parts = [
        f"tau of {what} {_taus(item[key])}"
        for what, key in (("judges", "taus"), ("architectures", "architectures"))
        if item[key]
    ]
    if item["sd"] is not None:
        parts.append(f"the system over judges {item['mean']:.2f}, sd {item['sd']:.2f}")
    return f"ranking by {item['measure']}: {'; '.join([item['verdict'], *parts])}"


def scaled(item: Mapping[str, Any]) -> str:
    """One judge's normalised score, or why there is none."""
    if item["value"] is None:
        return (
            f"normalised {item['name']} does not exist: true poses score no better than {item['floor_name']}"
        )
    return (
        f"normalised {item['name']} {item['value']:.2f} ({between(item['interval'])}): {item['system']:.2f} between "
        f"{item['floor_name']} {item['floor']:.2f} and true poses {item['ceiling']:.2f}"
    )


def _normalised(items: Sequence[Mapping[str, Any]]) -> str:
    """One measure of all judges."""
    if len(items) == 1:
        return f"{SYSTEM}: {scaled(items[0])}"
    heard = [item for item in items if item["value"] is not None]
    name, silent = items[0]["name"], len(items) - len(heard)
    if not heard:
        return f"{SYSTEM}: normalised {name} does not exist: no judge reads true poses better than floors"
    values = [item["value"] for item in heard]
    ends = [end for item in heard for end in item["interval"] or () if end is not None]
    without = f"; to {silent} of {len(items)} judges true poses are no better than floors" if silent else ""
    return (
        f"{SYSTEM}: normalised {name} {np.mean(values):.2f}, by judges {_range(values)}, with 95 % intervals over "
        f"clips {_range(ends)} (0 the best floor, 1 true poses){without}"
    )


def _admitted(judges: Sequence[Mapping[str, Any]]) -> str:
    failed = [judge["card"]["name"] for judge in judges if not judge["admission"]["passed"]]
    if failed:
        return f"NOT ADMITTED: {', '.join(failed)}, of {len(judges)} judges"
    return "admitted" if len(judges) == 1 else f"admitted: all {len(judges)} judges"


def _once(judges: Sequence[Mapping[str, Any]], lines_of: Any) -> Iterator[str]:
    """Lines of judges, each once, with the names of those who say it unless all do."""
    said: dict[str, list[str]] = {}
    for judge in judges:
        for line in dict.fromkeys(lines_of(judge)):
            said.setdefault(line, []).append(judge["card"]["name"])
    for line, names in said.items():
        yield line if len(names) == len(judges) else f"{', '.join(names)}: {line}"


def _same_rows(judges: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Each row of the panel with its values by all judges, in the order of the first."""
    tables = [{row["name"]: row for row in _rows(judge)} for judge in judges]
    for name in tables[0]:
        yield [table[name] for table in tables if name in table]


def _rows(judge: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from judge["panel"]["floors"]
    yield {"name": SYSTEM, "scores": {score["name"]: score["value"] for score in judge["scores"]}}
    yield from judge["panel"]["ceilings"]
    if judge["gates"]:
        yield from judge["gates"]["rows"]


def _taus(taus: Mapping[str, float]) -> str:
    """Of each pair; of many, the lowest and the highest."""
    if len(taus) <= MOST_PAIRS:
        return ", ".join(f"{pair} {tau:.2f}" for pair, tau in taus.items())
    ends = (min(taus, key=lambda pair: taus[pair]), max(taus, key=lambda pair: taus[pair]))
    return " to ".join(f"{taus[pair]:.2f} ({pair})" for pair in ends) + f", {len(taus)} pairs"


def _has(judge: Mapping[str, Any], name: str) -> bool:
    return any(score["name"] == name for score in judge["scores"])


def _values(found: Iterable[float | None]) -> list[float]:
    return [value for value in found if value is not None]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}" if values else "-"

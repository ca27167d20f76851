"""Compare two reports of the same test by the same judges, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.judge.agreement import Agreement, agreement, jury_of
from signgen.judge.backtranslation import LOG_LIKELIHOOD
from signgen.judge.panel import HEADLINE, recognition
from signgen.judge.pose.tally import tallied
from signgen.judge.report import check_report
from signgen.judge.text.measure import Measure, ratio
from signgen.judge.text.paired import Difference, paired_differences
from signgen.judge.text.resample import Resampling
from signgen.judge.text.scores import Scorer, scorer

LEVEL = 0.05


@dataclass(frozen=True)
class Compared:
    """Two systems on one test.

    Attributes:
        judges: name -> differences of text measures, first system - second.
        videos: the same of what was found in the videos of the two systems; empty where one has none.
        poses: differences of pose measures; smaller than the interval of chance or not, none is better by itself.
        agreements: of the judges over the rows of both reports.
        stamps: what must stand over the verdict.
        verdict: by the headline of all judges together, and how far it can be trusted.
    """

    judges: Mapping[str, tuple[Difference, ...]]
    videos: Mapping[str, tuple[Difference, ...]]
    poses: tuple[Difference, ...]
    agreements: tuple[Agreement, ...]
    stamps: tuple[str, ...]
    verdict: str


def compare(
    first: Mapping[str, Any], second: Mapping[str, Any], names: tuple[str, str] = ("A", "B")
) -> Compared:
    """Paired tests of two reports.

    Args:
        first: a report, as read.
        second: another.
        names: of the two, for errors and the verdict.

    Raises:
        ConfigError: the reports are of different tests, judges or settings.
        DataError: not a whole report.
    """
    for values, name in zip((first, second), names, strict=True):
        check_report(values, name)
    if first["signature"] != second["signature"]:
        raise ConfigError(f"{names[0]} and {names[1]}: {_unequal(first['signature'], second['signature'])}")
    _check_extractors(first, second)
    try:
        return _compared(first, second, names)
    except (KeyError, TypeError, ValueError, IndexError):
        raise DataError(
            f"{names[0]} or {names[1]}: damaged report; make it again with signgen eval"
        ) from None


def _compared(first: Mapping[str, Any], second: Mapping[str, Any], names: tuple[str, str]) -> Compared:
    test = first["test"]
    how = Resampling(test["resamples"], seed=test["seed"], documents=test["documents"])
    counted = scorer(test["texts"], test["language"], test["profile"])
    judges = {
        ours["card"]["name"]: tuple(
            paired_differences(_measures(ours, counted, test), _measures(theirs, counted, test), how)
        )
        for ours, theirs in zip(first["judges"], second["judges"], strict=True)
    }
    poses = paired_differences(_poses(first), _poses(second), how)
    agreements, stamps = ranking(first, second)
    verdict = "; ".join([_verdict(judges, names), *stamps])
    return Compared(judges, _videos(first, second, counted, how), tuple(poses), agreements, stamps, verdict)


def _videos(
    first: Mapping[str, Any], second: Mapping[str, Any], counted: Scorer, how: Resampling
) -> dict[str, tuple[Difference, ...]]:
    """Differences of the second gate."""
    if not (first["videos"] and second["videos"]):
        return {}
    return {
        ours["card"]["name"]: tuple(
            paired_differences(_of_videos(ours, counted), _of_videos(theirs, counted), how)
        )
        for ours, theirs in zip(first["judges"], second["judges"], strict=True)
    }


def _of_videos(judge: Mapping[str, Any], counted: Scorer) -> list[Measure]:
    """Measures of what a judge made of poses found in videos."""
    found = {key: judge["gates"][key] for key in ("texts", "log_probabilities")}
    return _measures({**judge, **found, "glosses": []}, counted, {})


def ranking(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> tuple[tuple[Agreement, ...], tuple[str, ...]]:
    """Whether the judges of two whole reports rank alike, and what must stand over any ranking by them."""
    agreements = tuple(_agreement(measure, first, second) for measure in (HEADLINE, LOG_LIKELIHOOD))
    return agreements, _stamps(first, second, agreements)


def _agreement(measure: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Agreement:
    """Over both systems, and floors and ceilings that judges read poses for, which both reports share."""
    values, architectures = {}, {}
    for ours, theirs in zip(first["judges"], second["judges"], strict=True):
        panel = [row for part in ("floors", "ceilings") for row in ours["panel"][part]]
        scores = {row["name"]: row["scores"] for row in panel if LOG_LIKELIHOOD in row["scores"]}
        for name, judge in (("first system", ours), ("second system", theirs)):
            scores[name] = {score["name"]: score["value"] for score in judge["scores"]}
        name = ours["card"]["name"]
        values[name] = {row: float(of[measure]) for row, of in scores.items() if of.get(measure) is not None}
        architectures[name] = ours["card"]["architecture"]
    least = [float(judge["detectable"]) for judge in (*first["judges"], *second["judges"])]
    return agreement(measure, values, architectures, max(least) if measure == HEADLINE else 0.0)


def _stamps(
    first: Mapping[str, Any], second: Mapping[str, Any], agreements: tuple[Agreement, ...]
) -> tuple[str, ...]:
    """Of the judges, who are the same in both, of their ranking, and what else stands over a report."""
    jury = jury_of([(judge["card"]["architecture"], judge["card"]["seed"]) for judge in first["judges"]])
    kept = [stamp for stamp in (*first["stamps"], *second["stamps"]) if not stamp.startswith("RANKING ")]
    own = [agreements[0].stamp, jury.stamp]
    return tuple(dict.fromkeys(stamp for stamp in (*kept, *own) if stamp))


def _check_extractors(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    by = [
        values["videos"].get("extractor")
        for values in (first, second)
        if isinstance(values.get("videos"), dict)
    ]
    if len(set(map(str, by))) > 1:
        raise ConfigError(
            f"videos: poses found by {by[0]} and by {by[1]} cannot be compared; extract both the same way"
        )


def _unequal(first: str, second: str) -> str:
    """The first part in which two signatures differ."""
    ours, theirs = (signature.replace("+", "|").replace(" ", "|").split("|") for signature in (first, second))
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b]
    what = f"{pairs[0][0]!r} against {pairs[0][1]!r}" if pairs else "one has more parts"
    return f"made by different recipes ({what}) and cannot be compared; evaluate both the same way"


def _measures(judge: Mapping[str, Any], counted: Scorer, test: Mapping[str, Any]) -> list[Measure]:
    statistics = np.column_stack([judge["log_probabilities"], judge["characters"]]).astype(np.float64)
    recipe = next(score["signature"] for score in judge["scores"] if score["name"] == LOG_LIKELIHOOD)
    more = [Measure(LOG_LIKELIHOOD, recipe, statistics, ratio())]
    if judge["glosses"]:
        more.insert(0, recognition(judge["glosses"], test["glosses"], counted.profile.name))
    return [*counted.measures(judge["texts"]), *more]


def _poses(report: Mapping[str, Any]) -> list[Measure]:
    measures = []
    for row in report["poses"]:
        over, under = np.split(np.array(row["statistics"], np.float64), 2, axis=1)
        measure = tallied(row["name"], over, under, row["signature"], row["is_better_high"])
        if not row["name"].endswith(" masked") and np.isfinite(measure.value):
            measures.append(measure)
    return measures


def _verdict(judges: Mapping[str, tuple[Difference, ...]], names: tuple[str, str]) -> str:
    heads = [item for found in judges.values() for item in found if item.name == HEADLINE]
    winners = {int(np.sign(item.difference)) if item.p_randomised < LEVEL else 0 for item in heads}
    if {1, -1} <= winners:
        return f"ranking unstable: judges disagree on which is better in {HEADLINE}"
    if winners == {1} or winners == {-1}:
        return f"{names[0] if winners == {1} else names[1]} is better in {HEADLINE}"
    if winners == {0}:
        return f"no difference found in {HEADLINE}"
    return f"not all judges see a difference in {HEADLINE}"

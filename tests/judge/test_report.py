"""What a report says beside scores: glosses, sets, who judges; and what a comparison makes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from nearest_judge import FPS, Nearest, corpus, judge

from signgen.data.strict_json import to_json
from signgen.errors import DataError
from signgen.judge import controls
from signgen.judge.compare import compare, ranking
from signgen.judge.evaluation import evaluate
from signgen.judge.panel import CEILINGS, POSE_FLOORS, make_panel
from signgen.judge.report import check_report, report_of, set_rows
from signgen.judge.summary import alarm_lines, judge_lines, panel_rows, said_lines, set_ranges, verdict_lines
from signgen.judge.text.scores import scorer
from signgen.judge.trial import Options, Rendered, Trial

CLIPS, TEXTS = corpus(16, 11)
NAMES = tuple(f"clip-{i}" for i in range(len(CLIPS)))
GLOSSES = tuple(text.upper() for text in TEXTS)
OPTIONS = Options(resamples=60)
JURY = [judge(f"n{seed}", architecture="nearest", seed=seed) for seed in range(3)]
OTHER = judge("other", architecture="another")


def report(hypotheses, judges, glosses=GLOSSES, options=OPTIONS):
    trial = Trial(NAMES, tuple(hypotheses), tuple(CLIPS), tuple(TEXTS), "en", glosses=glosses)
    return json.loads(to_json(report_of(evaluate(trial, judges, options))))


def spoiled(share):
    return controls.wrong_signs(CLIPS, share, np.random.default_rng(2))


@pytest.fixture(scope="module")
def whole():
    return report(spoiled(0.4), [*JURY, OTHER])


def wer(ours, theirs):
    """Levenshtein distance over words, by the textbook recurrence."""
    a, b = ours.split(), theirs.split()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def test_gloss_error_rate_of_the_system_is_errors_over_true_glosses(whole):
    found = whole["judges"][0]
    errors = sum(wer(ours, theirs) for ours, theirs in zip(found["glosses"], GLOSSES, strict=True))
    (score,) = [score for score in found["scores"] if score["name"] == "gloss WER"]
    assert errors > 0
    assert score["value"] == pytest.approx(100 * errors / sum(len(text.split()) for text in GLOSSES))
    assert score["interval"][0] < score["value"] < score["interval"][1]
    assert (score["is_better_high"], "profile:plain" in score["signature"]) == (False, True)


def test_gloss_error_rates_stand_in_every_row_that_has_poses_and_in_no_other(whole):
    panel = whole["judges"][0]["panel"]
    rates = {row["name"]: row["scores"].get("gloss WER") for row in (*panel["floors"], *panel["ceilings"])}
    assert {name for name, rate in rates.items() if rate is not None} == {*POSE_FLOORS, *CEILINGS}
    assert rates["true poses"] == 0
    assert rates["shuffled poses"] > 40
    assert "gloss WER" in panel_rows(whole["judges"], "")[0]


@pytest.mark.parametrize(
    ("glosses", "heads"), [(None, 10), (GLOSSES, 0)], ids=["no true glosses", "judge without a gloss head"]
)
def test_without_glosses_there_is_no_rate(glosses, heads):
    found = report(spoiled(0.4), [judge(glosses=heads)], glosses)
    assert "gloss WER" not in {score["name"] for score in found["judges"][0]["scores"]}
    assert found["judges"][0]["glosses"] == []
    check_report(found, "report")


def test_poses_found_in_videos_have_a_gloss_error_rate_too():
    trial = Trial(
        NAMES, tuple(CLIPS), tuple(CLIPS), tuple(TEXTS), "en", glosses=GLOSSES,
        rendered=Rendered("toy", tuple(spoiled(0.5)), has_asked=True),
    )  # fmt: skip
    found = report_of(evaluate(trial, [judge()], OPTIONS))["judges"][0]["gates"]
    assert [row["scores"]["gloss WER"] > 20 for row in found["rows"]] == [True]


def test_the_habit_of_a_convention_goes_for_glosses_too():
    panel = make_panel(judge(), CLIPS, scorer(TEXTS, "en", "slt"), fps=FPS, glosses=GLOSSES)
    assert "costs-sub/ins/del:4/3/3" in panel.ceilings[0].measure("gloss WER").signature


def test_sets_stand_beside_each_judge(whole):
    names = [row[0] for row in set_rows(whole["judges"][0])]
    assert names == ["kernel distance", "diversity ratio"]
    assert any("FGD: 16 clips are too few, it takes 80" in line for line in said_lines(whole))
    mean = report(controls.mean_pose(CLIPS), [judge()])
    scores = {score["name"]: score for score in mean["judges"][0]["sets"]["scores"]}
    assert scores["diversity ratio"]["value"] < 0.2
    assert scores["kernel distance"]["value"] > 1


def test_two_architectures_and_three_seeds_are_said_to_be_enough(whole):
    assert whole["jury"] == {"architectures": 2, "seeds": 3}
    assert whole["stamps"] == []
    found = whole["agreement"][0]
    assert (found["verdict"], found["architectures"]) == ("stable", {"nearest / another": pytest.approx(1)})
    assert len(found["taus"]) == 6
    values = [judge["scores"][3]["value"] for judge in whole["judges"]]
    assert (found["mean"], found["sd"]) == (pytest.approx(np.mean(values)), pytest.approx(0, abs=1e-9))
    assert any("tau of architectures nearest / another 1.00" in line for line in said_lines(whole))
    (pairs,) = [line for line in said_lines(whole) if line.startswith("ranking by BLEU-4")]
    assert "tau of judges 1.00 (n0 / n1) to 1.00 (n0 / n1), 6 pairs" in pairs
    together = verdict_lines(whole)[0]
    each = [judge["normalised"][0] for judge in whole["judges"]]
    values = [item["value"] for item in each]
    low, high = min(item["interval"][0] for item in each), max(item["interval"][1] for item in each)
    assert together.startswith(
        f"SYSTEM: normalised BLEU-4 {np.mean(values):.2f}, by judges {min(values):.2f} to {max(values):.2f}, "
    )
    assert f"over clips {low:.2f} to {high:.2f} (" in together


def made_up(name, value, *, alarms=(), note="", is_admitted=True):
    """A judge of a report by hand: one floor, a system and a ceiling."""
    row = {"BLEU-4": value, "chrF2": None}
    return {
        "card": {"name": name},
        "panel": {
            "floors": [{"name": "noise", "scores": {"BLEU-4": 1.0}}],
            "ceilings": [{"name": "true poses", "scores": {"BLEU-4": 90.0}}],
        },
        "scores": [{"name": key, "value": one} for key, one in row.items()],
        "normalised": [
            {"name": "BLEU-4", "value": value / 100, "interval": [value / 100 - 0.1, value / 100 + 0.1]}
        ],
        "gates": None,
        "sets": {"notes": [note] if note else [], "scores": [{"name": "kernel distance", "value": value}]},
        "alarms": list(alarms),
        "admission": {"passed": is_admitted, "faults": [] if is_admitted else ["reversed"]},
        "detectable": value / 10,
    }


def test_what_several_judges_say_is_said_once():
    both, one = "too few different answers", "8 texts were read in training"
    judges = [
        made_up("a", 40.0, alarms=(both, one), note="few clips"),
        made_up("b", 60.0, alarms=(both,), note="few clips", is_admitted=False),
    ]
    found = {"judges": judges, "notes": [], "videos": None, "alarms": ["too slow"], "agreement": []}
    assert alarm_lines(found) == [both, f"a: {one}", "poses: too slow"]
    assert panel_rows(judges, "two") == [
        ("two", "BLEU-4", "chrF2"),
        ("noise", "1.00", "-"),
        ("SYSTEM", "50.00", "-"),
        ("  lowest to highest judge", "40.00 to 60.00", "-"),
        ("true poses", "90.00", "-"),
    ]
    assert [row[0] for row in panel_rows(judges[:1], "a")] == ["a", "noise", "SYSTEM", "true poses"]
    assert said_lines(found) == [
        "few clips",
        f"alarm: {both}",
        f"alarm: a: {one}",
        "alarm: poses: too slow",
        "NOT ADMITTED: b, of 2 judges",
        "differences in BLEU-4 below 6.0 would not be seen on this test",
    ]
    assert set_ranges(judges) == [("kernel distance", "40.00 to 60.00")]
    assert verdict_lines(found) == [
        "SYSTEM: normalised BLEU-4 0.50, by judges 0.40 to 0.60, with 95 % intervals over clips 0.30 to 0.70 "
        "(0 the best floor, 1 true poses)"
    ]


def test_a_judge_to_whom_truth_is_no_better_than_floors_is_counted_and_not_averaged():
    judges = [made_up("a", 40.0), made_up("b", 60.0)]
    judges[1]["normalised"][0] |= {"value": None, "interval": None}
    (line,) = verdict_lines({"judges": judges})
    assert "0.40, by judges 0.40 to 0.40" in line
    assert line.endswith("; to 1 of 2 judges true poses are no better than floors")
    judges[0]["normalised"][0] |= {"value": None, "interval": None}
    assert verdict_lines({"judges": judges}) == [
        "SYSTEM: normalised BLEU-4 does not exist: no judge reads true poses better than floors"
    ]


def test_a_single_judge_says_all_of_it(whole):
    lines = judge_lines(whole["judges"][0])
    assert [line.split()[0] for line in lines] == ["normalised"] * 3 + ["differences", "admitted"]
    (first, *_) = verdict_lines({**whole, "judges": whole["judges"][:1]})
    assert first == f"SYSTEM: {lines[0]}"


def test_a_comparison_says_whether_its_judges_are_enough(whole):
    better = report(spoiled(0.1), [*JURY, OTHER])
    agreements, stamps = ranking(better, whole)
    assert stamps == ()
    assert agreements[0].architectures == {"nearest / another": pytest.approx(1)}


def test_a_comparison_is_of_glosses_too():
    made = [report(spoiled(share), JURY[:1]) for share in (0.1, 0.9)]
    found = compare(*made, ("A", "B"))
    assert {item.name: item.difference for item in found.judges["n0"]}["gloss WER"] < 0
    assert found.verdict == (
        "A is better in BLEU-4; RANKING UNPROVEN: 1 architecture, 1 seed; two and three are needed"
    )


def test_judges_that_order_the_rows_differently_make_the_comparison_unstable():
    class Contrary(Nearest):
        """Reads the truth into what is spoiled, and reads true poses worse than most floors."""

        def translate(self, poses):
            said = super().translate(poses)
            return [type(one)(" ".join(reversed(one.text.split())), one.glosses) for one in said]

    stamped = Options(resamples=60, stamp=True)
    both = [judge(), judge("contrary", Contrary(), architecture="another")]
    made = report(spoiled(0.1), both, options=stamped)
    found, stamps = ranking(made, made)
    assert found[0].verdict == "ranking unstable"
    assert "RANKING UNSTABLE: nearest / contrary order the rows differently by BLEU-4" in stamps[-2]
    assert stamps[-1].startswith("RANKING UNPROVEN: 2 architectures, 1 seed")


def test_stamps_of_a_report_go_into_its_comparisons():
    seen = judge("seen", names=NAMES, texts=tuple(TEXTS))
    stamped = Options(resamples=60, stamp=True)
    made = report(spoiled(0.1), [seen], options=stamped)
    assert ranking(made, made)[1][0] == "CONTAMINATED: seen was trained on clips of this test"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values["test"]["glosses"].pop(),
        lambda values: values["judges"][0]["glosses"].pop(),
        lambda values: values["judges"][0]["card"].pop("architecture"),
        lambda values: values["judges"][0]["card"].update(seed="many"),
        lambda values: values["judges"][0].pop("glosses"),
        lambda values: values.update(version=1),
    ],
)
def test_a_report_that_lacks_a_part_is_refused(whole, spoil):
    values = json.loads(json.dumps(whole))
    spoil(values)
    with pytest.raises(DataError, match=r"x\.json"):
        check_report(values, "x.json")

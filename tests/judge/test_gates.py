"""The second gate: who lost what, with systems whose losses are known by construction."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from nearest_judge import FPS, card, corpus, judge

from signgen.errors import ConfigError, DataError
from signgen.judge import controls
from signgen.judge.compare import compare
from signgen.judge.evaluation import evaluate
from signgen.judge.gates import EXTRACTED, check_extractors, extractor_notes, gates
from signgen.judge.gates_report import gate_rows, note_lines, video_lines
from signgen.judge.panel import judged, make_panel, normalised
from signgen.judge.report import report_of
from signgen.judge.summary import share_rows
from signgen.judge.text.resample import Resampling
from signgen.judge.text.scores import scorer
from signgen.judge.trial import Control, Options, Rendered, Trial

CLIPS, TEXTS = corpus(24, 0)
NAMES = tuple(f"clip-{i}" for i in range(len(CLIPS)))
QUICK = Resampling(100)
ASKED = tuple(controls.wrong_signs(CLIPS, 0.3, np.random.default_rng(0)))
SEEN = tuple(controls.wrong_signs(ASKED, 0.3, np.random.default_rng(1)))
OTHER = tuple(controls.wrong_signs(CLIPS, 0.2, np.random.default_rng(2)))


@pytest.fixture(scope="module")
def counted():
    return scorer(TEXTS, "en")


@pytest.fixture(scope="module")
def panel(counted):
    return make_panel(judge(), CLIPS, counted, fps=FPS)


def losses(rendered: Rendered, panel, counted, asked=ASKED):
    system = judged("system", asked, judge(), counted)
    found = gates(judge(), rendered, system, panel, counted, QUICK)
    return found, {loss.measure: loss for loss in found.losses}, system


def shares(loss):
    return {share.loser: share for share in loss.shares}


def test_the_generator_loses_what_the_first_gate_says(panel, counted):
    _, found, system = losses(Rendered("x", SEEN, True), panel, counted)
    for name in ("BLEU-4", "chrF2", "log-likelihood"):
        first = normalised(name, system, panel, QUICK)
        generator = shares(found[name])["generator"]
        assert generator.value == pytest.approx(1 - first.value)
        assert generator.interval == pytest.approx((1 - first.interval[1], 1 - first.interval[0]))
        second = normalised(name, judged("s", SEEN, judge(), counted), panel, QUICK)
        assert found[name].found.value == pytest.approx(second.value)
        assert found[name].found.interval == pytest.approx(second.interval)


@pytest.mark.parametrize("control", [None, Control("c", OTHER), Control("c", OTHER, ASKED)])
@pytest.mark.parametrize("has_asked", [True, False])
def test_shares_add_up_to_what_is_lost(panel, counted, control, has_asked):
    asked = ASKED if has_asked else SEEN
    _, found, _ = losses(Rendered("x", SEEN, has_asked, control), panel, counted, asked)
    for loss in found.values():
        assert sum(share.value for share in loss.shares) == pytest.approx(1 - loss.found.value)
        assert (loss.asked is None) == (not has_asked)
        assert all(share.interval[0] <= share.value <= share.interval[1] for share in loss.shares)


def test_names_of_shares_say_what_could_not_be_told_apart(panel, counted):
    cases = {
        (True, False): {"generator", "renderer + extractor"},
        (True, True): {"generator", "renderer", "extractor"},
        (False, False): {"generator + renderer + extractor"},
        (False, True): {"generator + renderer", "extractor"},
    }
    for (has_asked, has_control), expected in cases.items():
        rendered = Rendered("x", SEEN, has_asked, Control("c", OTHER) if has_control else None)
        found, by_name, _ = losses(rendered, panel, counted, ASKED if has_asked else SEEN)
        assert set(shares(by_name["BLEU-4"])) == expected
        assert any("not separable" in note for note in found.notes) == (not (has_asked and has_control))


def test_a_perfect_extractor_loses_nothing_and_a_perfect_renderer_neither(panel, counted):
    perfect_extractor = Control("c", OTHER, OTHER)
    _, found, _ = losses(Rendered("x", SEEN, True, perfect_extractor), panel, counted)
    assert shares(found["BLEU-4"])["extractor"].value == 0
    assert shares(found["BLEU-4"])["extractor"].interval == (0, 0)
    # What the control loses is all that is lost: the same poses went in and the same came out.
    perfect_renderer = Control("c", SEEN, ASKED)
    _, found, _ = losses(Rendered("x", SEEN, True, perfect_renderer), panel, counted)
    assert shares(found["BLEU-4"])["renderer"].value == pytest.approx(0)
    assert shares(found["BLEU-4"])["extractor"].value > 0.1


def test_a_video_that_shows_just_what_was_asked_loses_nothing(panel, counted):
    _, found, _ = losses(Rendered("x", ASKED, True), panel, counted)
    for loss in found.values():
        assert shares(loss)["renderer + extractor"].value == pytest.approx(0, abs=1e-9)


def trial(rendered=None, **changes) -> Trial:
    made = Trial(NAMES, ASKED, tuple(CLIPS), tuple(TEXTS), "en", rendered=rendered)
    return dataclasses.replace(made, **changes)


def test_reports_hold_both_gates():
    found = evaluate(trial(Rendered("spots", SEEN, True)), [judge()], Options(resamples=100))
    report = json.loads(json.dumps(report_of(found)))
    (first,) = report["judges"]
    assert [row["name"] for row in first["gates"]["rows"]] == [EXTRACTED]
    assert len(first["gates"]["texts"]) == len(TEXTS)
    rows = {row[0]: row[1:] for row in gate_rows(first)}
    assert rows["renderer alone"] == ("not separable",) * 3
    assert set(rows) == {"[nearest: lost]", "generator", "renderer + extractor", "renderer alone",
                         "left: found in videos"}  # fmt: skip
    assert any("--extractor-control" in line for line in note_lines(first))
    assert dict.fromkeys(row[0] for row in share_rows([first])) == dict.fromkeys(rows)
    several = {row[0]: row[1:] for row in share_rows([first, first])}
    generator = first["gates"]["losses"][0]["shares"][0]["value"]
    assert several["generator"][0] == f"{generator:.2f} to {generator:.2f}"
    assert list(several)[1:] == ["generator", "renderer + extractor", "left: found in videos"]
    assert report["videos"]["extractor"] == "spots"
    bare = report_of(evaluate(trial(), [judge()], Options(resamples=100)))
    assert bare["videos"] is None
    assert gate_rows(bare["judges"][0]) == note_lines(bare["judges"][0]) == video_lines(bare) == []
    assert share_rows(bare["judges"]) == []


def test_the_signature_says_when_the_system_is_what_was_found_in_videos():
    given = evaluate(trial(Rendered("spots", SEEN, True)), [judge()], Options(resamples=100))
    found = evaluate(
        trial(Rendered("spots", SEEN, False), hypotheses=SEEN), [judge()], Options(resamples=100)
    )
    assert "read:" not in given.signature
    assert " read:spots " in found.signature


def test_comparison_covers_what_was_found_in_videos():
    def made(seen, extractor="spots"):
        found = evaluate(trial(Rendered(extractor, tuple(seen), True)), [judge()], Options(resamples=100))
        return json.loads(json.dumps(report_of(found)))

    # The same poses were asked for; the videos of one show half of the signs wrongly.
    good, bad = made(ASKED), made(controls.wrong_signs(ASKED, 0.5, np.random.default_rng(5)))
    found = compare(good, bad)
    assert {item.difference for item in found.judges["nearest"]} == {0}
    head = next(item for item in found.videos["nearest"] if item.name == "BLEU-4")
    assert (head.difference > 0, head.p_randomised < 0.05) == (True, True)
    assert (
        compare(
            good, json.loads(json.dumps(report_of(evaluate(trial(), [judge()], Options(resamples=100)))))
        ).videos
        == {}
    )
    with pytest.raises(ConfigError, match="found by spots and by other cannot be compared"):
        compare(good, made(ASKED, "other"))


def learnt_from(*extractors):
    own = card()
    return dataclasses.replace(own, facts=dataclasses.replace(own.facts, extractors=extractors))


@pytest.mark.parametrize(
    ("own", "shown", "says"),
    [
        (("mediapipe",), ("mediapipe",), ""),
        (("mediapipe", "none (synthetic)"), ("none (synthetic)", "mediapipe"), ""),
        (("none (synthetic)",), ("mediapipe",), "of none (synthetic) and is shown those of mediapipe"),
        ((), ("mediapipe",), "is not known; those of the test are of mediapipe"),
        ((), ("",), ""),
        (("mediapipe",), (), ""),
    ],
)  # fmt: skip
def test_a_judge_of_another_extractor_is_named_and_refused_on_request(own, shown, says):
    found = extractor_notes(learnt_from(*own), shown)
    assert bool(found) == bool(says)
    if not says:
        check_extractors(learnt_from(*own), shown)
        return
    assert says in found[0]
    with pytest.raises(ConfigError, match="leave out --same-extractor"):
        check_extractors(learnt_from(*own), shown)


def test_strange_extractors_are_alarms_and_refused_under_the_flag():
    stranger = judge()
    stranger = dataclasses.replace(stranger, card=learnt_from("dwpose"))
    seen = trial(Rendered("mediapipe", SEEN, True))
    alarms = evaluate(seen, [stranger], Options(resamples=100)).verdicts[0].alarms
    assert any("is shown those of mediapipe" in alarm for alarm in alarms)
    with pytest.raises(ConfigError, match="judge nearest: the judge learnt from poses of dwpose"):
        evaluate(seen, [stranger], Options(resamples=100, same_extractor=True))


def test_poses_found_are_as_many_as_clips():
    with pytest.raises(DataError, match="give one each"):
        trial(Rendered("x", SEEN[:-1], True))

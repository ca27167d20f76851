"""Judges, their cards, admission and the panel, with a judge that is good or blind on request."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from nearest_judge import FPS, Nearest, card, corpus, judge

from signgen.data.trained_on import TrainedOn, hash_of, read_trained_on
from signgen.errors import ConfigError, DataError, PoseError
from signgen.judge import controls
from signgen.judge.admission import admit
from signgen.judge.card import disjointness
from signgen.judge.evaluation import evaluate
from signgen.judge.findings import Evaluation, Verdict, pose_alarms
from signgen.judge.panel import Panel, entry_of, make_panel, normalised
from signgen.judge.text.resample import Resampling
from signgen.judge.text.scores import scorer
from signgen.judge.trial import Options, Trial

CLIPS, TEXTS = corpus(24, 0)
NAMES = tuple(f"clip-{i}" for i in range(len(CLIPS)))
QUICK = Resampling(100)


def trial(hypotheses, **changes) -> Trial:
    return dataclasses.replace(Trial(NAMES, tuple(hypotheses), tuple(CLIPS), tuple(TEXTS), "en"), **changes)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(judge(), CLIPS, scorer(TEXTS, "en"), fps=FPS)


def test_a_judge_sees_all_clips_at_its_own_rate():
    fast, _ = corpus(4, 0, fps=25)
    assert {clip.fps for clip in judge().at_own_rate(fast)} == {FPS}
    assert judge().texts(fast) == TEXTS[:4]
    with pytest.raises(PoseError, match="clip 1: 6 fps is too few for judge nearest"):
        judge().texts([CLIPS[0], CLIPS[1].replace(fps=6)])
    with pytest.raises(PoseError, match="clip 0: no frames"):
        judge().texts([CLIPS[0][:0]])


def test_likelihood_is_that_of_the_text_per_character():
    class Fixed:
        def log_likelihood(self, poses, texts):
            return np.array([[-10.0, 2], [-2.0, 1]])

    found = dataclasses.replace(judge(), translator=Fixed()).log_likelihood(CLIPS[:2], ["four", "eightybe"])
    assert found.value == pytest.approx(-12 / 12)
    np.testing.assert_allclose(found.score().each, [-2.5, -0.25])


def test_retrieval_finds_the_text_with_eyes_open_and_by_chance_with_eyes_shut():
    (first, fifth) = judge().retrieval(CLIPS, TEXTS, distractors=10)
    assert (first.name, first.value, fifth.value) == ("R@1", 100, 100)
    blind = judge(translator=Nearest(sees_anything=False)).retrieval(CLIPS, TEXTS, distractors=9)
    assert blind[0].value == pytest.approx(10)
    assert judge().retrieval(CLIPS[:3], ["same"] * 3) == []


@pytest.mark.parametrize(
    ("translator", "faults"),
    [
        (Nearest(), set()),
        (Nearest(sees_hands=False), {"frozen hands"}),
        (Nearest(sees_anything=False), {"wrong signs", "amplitude", "frozen hands", "reversed"}),
    ],
    ids=["good", "no hands", "blind"],
)
def test_admission_finds_what_a_judge_is_blind_to(translator, faults):
    found = admit(judge(translator=translator), CLIPS, TEXTS, how=QUICK)
    assert {line.split(":")[0] for line in found.faults} == faults
    assert found.is_passed == (not faults)


def test_admission_refuses_a_judge_that_likes_spoiled_poses_better():
    class Backwards(Nearest):
        def log_likelihood(self, poses, texts):
            return super().log_likelihood(poses, texts) * [-1, 1] - [1000, 0]

    found = admit(judge(translator=Backwards()), CLIPS, TEXTS, how=QUICK)
    assert "wrong signs: 10% scores above true poses" in found.faults


def test_disjointness_counts_clips_and_texts():
    own = card(names=("a", "b", "x"), texts=("one", "two", "three"))
    found = disjointness(
        own, ["a", "b", "c", "d"], ["one", "other", " three ", "new"], TrainedOn(frozenset({hash_of("x")}))
    )
    assert (found.tests, found.clips, found.texts, found.generator) == (4, 1, 2, 1)
    assert found.is_contaminated
    assert len(found.notes) == 3
    assert not disjointness(own, ["q"], ["new"]).is_contaminated
    # The same names in another corpus: no text is shared, so no clip is.
    other = TrainedOn(own.trained_on.names, frozenset({hash_of("unheard")}))
    assert disjointness(own, ["q"], ["new"], other).generator == 0


def test_training_lists(tmp_path):
    (tmp_path / "names.txt").write_text("a\n\n b \n", encoding="utf-8")
    assert read_trained_on(tmp_path / "names.txt") == TrainedOn(frozenset({hash_of("a"), hash_of("b")}))
    (tmp_path / "trained_on.json").write_text('{"names": ["00"], "texts": ["11"]}')
    assert read_trained_on(tmp_path / "trained_on.json") == TrainedOn(frozenset({"00"}), frozenset({"11"}))
    (tmp_path / "bad.json").write_text('{"names": 3}')
    for name in ("bad.json", "missing.json", "missing.txt"):
        with pytest.raises(DataError, match=name):
            read_trained_on(tmp_path / name)


def test_panel_orders_and_cannot_lack_a_row(panel):
    top = panel.ceilings[0].measure("BLEU-4").value
    assert top == pytest.approx(100)
    assert all(entry.measure("BLEU-4").value < 30 for entry in panel.floors)
    for group, rows in (("floors", panel.floors), ("ceilings", panel.ceilings)):
        for place in range(len(rows)):
            with pytest.raises(ConfigError, match="panel: has no"):
                dataclasses.replace(panel, **{group: rows[:place] + rows[place + 1 :]})


def test_training_texts_bring_the_floors_that_copy_them(panel):
    names = [entry.name for entry in panel.floors]
    assert "random training text of the length" not in names
    more = make_panel(judge(), CLIPS, scorer(TEXTS, "en"), fps=FPS, train_texts=corpus(40, 5)[1])
    assert "random training text of the length" in [entry.name for entry in more.floors]


def test_a_row_without_a_word_scores_zero():
    row = entry_of("silent", [""] * len(TEXTS), scorer(TEXTS, "en"))
    assert [row.measure(name).value for name in ("BLEU-4", "chrF2", "rougeL")] == [0, 0, 0]


def test_normalised_score_is_1_for_true_poses_0_for_the_best_floor_and_linear_between(panel):
    counted = scorer(TEXTS, "en")
    true = normalised("BLEU-4", panel.ceilings[0], panel, QUICK)
    assert (true.value, true.interval) == (1, pytest.approx((1, 1)))
    best = max(panel.floors, key=lambda entry: entry.measure("BLEU-4").value)
    floor = normalised("BLEU-4", best, panel, QUICK)
    assert (floor.value, floor.floor_name) == (0, best.name)
    assert floor.interval[0] <= floor.interval[1] <= 0
    half = entry_of("half", [*TEXTS[:12], *(["zzz"] * 12)], counted)
    found = normalised("BLEU-4", half, panel, QUICK)
    assert found.value == pytest.approx((found.system - found.floor) / (found.ceiling - found.floor))
    assert found.interval[0] < found.value < found.interval[1]


def test_no_normalised_score_from_a_judge_that_cannot_read():
    blind = judge(translator=Nearest(sees_anything=False))
    panel = make_panel(blind, CLIPS, scorer(TEXTS, "en"), fps=FPS)
    found = normalised("BLEU-4", panel.ceilings[0], panel, QUICK)
    assert (found.value, found.interval) == (None, None)


def test_evaluation_of_a_system_between_floor_and_ceiling():
    spoiled = controls.wrong_signs(CLIPS, 0.5, np.random.default_rng(0))
    found = evaluate(trial(spoiled), [judge(), judge("other")], Options(resamples=100))
    (first, _) = found.verdicts
    assert 0 < first.normalised[0].value < 1
    assert found.stamps == ("RANKING UNPROVEN: 1 architecture, 1 seed; two and three are needed",)
    assert found.agreements[0].verdict == "stable"
    assert first.detectable > 0
    same = evaluate(trial(CLIPS), [judge()], Options(resamples=100))
    assert same.copied == NAMES
    assert any("are their references" in line for line in pose_alarms(same))


def test_an_evaluation_of_mean_poses_alarms():
    found = evaluate(trial(controls.mean_pose(CLIPS)), [judge()], Options(resamples=100))
    assert found.verdicts[0].normalised[0].value < 0.1
    assert any("says nothing of the clip" in line for line in found.verdicts[0].alarms)
    assert any("too little motion" in line for line in pose_alarms(found))


CASES = {
    "no judge": ([], {}, "judges: give at least one"),
    "twice": ([judge(), judge()], {}, "none twice"),
    "saw the test": (
        [judge(names=NAMES, texts=tuple(TEXTS))],
        {},
        "was trained on 24 of the test's 24 clips",
    ),
    "not admitted": ([judge(translator=Nearest(sees_hands=False))], {}, "not admitted: frozen hands"),
    "another language": ([judge()], {"language": "de"}, "reads en, the texts are de"),
}


@pytest.mark.parametrize("case", CASES)
def test_refusals(case):
    judges, changes, message = CASES[case]
    with pytest.raises(ConfigError, match=message):
        evaluate(trial(CLIPS, **changes), judges, Options(resamples=100))


def test_what_is_refused_can_be_stamped():
    bad = [judge("seen", names=NAMES, texts=tuple(TEXTS)), judge("blind", Nearest(sees_hands=False))]
    found = evaluate(trial(CLIPS), bad, Options(resamples=100, stamp=True))
    assert found.stamps[0].startswith("CONTAMINATED: seen")
    assert found.stamps[1].startswith("NOT ADMITTED: blind: frozen hands")


def test_trials_are_whole():
    with pytest.raises(DataError, match="give one each"):
        trial(CLIPS[:-1])
    with pytest.raises(DataError, match="at least 8"):
        Trial(NAMES[:3], tuple(CLIPS[:3]), tuple(CLIPS[:3]), tuple(TEXTS[:3]), "en")
    with pytest.raises(DataError, match="references: number 1 is empty"):
        trial(CLIPS, texts=("", *TEXTS[1:]))


def test_no_verdict_without_a_panel():
    # By construction: there is no default to fall back to.
    for kind, field in ((Verdict, "panel"), (Evaluation, "verdicts")):
        (found,) = [item for item in dataclasses.fields(kind) if item.name == field]
        assert found.default is dataclasses.MISSING
        assert found.default_factory is dataclasses.MISSING

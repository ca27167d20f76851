"""Whole scores of made-up signers whose changes have known values."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose.profiles import PROFILES
from signgen.judge.pose.score import pose_measures, score_poses
from signgen.judge.pose.tally import resample_indices
from signgen.judge.pose.verdict import Target, verdict
from signgen.judge.score import Score, check_comparable
from signgen.judge.text.measure import mean_of
from signgen.judge.text.resample import bootstrap
from signgen.pose.layout import FACE, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST

SIGNER = signer(61)
ARMS = [LEFT_WRIST, RIGHT_WRIST, *range(LEFT_HAND.start, RIGHT_HAND.stop)]


def scored(pairs, profile="signgen", **settings):
    return {score.name: score for score in score_poses(pairs, profile, **settings)}


def values(hypothesis, reference=SIGNER, profile="signgen", **settings):
    return {
        name: score.value for name, score in scored([(hypothesis, reference)], profile, **settings).items()
    }


def shrink(factor):
    """The hands' way about their mean, times a factor; their shape stays."""

    def change(keypoints):
        for wrist, hand in ((LEFT_WRIST, LEFT_HAND), (RIGHT_WRIST, RIGHT_HAND)):
            way = keypoints[:, wrist, None, :2].copy()
            lost = (way - way.mean(axis=0)) * (factor - 1)
            keypoints[:, [wrist], :2] += lost
            keypoints[:, hand, :2] += lost

    return change


def test_a_signer_beside_themselves():
    for name, value in values(SIGNER).items():
        is_ratio = "masked" not in name and ("ratio" in name or "Total Distance" in name)
        assert value == pytest.approx(1 if is_ratio else 0, abs=1e-5), name


def test_repeating_every_frame_leaves_the_distance_exactly_zero():
    twice = SIGNER.replace(keypoints=np.repeat(SIGNER.keypoints, 2, axis=0))
    found = values(twice)
    for part in ("all", "body", "hands", "hands-wrist", "face-nose"):
        assert found[f"DTW-MJE {part}"] == 0
    assert found["DTWp hands"] == 0
    assert found["duration ratio"] == 2
    assert found["Total Distance wrists"] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("factor", [0.25, 0.5, 0.75, 1.5])
def test_smaller_movement(factor):
    found = values(changed(SIGNER, shrink(factor)))
    assert found["Total Distance wrists"] == pytest.approx(factor, rel=1e-4)
    assert found["jerk ratio wrists"] == pytest.approx(factor, rel=1e-3)
    assert found["DTW-MJE hands-wrist"] == pytest.approx(0, abs=1e-5)
    assert found["PA-MPJPE hands"] == pytest.approx(0, abs=1e-5)
    assert found["SPARC difference wrists"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("scale", "shift"), [(1, (30, -20)), (2, (0, 0)), (0.5, (100, 40))])
def test_where_a_signer_stands_and_how_large_does_not_matter(scale, shift):
    moved = changed(SIGNER, lambda k: np.copyto(k[..., :2], k[..., :2] * scale + shift))
    found = values(moved)
    assert found["DTW-MJE all"] == pytest.approx(0, abs=1e-5)
    assert found["Total Distance wrists"] == pytest.approx(1, rel=1e-4)


def test_hands_moved_by_a_tenth_of_the_shoulders():
    moved = changed(SIGNER, lambda k: np.add(k[:, LEFT_HAND.start : RIGHT_HAND.stop, :2], (6, 8),
                                             out=k[:, LEFT_HAND.start : RIGHT_HAND.stop, :2]))  # fmt: skip
    found = values(moved)
    # Shoulders are 100 px wide. Moving along the circle cannot pay: the way there and back is as long.
    assert 0.08 < found["DTW-MJE hands"] <= 0.1 + 1e-6
    assert found["DTW-MJE hands-wrist"] == pytest.approx(0, abs=1e-5)
    assert found["DTW-MJE body"] == pytest.approx(0, abs=1e-5)


def test_turned_hands_change_the_wrist_row_and_not_their_shape():
    def turn(keypoints):
        for hand in (LEFT_HAND, RIGHT_HAND):
            root = keypoints[:, [hand.start], :2]
            keypoints[:, hand, :2] = root + (keypoints[:, hand, :2] - root) @ np.array([[0, 1], [-1, 0]])

    found = values(changed(SIGNER, turn))
    assert found["DTW-MJE hands-wrist"] > 0.1
    assert found["PA-MPJPE hands"] == pytest.approx(0, abs=1e-5)


def test_a_frozen_signer_does_not_move():
    still = SIGNER.replace(keypoints=np.repeat(SIGNER.keypoints[:1], len(SIGNER), axis=0))
    found = scored([(still, SIGNER)])
    assert found["Total Distance wrists"].value == 0
    assert found["jerk ratio wrists"].value == pytest.approx(0, abs=1e-6)
    assert verdict(found["Total Distance wrists"]) == "too little motion"
    assert verdict(found["jerk ratio wrists"]) == "too smooth"
    assert verdict(found["SPARC difference wrists"]) == "unknown"


def test_a_trembling_signer_is_too_rough():
    tremor = np.random.default_rng(1).normal(0, 4, (61, len(ARMS), 2))

    def shake(keypoints):
        keypoints[:, ARMS, :2] += tremor

    found = scored([(changed(SIGNER, shake), SIGNER)])
    assert verdict(found["jerk ratio wrists"]) == "too rough"
    assert verdict(found["Total Distance wrists"]) == "too much motion"


def test_what_is_missing_is_left_out_and_told():
    rng = np.random.default_rng(2)

    def hide(keypoints):
        keypoints[rng.random(keypoints.shape[:2]) < 0.2] = 0
        keypoints[:, [1, 2, 5], :] = SIGNER.keypoints[:, [1, 2, 5]]

    found = values(changed(SIGNER, hide))
    assert found["DTW-MJE all"] < 0.02
    assert found["DTW-MJE all masked"] == pytest.approx(0.2, abs=0.02)
    assert found["Total Distance wrists"] == pytest.approx(1, abs=0.08)


def test_a_part_never_shown_has_no_value_and_is_all_masked():
    found = values(changed(SIGNER, lambda k: k.__setitem__((slice(None), FACE), 0)))
    assert np.isnan(found["DTW-MJE face-nose"])
    assert found["DTW-MJE face-nose masked"] == 1
    assert found["DTW-MJE hands"] == 0


@pytest.mark.parametrize("profile", ["signgen", "aligned", "slrtp", "pt", "ham2pose"])
def test_one_frame_is_enough(profile):
    still = SIGNER[:1].replace(fps=12.5)
    for score in score_poses([(still, still)], profile):
        assert np.isnan(score.value) or min(abs(score.value), abs(score.value - 1)) < 1e-9, score.name


def test_depth_counts_if_asked():
    depth = np.zeros((61, 128), np.float32)
    depth[:, LEFT_HAND.start : RIGHT_HAND.stop] = 30
    flat, deep = SIGNER.replace(depth=np.zeros((61, 128))), SIGNER.replace(depth=depth)
    assert values(deep, flat)["DTW-MJE hands"] == 0
    assert values(deep, flat, dims=3)["DTW-MJE hands"] == pytest.approx(0.3, abs=1e-5)
    assert values(deep, flat, dims=3)["PA-MPJPE hands"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("pairs", "settings", "error", "text"),
    [
        ([], {}, ConfigError, "pairs: there are none"),
        ([(SIGNER, SIGNER)], {"profile": "bleu"}, ConfigError, "expected one of signgen, aligned"),
        ([(SIGNER, SIGNER)], {"dims": 4}, ConfigError, "dims: expected 2 or 3"),
        ([(SIGNER, SIGNER)], {"dims": 3}, PoseError, "pair 0: hypothesis: no depth"),
        ([(SIGNER, SIGNER)], {"fps": float("nan")}, PoseError, "expected a positive rate"),
        ([(SIGNER, SIGNER)] * 2 + [(SIGNER[:0], SIGNER)], {}, PoseError, "pair 2: hypothesis: no frames"),
        ([(SIGNER, SIGNER[:0])], {}, PoseError, "pair 0: reference: no frames"),
        ([(SIGNER, SIGNER.replace(fps=25))], {}, PoseError, "pair 0: the hypothesis has 24 fps and the reference 25"),
        ([(SIGNER, SIGNER)], {"profile": "slrtp"}, PoseError, "not 24; resample to 25"),
        ([(SIGNER.keypoints, SIGNER)], {}, PoseError, "pair 0: hypothesis: expected a PoseSequence"),
        ([(SIGNER.replace(keypoints=np.zeros((5, 128, 3))), SIGNER)], {}, PoseError, "pair 0: hypothesis: shoulders"),
        ([(SIGNER, SIGNER.replace(keypoints=np.zeros((5, 128, 3))))], {}, PoseError, "pair 0: reference: shoulders"),
        ([(SIGNER[:5], SIGNER)], {"profile": "aligned"}, PoseError, "pair 0: frames: the hypothesis has 5"),
        ([(SIGNER.replace(width=600), SIGNER)], {"profile": "aligned"}, PoseError, "canvas"),
        ([(SIGNER, SIGNER)], {"profile": "aligned", "fps": 25}, ConfigError, "resamples nothing"),
        ([(SIGNER, SIGNER)], {"resamples": np.zeros((4, 2), int)}, ConfigError, r"expected \(B, 1\)"),
        ([(SIGNER, SIGNER)], {"resamples": np.zeros((4, 1))}, ConfigError, "whole numbers"),
        ([(SIGNER, SIGNER)], {"resamples": np.ones((4, 1), int)}, ConfigError, "0 to 0"),
    ],
)  # fmt: skip
def test_refusals(pairs, settings, error, text):
    settings = {"profile": "signgen", **settings}
    with pytest.raises(error, match=text) as caught:
        score_poses(pairs, **settings)
    assert "\n" not in str(caught.value)


def test_poses_without_a_rate_or_with_nan_cannot_exist():
    for change in ({"fps": float("nan")}, {"fps": 0}, {"keypoints": np.full((3, 128, 3), np.nan)},
                   {"keypoints": np.zeros((3, 133, 3))}):  # fmt: skip
        with pytest.raises(PoseError):
            SIGNER.replace(**change)


def test_two_rates_are_compared_at_the_rate_that_is_given():
    slow, fast = signer(61, 24), signer(127, 50)
    found = scored([(fast, slow)], fps=24)
    assert found["DTW-MJE all"].value < 0.01
    assert found["duration ratio"].value == pytest.approx(1, abs=0.02)
    assert "|fps:24|" in found["DTW-MJE all"].signature


def test_intervals_are_those_of_the_given_resamples():
    pairs = [(changed(SIGNER, shrink(factor)), SIGNER) for factor in (0.2, 0.4, 0.6, 0.8, 1.0)]
    drawn = resample_indices(5)
    found = scored(pairs, resamples=drawn)["DTW-MJE hands"]
    means = np.sort(found.each[drawn].mean(axis=1))
    assert found.value == pytest.approx(found.each.mean())
    assert found.interval == pytest.approx((means[25], means[974]))
    assert scored(pairs)["DTW-MJE hands"].interval is None


def test_pooled_ratios_weigh_samples_by_their_way():
    half = (changed(SIGNER, shrink(0.5)), SIGNER)
    short = (SIGNER[:16], SIGNER[:16])
    found = scored([half, short])["Total Distance wrists"]
    assert found.each == pytest.approx([0.5, 1], rel=1e-4)
    # 60 steps at half the way and 15 at the whole.
    assert found.value == pytest.approx((30 + 15) / 75, rel=1e-4)


def test_texts_and_poses_are_drawn_together():
    pairs = [(changed(SIGNER, shrink(factor)), SIGNER) for factor in (0.2, 0.4, 0.6, 0.8, 1.0)]
    poses = next(m for m in pose_measures(pairs) if m.name == "DTW-MJE hands")
    texts = mean_of("text", "", np.arange(5.0))
    drawn = bootstrap([texts, poses])
    indices = resample_indices(5)
    assert drawn[0] == pytest.approx(np.arange(5.0)[indices].mean(axis=1))
    assert drawn[1] == pytest.approx(poses.score().each[indices].mean(axis=1))


def test_every_number_names_its_recipe():
    pair = [(SIGNER.replace(fps=12.5),) * 2]
    names = set()
    for profile in PROFILES:
        for score in score_poses(pair, profile):
            assert f"profile:{profile}" in score.signature
            assert score.signature.split("|")[-1].startswith("signgen:")
            names.add((score.name, score.signature))
    assert len(names) == sum(len(score_poses(pair, profile)) for profile in PROFILES)
    first, second = (scored(pair, profile)["Total Distance" + part] for profile, part in
                     (("slrtp", ""), ("signgen", " wrists")))  # fmt: skip
    with pytest.raises(ConfigError, match="different recipes"):
        check_comparable(first, second)


def test_slrtp_drops_every_second_frame_and_pools_paths():
    a, b = signer(40, 25.0), signer(40, 25.0)
    far = changed(b, lambda k: np.copyto(k[:, 0, :2], k[:, 0, :2] + (30, 40)))
    found = scored([(far, b), (b[:20], b[:20])], "slrtp")
    # One of 128 keypoints is off by half a shoulder width in 20 of 30 path points.
    assert found["DTW-MJE"].value == pytest.approx(0.5 / 128 * 20 / 30, rel=1e-3)
    assert found["Average Duration"].value == 1
    assert values(a[:30], b, "slrtp")["Average Duration"] == 15 / 20
    assert "dtw:exact" in found["DTW-MJE"].signature


def test_progressive_transformers_counts_absolute_differences_per_reference_frame():
    moved = changed(SIGNER, lambda k: np.copyto(k[:, 0, :2], k[:, 0, :2] + (30, 40)))
    assert values(moved, profile="pt")["DTW"] == pytest.approx(0.7, rel=1e-3)
    twice = SIGNER.replace(keypoints=np.repeat(moved.keypoints, 2, axis=0))
    assert values(twice, profile="pt")["DTW"] == pytest.approx(1.4, rel=1e-3)


def test_ham2pose_hides_weak_points_and_charges_half():
    def weaken(keypoints):
        keypoints[:, 0, 2] = 0.2

    nose = np.linalg.norm(SIGNER.keypoints[0, 0, :2] - SIGNER.keypoints[0, 1, :2]) / 100
    assert values(changed(SIGNER, weaken), profile="ham2pose")["nDTW-MJE"] == pytest.approx(
        61 * nose / 2 / 50, rel=1e-3
    )


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (1.0, (0.9, 1.1), "ok"), (0.5, (0.4, 0.6), "low"), (2.0, (1.6, 2.2), "high"), (0.8, (0.7, 1.0), "unclear"),
        (1.4, (0.9, 1.9), "unclear"), (0.5, None, "low"), (1.0, None, "ok"), (float("nan"), None, "unknown"),
    ],
)  # fmt: skip
def test_verdicts_go_both_ways(value, interval, expected):
    target = Target(0.8, 1.25, "low", "high")
    assert verdict(Score("a ratio", value, "", None, interval), target) == expected


def test_no_verdict_without_a_target():
    with pytest.raises(ConfigError, match="no target"):
        verdict(Score("BLEU-4", 10, ""))

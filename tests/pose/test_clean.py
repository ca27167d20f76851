"""Cleaning: made-up clips with known errors come back as they were; real clips lose nothing."""

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.pose.clean import Cleaning, clean
from signgen.pose.layout import LEFT_HAND, MIRROR, RIGHT_HAND


def swap_body(k):
    k[20:26, :60] = k[20:26][:, MIRROR[:60]]


def swap_hands(k):
    k[10:14, LEFT_HAND], k[10:14, RIGHT_HAND] = k[10:14, RIGHT_HAND].copy(), k[10:14, LEFT_HAND].copy()


def copy_hand(k):
    k[30:33, RIGHT_HAND] = k[30:33, LEFT_HAND]


def stray(k):
    k[40:42, RIGHT_HAND, :2] += (250, -100)


def leap_wrist(k):
    k[17, 4, :2] += (60, 10)


def leap_fingers(k):
    k[33:35, 50, :2] += (0, -40)


def gap(k):
    k[5:9, 7] = 0
    k[5:9, LEFT_HAND] = 0


@pytest.mark.parametrize(
    ("change", "kind", "part", "start", "end"),
    [
        (swap_body, "swapped sides", "body", 20, 26),
        (swap_hands, "wrong hand", "hands", 10, 14),
        (copy_hand, "one hand twice", "right_hand", 30, 33),
        (stray, "stray hand", "right_hand", 40, 42),
        (leap_wrist, "outlier", "body", 17, 18),
        (leap_fingers, "outlier", "right_hand", 33, 35),
        (gap, "gap", "left_hand", 5, 9),
    ],
)
def test_a_known_error_is_mended_and_named(change, kind, part, start, end):
    before = signer()
    cleaned = clean(changed(before, change))
    assert (kind, part, start, end) in [(r.kind, r.part, r.start, r.end) for r in cleaned.repairs]
    assert (cleaned.poses.confidence > 0).all()
    # Gaps are bridged by turning bones, so not to the pixel; everything else comes back as it was.
    error = np.linalg.norm(cleaned.poses.xy - before.xy, axis=2)
    assert error.max() < 3.0
    untouched = np.ones(60, bool)
    untouched[start:end] = False
    assert np.abs(cleaned.poses.xy[untouched] - before.xy[untouched]).max() < 1e-3


def test_good_poses_stay_as_they_are():
    before = signer()
    cleaned = clean(before)
    assert cleaned.repairs == ()
    assert np.array_equal(cleaned.poses.keypoints, before.keypoints)


def test_a_turn_of_the_body_is_no_exchange_of_sides():
    before = signer()
    turned = before.keypoints.copy()
    # Half a turn about the vertical in a second: x runs through the middle, sides cross where they should.
    share = np.cos(np.pi * np.clip((np.arange(60) - 18) / 24, 0, 1))[:, None]
    turned[..., 0] = 256 + (turned[..., 0] - 256) * share
    cleaned = clean(before.replace(keypoints=turned), Cleaning(outliers=False))
    assert "swapped sides" not in {repair.kind for repair in cleaned.repairs}


def test_each_kind_of_repair_can_be_left_out():
    bad = changed(signer(), lambda k: (swap_body(k), leap_wrist(k), stray(k), gap(k)))
    nothing = Cleaning(sides=False, hands=False, outliers=False, longest_gap=0)
    cleaned = clean(bad, nothing)
    assert cleaned.repairs == ()
    assert np.array_equal(cleaned.poses.keypoints, bad.keypoints)


def test_longer_gaps_stay_and_unsure_keypoints_go():
    bad = changed(
        signer(), lambda k: (k[5:30, LEFT_HAND].fill(0), k[40:42, 70].__setitem__((slice(None), 2), 0.1))
    )
    cleaned = clean(bad, Cleaning(least_confidence=0.2))
    assert not cleaned.poses.confidence[5:30, LEFT_HAND].any()
    assert cleaned.poses.confidence[40:42, 70].min() == 1
    assert [(r.kind, r.part) for r in cleaned.repairs] == [("gap", "face")]


def test_smoothing_takes_jitter_out_and_leaves_signing():
    before = signer(120)
    noise = np.random.default_rng(0).normal(0, 2, (120, 128, 2)).astype(np.float32)
    noisy = changed(before, lambda k: k.__setitem__((..., slice(2)), k[..., :2] + noise))
    smooth = clean(noisy, Cleaning(smooth=True, outliers=False)).poses
    assert trembling(smooth, before) < 0.6 * trembling(noisy, before)
    assert np.abs(smooth.xy - before.xy).mean() < np.abs(noisy.xy - before.xy).mean()
    assert np.array_equal(smooth.keypoints[:, 60:], noisy.keypoints[:, 60:])


def trembling(poses, truth):
    """Mean second difference of the error of body and hands [px]."""
    return np.linalg.norm(np.diff((poses.xy - truth.xy)[:, :60], 2, axis=0), axis=2).mean()


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_clips_of_hardly_any_frames(frames):
    assert len(clean(signer()[:frames]).poses) == frames


def test_without_shoulders_only_gaps_are_filled():
    bad = changed(signer(), lambda k: (k[:, 2].fill(0), gap(k), leap_wrist(k)))
    assert {repair.kind for repair in clean(bad).repairs} == {"gap"}

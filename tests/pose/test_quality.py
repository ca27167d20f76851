"""Quality: figures of clips made for them, and the reasons to reject."""

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.pose.layout import FACE, LEFT_HAND
from signgen.pose.quality import Limits, quality, reject_reasons


def test_figures_of_a_clip_known_by_construction():
    found = quality(signer(48))
    assert (found.frames, found.seconds, found.shoulders) == (48, 2.0, pytest.approx(100))
    assert (found.body, found.left_hand, found.right_hand, found.any_hand, found.face) == (1, 1, 1, 1, 1)
    assert (found.cut_off, found.signers) == (0, 1)
    # A circle of 0.3 shoulder widths, 0.8 times a second; a chord of 12 degrees is 0.2 % shorter than its arc.
    assert found.travel == pytest.approx(2 * np.pi * 0.3 * 0.8, rel=0.01)
    assert found.jitter < 0.005


def cut_raised(k):
    k[:, [4, 7], 1] = 100
    k[:, 18:60, 1] = -5


def cut_hanging(k):
    k[:, [4, 7], 1] = 505
    k[:, 18:60, 1] = 520


@pytest.mark.parametrize(
    ("change", "figures", "reason"),
    [
        (lambda k: k.fill(0), {"body": 0, "signers": 0}, "nobody was found"),
        (lambda k: k[:, 18:60].fill(0), {"any_hand": 0}, "hands found in 0% of frames only"),
        (lambda k: k[:, FACE].fill(0), {"face": 0}, "face found in 0% of frames only"),
        (
            lambda k: k[:, [3, 6]].fill(0) or k.__setitem__((slice(None), [3, 6]), 0),
            {"body": 0},
            "body found in 0%",
        ),
        (cut_raised, {"cut_off": 1}, "cut off by the picture"),
        (cut_hanging, {"cut_off": 0}, None),
        (lambda k: k.__setitem__((..., slice(2)), k[..., :2] / 10), {"shoulders": 10}, "signer too small"),
        (lambda k: k[:12, LEFT_HAND].fill(0), {"left_hand": 0.75, "any_hand": 1}, None),
    ],
)
def test_what_is_wrong_with_a_clip(change, figures, reason):
    found = quality(changed(signer(48), change))
    assert {name: getattr(found, name) for name in figures} == pytest.approx(figures)
    reasons = reject_reasons(found)
    assert (reason is None and not reasons) or any(reason in line for line in reasons)


def test_jitter_is_told_from_signing():
    noise = np.random.default_rng(1).normal(0, 8, (48, 128, 2))
    noisy = changed(signer(48), lambda k: k.__setitem__((..., slice(2)), k[..., :2] + noise))
    assert 0.03 < quality(noisy).jitter < 0.12
    assert any("jitter" in line for line in reject_reasons(quality(noisy), Limits(jitter=0.03)))


def test_somebody_as_large_is_a_second_signer_and_a_passer_by_is_not():
    first = signer(48)
    beside = changed(first, lambda k: k.__setitem__((..., 0), k[..., 0] + 200))
    passing = changed(beside, lambda k: k[10:].fill(0))
    small = changed(first, lambda k: k.__setitem__((..., slice(2)), k[..., :2] / 3))
    assert quality(first, [beside]).signers == 2
    assert quality(first, [passing, small]).signers == 1
    assert reject_reasons(quality(first, [beside])) == ("2 people sign, or stand as large beside the signer",)
    assert reject_reasons(quality(first, [beside]), Limits(signers=2)) == ()


def test_a_clip_too_short():
    assert reject_reasons(quality(signer(48)[:2])) == ("too short: 0.08 s",)
    assert quality(signer(48)[:0]).frames == 0


def test_figures_can_be_written_down():
    figures = quality(signer(48)).as_dict()
    assert figures["left_hand"] == 1.0
    assert set(figures) >= {"frames", "jitter", "signers"}

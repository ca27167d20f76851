"""What a renderer is judged by, frame by frame: PCK, OKS, confidence of hands, best offset."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose.aligned import SIGMAS, hand_confidence, oks_each, pck_each
from signgen.judge.pose.offset import best_offset
from signgen.judge.pose.score import score_poses
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND

SIGNER = signer(40)
HANDS = slice(LEFT_HAND.start, RIGHT_HAND.stop)


def moved(part, dx):
    return changed(SIGNER, lambda k: np.add(k[:, part, 0], dx, out=k[:, part, 0]))


@pytest.mark.parametrize(
    ("dx", "expected"), [(0, [1, 1, 1]), (4.9, [1, 1, 1]), (7, [0, 1, 1]), (15, [0, 0, 1]), (21, [0, 0, 0])]
)
def test_pck_counts_what_is_near(dx, expected):
    """Shoulders are 100 px wide."""
    found = {s.name: s.value for s in score_poses([(moved(HANDS, dx), SIGNER)], "aligned")}
    assert [found[f"PCK@{share} hands"] for share in ("0.05", "0.1", "0.2")] == expected
    assert found["PCK@0.05 face"] == 1
    assert found["PCK@0.05 hands masked"] == 0


def test_what_was_not_found_is_not_correct_and_what_was_not_asked_does_not_count():
    half = changed(SIGNER, lambda k: k.__setitem__((slice(None, None, 2), HANDS), 0))
    assert pck_each(half, SIGNER, "hands", 0.1).mean() == 0.5
    assert pck_each(SIGNER, half, "hands", 0.1).mean() == 1
    found = {s.name: s for s in score_poses([(half, SIGNER)], "aligned")}
    assert found["PCK@0.1 hands masked"].value == 0.5
    assert "missing:wrong" in found["PCK@0.1 hands"].signature


def test_oks_is_cocos():
    """exp(-d^2 / (2 area (2 sigma)^2)), averaged over keypoints."""
    low, high = SIGNER.xy[0].min(axis=0), SIGNER.xy[0].max(axis=0)
    area = 0.53 * np.prod(high - low, dtype=float)
    expected = np.ones(128)
    expected[0] = np.exp(-100 / (2 * area * (2 * 0.026) ** 2))
    assert oks_each(moved(0, 10), SIGNER)[0] == pytest.approx(expected.mean(), rel=1e-6)
    assert oks_each(SIGNER, SIGNER) == pytest.approx(np.ones(40))
    # COCO-WholeBody: nose, both shoulders, the wrist of a hand, the last point of the face.
    assert SIGMAS[[0, 2, 5, 18, 39, 127]] == pytest.approx([0.026, 0.079, 0.079, 0.029, 0.029, 0.008])
    assert len(SIGMAS) == 128


def test_a_frame_that_asks_for_nothing_has_no_similarity():
    asked = changed(SIGNER, lambda k: k.__setitem__(3, 0))
    found = oks_each(SIGNER, asked)
    assert np.isnan(found[3])
    assert np.isfinite(np.delete(found, 3)).all()
    assert oks_each(asked, SIGNER)[3] == 0


def test_hand_confidence():
    weak = changed(SIGNER, lambda k: k.__setitem__((slice(0, 10), LEFT_HAND, 2), 0.2))
    assert hand_confidence(weak) == pytest.approx(((70 + 10 * 0.2) / 80, 10 / 80))
    found = {s.name: s.value for s in score_poses([(weak, SIGNER)], "aligned")}
    assert found["hand confidence ratio"] == pytest.approx(72 / 80)
    assert found["weak hands"] == pytest.approx(1 / 8)


@pytest.mark.parametrize("lag", [-7, -1, 0, 3, 7])
def test_the_offset_is_found(lag):
    long = signer(60)
    start = 10 + lag
    # The hypothesis shows at t + lag what the reference shows at t.
    found = best_offset(long[10:50], long[start : start + 40])
    assert (found.frames, found.distance) == (lag, pytest.approx(0, abs=1e-5))
    assert found.distance_at_zero >= found.distance


def test_a_still_signer_is_in_time():
    still = SIGNER.replace(keypoints=np.repeat(SIGNER.keypoints[:1], 40, axis=0))
    assert best_offset(still, still).frames == 0


def test_offsets_that_cannot_be_found():
    hidden = changed(SIGNER, lambda k: k.__setitem__((slice(None), slice(18, 128)), 0))
    only_hands = changed(SIGNER, lambda k: k.__setitem__((slice(None), slice(60, 128)), 0))
    assert best_offset(hidden, only_hands).frames == 0
    with pytest.raises(PoseError, match="share no keypoint"):
        best_offset(hidden, SIGNER, part="hands")
    with pytest.raises(PoseError, match="resample one first"):
        best_offset(SIGNER.replace(fps=25), SIGNER)
    with pytest.raises(ConfigError, match="at least 0"):
        best_offset(SIGNER, SIGNER, max_frames=-1)

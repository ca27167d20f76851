"""The timeline of a signing track."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.data.cue import Cue
from signgen.errors import DataError, LexiconError
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import Utterance
from signgen.workflow.captions import Placement, lay_out, make_track, place, signed_cues
from signgen.workflow.settings import prepare


@pytest.mark.parametrize(
    ("starts", "lengths", "expected"),
    [
        # (start, frames, speedup, late) of each cue at 10 fps, at most 1.5 times faster
        ([1.0, 5.0], [20, 20], [(10, 20, 1.0, 0.0), (50, 20, 1.0, 0.0)]),
        ([0.0, 2.0], [25, 20], [(0, 20, 1.25, 0.0), (20, 20, 1.0, 0.0)]),
        ([0.0, 2.0], [30, 20], [(0, 20, 1.5, 0.0), (20, 20, 1.0, 0.0)]),
        ([0.0, 1.0], [30, 15], [(0, 20, 1.5, 0.0), (20, 15, 1.0, 1.0)]),
        ([0.0, 1.0, 2.5], [30, 15, 10], [(0, 20, 1.5, 0.0), (20, 10, 1.5, 1.0), (30, 10, 1.0, 0.5)]),
        ([0.0, 1.0, 2.0], [15, 0, 10], [(0, 15, 1.0, 0.0), (10, 0, 1.0, 0.0), (20, 10, 1.0, 0.0)]),
        ([0.0], [31], [(0, 31, 1.0, 0.0)]),
        ([0.0, 0.0], [3, 3], [(0, 2, 1.5, 0.0), (2, 3, 1.0, 0.2)]),
        ([0.0, 0.1], [4, 1], [(0, 3, 1.3333, 0.0), (3, 1, 1.0, 0.2)]),
    ],
)
def test_place(starts, lengths, expected):
    cues = [Cue(start, start + 0.5, "text") for start in starts]
    placements = place(cues, lengths, 10.0, 1.5)
    assert [(p.start, p.frames, p.speedup, p.late) for p in placements] == expected


def straight(value: float, frames: int) -> Utterance:
    keypoints = np.full((frames, 128, 3), value, dtype=np.float32)
    keypoints[..., 2] = 1
    return Utterance(PoseSequence(keypoints, 10, 64, 64))


def test_lay_out_holds_still_between_cues_and_moves_in_time():
    placements = [Placement("a", 1.0, 10, 5, 1.0, 0.0), Placement("b", 3.0, 30, 5, 1.0, 0.0)]
    track = lay_out(placements, [straight(10, 5), straight(50, 5)], end=4.0)
    x = track.keypoints[:, 0, 0]
    assert len(track) == 40
    assert (x[:15] == 10).all()
    assert (x[15:26] == 10).all()
    assert (np.diff(x[25:31]) > 0).all()
    assert x[26:30] == pytest.approx([20 - x[29] + 40, 60 - x[28], 60 - x[27], 60 - x[26]], abs=1)
    assert (x[30:] == 50).all()


def test_lay_out_lasts_until_the_last_sign_ends():
    assert len(lay_out([Placement("a", 0.0, 0, 50, 1.0, 0.0)], [straight(1, 50)], end=1.0)) == 50


def test_faster_signing_is_resampled():
    track = lay_out([Placement("a", 0.0, 0, 10, 1.5, 0.0)], [straight(3, 15)], end=1.0)
    assert len(track) == 10


def test_captions_follow_the_signs():
    placements = [Placement("a", 1.0, 10, 5, 1.0, 0.0), Placement("b", 2.0, 20, 0, 1.0, 0.0)]
    assert signed_cues(placements, 10.0) == [Cue(1.0, 1.5, "a")]


def test_late_cues_and_silent_cues_are_reported(toy):
    cues = [
        Cue(0, 1, "one two three four five six seven"),
        Cue(1, 2, "x"),
        Cue(1.2, 3, "late one"),
        Cue(5, 6, "- ... -"),
    ]
    track = make_track(prepare(toy), cues, 1.5)
    assert [round(p.late, 2) for p in track.placements] == [0.0, 0.0, 1.17, 0.0]
    assert len(track.warnings) == 3
    assert "1 of 4 cues start late, the worst by 1.17 s" in track.warnings[-1]
    assert sum(token.outcome == "missing" for token in track.coverage) >= 1


@pytest.mark.parametrize(
    ("cues", "error"),
    [
        ([], DataError),
        ([Cue(0, 1, " \n")], DataError),
        ([Cue(0, 1e6, "one")], DataError),
        ([Cue(0, 1, "x xx")], LexiconError),
    ],
)
def test_bad_tracks(toy, cues, error):
    with pytest.raises(error):
        make_track(prepare(toy), cues, 1.5)

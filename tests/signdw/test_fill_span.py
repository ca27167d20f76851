"""Spans drawn anew: what is around stays to the bit, what was inside has no part, and the ends join."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_signer import signer
from toy_checkpoint import MOTION, save_toy_checkpoint, toy_checkpoint

from signgen.cli.main import main
from signgen.data.poses import read_pose, write_poses
from signgen.errors import ConfigError, DataError, PoseError
from signgen.pose.layout import FACE, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.signing.fill import Wish, between, fill


@pytest.fixture(scope="module")
def checkpoint():
    return toy_checkpoint()


def outside(poses: PoseSequence, start: int, stop: int) -> bytes:
    return np.delete(poses.keypoints, slice(start, stop), 0).tobytes()


SPANS = [
    (24, 60, 20, 31), (24, 60, 0, 5), (24, 60, 50, 60), (24, 60, 1, 59), (50, 90, 33, 61), (12, 30, 9, 10),
    (24, 6, 3, 5),
]  # fmt: skip


@pytest.mark.parametrize(("fps", "frames", "start", "stop"), SPANS)
def test_other_frames_stay_to_the_bit(checkpoint, fps, frames, start, stop):
    poses = signer(frames, fps=fps)
    made = fill(checkpoint, poses, start, stop, seed=1)
    assert made.keypoints.shape == poses.keypoints.shape
    assert made.fps == poses.fps
    assert outside(made, start, stop) == outside(poses, start, stop)
    assert not np.array_equal(made.keypoints[start:stop], poses.keypoints[start:stop])
    assert (made.keypoints[start:stop, :, 2] > 0).any()


@pytest.mark.parametrize("fps", [24, 25, 50])
def test_what_was_in_the_span_has_no_part(checkpoint, fps):
    poses = signer(60, fps=fps)
    other = poses.keypoints.copy()
    other[20:31] = 0
    made = [fill(checkpoint, each, 20, 31, seed=1) for each in (poses, poses.replace(keypoints=other))]
    assert made[0].keypoints.tobytes() == made[1].keypoints.tobytes()


def test_a_seed_decides(checkpoint):
    poses = signer(60)
    made = [fill(checkpoint, poses, 12, 44, seed=seed).keypoints.tobytes() for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_text_and_glosses_matter(checkpoint):
    poses = signer(60)
    wishes = [None, Wish(text="The dogs eat."), Wish(glosses=("DOG", "EAT")), Wish(glosses=("CAT", "EAT"))]
    made = [fill(checkpoint, poses, 12, 44, wish).keypoints.tobytes() for wish in wishes]
    assert len(set(made)) == len(wishes)


def test_depth_stays_too(checkpoint):
    poses = signer(40)
    deep = poses.replace(depth=np.where(poses.keypoints[..., 2] > 0, 7.0, 0.0).astype(np.float32))
    made = fill(checkpoint, deep, 15, 25)
    # This tokenizer knows no depth: between two ends of 7 lies 7.
    assert np.array_equal(made.depth[made.keypoints[..., 2] > 0], deep.depth[made.keypoints[..., 2] > 0])


def test_a_part_that_neither_end_shows_stays_hidden(checkpoint):
    poses = signer(60)
    points = poses.keypoints.copy()
    points[:, FACE] = 0
    points[:30, RIGHT_HAND] = 0
    made = fill(checkpoint, poses.replace(keypoints=points), 20, 28).keypoints[20:28]
    assert not made[:, FACE].any()
    assert not made[:, RIGHT_HAND].any()


def test_the_ends_join(checkpoint):
    """Where the network draws no movement at all, the way is the straight one from end to end."""
    still = replace(checkpoint, motion=MotionTokenizer(MOTION).eval())
    poses = signer(60)
    made = fill(still, poses, 20, 29, is_smooth=False).keypoints
    share = np.arange(1, 10)[:, None, None] / 10
    straight = poses.keypoints[19] + share * (poses.keypoints[29] - poses.keypoints[19])
    assert np.allclose(made[20:29, :, :2], straight[..., :2], atol=1e-3)
    # At the end of a clip there is nothing to go to.
    made = fill(still, poses, 50, 60, is_smooth=False).keypoints
    assert np.allclose(made[50:, :, :2], made[49, :, :2], atol=1e-3)


def test_a_transition_has_the_frames_asked_for(checkpoint):
    first, second = signer(40), signer(30)
    made = between(checkpoint, first, second, 9, seed=2)
    assert len(made) == 9
    whole = first.replace(keypoints=np.concatenate([first.keypoints, made.keypoints, second.keypoints]))
    # Filling the same hole gives the same way.
    assert fill(checkpoint, whole, 40, 49, seed=2).keypoints.tobytes() == whole.keypoints.tobytes()


BAD = [
    (30, 30, "not within"), (-1, 5, "not within"), (5, 61, "not within"), (0, 60, "whole clip"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "stop", "message"), BAD)
def test_spans_that_cannot_be_filled(checkpoint, start, stop, message):
    with pytest.raises(DataError, match=message):
        fill(checkpoint, signer(60), start, stop)


def test_refusals(checkpoint):
    poses = signer(400)
    with pytest.raises(DataError, match="more than the 64 steps"):
        fill(checkpoint, poses, 10, 300)
    with pytest.raises(ConfigError, match=r"'DGO'.*DOG"):
        fill(checkpoint, poses, 10, 30, Wish(glosses=("DGO",)))
    with pytest.raises(DataError, match="give fewer or a longer span"):
        fill(checkpoint, poses, 10, 14, Wish(glosses=("DOG", "EAT")))
    with pytest.raises(PoseError, match="around the span"):
        fill(checkpoint, poses.replace(keypoints=np.zeros_like(poses.keypoints)), 10, 14)
    with pytest.raises(DataError, match="differ in rate"):
        between(checkpoint, signer(30), signer(30, fps=50), 4)


def test_more_is_looked_at_than_fits(checkpoint):
    """A clip longer than the network draws at a time: what is near the span is looked at."""
    poses = signer(700)
    made = fill(checkpoint, poses, 300, 340, seed=1)
    assert outside(made, 300, 340) == outside(poses, 300, 340)


def test_the_command(tmp_path, capsys):
    folder = save_toy_checkpoint(tmp_path / "toy")
    file, out = tmp_path / "a.npz", tmp_path / "b.npz"
    write_poses(signer(60), file)
    arguments = [
        "fill",
        str(file),
        "--from",
        "0.5",
        "--to",
        "1.0",
        "-o",
        str(out),
        "--checkpoint",
        str(folder),
    ]
    assert main([*arguments, "--gloss", "DOG", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.split() == [str(out)]
    assert "drew frames 12 to 23 of 60" in captured.err
    assert outside(read_pose(out), 12, 24) == outside(read_pose(file), 12, 24)
    assert main(arguments) != 0
    assert "exists" in capsys.readouterr().err
    arguments[5] = "9"
    assert main([*arguments, "--force"]) == 2
    assert "no span of the 2.50 s" in capsys.readouterr().err

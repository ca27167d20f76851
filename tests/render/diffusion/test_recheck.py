"""Frames read again: errors by calculus, and only bad windows drawn anew."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from paper_signer import Paper
from PIL import Image

from signgen.data.poses import write_poses
from signgen.errors import ConfigError, RenderError
from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.likeness import errors
from signgen.render.diffusion.recheck import Checks, Rechecked, joined, seed_of
from signgen.render.diffusion.settings import DiffusionSettings

T = np.linspace(0, 1, 8)
POSES = Paper().pose(upper=1.2 + 0.3 * T, fore=1.8 + 0.8 * T, wrist=0.5 * T)


def edited(poses, change):
    keypoints = poses.keypoints.copy()
    change(keypoints)
    return poses.replace(keypoints=keypoints)


def test_the_same_is_no_error():
    assert errors(POSES, POSES) == pytest.approx(np.zeros(8), abs=1e-6)


def test_place_size_and_proportions_do_not_count():
    other = edited(POSES, lambda k: np.multiply(k, np.float32([2, 2, 1]), out=k))
    assert errors(POSES, other) == pytest.approx(np.zeros(8), abs=1e-5)
    arms = Paper(upper=60, fore=90, hand=20).pose(upper=1.2 + 0.3 * T, fore=1.8 + 0.8 * T, wrist=0.5 * T)
    assert errors(POSES, arms) == pytest.approx(np.zeros(8), abs=1e-5)


def lost(part):
    def change(keypoints):
        keypoints[:, part] = 0

    return change


@pytest.mark.parametrize(
    ("part", "expected"), [(LEFT_HAND, 0.3), (FACE, 0.2), (slice(0, 18), 0.2), (slice(0, 128), 1.0)]
)
def test_what_is_not_found_is_wholly_wrong(part, expected):
    # Shares: each hand 0.3, the arms 0.2, the face 0.2.
    assert errors(POSES, edited(POSES, lost(part))) == pytest.approx(np.full(8, expected), abs=1e-6)


def test_what_is_not_asked_for_does_not_count():
    asked = edited(POSES, lost(LEFT_HAND))
    assert errors(asked, POSES) == pytest.approx(np.zeros(8), abs=1e-6)
    # Without it the other parts share what is left: a lost right hand is 0.3 of 0.7.
    assert errors(asked, edited(POSES, lost(RIGHT_HAND))) == pytest.approx(np.full(8, 3 / 7), abs=1e-6)
    nothing = edited(POSES, lost(slice(0, 128)))
    assert np.isnan(errors(nothing, POSES)).all()


def test_an_arm_counts_by_the_sine_of_its_angle():
    def bend(keypoints):
        # The right forearm turned by 30 degrees about its elbow; the hand goes along without turning.
        away = keypoints[:, 4, :2] - keypoints[:, 3, :2]
        c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
        keypoints[:, 4, :2] = keypoints[:, 3, :2] + away @ np.float32([[c, s], [-s, c]])

    assert errors(POSES, edited(POSES, bend)) == pytest.approx(np.full(8, 0.05 * 0.5), abs=1e-5)


def test_a_turned_hand_counts():
    def turn(keypoints):
        middle = keypoints[:, RIGHT_HAND, :2].mean(axis=1, keepdims=True)
        keypoints[:, RIGHT_HAND, :2] = 2 * middle - keypoints[:, RIGHT_HAND, :2]

    # Half a turn moves points by twice their distance from the middle, far beyond the limit.
    assert errors(POSES, edited(POSES, turn)) == pytest.approx(np.full(8, 0.3), abs=0.02)


@dataclass(frozen=True)
class Writer:
    """Draws the frame's number and the seed; what an extractor finds in it is decided by `Reader`."""

    calls: list = field(default_factory=list)

    def __call__(self, poses, appearance=None, *, seed=0):
        self.calls.append((len(poses), seed))
        for number in range(len(poses)):
            yield np.full((512, 512, 3), (seed % 251, number, 0), np.uint8)


def reader(good):
    """Finds the poses where ``good`` says so of a frame's first byte, and nobody elsewhere."""

    def find(frames, fps):
        frames = list(frames)
        keypoints = np.zeros((len(frames), 128, 3), np.float32)
        for place, frame in enumerate(frames):
            if good(frame[0, 0]):
                keypoints[place] = STILL.keypoints[0]
        return PoseSequence(keypoints, fps, 512, 512)

    return find


STILL = POSES[:1]
CLIP = POSES.replace(keypoints=np.repeat(STILL.keypoints, 20, axis=0))


def test_good_frames_are_left_alone():
    writer = Writer()
    checked = Rechecked(writer, reader(lambda pixel: True), Checks(window=8))
    frames = list(checked(CLIP, seed=5))
    assert [tuple(frame[0, 0, :2]) for frame in frames] == [(5, n) for n in range(20)]
    assert writer.calls == [(20, 5)]
    assert [row["frames"] for row in checked.report] == [[0, 8], [8, 16], [16, 20]]
    assert checked.account()["recheck"]["redrawn"] == 0


def test_only_the_bad_window_is_drawn_anew_and_joined():
    writer = Writer()
    second = seed_of(5, 8, 2)

    def good(pixel):
        # Frames 8 to 15 of the first drawing are bad, and the first try for them is.
        return pixel[0] == second % 251 or (pixel[0] == 5 and not 8 <= pixel[1] < 16)

    checked = Rechecked(writer, reader(good), Checks(window=8, join=0, tries=3))
    frames = list(checked(CLIP, seed=5))
    assert writer.calls == [(20, 5), (8, seed_of(5, 8, 1)), (8, second)]
    assert [frame[0, 0, 0] for frame in frames] == [5] * 8 + [second % 251] * 8 + [5] * 4
    rows = checked.report
    assert [row["good"] for row in rows] == [True, True, True]
    assert rows[1]["seed"] == second
    assert [each["error"] for each in rows[1]["tried"]] == [1, 1, 0]
    assert checked.account()["recheck"]["redrawn"] == 1


def test_the_best_try_is_kept_and_said_to_be_bad():
    checked = Rechecked(Writer(), reader(lambda pixel: False), Checks(window=20, tries=2))
    frames = list(checked(CLIP, seed=5))
    assert {frame[0, 0, 0] for frame in frames} == {5}
    (row,) = checked.report
    assert (row["good"], row["error"], row["seed"], len(row["tried"])) == (False, 1.0, 5, 3)


def test_joins_are_ramps_that_start_where_the_neighbours_end():
    old, new = ([np.full((2, 2, 3), level, np.uint8)] * 8 for level in (0, 120))
    levels = [int(frame[0, 0, 0]) for frame in joined(old, new, range(8, 16), 20, 2)]
    assert levels == [40, 80, 120, 120, 120, 120, 80, 40]
    first = [int(frame[0, 0, 0]) for frame in joined(old, new, range(8), 20, 2)]
    assert first == [120] * 6 + [80, 40]
    assert [int(frame[0, 0, 0]) for frame in joined(old, new, range(8), 8, 2)] == [120] * 8


def test_a_renderer_that_knows_parts_draws_them_as_such():
    @dataclass(frozen=True)
    class Parts(Writer):
        def part(self, poses, frames, appearance=None, *, seed=0):
            self.calls.append((len(poses), frames, seed))
            for number in frames:
                yield np.full((512, 512, 3), (seed % 251, number, 0), np.uint8)

    writer = Parts()
    checked = Rechecked(writer, reader(lambda pixel: pixel[0] != 5 or pixel[1] < 8), Checks(window=8, join=0))
    frames = list(checked(CLIP, seed=5))
    assert writer.calls[1][:2] == (20, range(8, 16))
    assert [frame[0, 0, 1] for frame in frames] == list(range(20))


def test_poses_that_ask_for_nothing_are_never_bad():
    nothing = edited(CLIP, lost(slice(0, 128)))
    checked = Rechecked(Writer(), reader(lambda pixel: False))
    assert len(list(checked(nothing))) == 20
    assert all(row["good"] for row in checked.report)


def test_lost_frames_are_noticed():
    short = Rechecked(Writer(), lambda frames, fps: STILL)
    with pytest.raises(RenderError, match="1 of 20 frames came back"):
        list(short(CLIP))
    with pytest.raises(RenderError, match="gave 0 of frames 0 to 19"):
        list(Rechecked(lambda poses, appearance, seed: iter(()), reader(lambda pixel: True))(CLIP))
    with pytest.raises(ConfigError, match="half a window"):
        Checks(window=4, join=3)


def test_seeds_of_tries_differ():
    seeds = {seed_of(seed, frame, attempt) for seed in (0, 1) for frame in (0, 48) for attempt in (1, 2)}
    assert len(seeds) == 8


def test_windows_are_fitted_as_part_of_the_clip(tmp_path):
    """A signer who walks across the canvas: fitted alone, each window would stand where the portrait stands."""
    walk = CLIP.keypoints.copy()
    walk[..., 0] += 4 * np.arange(20)[:, None]
    walking = CLIP.replace(keypoints=walk)
    Image.fromarray(np.zeros((512, 512, 3), np.uint8)).save(tmp_path / "jane.png")
    (tmp_path / "consent.toml").write_text('who = "Jane"\nscope = ["research"]\nexpiry = 9999-12-31\n')
    write_poses(STILL, tmp_path / "jane.npz")
    given = []

    @dataclass(frozen=True)
    class Model(DiffusionSettings):
        def __call__(self, poses, appearance=None, *, seed=0):
            given.append((self.retarget, poses))
            yield from (np.zeros((512, 512, 3), np.uint8) for _ in range(len(poses)))

    model = Model(appearance=str(tmp_path / "jane.png"))
    list(Rechecked(model, reader(lambda pixel: False), Checks(window=8, join=0, tries=1))(walking))
    assert [(is_fitted, len(poses)) for is_fitted, poses in given] == [
        (True, 20),
        (False, 8),
        (False, 8),
        (False, 4),
    ]
    necks = np.concatenate([poses.xy[:, 1, 0] for _, poses in given[1:]])
    assert np.diff(necks) == pytest.approx(np.full(19, 4), abs=1e-3)

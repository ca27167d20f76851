"""Hands drawn again: crops land where they belong, masks are soft, and only hands are touched."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from made_up_signer import changed, signer
from PIL import Image

from signgen.config import ConfigError
from signgen.data.poses import write_poses
from signgen.errors import RenderError
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.render.avatar import Avatar
from signgen.render.base import renderers
from signgen.render.diffusion.crops import crop_renderer, poses_in_frames
from signgen.render.diffusion.guide import avatar_scene
from signgen.render.diffusion.hand_boxes import track_hands
from signgen.render.diffusion.hands import care_for_hands
from signgen.render.diffusion.settings import DiffusionSettings
from signgen.render.draw import fitted
from signgen.render.signer.body_parts import SURFACES


@dataclass(frozen=True)
class Map:
    """Paints each pixel with its place on the signer's body: linear in units of the shoulders, whatever the crop."""

    width: int = 128
    height: int = 128

    def __call__(self, poses, appearance=None, *, seed=0):
        for right, left in fitted(poses, self.width, self.height)[:, [2, 5], :2]:
            x, y = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
            unit = left[0] - right[0]
            places = np.stack([(x - right[0]) / unit, (y - right[1]) / unit, 0 * x], axis=2)
            yield np.clip(np.rint(100 + 20 * places), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Plain:
    """Frames of one colour."""

    level: int = 50
    width: int = 128
    height: int = 128

    def __call__(self, poses, appearance=None, *, seed=0):
        for _ in range(len(poses)):
            yield np.full((self.height, self.width, 3), self.level, np.uint8)


@dataclass(frozen=True)
class Brighter(Plain):
    """Starts from frames and adds to them; it keeps what it was given."""

    def for_crops(self, size):
        return self

    def redraw(self, frames, poses, *, seed=0):
        for frame, _ in zip(frames, poses.keypoints, strict=True):
            assert frame.shape[:2] == (poses.height, poses.width)
            yield frame + np.uint8(60)


def cared(poses, first, crops, size=128, room=1.8):
    report = {}
    frames = care_for_hands(
        first(poses),
        partial(poses_in_frames, first, poses),
        crop_renderer(crops, size),
        size=size,
        room=room,
        seed=0,
        report=report,
    )
    return list(frames), report


def test_crops_land_where_they_belong():
    poses = signer(6)
    # The crop knows its place on the body only by the poses it is given: any wrong shift or scale would show.
    frames, report = cared(poses, Map(), Map())
    for frame, expected in zip(frames, Map()(poses), strict=True):
        assert np.abs(frame.astype(int) - expected).max() <= 1
    assert [row["redrawn"] for row in report["hands"]] == [True, True]
    assert report["hands"][0]["gain"] > 2


def test_only_hands_change_and_softly():
    poses = signer(4)
    frames, _ = cared(poses, Plain(50), Plain(250))
    small = fitted(poses, 128, 128)
    for number, frame in enumerate(frames):
        for hand in (LEFT_HAND, RIGHT_HAND):
            at = small[number, hand, :2].astype(int)
            assert (frame[at[:, 1], at[:, 0]] > 190).all()
        y, x = np.mgrid[:128, :128] + 0.5
        hands = small[number, 18:60, :2]
        far = np.hypot(x[..., None] - hands[:, 0], y[..., None] - hands[:, 1]).min(axis=2) > 6
        assert (frame[far] == 50).all()
        whole, half = (frame > 240).sum(), ((frame > 60) & (frame < 240)).sum()
        assert half > whole / 2  # hands of 8 px with an edge that is soft over more than 1 px


def test_larger_hands_are_sharper():
    """A pattern too fine for the frame is drawn in the crop and survives as its mean, not as an alias."""

    @dataclass(frozen=True)
    class Stripes(Plain):
        def __call__(self, poses, appearance=None, *, seed=0):
            x = np.arange(self.width)
            row = np.where(x % 2, 255, 0).astype(np.uint8)
            for _ in range(len(poses)):
                yield np.repeat(np.tile(row, (self.height, 1))[..., None], 3, axis=2)

    poses = signer(2)
    frames, _ = cared(poses, Plain(0), Stripes())
    x, y = fitted(poses, 128, 128)[0, RIGHT_HAND.start, :2].astype(int)
    assert abs(int(frames[0][y, x, 0]) - 127) < 40


def test_a_second_pass_can_start_from_the_first():
    poses = signer(3)
    frames, _ = cared(poses, Map(), Brighter())
    small = fitted(poses, 128, 128)
    for number, (frame, first) in enumerate(zip(frames, Map()(poses), strict=True)):
        at = small[number, RIGHT_HAND, :2].astype(int)
        gained = frame[at[:, 1], at[:, 0], 0].astype(int) - first[at[:, 1], at[:, 0], 0]
        assert gained == pytest.approx(np.full(21, 60), abs=4)
        assert np.array_equal(frame[:20], first[:20])


def test_hands_that_are_not_there_are_not_drawn():
    def hide(keypoints):
        keypoints[:, LEFT_HAND] = 0
        keypoints[:3, RIGHT_HAND] = 0

    poses = changed(signer(8), hide)
    frames, report = cared(poses, Plain(50), Plain(250))
    assert [(row["hand"], row["frames"]) for row in report["hands"]] == [("right", 5)]
    brightest = [int(frame.max()) for frame in frames]
    assert brightest[:3] == [50, 50, 50]
    # It comes softly and stays to the end of the clip.
    assert 50 < brightest[3] < brightest[4] < brightest[5]
    assert brightest[5:] == [250, 250, 250]


def test_large_hands_are_left_alone():
    frames, report = cared(signer(2), Plain(50), Plain(250), size=8)
    assert not any(row["redrawn"] for row in report["hands"])
    assert all((frame == 50).all() for frame in frames)


def test_boxes_follow_calmly_and_keep_their_size():
    poses = signer(60)
    (left, right) = track_hands(poses.keypoints, 24, 512, 512, room=2)
    for track, hand in ((left, LEFT_HAND), (right, RIGHT_HAND)):
        boxes = [track.box(frame) for frame in range(60)]
        assert {round(box.width, 6) for box in boxes} == {round(2 * track.size, 6)}
        for frame, box in enumerate(boxes):
            x, y = poses.xy[frame, hand].T
            assert box.left < x.min()
            assert x.max() < box.right
            assert box.top < y.min()
            assert y.max() < box.bottom
        assert (track.mask(0, 64)[[0, -1]] < 0.02).all()


def test_a_renderer_that_loses_crops_is_noticed():
    @dataclass(frozen=True)
    class Short(Plain):
        def __call__(self, poses, appearance=None, *, seed=0):
            yield from list(super().__call__(poses))[:-1]

    with pytest.raises(RenderError, match="left hand: 3 crops came back for frames 0 to 3"):
        cared(signer(4), Plain(), Short())


def test_a_renderer_without_size_cannot_draw_crops():
    with pytest.raises(ConfigError, match="no size to set"):
        crop_renderer(lambda poses: iter(()), 64)


def test_registered_over_another_renderer():
    care = renderers.build(
        {"name": "hand-care", "over": {"name": "skeleton", "width": 96, "height": 96}, "size": 64}
    )
    poses = signer(3)
    frames = list(care(poses))
    assert {frame.shape for frame in frames} == {(96, 96, 3)}
    plain = list(renderers.build({"name": "skeleton", "width": 96, "height": 96})(poses))
    assert not np.array_equal(frames[0], plain[0])
    assert care.account()["hand_care"]["hands"][0]["frames"] == 3
    with pytest.raises(ConfigError, match="multiple of 8"):
        renderers.build({"name": "hand-care", "size": 100})
    with pytest.raises(ConfigError, match="unknown setting"):
        renderers.build({"name": "hand-care", "over": {"name": "skeleton", "nothing": 1}})


def test_where_an_avatar_stands_that_zooms_out():
    poses = signer(2)
    low = poses.replace(
        keypoints=poses.keypoints - np.float32([0, 90, 0]), depth=np.zeros(poses.confidence.shape)
    )
    avatar = Avatar(width=128, height=128)
    shown = poses_in_frames(avatar, low, 128, 128)
    # Its head would leave the picture, so it is smaller than the poses ask for.
    wide, asked = (np.linalg.norm(xy[0, 2] - xy[0, 5]) for xy in (shown.xy, fitted(low, 128, 128)[..., :2]))
    assert wide < 0.98 * asked
    parts = avatar_scene(avatar, low, 128, 128).layers(0).parts
    for keypoint in (RIGHT_HAND.start + 9, LEFT_HAND.start + 9):
        x, y = shown.xy[0, keypoint].astype(int)
        assert SURFACES[parts[y, x]].startswith(("left_", "right_"))


def test_where_a_signer_stands_with_the_limbs_of_a_portrait(tmp_path):
    """As the backends do: the poses are fitted to the portrait at the size of the frames."""
    picture, pose = tmp_path / "jane.png", tmp_path / "jane.npz"
    Image.fromarray(np.zeros((512, 512, 3), np.uint8)).save(picture)
    (tmp_path / "consent.toml").write_text('who = "Jane"\nscope = ["research"]\nexpiry = 9999-12-31\n')
    write_poses(signer(1).replace(keypoints=signer(1).keypoints * np.float32([0.5, 0.5, 1])), pose)

    @dataclass(frozen=True)
    class Model(DiffusionSettings):
        def __call__(self, poses, appearance=None, *, seed=0):
            return iter(())

    shown = poses_in_frames(Model(appearance=str(picture)), signer(2), 256, 256)
    assert (shown.width, shown.height) == (256, 256)
    # Shoulders of 100 px on the poses' canvas, 50 px in the picture of 512 px, 25 px in frames of 256 px.
    assert np.linalg.norm(shown.xy[0, 2] - shown.xy[0, 5]) == pytest.approx(25, abs=0.1)
    plain = poses_in_frames(Model(appearance=str(picture), retarget=False), signer(2), 256, 256)
    assert np.linalg.norm(plain.xy[0, 2] - plain.xy[0, 5]) == pytest.approx(50, abs=0.1)
    with pytest.raises(ConfigError, match=r"name who does, such as renderer\.crops="):
        crop_renderer(Model(), 64)


def test_a_renderer_that_gives_other_counts_is_noticed():
    @dataclass(frozen=True)
    class More(Plain):
        def __call__(self, poses, appearance=None, *, seed=0):
            yield from super().__call__(poses)
            yield np.zeros((self.height, self.width, 3), np.uint8)

    with pytest.raises(RenderError, match="more than 3 frames came back for 3 poses"):
        cared(signer(3), More(), Plain())
    with pytest.raises(RenderError, match="2 frames came back for 3 poses"):
        cared(signer(3), lambda poses: Plain()(poses[:2]), Plain())

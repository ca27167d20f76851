"""The still that gives a signer's looks, and the pose of the signer in it."""

import datetime

import numpy as np
import pytest
from made_up_signer import signer
from PIL import Image

from signgen.config import ConfigError
from signgen.data.poses import write_poses
from signgen.errors import DataError, PoseError
from signgen.pose.layout import LEFT_HAND, LEFT_SHOULDER, NECK, RIGHT_HAND, RIGHT_SHOULDER
from signgen.render.base import check_ready, renderers
from signgen.render.diffusion.appearance import (
    check_appearance,
    clearest,
    given_still,
    open_appearance,
    portrait_still,
)

TODAY = datetime.date(2026, 5, 4)


@pytest.fixture
def portrait(tmp_path):
    y, x = np.mgrid[:256, :512]
    Image.fromarray(np.stack([x // 2, y, 0 * x], axis=2).astype(np.uint8)).save(tmp_path / "jane.png")
    (tmp_path / "consent.toml").write_text('who = "Jane"\nscope = ["research"]\nexpiry = 2026-12-31\n')
    return tmp_path / "jane.png"


def one_pose(x=0.0):
    """A signer of 512 x 512 px made to stand ``x`` px from the left edge of a picture of 512 x 256 px."""
    pose = signer(1)
    keypoints = pose.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] / 2 + (x, 0)
    return pose.replace(keypoints=keypoints, width=512, height=256)


def test_a_portrait_needs_consent(portrait):
    still = open_appearance(str(portrait), signer(2), 128, 64, today=TODAY)
    assert still.picture.shape == (64, 128, 3)
    assert still.pose is None
    assert still.account["consent"]["scope"] == ["research"]
    assert still.account["purpose"] == "research"
    (portrait.parent / "consent.toml").unlink()
    with pytest.raises(DataError, match=r"consent\.toml: missing"):
        open_appearance(str(portrait), signer(2), 128, 64, today=TODAY)


def test_the_consent_may_lie_elsewhere(portrait, tmp_path):
    there = tmp_path / "papers" / "jane.toml"
    there.parent.mkdir()
    (portrait.parent / "consent.toml").rename(there)
    assert portrait_still(portrait, "research", consent=there, today=TODAY).account["consent"]


def test_pose_and_picture_are_cut_alike(portrait):
    write_poses(one_pose(200.0), portrait.with_suffix(".npz"))
    still = portrait_still(portrait, "research", today=TODAY)
    cut = still.cut_to(128, 128)
    assert (cut.pose.width, cut.pose.height) == (128, 128)
    # The picture says where each place of it came from: red is half of x, green is y.
    for keypoint in (NECK, LEFT_SHOULDER, RIGHT_SHOULDER):
        x, y = cut.pose.xy[0, keypoint]
        at = cut.picture[int(y), int(x)].astype(float)
        assert at[0] * 2 == pytest.approx(still.pose.xy[0, keypoint, 0], abs=4)
        assert at[1] == pytest.approx(still.pose.xy[0, keypoint, 1], abs=2.5)
    # It is cut around the signer and not around the middle of the picture.
    seen = cut.pose.xy[0]
    assert (seen[:, 0].min() + seen[:, 0].max()) / 2 == pytest.approx(64, abs=1)


def test_poses_that_are_not_those_of_the_picture(portrait):
    write_poses(signer(1), portrait.with_suffix(".npz"))
    with pytest.raises(DataError, match=r"jane\.npz: poses of 512 x 512 px"):
        portrait_still(portrait, "research", today=TODAY)
    hidden = one_pose()
    keypoints = hidden.keypoints.copy()
    keypoints[:, LEFT_SHOULDER] = 0
    write_poses(hidden.replace(keypoints=keypoints), portrait.with_suffix(".npz"))
    with pytest.raises(PoseError, match="shoulders"):
        portrait_still(portrait, "research", today=TODAY)


def test_an_avatar_needs_no_consent_and_knows_its_pose():
    poses = signer(3)
    still = open_appearance("avatar:bola", poses, 128, 128)
    assert still.picture.shape == (128, 128, 3)
    assert still.account["kind"] == "avatar"
    assert still.account["signer"] == "bola"
    pose = still.pose
    assert (len(pose), pose.width, pose.height) == (1, 128, 128)
    assert pose.depth[0, NECK] == 0
    # The shoulders of the drawn body are those of the poses, a quarter of their size.
    for keypoint in (LEFT_SHOULDER, RIGHT_SHOULDER):
        assert pose.xy[0, keypoint] == pytest.approx(poses.xy[still.account["frame"], keypoint] / 4, abs=3)
    assert not np.array_equal(open_appearance("avatar", poses, 128, 128).picture, still.picture)
    with pytest.raises(ConfigError, match="no signer"):
        open_appearance("avatar:nobody", poses, 64, 64)


def test_the_clearest_frame():
    poses = signer(4)
    keypoints = poses.keypoints.copy()
    keypoints[1] = keypoints[0]
    keypoints[0, RIGHT_HAND] = 0
    keypoints[2, LEFT_HAND, 2] = 0.5
    keypoints[3, [LEFT_SHOULDER, RIGHT_SHOULDER]] = 0
    assert clearest(poses.replace(keypoints=keypoints)) == 1


def test_a_picture_handed_over_has_its_hash():
    picture = np.zeros((64, 96, 3), np.uint8)
    still = given_still(picture, 64, 64)
    assert still.picture.shape == (64, 64, 3)
    assert set(still.account) == {"kind", "pixels_sha256"}


def test_consent_is_asked_for_before_weights(portrait):
    (portrait.parent / "consent.toml").write_text('who = "Jane"\nscope = ["research"]\nexpiry = 9999-12-31\n')
    check_appearance(str(portrait), purpose="research")
    for name in ("", "avatar", "avatar:bola", "avatar:seed:7"):
        check_appearance(name, purpose="research")
    with pytest.raises(ConfigError, match="no signer"):
        check_appearance("avatar:nobody", purpose="research")
    asked = renderers.build({"name": "controlnet", "appearance": str(portrait), "purpose": "commercial"})
    with pytest.raises(DataError, match="does not cover commercial"):
        check_ready(asked)

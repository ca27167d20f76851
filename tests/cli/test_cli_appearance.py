"""Looks of the signer from flags and YAML, in the sidecar, and on a repeated run."""

from __future__ import annotations

import json

import imageio.v3 as iio
import numpy as np
import pytest

from signgen.body.asset import Identity, load_body
from signgen.body.kinematics import at_rest, keypoints
from signgen.data.poses import write_poses
from signgen.pose.sequence import PoseSequence


@pytest.fixture
def standing(tmp_path):
    """Two frames of a body at rest, a picture of a wall and YAML of a look, in the folder that commands run in."""
    body = load_body()
    points = keypoints(body.shape(Identity({"man_young_average": 1.0})), at_rest(body, 2)) * 40 + (32, 24, 0)
    canvas = np.ones(points.shape)
    canvas[..., :2] = points[..., :2]
    write_poses(PoseSequence(canvas, 24, 64, 64, points[..., 2]), tmp_path / "standing.npz")
    iio.imwrite(tmp_path / "wall.png", np.full((20, 30, 3), (200, 40, 40), dtype=np.uint8))
    (tmp_path / "look.yaml").write_text("signer: bola\nhair: curly\nsamples: 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "name", "value"),
    [
        (["--signer", "chen"], "signer", "chen"),
        (["--signer", "seed:7"], "signer", "seed:7"),
        (["--skin", "#806040"], "skin", "#806040"),
        (["--hair", "bun"], "hair", "bun"),
        (["--clothes", "v-neck"], "clothes", "v-neck"),
        (["--clothes-colour", "coral"], "clothes_colour", "coral"),
        (["--background", "warm"], "background", "warm"),
        (["--light", "side"], "light", "side"),
        (["--left-handed"], "left_handed", True),
        (["--appearance", "look.yaml"], "signer", "bola"),
        (["--appearance", "look.yaml", "--signer", "emil"], "signer", "emil"),
        (["--appearance", "look.yaml", "--signer", "emil"], "hair", "curly"),
        (["--signer", "ada", "--set", "renderer.distance=2"], "distance", 2.0),
    ],
)
def test_flags_of_looks(signgen, standing, flags, name, value):
    # A signer's flags ask for the avatar, without --renderer.
    ran = signgen("render", "standing.npz", "-o", "a.mp4", *flags)
    assert ran.code == 0, ran.err
    assert json.loads((standing / "a.json").read_text())["config"]["renderer"][name] == value


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--signer", "adda"], "renderer.signer: no signer called 'adda'; did you mean 'ada'?"),
        (["--skin", "pink"], "renderer.skin: expected #rrggbb or one of"),
        (["--background", "gone.jpg"], "renderer.background: 'gone.jpg' is neither"),
        (["--background", "look.yaml"], "look.yaml: not a PNG, JPEG, WebP or BMP picture"),
        (["--appearance", "gone.yaml"], "gone.yaml: cannot be read"),
    ],
)
def test_looks_that_are_none(signgen, standing, flags, message):
    ran = signgen("render", "standing.npz", "-o", "a.mp4", *flags)
    assert ran.code != 0
    assert message in ran.error
    assert not (standing / "a.mp4").exists()


def test_a_background_picture_is_recorded_and_checked(signgen, standing):
    flags = ("--signer", "seed:3", "--background", "wall.png")
    assert signgen("render", "standing.npz", "-o", "a.mp4", *flags).code == 0
    recorded = json.loads((standing / "a.json").read_text())["config"]["renderer"]
    assert recorded["background"] == str(standing / "wall.png")
    assert len(recorded["background_sha256"]) == 64
    assert signgen("rerun", "a.json").code == 0
    iio.imwrite(standing / "wall.png", np.zeros((20, 30, 3), dtype=np.uint8))
    ran = signgen("rerun", "a.json")
    assert (ran.code, "wall.png: has changed since the run" in ran.error) == (4, True)
    (standing / "wall.png").unlink()
    ran = signgen("rerun", "a.json")
    assert (ran.code, "wall.png: cannot be read" in ran.error) == (4, True)

"""The section `look` of a job: who hears it, who refuses it, and that its defaults leave no trace."""

import json

import numpy as np
import pytest
from made_up_signer import signer

from signgen.batch.plan import expand
from signgen.batch.texts import Text
from signgen.data.poses import read_pose, write_poses
from signgen.errors import ConfigError, PoseError
from signgen.pose.looks import Look
from signgen.workflow.captions import make_track
from signgen.workflow.generate import generate, generate_poses
from signgen.workflow.render import render_video
from signgen.workflow.rerun import rerun
from signgen.workflow.settings import prepare

SMALL = {"source": {"width": 128, "height": 128, "fps": 12}}
LOOK = {"signer": 4, "yaw": 15, "zoom": 0.8, "noise": 0.01}
SKELETON = {"renderer": {"name": "skeleton", "size": 64}}


def test_a_default_look_is_not_written_down():
    assert "look" not in prepare(SMALL).config
    assert prepare({**SMALL, "look": {"yaw": 0, "signer": None}}) == prepare(SMALL)
    config = prepare({**SMALL, "look": LOOK}).config
    assert config["look"] == {**{f: getattr(Look(), f) for f in Look.__dataclass_fields__}, **LOOK}
    json.dumps(config)


def test_poses_have_the_look_and_can_be_repeated(tmp_path):
    generate_poses("Hello.", tmp_path / "plain.npz", SMALL)
    generate_poses("Hello.", tmp_path / "looked.npz", {**SMALL, "look": LOOK, "seed": 5})
    expected = Look(**LOOK)(read_pose(tmp_path / "plain.npz"), seed=5)
    np.testing.assert_allclose(read_pose(tmp_path / "looked.npz").keypoints, expected.keypoints, atol=1e-3)
    assert rerun(tmp_path / "looked.npz.json").is_identical


def test_skeletons_are_drawn_with_it(tmp_path):
    made = generate("Hello.", tmp_path / "clip.mp4", {**SMALL, **SKELETON, "look": LOOK})
    poses = generate_poses("Hello.", tmp_path / "clip.npz", {**SMALL, "look": LOOK})
    assert made.poses_sha256 == poses.poses_sha256
    assert rerun(tmp_path / "clip.json").is_identical


def test_who_draws_a_body_of_their_own_refuses(tmp_path):
    for renderer in ("avatar", "refine"):
        with pytest.raises(ConfigError, match=f"look: changes poses, but renderer {renderer} draws a body"):
            generate("Hello.", tmp_path / "clip.mp4", {**SMALL, "renderer": renderer, "look": LOOK})
    write_poses(signer(5), tmp_path / "poses.npz")
    with pytest.raises(ConfigError, match="look: changes what is signed"):
        render_video(tmp_path / "poses.npz", tmp_path / "clip.mp4", {**SKELETON, "look": LOOK})
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".mp4"] == []


def test_a_batch_varies_it():
    vary = {"look.signer": [None, 0, 1], "look.yaw": [-20, 0, 20]}
    samples = expand([Text("Hello.")], SMALL, vary, "poses")
    assert len({sample.id for sample in samples}) == 9
    with pytest.raises(ConfigError, match="renderer avatar draws a body"):
        expand([Text("Hello.")], SMALL, vary, "video")
    assert len(expand([Text("Hello.")], {**SMALL, **SKELETON}, vary, "video")) == 9


def test_every_cue_of_subtitles_has_it():
    from signgen.data.cue import Cue

    cues = [Cue(0.0, 1.0, "Hello."), Cue(4.0, 5.0, "Hello.")]
    track = make_track(prepare({**SMALL, "look": {"zoom": 0.5}}), cues, 1.5)
    plain = make_track(prepare(SMALL), cues, 1.5)
    across = [np.abs(t.poses.xy[:, 2, 0] - t.poses.xy[:, 5, 0]) for t in (track, plain)]
    np.testing.assert_allclose(across[0], 0.5 * across[1], atol=1e-3)


def test_sources_without_depth_have_one_view(tmp_path):
    write_poses(signer(5), tmp_path / "flat.npz")
    replay = {"source": {"name": "replay", "path": str(tmp_path / "flat.npz")}}
    with pytest.raises(PoseError, match="no other view"):
        generate_poses("Hello.", tmp_path / "turned.npz", {**replay, "look": {"yaw": 10}})


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (3, "look: expected a mapping such as {signer: 7, yaw: 20}"),
        ({"yow": 3}, "look.yow: unknown setting; did you mean 'yaw'?"),
        ({"yaw": 300}, "look.yaw: input should be less than or equal to 80, got 300"),
    ],
)
def test_what_is_refused(section, says):
    with pytest.raises(ConfigError) as error:
        prepare({"look": section})
    assert says in str(error.value)

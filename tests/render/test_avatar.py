"""The avatar: where it stands, what it wears, and that no setting makes it fall apart."""

import dataclasses
import itertools

import numpy as np
import pytest
from shapes import cube, sphere

from signgen.body.asset import Identity, load_body
from signgen.body.kinematics import at_rest, keypoints
from signgen.config import check
from signgen.errors import ConfigError, DataError, PoseError
from signgen.pose.geometry import mirror
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.render.avatar import Avatar
from signgen.render.signer import paint
from signgen.render.signer.appearance import Appearance, who
from signgen.render.signer.body_parts import SURFACES
from signgen.render.signer.clothes import CUTS
from signgen.render.signer.dress import dressed
from signgen.render.signer.following import laid_on, spread
from signgen.render.signer.hair import STYLES
from signgen.render.signer.piece import Piece, cut, piece_of, refined
from signgen.render.signer.scene import scene_of


def about_x(degrees):
    a = np.radians(degrees)
    return np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])


@pytest.fixture(scope="module")
def poses():
    """A body that lifts its right hand, as keypoints on a canvas of 320 x 320 px with 200 px to the metre."""
    body = load_body()
    shape = body.shape(Identity({"woman_young_average": 1.0}))
    pose = at_rest(body, 3)
    for frame, angle in enumerate((-60, -90, -110)):
        pose.rotations[frame, body.bone["lowerarm01.R"]] = about_x(angle)
    points = keypoints(shape, pose) * 200 + (160, 120, 0)
    canvas = np.ones(points.shape)
    canvas[..., :2] = points[..., :2]
    return PoseSequence(canvas, 24, 320, 320, points[..., 2])


def test_the_body_stands_where_the_poses_are(poses):
    scene = scene_of(poses, Appearance(framing="canvas"), (320, 320))
    off = np.linalg.norm(scene.keypoints()[..., :2] - poses.xy, axis=-1)
    # 200 px to the metre: another woman's body meets the given one within 2 cm, the hands within 1.5 cm.
    assert np.median(off[:, 1:8]) < 4
    hands = np.r_[LEFT_HAND, RIGHT_HAND]
    assert np.median(off[:, hands]) < 3


def test_shoulders_stay_in_place_in_perspective(poses):
    scene = scene_of(poses, Appearance(framing="canvas", distance=2.0), (320, 320))
    flat = scene_of(poses, Appearance(framing="canvas"), (320, 320)).keypoints()
    near = scene.keypoints()
    assert np.abs(near[:, [1, 2, 5], :2] - flat[:, [1, 2, 5], :2]).max() < 1
    # By hand: what stands f metres before the shoulders is 2 / (2 - f) times as far from the middle of the view.
    from_middle = (flat[..., :2] - 160) * (2 / (2 + flat[..., 2:] - flat[:, [1], 2:]))
    assert near[..., :2] - 160 == pytest.approx(from_middle, abs=0.5)


def test_twice_the_frame_is_twice_the_place(poses):
    small = scene_of(poses, Appearance(framing="canvas"), (320, 320)).keypoints()
    large = scene_of(poses, Appearance(framing="canvas"), (640, 640)).keypoints()
    assert large[..., :2] == pytest.approx(2 * small[..., :2], abs=1e-6)


def test_parts_lie_at_their_keypoints(poses):
    scene = scene_of(poses, Appearance(framing="canvas"), (320, 320))
    for frame in range(3):
        shown = scene.layers(frame)
        places = scene.keypoints()[frame]

        def part(keypoint, shown=shown, places=places):
            x, y = places[keypoint, :2].astype(int)
            return SURFACES[shown.parts[y, x]]

        assert part(0) == "head"
        assert part(RIGHT_HAND.start + 9).startswith("right_")
        assert part(RIGHT_HAND.start + 7) == "right_index"
        assert part(LEFT_HAND.start + 11) == "left_middle"
        assert part(2) in ("shirt", "shirt_right_sleeve")
        assert set(np.unique(shown.parts)) <= {-1, *range(len(SURFACES))}
        # The fingertip's distance is that of the keypoint, less the flesh around it.
        x, y = places[RIGHT_HAND.start + 7, :2].astype(int)
        assert shown.depth[y, x] == pytest.approx(places[RIGHT_HAND.start + 7, 2], abs=0.03)


def test_frames_do_not_depend_on_threads(poses):
    one, two = (list(Avatar(threads=n, width=96, height=96)(poses)) for n in (1, 2))
    assert np.array_equal(one, two)


def test_a_clip_can_be_left_half_way(poses):
    frames = Avatar(width=64, height=64)(poses)
    assert next(frames).shape == (64, 64, 3)
    frames.close()


def test_the_head_stays_in_the_picture(poses):
    low = poses.replace(keypoints=poses.keypoints - np.array([0, 60, 0], dtype=np.float32))
    cropped = scene_of(low, Appearance(framing="canvas"), (320, 320)).layers(0)
    whole = scene_of(low, Appearance(), (320, 320)).layers(0)
    assert cropped.alpha[0].any()
    assert not whole.alpha[0].any()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"skin": "pink"}, ConfigError),
        ({"eyes": "#12345"}, ConfigError),
        ({"signer": "nobody"}, ConfigError),
        ({"signer": "seed:"}, ConfigError),
        ({"signer": "seed:4294967296"}, ConfigError),
        ({"background": "#12345"}, ConfigError),
        ({"background": "no such.png"}, ConfigError),
        ({"background": "gone.png", "background_sha256": "0" * 64}, DataError),
        ({"background": __file__}, DataError),
        ({"background": __file__, "background_sha256": "0" * 64}, DataError),
        ({"size": 64, "width": 64}, ConfigError),
    ],
)
def test_settings_that_are_none(poses, settings, error):
    with pytest.raises(error) as caught:
        Avatar(**settings)(poses)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [{"yaw": 61}, {"zoom": 0}, {"hair": "mohawk"}, {"backdrop": "picture"}, {"samples": 5}, {"width": 5000}],
)
def test_settings_out_of_range(settings):
    with pytest.raises(ConfigError):
        check(Avatar, settings)


def test_poses_without_depth_are_lifted(poses):
    flat = poses.replace(depth=None)
    shown, own = (list(Avatar(samples=1)(p)) for p in (flat, poses))
    assert len(shown) == len(flat)
    # The same signer in front of the same camera: little but the arm's depth differs.
    assert np.mean(np.abs(shown[0].astype(int) - own[0]) > 30) < 0.1


def test_poses_without_shoulders_say_so(poses):
    hidden = poses.keypoints.copy()
    hidden[:, [2, 5]] = 0
    with pytest.raises(PoseError, match="shoulders"):
        Avatar()(poses.replace(keypoints=hidden))


@pytest.mark.parametrize(
    ("hair", "clothes"), list(itertools.zip_longest(["bald", *STYLES], CUTS, fillvalue="t-shirt"))
)
def test_every_look_hangs_together(hair, clothes):
    person, look = who(Appearance(signer="seed:7"))
    signer = dressed(load_body().shape(person), dataclasses.replace(look, hair=hair, clothes=clothes))
    piece = signer.piece
    assert piece.weights.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (np.diff(piece.weights, axis=1) <= 0).all()
    assert ("hair" in {SURFACES[i] for i in np.unique(piece.surface)}) == (hair != "bald")
    rest = signer.posed(
        signer.movements(at_rest(load_body()))[0], np.zeros(len(load_body().actions), np.float32)
    )
    assert np.abs(rest - piece.points).max() < 1e-4
    assert np.isfinite(signer.model.fields).all()
    assert np.isfinite(signer.model.tint).all()
    assert 0 < signer.model.sky.min() <= signer.model.sky.max() <= 1


def test_left_handed_swaps_what_hands_do_and_not_the_looks(poses):
    given = mirror(poses)
    swapped = list(Avatar(width=96, height=96, left_handed=True)(poses))
    assert np.array_equal(swapped, list(Avatar(width=96, height=96)(given)))
    # The lifted hand is the left one now: its wrist, on the right of the picture, above the other.
    places = scene_of(given, Appearance(), (320, 320)).keypoints()[2]
    assert places[LEFT_HAND.start, 1] < places[RIGHT_HAND.start, 1]
    assert places[LEFT_HAND.start, 0] > places[RIGHT_HAND.start, 0]
    # Frames are not the mirrored pictures: hair, light and shadow stay on their sides.
    plain = list(Avatar(width=96, height=96)(poses))
    assert not np.array_equal(np.array(swapped), np.array(plain)[:, :, ::-1])


def piece(vertices, triangles):
    count = len(vertices)
    weights = np.zeros((count, 4), dtype=np.float32)
    weights[:, 0] = 1
    bones = np.tile(np.arange(4), (count, 1)) + (np.arange(count) % 3)[:, None]
    return Piece(
        vertices, bones, weights, np.arange(count), triangles.astype(np.int64), np.zeros(len(triangles))
    )


def area(it):
    corners = it.points[it.triangles].astype(np.float64)
    return (
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
        / 2
    )


def test_cutting_a_cube():
    whole = piece(*cube(0.3))
    assert area(whole) == pytest.approx(6 * 0.36)
    part = cut(whole, 0.1 - whole.points[:, 0].astype(np.float64))
    # One end face and four sides of 0.4 m of 0.6 m are left.
    assert area(part) == pytest.approx(0.36 + 4 * 0.6 * 0.4, rel=1e-4)
    assert part.points[:, 0].max() == pytest.approx(0.1, abs=1e-4)
    assert part.weights.sum(axis=1) == pytest.approx(1)
    finer = refined(whole)
    assert area(finer) == pytest.approx(area(whole))
    assert len(finer.triangles) == 48


def test_a_ball_lies_open_and_its_inside_does_not():
    vertices, triangles = sphere(24, 36, 0.2)
    box = np.array([[(-0.3, -0.3, -0.3), (0.3, 0.3, 0.3)]])
    assert paint.openness(vertices, triangles, box, 24).min() > 0.97
    both = np.concatenate([triangles, triangles[:, ::-1] + len(vertices)]).astype(np.int32)
    sky = paint.openness(np.concatenate([vertices, vertices * np.float32(0.9)]), both, box, 24)
    assert sky[len(vertices) :].max() < 0.3


def test_no_shirt_lies_below_the_skin():
    shape = load_body().shape(Identity({"woman_young_average": 1.0}))
    parts = load_body().part_faces("body")
    skin = piece_of(shape, parts, np.zeros(len(parts), dtype=np.int64))
    # A shirt drawn 4 mm into the chest.
    inner = skin.replace(points=(skin.points - 0.004 * skin.normals()).astype(np.float32))
    laid = laid_on(inner, skin, len(load_body().bones))
    height = ((laid.points - skin.points) * skin.normals()).sum(axis=1)
    assert np.percentile(height, 5) > -0.001
    # It follows what the skin below follows.
    assert (laid.bones[:, 0] == skin.bones[:, 0]).mean() > 0.95


def test_spread_weights_stay_where_they_belong():
    shape = load_body().shape(Identity({"man_young_average": 1.0}))
    parts = load_body().part_faces("body")
    skin = piece_of(shape, parts, np.zeros(len(parts), dtype=np.int64))
    soft = spread(skin, shape)
    assert soft.weights.sum(axis=1) == pytest.approx(1, abs=1e-5)
    changed = np.abs(soft.weights - skin.weights).max(axis=1) > 1e-3
    joints = shape.heads[[load_body().bone[f"upperarm01.{side}"] for side in "LR"]]
    far = np.linalg.norm(skin.points[:, None] - joints, axis=2).min(axis=1)
    assert changed.any()
    assert far[changed].max() < 0.18

    def steepest(piece):
        """How much of the upper arm's hold an edge of the mesh loses at most."""
        arm = (piece.weights * (piece.bones == load_body().bone["upperarm01.L"])).sum(axis=1)
        return np.abs(arm[piece.triangles[:, 0]] - arm[piece.triangles[:, 1]]).max()

    assert steepest(soft) < 0.7 * steepest(skin)

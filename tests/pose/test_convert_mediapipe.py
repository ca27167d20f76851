"""MediaPipe's points on real faces and bodies: every one where its name says, on the right side, at sane depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from plain_mediapipe import give_depth

from signgen.data.pose_file import read_pose_file
from signgen.data.pose_layouts import sequences_of
from signgen.errors import PoseError
from signgen.pose import layout
from signgen.pose.convert import face_mesh, holistic, slrtp
from signgen.pose.convert.mapping import tidied

FULL_FILES = (
    "pose/colin-SAD.pose",
    "pose/phoenix_test17_holistic.pose",
    "dgs_signs/YOUNG1^.pose",
    "dgs_signs/HOUSE1A^.pose",
)
REDUCED_FILES = ("pose/mediapipe.pose", "dgs_pairs/train_1_original.pose", "dgs_pairs/train_3_updated.pose")


def poses_of(path: Path):
    return sequences_of(read_pose_file(path))[0][0]


def spelling_clips() -> list[Path]:
    package = pytest.importorskip("spoken_to_signed")
    folder = Path(package.__file__).parent / "assets" / "fingerspelling_lexicon"
    return [sorted((folder / language).glob("*.pose"))[0] for language in ("ase", "gsg", "cse")]


def upright(face: np.ndarray) -> np.ndarray:
    """(T, 68, 2) faces with the outer eye corners at (-0.5, 0) and (0.5, 0)."""
    right, left = face[:, 36, :2], face[:, 45, :2]
    along = (left - right)[..., 0] + 1j * (left - right)[..., 1]
    centre = (right + left) / 2
    turned = ((face[..., 0] - centre[:, :1]) + 1j * (face[..., 1] - centre[:, 1:])) / along[:, None]
    return np.stack([turned.real, turned.imag], axis=-1)


def assert_is_a_face(face: np.ndarray) -> None:
    """Anatomy of one mean face, upright, y down, the signer's right at smaller x."""
    x, y = face[:, 0], face[:, 1]
    jaw, brow_r, brow_l, bridge, base = face[:17], face[17:22], face[22:27], face[27:31], face[31:36]
    eye_r, eye_l, outer, inner = face[36:42], face[42:48], face[48:60], face[60:68]
    # The jaw is the outside: from temple to temple round the chin, nothing beyond it or below.
    assert (np.diff(x[3:14]) > 0).all(), "the jaw runs from the signer's right to the left"
    assert y[8] == jaw[:, 1].max() == y.max(), "the chin is the lowest point"
    assert x.argmin() < 4
    assert 13 <= x.argmax() < 17
    assert -0.3 < y[0] < 0.3, "the jaw begins at the height of the eyes"
    assert -0.3 < y[16] < 0.3
    # Brows above eyes, outer ends outside.
    assert brow_r[:, 1].max() < eye_r[:, 1].min()
    assert brow_l[:, 1].max() < eye_l[:, 1].min()
    assert (np.diff(brow_r[:, 0]) > 0).all()
    assert (np.diff(brow_l[:, 0]) > 0).all()
    assert brow_r[:, 0].max() < brow_l[:, 0].min()
    # Eyes: corners extreme, upper lid above lower lid, both in the face, right one on the right.
    for eye in (eye_r, eye_l):
        assert eye[:, 0].argmin() == 0
        assert eye[:, 0].argmax() == 3
        assert eye[[1, 2], 1].max() < eye[[4, 5], 1].min()
        assert eye[1, 0] < eye[2, 0]
        assert eye[5, 0] < eye[4, 0]
    assert eye_r[:, 0].max() < eye_l[:, 0].min()
    # Nose: bridge goes down between the eyes to the tip, the base is below it and runs right to left.
    assert (np.diff(bridge[:, 1]) > 0).all()
    assert eye_r[3, 0] < bridge[0, 0] < eye_l[0, 0]
    assert (np.diff(base[:, 0]) > 0).all()
    assert base[:, 1].min() > bridge[2, 1]
    assert abs(base[2, 0] - bridge[3, 0]) < 0.12
    # Lips: corners extreme, clockwise from the right corner, the inner ring inside the outer one.
    assert outer[:, 0].argmin() == 0
    assert outer[:, 0].argmax() == 6
    assert (np.diff(outer[:7, 0]) > 0).all()
    assert (np.diff(outer[6:, 0]) < 0).all()
    assert outer[2:5, 1].max() < inner[[1, 2, 3], 1].min()
    assert inner[[5, 6, 7], 1].max() < outer[8:11, 1].min()
    assert outer[:, 0].min() <= inner[:, 0].min()
    assert inner[:, 0].max() <= outer[:, 0].max()
    assert base[:, 1].max() < outer[:, 1].min()
    assert outer[:, 1].max() < y[8]


@pytest.mark.parametrize("name", [*FULL_FILES, *REDUCED_FILES])
def test_the_68_points_land_on_their_features(shared_data, name):
    face = poses_of(shared_data / name).part(layout.FACE)
    face = face[face[..., 2].min(axis=1) > 0]
    assert len(face) > 10
    assert_is_a_face(np.median(upright(face), axis=0))


def test_the_68_points_land_on_their_features_in_lexicon_clips():
    for path in spelling_clips():
        assert_is_a_face(np.median(upright(poses_of(path).part(layout.FACE)), axis=0))


def test_the_table_is_symmetric():
    """On a face that looks straight ahead, mirrored points are mirror images."""
    for path in spelling_clips():  # One canonical face, looking at the camera.
        face = np.median(upright(poses_of(path).part(layout.FACE)), axis=0)
        mirrored = face[layout.MIRROR[layout.FACE] - 60] * (-1, 1)
        assert np.abs(mirrored - face).max() < 0.16
        assert np.abs(mirrored - face).mean() < 0.05


def test_shape_is_that_of_dwpose_faces(shared_data):
    """Procrustes distance of the mean face to the mean face that real DWPose gave."""
    import zipfile

    from signgen.data.unpickle import load_object_array

    files = sorted((shared_data / "dwpose_signer" / "npz").glob("*.npz"))
    scale = np.array([1280, 720])
    real = np.stack(
        [
            np.reshape(load_object_array(zipfile.ZipFile(f).read("person_0.npy"))["face_keypoints"], (68, 2))
            * scale
            for f in files
        ]
    )
    target = np.median(upright(real), axis=0)
    for name in FULL_FILES:
        face = np.median(upright(poses_of(shared_data / name).part(layout.FACE)), axis=0)
        assert procrustes(target, face) < 0.25, name  # Another person, another turn of the head.
        assert procrustes(target, face[np.random.default_rng(0).permutation(68)]) > 0.8


def procrustes(a: np.ndarray, b: np.ndarray) -> float:
    a, b = ((p - p.mean(axis=0)) / np.linalg.norm(p - p.mean(axis=0)) for p in (a, b))
    return float(np.sqrt(max(0.0, 1 - np.linalg.svd(a.T @ b, compute_uv=False).sum() ** 2)))


@pytest.mark.parametrize("name", FULL_FILES)
def test_a_nose_derived_from_the_contours_is_where_the_real_one_is(shared_data, name):
    poses = poses_of(shared_data / name)
    face = np.concatenate([poses.keypoints, poses.depth[..., None]], axis=-1)[:, layout.FACE]
    derived = face_mesh.with_nose(face)
    error = np.linalg.norm((derived - face)[:, face_mesh.NOSE, :2], axis=-1)
    eyes = np.linalg.norm(face[:, 45, :2] - face[:, 36, :2], axis=-1)
    assert np.median(error / eyes[:, None]) < 0.05
    assert np.percentile(error / eyes[:, None], 95) < 0.13
    kept = np.setdiff1d(np.arange(68), np.arange(27, 36))
    assert np.array_equal(derived[:, kept], face[:, kept])


def test_a_nose_needs_its_corners_and_no_depth():
    face = np.zeros((2, 68, 3), np.float32)
    face[:, [36, 45, 48, 54]] = [[10, 10, 1], [20, 10, 0.5], [12, 22, 1], [18, 22, 1]]
    face[1, 48] = 0
    out = face_mesh.with_nose(face)
    assert out[0, 30] == pytest.approx([15, 10 + 0.62 * 12, 0.5])
    assert not out[1, 27:36].any()


def test_reduced_files_give_a_full_face(shared_data):
    for number in (1, 2, 16):
        poses = poses_of(shared_data / "dgs_pairs" / f"train_{number}_original.pose")
        assert (poses.part(layout.FACE)[..., 2] > 0).all()
        report = sequences_of(read_pose_file(shared_data / "dgs_pairs" / "train_1_original.pose"))[1]
        assert report.derived[:2] == ("nose", "neck")
        assert len(report.derived) == 15
        assert report.missing == ("right_knee", "right_ankle", "left_knee", "left_ankle")
        assert np.allclose(poses.keypoints[:, layout.NOSE, :2], poses.keypoints[:, 90, :2])


def assert_is_plain_conversion(points: np.ndarray, components: holistic.Components, width: int) -> None:
    """The compiled conversion equals the one of `plain_mediapipe` on (T, K, 4) points."""
    mapping = holistic.mapping_of(components)
    expected = mapping(points)
    give_depth(expected, width)
    expected = tidied(holistic.completed(expected, mapping))
    assert np.abs(holistic.to_dwpose(points, components, width) - expected).max(initial=0) < 1e-4
    flat = holistic.completed(mapping(points[..., :3]), mapping)
    assert np.array_equal(holistic.to_dwpose(points[..., :3], components, width), flat)


@pytest.mark.parametrize("name", [*FULL_FILES, *REDUCED_FILES])
@pytest.mark.parametrize("scale", [1.0, 1.7, 1 / 500])
def test_compiled_conversion_equals_the_plain_one(shared_data, name, scale):
    file = read_pose_file(shared_data / name)
    points = np.concatenate([file.points[:, 0, :, :2], file.confidence[:, 0, :, None]], axis=-1)
    z = scale * file.points[:, 0, :, 2:]
    points = np.concatenate([points, z.astype(np.float32)], axis=-1)[:400]
    for width in (file.header.width, 512):
        assert_is_plain_conversion(points, file.header.point_names, width)


def test_compiled_conversion_equals_the_plain_one_on_spoiled_points():
    """Gaps, unknown and impossible confidences, numbers that are none; wrists copied from the hands or not seen."""
    rng = np.random.default_rng(3)
    names = holistic.FULL
    for frames in (0, 1, 2, 25):
        points = rng.normal(size=(frames, 543, 4)).astype(np.float32)
        points[..., :2] = 256 + 60 * points[..., :2]
        points[..., 2] = np.clip(points[..., 2], -0.2, 1.3)
        assert_is_plain_conversion(points, names, 512)
        points[:, 33:501, 2] = rng.random((frames, 1)) > 0.3  # whole faces come and go
        points[:, [15, 16], 3] = points[:, [501, 522], 3]
        assert_is_plain_conversion(points, names, 512)
        bad = rng.random(points.shape) < 0.01
        points[bad] = rng.choice([np.nan, np.inf, -np.inf], size=int(bad.sum()))
        assert_is_plain_conversion(points, names, 512)


@pytest.mark.parametrize("name", [*FULL_FILES, *REDUCED_FILES])
def test_sides_are_the_signers(shared_data, name):
    poses = poses_of(shared_data / name)
    x = np.median(poses.xy[..., 0], axis=0)
    for left, right in [
        (layout.LEFT_SHOULDER, layout.RIGHT_SHOULDER),
        (layout.LEFT_EYE, layout.RIGHT_EYE),
        (layout.LEFT_EAR, layout.RIGHT_EAR),
        (layout.LEFT_HIP, layout.RIGHT_HIP),
    ]:
        assert x[left] > x[right]
    for wrist, hand in ((layout.LEFT_WRIST, 18), (layout.RIGHT_WRIST, 39)):
        both = (poses.confidence[:, wrist] > 0.5) & (poses.confidence[:, hand] > 0)
        if both.any():
            gap = np.linalg.norm(poses.xy[both, wrist] - poses.xy[both, hand], axis=-1)
            shoulders = x[layout.LEFT_SHOULDER] - x[layout.RIGHT_SHOULDER]
            assert np.median(gap) < 0.35 * shoulders, "the hand is at its own wrist"


@pytest.mark.parametrize("name", [*FULL_FILES, *REDUCED_FILES])
def test_depth_is_plausible(shared_data, name):
    poses = poses_of(shared_data / name)
    shoulders = np.median(np.abs(poses.xy[:, 2, 0] - poses.xy[:, 5, 0]))
    depth = poses.depth / shoulders
    assert not depth[:, layout.NECK].any()
    assert np.median(depth[:, layout.NOSE]) < -0.1, "the nose is nearer than the ears"
    assert np.median(depth[:, 60 + 30]) < np.median(depth[:, 60]), (
        "the tip of the nose is in front of the jaw"
    )
    hands = depth[:, 18:60][poses.confidence[:, 18:60] > 0]
    assert np.median(hands) < 0, "hands are in front of the neck"
    assert hands.min() > -2.2
    assert hands.max() < 1.5, "and within reach"


def test_hands_hang_on_their_wrists(shared_data):
    poses = poses_of(shared_data / "pose/colin-SAD.pose")
    for wrist, hand in ((layout.LEFT_WRIST, 18), (layout.RIGHT_WRIST, 39)):
        seen = poses.confidence[:, hand] > 0
        assert np.allclose(poses.depth[seen, hand], poses.depth[seen, wrist], atol=1e-3)


def test_arm_bones_never_exceed_their_length(shared_data):
    poses = poses_of(shared_data / "pose/colin-SAD.pose")
    xyz = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1)
    shoulders = np.percentile(np.linalg.norm(poses.xy[:, 2] - poses.xy[:, 5], axis=-1), 95)
    for parent, child in ((2, 3), (3, 4), (5, 6), (6, 7)):
        flat = np.linalg.norm(xyz[:, child, :2] - xyz[:, parent, :2], axis=-1)
        solid = np.linalg.norm(xyz[:, child] - xyz[:, parent], axis=-1)
        assert solid.max() <= max(flat.max(), 0.71 * shoulders) + 1e-2


def test_order_of_the_contour_set_is_that_of_files_made_then(shared_data):
    limbs = read_pose_file(shared_data / "pose/phoenix_test17_holistic.pose").header.components[1].limbs
    assert tuple(dict.fromkeys(limbs.ravel().tolist())) == face_mesh.CONTOURS_SET_ORDER
    points = read_pose_file(shared_data / "pose/mediapipe.pose").header.components[1].points
    assert tuple(map(int, points)) == face_mesh.CONTOURS


def test_contours_hold_all_but_the_nose():
    lacking = [i for i, point in enumerate(face_mesh.IBUG_68) if point not in face_mesh.CONTOURS]
    assert lacking == [*range(27, 36)]
    assert len(set(face_mesh.IBUG_68)) == 68


@pytest.mark.parametrize("name", ["pose/colin-SAD.pose", "pose/phoenix_test17_holistic.pose"])
def test_full_holistic_round_trip(shared_data, name):
    poses = poses_of(shared_data / name)
    points = np.concatenate([poses.keypoints, poses.depth[..., None]], axis=-1)
    back = holistic.to_dwpose(holistic.from_dwpose(points, poses.width), holistic.FULL, poses.width)
    others = np.setdiff1d(np.arange(128), [layout.NECK])
    assert np.allclose(back[:, others, :3], points[:, others, :3], atol=1e-3)
    seen = points[:, 18:, 2] > 0
    shoulders = np.median(np.abs(poses.xy[:, 2, 0] - poses.xy[:, 5, 0]))
    assert np.abs(back[:, 18:, 3] - points[:, 18:, 3])[seen].max() < 0.1 * shoulders


def test_slrtp_skeletons_made_of_real_poses(shared_data):
    """A real reduced file in the challenge's order and units comes back as itself."""
    poses = poses_of(shared_data / "dgs_pairs/train_1_original.pose")
    points = np.concatenate([poses.keypoints, poses.depth[..., None]], axis=-1)
    out, report = slrtp.convert(slrtp.from_dwpose(points), 512, 512)
    assert report.notes == ()
    assert (out[..., 2] > 0)[:, layout.FACE].all()
    assert_is_a_face(np.median(upright(out[:, layout.FACE]), axis=0))
    assert np.median(out[:, layout.LEFT_SHOULDER, 0]) > np.median(out[:, layout.RIGHT_SHOULDER, 0])


def test_components_are_read_by_name_not_by_number():
    hand = ("RIGHT_HAND_LANDMARKS", holistic.HAND_POINTS)
    world = ("POSE_WORLD_LANDMARKS", holistic.BODY_POINTS)
    body = ("POSE_LANDMARKS", ("RIGHT_SHOULDER", "LEFT_SHOULDER"))
    points = np.zeros((1, 56, 3), np.float32)
    points[..., 0], points[..., 2] = np.arange(56), 1
    out = holistic.to_dwpose(points, (world, hand, body), 100)[0]
    assert out[39, 0] == 33
    assert (out[layout.RIGHT_SHOULDER, 0], out[layout.LEFT_SHOULDER, 0], out[layout.NECK, 0]) == (
        54,
        55,
        54.5,
    )
    report = holistic.report((world, hand, body))
    assert len(report.dropped) == 33
    assert all(name.startswith("POSE_WORLD") for name in report.dropped)


def test_points_that_do_not_fit_the_components_are_refused():
    with pytest.raises(PoseError, match="543"):
        holistic.to_dwpose(np.zeros((1, 100, 3)), holistic.FULL, 100)
    with pytest.raises(PoseError, match="Holistic"):
        holistic.mapping_of((("BODY", ("nose",)),))

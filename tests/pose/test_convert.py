"""Every layout there and back: names, derived points, and the traps real files set."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.errors import PoseError
from signgen.pose import layout
from signgen.pose.convert import coco_wholebody, dwpose, holistic, openpose, progressive, signverse, slrtp
from signgen.pose.convert.placing import shoulder_width

NAMES = list(layout.NAMES)


def keypoints(frames: int = 3, columns: int = 3, seed: int = 0) -> np.ndarray:
    """A signer facing the camera (left at larger x), every keypoint found and different."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(50, 450, (frames, 128, columns)).astype(np.float32)
    points[..., 2] = rng.uniform(0.3, 1, (frames, 128))
    points[:, layout.RIGHT_SHOULDER, :2], points[:, layout.LEFT_SHOULDER, :2] = (180, 200), (320, 204)
    points[:, layout.NECK, :2] = (250, 202)
    points[:, layout.NECK, 2] = points[:, [layout.RIGHT_SHOULDER, layout.LEFT_SHOULDER], 2].min(axis=1)
    if columns == 4:
        points[..., 3] = rng.uniform(-80, -10, (frames, 128))
        points[:, [layout.NECK, layout.RIGHT_SHOULDER, layout.LEFT_SHOULDER], 3] = 0
    return points


def test_signverse_person_dicts_lose_nothing():
    points = keypoints()
    people = signverse.from_dwpose(points)
    assert {name: part.shape for name, part in people[0].items()} == {
        "body": (18, 3),
        "left_hand": (21, 3),
        "right_hand": (21, 3),
        "face": (68, 3),
    }
    assert np.array_equal(signverse.to_dwpose(people), points)


def test_signverse_absent_people_and_parts_are_missing_and_scores_above_one_are_cut():
    person = signverse.from_dwpose(keypoints(1))[0]
    person["face"] = person["face"] * np.float32([1, 1, 9])
    person["left_hand"] = np.zeros((0, 3))
    del person["right_hand"]
    out = signverse.to_dwpose([None, person])
    assert not out[0].any()
    assert not out[1, 18:60].any()
    assert out[1, 60:, 2].max() == 1


@pytest.mark.parametrize("part", [np.zeros((17, 3)), np.zeros((18, 2)), [["a"] * 3] * 18, "x"])
def test_signverse_refuses_parts_of_another_shape(part):
    with pytest.raises(PoseError, match="body"):
        signverse.to_dwpose([{"body": part}])


def test_coco_wholebody_order_is_that_of_its_annotation_format():
    # Rows of the COCO-WholeBody paper: 0-16 body, 17-22 feet, 23-90 face, 91-111 left, 112-132 right hand.
    points = np.zeros((1, 133, 3), np.float32)
    points[..., 0] = np.arange(133)
    points[..., 2] = 1
    out = coco_wholebody.to_dwpose(points)[0]
    place = {name: out[i, 0] for i, name in enumerate(NAMES)}
    assert [place[n] for n in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")] == [0, 1, 2, 3, 4]
    assert [place[n] for n in ("left_shoulder", "right_wrist", "left_hip", "right_ankle")] == [5, 10, 11, 16]
    assert place["neck"] == (5 + 6) / 2
    assert [out[60, 0], out[127, 0], out[18, 0], out[38, 0], out[39, 0], out[59, 0]] == [
        23,
        90,
        91,
        111,
        112,
        132,
    ]


def test_neck_of_coco_is_as_dwpose_makes_it():
    points = np.ones((2, 133, 3), np.float32)
    points[0, 5], points[0, 6] = (100, 40, 0.9), (200, 50, 0.4)
    points[1, 5], points[1, 6] = (100, 40, 0.9), (0, 0, 0)
    out = coco_wholebody.to_dwpose(points)
    assert out[0, layout.NECK] == pytest.approx([150, 45, 0.4])
    assert not out[1, layout.NECK].any(), "a neck needs both shoulders"


LOSSLESS = [
    ("coco-wholebody", coco_wholebody.to_dwpose, coco_wholebody.from_dwpose, 133),
    ("openpose", openpose.to_dwpose, openpose.from_dwpose, 137),
]


@pytest.mark.parametrize("columns", [3, 4])
@pytest.mark.parametrize(
    ("name", "to", "back", "count"), LOSSLESS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_round_trips_are_exact(name, to, back, count, columns):
    points = keypoints(columns=columns)
    other = back(points)
    assert other.shape == (3, count, columns)
    assert np.allclose(to(other), points, atol=1e-4)


def test_openpose_25_order_and_derived_points():
    # BODY_25 as documented by OpenPose: 8 MidHip, 9-14 legs, 15-18 eyes and ears, 19-24 feet.
    points = np.zeros((1, 137, 3), np.float32)
    points[..., 0] = np.arange(137)
    points[..., 2] = 1
    out = openpose.to_dwpose(points)[0, :, 0].tolist()
    assert out[:18] == [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    assert out[60:] == [*range(25, 93)], "68 face points, the two pupils are dropped"
    assert out[18:60] == [*range(95, 137)], "left hand, then right"
    back = openpose.from_dwpose(keypoints(1))[0]
    hips = keypoints(1)[0, [layout.RIGHT_HIP, layout.LEFT_HIP]]
    assert back[8, :2] == pytest.approx(hips[:, :2].mean(axis=0))
    assert not back[19:25].any()
    assert openpose.to_dwpose(np.ones((1, 130, 3))).shape == (1, 128, 3)


@pytest.mark.parametrize("module", [coco_wholebody, openpose])
@pytest.mark.parametrize("shape", [(3, 12, 3), (137, 3), (2, 137, 2), (2, 133, 5), (0,)])
def test_points_of_another_layout_are_refused(module, shape):
    with pytest.raises(PoseError):
        module.to_dwpose(np.zeros(shape))


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_sequences_pass_all_layouts(frames):
    points = keypoints(frames, 4)
    for there, back in [
        (coco_wholebody.from_dwpose, coco_wholebody.to_dwpose),
        (openpose.from_dwpose, openpose.to_dwpose),
        (lambda p: holistic.from_dwpose(p, 512), lambda p: holistic.to_dwpose(p, holistic.FULL, 512)),
        (progressive.from_dwpose, lambda p: progressive.to_dwpose(p, 512, 512)),
        (slrtp.from_dwpose, lambda p: slrtp.to_dwpose(p, 512, 512)),
    ]:
        assert back(there(points)).shape == (frames, 128, 4)


def test_nan_infinite_and_negative_confidence_are_missing():
    points = np.ones((1, 137, 3), np.float32)
    points[0, 0, 0], points[0, 2, 1], points[0, 3, 2], points[0, 4, 2] = np.nan, np.inf, -1, np.nan
    out = openpose.to_dwpose(points)[0]
    assert not out[[0, 2, 3, 4]].any()
    assert out[5].all()


# DWPose as detectors hand it out


def test_row_numbers_as_body_scores_become_confidences():
    rows = np.arange(18.0)
    rows[[9, 10]] = -1
    assert dwpose.are_rows(rows)
    assert dwpose.are_rows(rows + np.where(rows < 0, 0, 36)), "the third person of a frame"
    assert dwpose.confidences(rows).tolist() == [0 if i in (9, 10) else 1 for i in range(18)]
    assert not dwpose.are_rows(np.full(18, 0.9))
    assert not dwpose.are_rows(np.ones(18))
    assert not dwpose.are_rows(np.zeros(18))
    assert not dwpose.are_rows(np.full(18, np.nan))


def test_dwpose_dicts():
    person = {"body_keypoints": np.full((1, 18, 2), 0.5), "body_scores": np.arange(18.0)[None].copy()}
    person["body_scores"][0, 3] = -1
    person["face_keypoints"], person["face_scores"] = np.full((68, 2), 0.25), np.full(68, 1.04)
    person["left_hand_keypoints"] = np.full((21, 2), -1.0)
    out = dwpose.to_dwpose([person, None], 1280, 720)
    assert out[0, 0].tolist() == [640, 360, 1]
    assert not out[0, 3].any()
    assert out[0, 60].tolist() == [320, 180, 1]
    assert not out[0, 18:60].any()
    assert not out[1].any()


def test_dwpose_dicts_round_trip():
    points = keypoints()
    points[1, 30] = 0
    people = dwpose.from_dwpose(points, 640, 480)
    assert people[1]["left_hand_keypoints"][12].tolist() == [-1, -1]
    assert np.allclose(dwpose.to_dwpose(people, 640, 480), points, atol=1e-3)


def test_controlnet_arrays_round_trip_and_order():
    points = keypoints(2)  # two people of one frame
    points[..., 2] = 1
    points[1, 4] = 0
    pose = dwpose.to_controlnet(points, 512, 512)
    assert pose["bodies"]["subset"][1].tolist() == [-1 if i == 4 else 18 + i for i in range(18)]
    assert pose["hands"].shape == (4, 21, 2)
    assert pose["hands"][1] * 512 == pytest.approx(points[1, 18:39, :2]), "all left hands first"
    assert np.allclose(dwpose.from_controlnet(pose, 512, 512), points, atol=1e-3)
    with pytest.raises(PoseError):
        dwpose.from_controlnet({**pose, "hands": pose["hands"][:3]}, 512, 512)


# Skeletons in 3-D


def test_progressive_round_trip_keeps_the_shape():
    points = keypoints(4, 4)
    skeleton = progressive.from_dwpose(points)
    assert skeleton.shape == (4, 50, 3)
    assert not skeleton[:, 1].any(), "the neck is the origin"
    shoulders = np.hypot(*(skeleton[:, 2, :2] - skeleton[:, 5, :2]).T)
    assert shoulders == pytest.approx(1 / 3, abs=1e-5)
    back = progressive.to_dwpose(skeleton, 512, 512)
    expected = (points - points[:, [layout.NECK]]) * (128 / shoulder_width(points))
    assert np.allclose(back[:, :8, :2] - (256, 0.35 * 512), expected[:, :8, :2], atol=1e-2)
    assert np.allclose(back[:, 18:60, 3], expected[:, 18:60, 3], atol=1e-2)
    assert not back[:, 60:].any(), "there is no face"


def test_progressive_sides_and_depth():
    joints = np.zeros((1, 50, 3), np.float32)
    joints[0, 2], joints[0, 5] = (0.17, 0.02, 0), (-0.17, 0.02, 0)
    joints[0, 8], joints[0, 29] = (-0.1, 0.3, 0.2), (0.1, 0.3, 0.1)
    out = progressive.to_dwpose(joints, 400, 400)[0]
    assert out[layout.LEFT_SHOULDER, 0] > 200 > out[layout.RIGHT_SHOULDER, 0]
    assert out[39, 0] < 200 < out[18, 0], "joint 8 is the wrist of the signer's right hand"
    assert out[39, 3] < out[18, 3] < 0, "z grows towards the camera, depth away from it"
    assert not out[30].any(), "a joint of zeros is missing"
    assert out[layout.NECK, 2] == 1


def test_slrtp_reads_sides_and_depth_off_the_data():
    points = keypoints(4, 4)
    points[:, 60 + 36, 0], points[:, 60 + 45, 0] = 200, 300
    skeleton = slrtp.from_dwpose(points)
    assert skeleton.shape == (4, 178, 3)
    right, report = slrtp.convert(skeleton, 512, 512)
    assert report.notes == ()
    assert (right[:, 18:60, 3] < 0).all()
    turned, report = slrtp.convert(skeleton * (1, 1, -1), 512, 512)
    assert report.notes == (slrtp.TURNED_NOTE,)
    assert np.allclose(turned[:, :60], right[:, :60], atol=1e-3)
    sides = np.r_[3:6, 0:3, 7, 6, 29:50, 8:29, 50:178]
    swapped, report = slrtp.convert(skeleton[:, sides], 512, 512)
    assert report.notes == (slrtp.SWAPPED_NOTE,)
    assert np.allclose(swapped[:, :60], right[:, :60], atol=1e-3)


# Reports


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        (coco_wholebody.TO_DWPOSE.report, (127, 1, 6, 0)),
        (coco_wholebody.FROM_DWPOSE.report, (127, 0, 1, 6)),
        (openpose.TO_DWPOSE.report, (128, 0, 9, 0)),
        (openpose.FROM_DWPOSE.report, (128, 3, 0, 6)),
        (progressive.TO_DWPOSE.report, (50, 0, 0, 78)),
        (progressive.FROM_DWPOSE.report, (50, 0, 78, 0)),
        (holistic.report(holistic.FULL), (127, 1, 416, 0)),
        (holistic.report(slrtp.COMPONENTS), (109, 15, 69, 4)),
        (signverse.REPORT, (128, 0, 0, 0)),
    ],
    ids=lambda v: getattr(v, "layout", ""),
)
def test_reports_account_for_every_keypoint(report, counts):
    assert tuple(map(len, (report.mapped, report.derived, report.dropped, report.missing))) == counts
    targets = [*report.mapped, *report.derived, *report.missing]
    assert len(set(targets)) == len(targets)
    assert str(counts[0]) in str(report)


def test_report_names_what_it_means():
    report = coco_wholebody.TO_DWPOSE.report
    assert report.derived == ("neck",)
    assert report.dropped == coco_wholebody.FEET
    assert set(progressive.TO_DWPOSE.report.missing) >= {"right_hip", "left_ear", "face_jaw_0"}

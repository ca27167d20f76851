"""The whole chain of `dwpose` on networks that find blobs: what comes out is where the blobs are."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx makes the networks of this test")
pytest.importorskip("onnxruntime", reason="the extra [dwpose] is not installed")

import onnx_graphs as graphs

from signgen.config import check
from signgen.data.poses import read_poses
from signgen.data.video import write_video
from signgen.errors import CheckpointError, ConfigError, DependencyError
from signgen.extract.base import extractors
from signgen.extract.dwpose import DWPose
from signgen.pose.convert.coco_wholebody import NAMES as COCO
from signgen.pose.layout import NAMES
from signgen.workflow.extract import extract_video

# The channel that `graphs.blob_estimator` looks for a keypoint in, in the order of DWPose-128.
CHANNELS = np.array([-1 if name == "neck" else COCO.index(name) % 3 for name in NAMES])
NECK = NAMES.index("neck")
SHOULDERS = [NAMES.index(f"{side}_shoulder") for side in ("left", "right")]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    return {
        "detector": str(graphs.blob_detector(folder / "detector.onnx")),
        "estimator": str(graphs.blob_estimator(folder / "estimator.onnx")),
    }


def person(x, y, level=250, spread=1.0):
    """Red where the detector looks, green and blue beside it: three different places for three keypoints in turn."""
    beside = (round(x - 9 * spread), round(y + 7 * spread)), (round(x + 8 * spread), round(y - 11 * spread))
    return (x, y, 0, level), (*beside[0], 1, 230), (*beside[1], 2, 210)


def run(frames, **settings):
    extractor = extractors.build({"name": "dwpose", "device": "cpu", "threads": 1, **settings})
    return [found.keypoints for found in extractor(frames, fps=25)]


def assert_found(keypoints, blobs, step):
    """Each keypoint within half a step of its blob, its confidence the level there."""
    for channel, (x, y, _, level) in enumerate(blobs):
        found = keypoints[channel == CHANNELS]
        assert np.abs(found[:, :2] - (x, y)).max() <= step / 2 + 1e-3
        assert np.abs(found[:, 2] - level / 255).max() <= 10 * step / 255
    middle = keypoints[SHOULDERS].mean(axis=0)
    assert keypoints[NECK, :2] == pytest.approx(middle[:2], abs=1e-4)
    assert keypoints[NECK, 2] == keypoints[SHOULDERS, 2].min()


# x and y are in the detector's picture, 128 px wide and high, where a person has 64 px; not on the edge of a cell.
@pytest.mark.parametrize(("width", "height"), [(128, 128), (256, 128), (90, 120), (64, 48)])
@pytest.mark.parametrize(("x", "y"), [(44, 20), (81, 45)])
def test_blobs_are_found_where_they_are(files, width, height, x, y):
    ratio = 128 / max(width, height)
    blobs = person(round(x / ratio), round(y / ratio), spread=1 / ratio)
    (keypoints,) = run([graphs.picture(width, height, *blobs)], **files)
    assert keypoints.shape == (1, 128, 3)
    # The cut-out is 1.25 boxes wide and has 48 columns.
    assert_found(keypoints[0], blobs, 64 / ratio * 1.25 / 48)


def test_the_most_confident_person_comes_first(files):
    left, right = person(40, 90, level=225), person(220, 40, level=250)
    settings = {"person_confidence": 0.2, **files}
    (keypoints,) = run([graphs.picture(256, 128, *left, *right)], **settings)
    assert len(keypoints) == 2
    assert_found(keypoints[0], right, 10 / 3)
    assert_found(keypoints[1], left, 10 / 3)
    (one,) = run([graphs.picture(256, 128, *left, *right)], people=1, **settings)
    assert np.array_equal(one, keypoints[:1])


@pytest.mark.parametrize(("threshold", "found"), [(0.2, 2), (0.5, 1), (0.9, 0)])
def test_unsure_people_are_left_out(files, threshold, found):
    frame = graphs.picture(256, 128, *person(40, 90, level=225), *person(220, 40, level=250))
    (keypoints,) = run([frame], person_confidence=threshold, **files)
    assert len(keypoints) == found


@pytest.mark.parametrize(("threshold", "full", "missing"), [(0.5, 1, []), (0.9, 1, [1, 2]), (0.9, 0.9, [2])])
def test_unsure_keypoints_are_missing(files, threshold, full, missing):
    blobs = person(60, 60)
    (keypoints,) = run(
        [graphs.picture(128, 128, *blobs)], keypoint_confidence=threshold, full_score=full, **files
    )
    for channel in range(3):
        rows = keypoints[0, channel == CHANNELS]
        assert rows.any() != (channel in missing)
        assert rows.any(axis=1).all() or not rows.any()


@pytest.mark.parametrize("batch", [1, 2, 3, 50])
def test_the_batch_changes_nothing(files, batch):
    rng = np.random.default_rng(3)
    frames = [
        graphs.picture(
            256,
            128,
            # In the middle of a cell, a few pixels to any side.
            *itertools.chain(
                *(
                    person(32 + 128 * place + rng.integers(-9, 9), 32 + rng.integers(-9, 9))
                    for place in range(count)
                )
            ),
        )
        for count in (1, 0, 2, 2, 0, 0, 1)
    ]
    expected = run(frames, batch=8, **files)
    assert [len(people) for people in expected] == [1, 0, 2, 2, 0, 0, 1]
    for one, other in zip(run(frames, batch=batch, **files), expected, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("batch", [1, 3])
def test_an_estimator_with_a_fixed_batch_is_fed_full_ones(files, tmp_path, batch):
    fixed = graphs.blob_estimator(tmp_path / "fixed.onnx", batch=batch)
    frames = [graphs.picture(128, 128, *person(40 + 5 * i, 60)) for i in range(5)]
    expected = run(frames, **files)
    for one, other in zip(run(frames, **{**files, "estimator": str(fixed)}), expected, strict=True):
        assert np.array_equal(one, other)


def test_half_precision_is_given_what_it_asks_for(files, tmp_path):
    half = graphs.blob_estimator(tmp_path / "half.onnx", kind=graphs.TensorProto.FLOAT16)
    blobs = person(60, 60)
    (keypoints,) = run([graphs.picture(128, 128, *blobs)], **{**files, "estimator": str(half)})
    # The bin between two pixels may win by half's rounding.
    assert_found(keypoints[0], blobs, 2.5)


@pytest.mark.parametrize("every", [1, 2, 3, 4, 50])
def test_between_detections_boxes_move(files, every):
    tracks = [person(30 + 4 * i, 80) for i in range(10)]
    frames = [graphs.picture(128, 128, *blobs) for blobs in tracks]
    # On the edge of two cells there are two boxes; half of each is common.
    found = run(frames, every=every, overlap=0.3, **files)
    assert len(found) == 10
    for keypoints, blobs in zip(found, tracks, strict=True):
        assert len(keypoints) == 1
        assert_found(keypoints[0], blobs, 80 / 48)


def test_the_whole_picture_can_be_the_person(files):
    blobs = person(70, 50)
    (keypoints,) = run(
        [graphs.picture(120, 100, *blobs)], detector="none", padding=1.0, estimator=files["estimator"]
    )
    # 120 px in 48 columns.
    assert_found(keypoints[0], blobs, 2.5)


def test_frames_come_lazily_and_stay_as_they_are(files):
    drawn = graphs.picture(128, 128, *person(60, 60))
    drawn.setflags(write=False)
    taken = []

    def frames():
        for number in range(100):
            taken.append(number)
            yield drawn

    extractor = check(DWPose, {"device": "cpu", "batch": 4, **files})
    assert not taken
    found = extractor(frames(), fps=25)
    assert not taken
    next(found)
    assert len(taken) <= 5


def test_sidecars_name_the_weights(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = [graphs.picture(128, 128, *person(60, 60)) for _ in range(3)]
    write_video(frames, tmp_path / "clip.mp4", 25)
    settings = {"extractor": {"name": "dwpose", "device": "cpu", "threads": 1, **files}, "clean": False}
    extract_video(tmp_path / "clip.mp4", tmp_path / "clip.npz", settings)
    sources = json.loads((tmp_path / "clip.npz.json").read_text())["sources"]
    hashes = {Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in files.values()}
    assert {source["name"]: source["sha256"] for source in sources} == hashes
    (poses,) = read_poses(tmp_path / "clip.npz")
    # The video's colours are coarser than its brightness.
    assert np.abs(poses.keypoints[:, CHANNELS == 0, :2] - (60, 60)).max() < 4


def test_no_frames_no_people(files):
    assert run([], **files) == []


@pytest.mark.parametrize("name", ["detector", "estimator"])
def test_a_missing_checkpoint_says_where_to_get_it(files, tmp_path, monkeypatch, name):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    settings = dict(files)
    del settings[name]
    # Nothing is wrong before the first frame is asked for.
    found = check(DWPose, settings)(iter([]), fps=25)
    with pytest.raises(CheckpointError, match=r"missing; get it from https://.* and put it there"):
        next(found)


def test_cuda_is_not_made_up(files):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(DependencyError, match="pip install onnxruntime-gpu"):
        run([], device="cuda", **files)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("device", "tpu"),
        ("batch", 0),
        ("every", 0),
        ("padding", 0.5),
        ("overlap", 1),
        ("detector_size", [8, 8]),
    ],
)
def test_settings_are_checked(setting, value):
    with pytest.raises(ConfigError, match=setting):
        extractors.build({"name": "dwpose", setting: value})

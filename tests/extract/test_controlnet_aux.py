"""`controlnet-aux` with a stand-in for the package that answers as its version 0.0.10 does."""

import sys
import types
from typing import ClassVar, NamedTuple

import numpy as np
import pytest

from signgen.errors import CheckpointError, DataError, DependencyError
from signgen.extract import controlnet_aux
from signgen.extract.base import extractors
from signgen.pose.layout import BODY, FACE, LEFT_HAND, RIGHT_HAND

pytest.importorskip("torch", reason="the extra [torch] is not installed")

WIDTH, HEIGHT = 200, 100
OPENPOSE = ("body_pose_model.pth", "hand_pose_model.pth", "facenet.pth")
DWPOSE = ("yolox_l_8x8_300e_coco_20211126_140236-d3bd2b23.pth", "dw-ll_ucoco_384.pth")


class Keypoint(NamedTuple):
    x: float
    y: float
    score: float = 1.0
    id: int = -1


class BodyResult(NamedTuple):
    keypoints: list
    total_score: float
    total_parts: int


class PoseResult(NamedTuple):
    body: BodyResult
    left_hand: list | None
    right_hand: list | None
    face: list | None


def person(shift=0.0):
    """Keypoint i of a part at x = i / 100, each part on its own height; one missing in each."""
    body = [Keypoint(i / 100 + shift, 0.1) for i in range(18)]
    body[3] = None
    left = [Keypoint(i / 100 + shift, 0.2) for i in range(21)]
    # As the package marks what its network did not find: -1 divided by the size.
    left[7] = Keypoint(-1 / WIDTH, -1 / HEIGHT)
    right = [Keypoint(i / 100 + shift, 0.3) for i in range(21)]
    face = [Keypoint(i / 100 + shift, 0.4) for i in range(70)]
    return PoseResult(BodyResult(body, 17.0, 17), left, right, face)


class OpenposeDetector:
    opened: ClassVar[list] = []

    def __init__(self):
        self.device = None
        self.seen = []

    @classmethod
    def from_pretrained(cls, folder, filename=None, hand_filename=None, face_filename=None, **_):
        cls.opened.append((folder, filename, hand_filename, face_filename))
        return cls()

    def to(self, device):
        self.device = device
        return self

    def detect_poses(self, image, include_hand=False, include_face=False):
        assert (include_hand, include_face) == (True, True)
        assert image.shape == (HEIGHT, WIDTH, 3)
        number = int(image[0, 0, 0])
        if number == 9:
            raise IndexError("list index\nout of range")
        # The frame's first byte says how many people there are; red comes first.
        return [person(0.1 * i) for i in range(number)]


class Wholebody:
    def __call__(self, image):
        """134 keypoints, the neck in its place, of a person whose scores fall; blue comes first."""
        count = int(image[0, 0, 2])
        points = np.zeros((count, 134, 2))
        points[..., 0] = np.arange(134)
        points[..., 1] = np.arange(count)[:, None]
        scores = np.tile(np.linspace(1.0, 0.2, 134), (count, 1))
        return points, scores


class DWposeDetector:
    def __init__(self, det_config=None, det_ckpt=None, pose_config=None, pose_ckpt=None, device="cpu"):
        assert det_config is None
        assert pose_config is None
        OpenposeDetector.opened.append((det_ckpt, pose_ckpt, device))
        self.pose_estimation = Wholebody()


@pytest.fixture
def package(monkeypatch):
    fake = types.ModuleType("controlnet_aux")
    fake.OpenposeDetector, fake.DWposeDetector = OpenposeDetector, DWposeDetector
    monkeypatch.setitem(sys.modules, "controlnet_aux", fake)
    OpenposeDetector.opened = []
    controlnet_aux._opened.cache_clear()
    yield fake
    controlnet_aux._opened.cache_clear()


@pytest.fixture
def weights(tmp_path):
    for name in (*OPENPOSE, *DWPOSE):
        (tmp_path / name).write_bytes(b"weights")
    return str(tmp_path)


def frame(people, height=HEIGHT, width=WIDTH):
    picture = np.zeros((height, width, 3), np.uint8)
    picture[0, 0, 0] = people
    return picture


def run(frames, **settings):
    extractor = extractors.build({"name": "controlnet-aux", "device": "cpu", **settings})
    return [found.keypoints for found in extractor(frames, fps=25)]


def test_openpose_keypoints_are_in_pixels_and_in_their_places(package, weights):
    none, two = run([frame(0), frame(2)], weights=weights)
    assert none.shape == (0, 128, 3)
    assert two.shape == (2, 128, 3)
    for number, keypoints in enumerate(two):
        for part, y in ((BODY, 0.1), (LEFT_HAND, 0.2), (RIGHT_HAND, 0.3), (FACE, 0.4)):
            count = part.stop - part.start
            expected = np.column_stack(
                [(np.arange(count) / 100 + 0.1 * number) * WIDTH, np.full(count, y * HEIGHT), np.ones(count)]
            )
            if part == BODY:
                expected[3] = 0
            if part == LEFT_HAND:
                expected[7] = 0
            assert keypoints[part] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("part", ["left_hand", "right_hand", "face"])
def test_parts_that_were_not_looked_for_are_missing(part):
    pose = person()._replace(**{part: None})
    (keypoints,) = controlnet_aux.openpose_people([pose], frame(0))
    missing = {"left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}[part]
    assert not keypoints[missing].any()
    assert keypoints[BODY].any()


def test_dwpose_keypoints_are_in_their_places(package, weights):
    none, two = run([frame(0), frame(2)], weights=weights, detector="dwpose")
    assert none.shape == (0, 128, 3)
    order = np.array([*range(18), *range(92, 113), *range(113, 134), *range(24, 92)])
    scores = np.linspace(1.0, 0.2, 134)[order]
    for number, keypoints in enumerate(two):
        seen = scores >= 0.3
        assert keypoints[seen] == pytest.approx(
            np.column_stack([order, np.full(128, number), scores])[seen], abs=1e-5
        )
        assert not keypoints[~seen].any()
        assert not seen.all()


def test_weights_come_from_the_folder_given_and_are_opened_once(package, weights):
    run([frame(1)], weights=weights)
    run([frame(1)], weights=weights)
    assert OpenposeDetector.opened == [(weights, *OPENPOSE)]


@pytest.mark.parametrize(
    ("detector", "name"), [("openpose", "facenet.pth"), ("dwpose", "dw-ll_ucoco_384.pth")]
)
def test_missing_weights_say_where_to_get_them(package, tmp_path, weights, monkeypatch, detector, name):
    (tmp_path / name).unlink()
    with pytest.raises(CheckpointError, match=rf"{name}: no such file; get it from https://"):
        run([frame(1)], detector=detector, weights=weights)
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path / "none"))
    with pytest.raises(CheckpointError, match="get it from https://"):
        run([frame(1)], detector=detector)


def test_weights_in_the_folder_of_checkpoints_are_checked(package, weights, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", weights)
    with pytest.raises(CheckpointError, match="cut short or is another file"):
        run([frame(1)])


def test_a_failure_on_a_frame_is_one_line(package, weights):
    with pytest.raises(DataError, match=r"frame 1: controlnet_aux failed \(list index out of range\)"):
        run([frame(1), frame(9)], weights=weights)


def test_without_the_package_the_pip_line_is_said(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "controlnet_aux", None)
    controlnet_aux._opened.cache_clear()
    with pytest.raises(DependencyError, match="pip install --no-deps controlnet-aux") as caught:
        run([frame(1)], weights=weights)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("from surely_not_installed.transforms import Compose", "No module named 'surely_not_installed'"),
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision::nms does not exist"),
    ],
)
def test_a_package_that_cannot_be_imported_says_why(tmp_path, weights, monkeypatch, source, reason):
    (tmp_path / "controlnet_aux.py").write_text(f"import warnings\nwarnings.warn('no mmcv')\n{source}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "controlnet_aux", raising=False)
    controlnet_aux._opened.cache_clear()
    with pytest.raises(DependencyError, match=reason):
        run([frame(1)], weights=weights)


def test_dwpose_without_mmdet_says_so(package, weights, monkeypatch):
    def broken(*_, **__):
        raise NameError("name 'init_detector' is not defined")

    monkeypatch.setattr(package, "DWposeDetector", broken)
    with pytest.raises(DependencyError, match="needs mmcv, mmpose and mmdet; use the extractor dwpose"):
        run([frame(1)], detector="dwpose", weights=weights)


def test_weights_that_torch_refuses_are_one_line(package, weights, monkeypatch):
    def refused(*_, **__):
        raise ValueError("Weights only load failed.\nThis file can still be loaded")

    monkeypatch.setattr(OpenposeDetector, "from_pretrained", refused)
    with pytest.raises(
        CheckpointError, match="cannot open the weights there: Weights only load failed"
    ) as caught:
        run([frame(1)], weights=weights)
    assert "\n" not in str(caught.value)


def test_an_old_torch_that_would_run_code_is_refused(package, weights, monkeypatch):
    monkeypatch.setattr(controlnet_aux, "version", lambda _: "2.5.1+cpu")
    with pytest.raises(DependencyError, match=r"torch>=2\.6"):
        run([frame(1)], weights=weights)

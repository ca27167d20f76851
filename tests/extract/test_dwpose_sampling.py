"""What the networks are shown, against OpenCV, which the originals use."""

import numpy as np
import pytest

from signgen.extract.onnx.detector import letterbox
from signgen.extract.onnx.estimator import DEVIATION, MEAN, seen
from signgen.extract.onnx.sampling_kernels import sample

cv2 = pytest.importorskip("cv2", reason="OpenCV is the independent implementation here")


def smooth(width, height, seed=0):
    """A picture without steps that OpenCV's coarser places would show."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, (height // 8 + 2, width // 8 + 2, 3))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def original_crop(frame, box, width, height):
    """The steps of DWPose's ``top_down_affine`` with OpenCV's own functions."""
    middle, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 1.25
    aspect = width / height
    size = np.array(
        [size[0], size[0] / aspect] if size[0] > size[1] * aspect else [size[1] * aspect, size[1]]
    )
    # Three points: the middle, the one half the width above it, and the one beside that.
    source = np.float32([middle, middle - (0, size[0] / 2), middle - (size[0] / 2, size[0] / 2)])
    target = np.float32(
        [(width / 2, height / 2), (width / 2, height / 2 - width / 2), (0, height / 2 - width / 2)]
    )
    matrix = cv2.getAffineTransform(source, target)
    return cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_LINEAR), middle, size


@pytest.mark.parametrize(
    "box",
    [
        (40, 30, 200, 310),
        (100, 20, 180, 90),
        (0, 0, 256, 320),
        (-60, -40, 90, 120),
        (180, 200, 400, 460),
        (10, 100, 250, 140),
        (120.3, 80.7, 121.9, 83.1),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(288, 384), (192, 256)])
def test_crops_are_those_of_warp_affine(box, width, height):
    frame, box = smooth(256, 320), np.array([box], np.float32)
    expected, middle, size = original_crop(frame, box[0], width, height)
    (view,) = seen(box, width, height, 1.25)
    assert view == pytest.approx([*middle, *size], rel=1e-6)
    step = view[2:] / (width, height)
    out = np.empty((3, height, width), np.float32)
    sample(
        frame,
        tuple(view[:2] - view[2:] / 2),
        tuple(step),
        False,
        False,
        np.zeros(3, "f4"),
        np.ones(3, "f4"),
        out,
    )
    difference = np.abs(out.transpose(1, 2, 0) - expected)
    # OpenCV 4 places pixels on 1/32, and the border where black begins is as steep as can be.
    assert difference.mean() < 0.3
    assert np.percentile(difference, 99) <= 3


@pytest.mark.parametrize(("width", "height"), [(256, 320), (900, 500), (640, 640), (33, 700), (641, 639)])
@pytest.mark.parametrize("side", [640, 416])
def test_letterbox_is_that_of_resize(width, height, side):
    frame = smooth(width, height, 1)
    picture, ratio = letterbox(frame, side, side, is_bgr=True)
    assert ratio == pytest.approx(min(side / width, side / height))
    inner = int(width * ratio), int(height * ratio)
    expected = np.full((side, side, 3), 114, np.uint8)
    expected[: inner[1], : inner[0]] = cv2.resize(frame[..., ::-1], inner, interpolation=cv2.INTER_LINEAR)
    difference = np.abs(picture.transpose(1, 2, 0) - expected)
    assert difference.max() <= 1
    assert difference.mean() < 0.2


@pytest.mark.parametrize(("is_bgr", "order"), [(False, [0, 1, 2]), (True, [2, 1, 0])])
def test_channels_and_their_means(is_bgr, order):
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[:] = (200, 100, 50)
    out = np.empty((3, 4, 4), np.float32)
    sample(frame, (0.0, 0.0), (1.0, 1.0), False, is_bgr, MEAN, 1 / DEVIATION, out)
    # The means stay in their order whichever channel comes: the originals do so too.
    expected = (np.array([200, 100, 50])[order] - MEAN) / DEVIATION
    assert out[:, 1, 1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("start", "step"), [(1e12, 1.0), (-1e12, 1.0), (0.0, 1e12)])
def test_far_outside_is_black_or_the_edge(start, step):
    frame = np.full((8, 8, 3), 77, np.uint8)
    out = np.empty((3, 4, 4), np.float32)
    plain = np.zeros(3, np.float32), np.ones(3, np.float32)
    sample(frame, (start, start), (step, step), False, False, *plain, out)
    assert out[0, 1, 1] == 0
    sample(frame, (start, start), (step, step), True, False, *plain, out)
    assert (out == 77).all()


def test_a_pixel_between_four():
    frame = np.zeros((2, 2, 3), np.uint8)
    frame[..., 0] = [[0, 100], [40, 200]]
    out = np.empty((3, 1, 1), np.float32)
    sample(frame, (0.25, 0.5), (1.0, 1.0), False, False, np.zeros(3, "f4"), np.ones(3, "f4"), out)
    # 0.5 (0.75 * 0 + 0.25 * 100) + 0.5 (0.75 * 40 + 0.25 * 200) = 52.5
    assert out[:, 0, 0].tolist() == [53, 0, 0]

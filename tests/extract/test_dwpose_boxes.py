"""Outputs of detectors and estimators decoded: tables worked out by hand, and OpenCV's suppression."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx makes the networks of this test")
pytest.importorskip("onnxruntime", reason="the extra [dwpose] is not installed")

import onnx_graphs as graphs

from signgen.errors import CheckpointError
from signgen.extract.onnx.boxes import people_in, suppressed
from signgen.extract.onnx.detector import Detector
from signgen.extract.onnx.estimator import Estimator, peaks, seen
from signgen.extract.onnx.following import between, paired, with_boxes
from signgen.extract.onnx.model import open_model

# A 64 px picture has 8 x 8, 4 x 4 and 2 x 2 cells.
SIDE, CELLS = 64, 84


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.45, 0.7])
def test_suppression_is_that_of_opencv(seed, overlap):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is the independent implementation here")
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 100, (40, 2)), rng.uniform(5, 60, (40, 2))
    scores = rng.permutation(np.linspace(0.1, 0.9, 40)).astype(np.float32)
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    expected = cv2.dnn.NMSBoxes(
        np.concatenate([corner, size], axis=1).tolist(), scores.tolist(), 0.0, overlap
    )
    assert suppressed(boxes, scores, overlap).tolist() == np.ravel(expected).tolist()


def test_suppression_of_boxes_worked_out_by_hand():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [5, 0, 15, 10], [20, 0, 30, 10]], np.float32)
    scores = np.array([0.9, 0.8, 0.95, 0.1], np.float32)
    # 1 with 0 shares 1/2, 2 with 0 shares 1/3, 2 with 1 shares 25/125.
    assert suppressed(boxes, scores, 0.4).tolist() == [2, 0, 3]
    assert suppressed(boxes, scores, 0.3).tolist() == [2, 1, 3]
    assert suppressed(boxes[:0], scores[:0], 0.5).tolist() == []


def raw(rows):
    """Output of a detector of two classes: cell -> x, y, width, height, certainty, person, other."""
    output = np.zeros((1, CELLS, 7), np.float32)
    for cell, values in rows.items():
        output[0, cell] = values
    return [output]


@pytest.mark.parametrize(
    ("cell", "centre"),
    [
        (0, (4, 4)),  # first of the cells of 8 px
        (9, (12, 12)),  # second row and column of them
        (64, (8, 8)),  # first of those of 16 px
        (83, (48, 48)),  # last of those of 32 px
    ],
)
def test_raw_grids(cell, centre):
    stride = 8 if cell < 64 else 16 if cell < 80 else 32
    size = np.array([24.0, 40.0])
    output = raw({cell: [0.5, 0.5, *np.log(size / stride), 0.8, 0.9, 1.0]})
    boxes, scores = people_in(output, SIDE, SIDE, confidence=0.5, overlap=0.45)
    assert boxes == pytest.approx(np.array([[*(centre - size / 2), *(centre + size / 2)]]), rel=1e-5)
    assert scores == pytest.approx([0.72])


def test_grids_already_in_pixels():
    output = np.zeros((1, CELLS, 7), np.float32)
    y, x = np.mgrid[:8, :8] * 8 + 4
    output[0, :64, 0], output[0, :64, 1] = x.ravel(), y.ravel()
    output[0, 64:, :2] = 32
    output[0, :, 2:4] = 10
    output[0, 9] = [12, 20, 16, 24, 1, 0.9, 0]
    boxes, scores = people_in([output], SIDE, SIDE, confidence=0.5, overlap=0.45)
    assert boxes.tolist() == [[4, 8, 20, 32]]
    assert scores == pytest.approx([0.9])


def test_a_graph_with_four_strides():
    output = np.zeros((1, CELLS + 1, 6), np.float32)
    output[0, -1] = [0.5, 0.5, np.log(0.5), np.log(0.25), 1, 1]
    boxes, _ = people_in([output], SIDE, SIDE, confidence=0.5, overlap=0.45)
    assert boxes == pytest.approx(np.array([[16, 24, 48, 40]]))


def test_finished_boxes_with_and_without_classes():
    dets = np.array([[[1, 2, 30, 40, 0.9], [50, 2, 60, 40, 0.8], [5, 5, 9, 9, 0.2]]], np.float32)
    labels = np.array([[0, 7, 0]], np.float32)
    assert people_in([dets], SIDE, SIDE, confidence=0.3, overlap=0.45)[0].tolist() == dets[0, :2, :4].tolist()
    assert people_in([dets, labels], SIDE, SIDE, confidence=0.3, overlap=0.45)[0].tolist() == [[1, 2, 30, 40]]
    assert people_in([dets[:, :0]], SIDE, SIDE, confidence=0.3, overlap=0.45)[0].shape == (0, 4)


@pytest.mark.parametrize(
    "row",
    [
        [np.nan, 0, 1, 1, 1, 1, 0],
        [0.5, 0.5, 500, 500, 1, 1, 0],  # exp overflows
        [0.5, 0.5, -50, 0, 1, 1, 0],  # nothing wide
        [0.5, 0.5, 1, 1, np.nan, 1, 0],
        [900, 900, 1, 1, 1, 1, 0],  # outside the picture
    ],
)
def test_nonsense_is_nobody(row):
    boxes, _ = people_in(raw({3: row}), SIDE, SIDE, confidence=0.3, overlap=0.45)
    assert len(boxes) == 0


@pytest.mark.parametrize("shape", [(1, CELLS - 1, 7), (2, CELLS, 7), (1, CELLS, 4), (CELLS, 7), (1, 0, 7)])
def test_other_outputs_are_refused_in_one_line(tmp_path, shape):
    path = graphs.constant(tmp_path / "odd.onnx", {"out": np.zeros(shape, np.float32)}, [1, 3, SIDE, SIDE])
    with pytest.raises(CheckpointError, match="not a YOLOX detector") as caught:
        Detector(open_model(path, "cpu"))(np.zeros((50, 50, 3), np.uint8))
    assert "\n" not in str(caught.value)


def test_boxes_are_in_pixels_of_the_frame(tmp_path):
    dets = np.array([[[8, 16, 32, 48, 0.9]]], np.float32)
    path = graphs.constant(tmp_path / "dets.onnx", {"dets": dets}, [1, 3, SIDE, SIDE])
    boxes = Detector(open_model(path, "cpu"))(np.zeros((100, 128, 3), np.uint8))
    assert boxes.tolist() == [[16, 32, 64, 96]]


def test_peaks_and_the_lesser_score():
    over_x, over_y = np.zeros((1, 2, 8), np.float32), np.zeros((1, 2, 6), np.float32)
    over_x[0, 0, 5], over_y[0, 0, 2] = 0.8, 0.6
    over_x[0, 1, 0], over_y[0, 1, 5] = 0.3, 1.4
    places, scores = peaks(over_x, over_y)
    assert places.tolist() == [[[5, 2], [0, 5]]]
    assert scores == pytest.approx(np.array([[0.6, 0.3]]))


@pytest.mark.parametrize(
    ("box", "view"),
    [
        ((0, 0, 30, 40), (15, 20, 37.5, 50)),  # has the shape already
        ((0, 0, 60, 40), (30, 20, 75, 100)),  # too wide: grows in height
        ((10, 10, 20, 50), (15, 30, 37.5, 50)),  # too narrow: grows in width
    ],
)
def test_what_the_estimator_sees(box, view):
    assert seen(np.array([box], np.float32), 288, 384, 1.25) == pytest.approx(np.array([view]))


def simcc(path, bin_x, bin_y, score, bins=(96, 128)):
    """All 133 keypoints in one bin; a 48 x 64 picture has two bins a pixel."""
    arrays = {name: np.zeros((1, 133, count), np.float32) for name, count in zip("xy", bins, strict=True)}
    arrays["x"][..., bin_x], arrays["y"][..., bin_y] = score, score
    return graphs.constant(path, {f"simcc_{name}": array for name, array in arrays.items()}, [1, 3, 64, 48])


@pytest.mark.parametrize(
    ("bin_x", "bin_y", "place"),
    [
        # The box is 48 x 64, its view 60 x 80 about (124, 232): 0.625 px a bin from (94, 192) on.
        (0, 0, (94, 192)),
        (48, 64, (124, 232)),
        (95, 127, (94 + 95 * 0.625, 192 + 127 * 0.625)),
    ],
)
def test_bins_are_pixels_of_the_frame(tmp_path, bin_x, bin_y, place):
    estimate = Estimator(open_model(simcc(tmp_path / "peak.onnx", bin_x, bin_y, 0.7), "cpu"))
    frame, boxes = np.zeros((400, 300, 3), np.uint8), np.array([[100, 200, 148, 264]], np.float32)
    (keypoints,) = estimate([(frame, boxes)])
    assert keypoints[0] == pytest.approx(np.tile([*place, 0.7], (128, 1)), abs=1e-4)


@pytest.mark.parametrize(
    ("score", "expected"), [(0.29, 0), (0.31, 0.31), (3.0, 1), (0, 0), (-1, 0), (np.nan, 0)]
)
def test_scores_become_confidences(tmp_path, score, expected):
    estimate = Estimator(open_model(simcc(tmp_path / "peak.onnx", 10, 10, score), "cpu"))
    (keypoints,) = estimate([(np.zeros((64, 48, 3), np.uint8), np.array([[0, 0, 48, 64]], np.float32))])
    assert keypoints[..., 2] == pytest.approx(np.full((1, 128), expected))
    assert expected or not keypoints.any()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.zeros((1, 17, 96), np.float32), "y": np.zeros((1, 17, 128), np.float32)},
        {"heat": np.zeros((1, 133, 64, 48), np.float32)},
        {"x": np.zeros((1, 133, 96), np.float32), "z": np.zeros((1, 133), np.float32)},
    ],
)
def test_other_estimators_are_refused_in_one_line(tmp_path, arrays):
    path = graphs.constant(tmp_path / "odd.onnx", arrays, [1, 3, 64, 48])
    estimate = Estimator(open_model(path, "cpu"))
    with pytest.raises(CheckpointError, match="133 keypoints") as caught:
        list(estimate([(np.zeros((64, 48, 3), np.uint8), np.array([[0, 0, 48, 64]], np.float32))]))
    assert "\n" not in str(caught.value)


def test_boxes_between_detections():
    before = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    after = np.array([[90, 90, 99, 99], [4, 0, 14, 10]], np.float32)
    pairs = paired(before, after)
    assert pairs == {0: 1}
    assert between(before, after, pairs, 0.25).tolist() == [[1, 0, 11, 10], [50, 50, 60, 60]]
    assert between(before, after, pairs, 0.5).tolist() == [[2, 0, 12, 10], [90, 90, 99, 99]]
    assert between(before[:0], after[:0], {}, 0.5).shape == (0, 4)


def test_the_best_pair_comes_first():
    before = np.array([[0, 0, 10, 10], [2, 0, 12, 10]], np.float32)
    after = np.array([[2, 0, 12, 10], [5, 0, 15, 10]], np.float32)
    assert paired(before, after) == {1: 0, 0: 1}


@pytest.mark.parametrize(
    ("every", "seen_at"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (4, [0, 4, 6]), (9, [0, 6])]
)
def test_the_detector_sees_each_nth_frame_and_the_last(every, seen_at):
    shown = []

    def detect(frame):
        shown.append(int(frame))
        return np.array([[frame / 2, 0, frame / 2 + 10, 10]], np.float32)

    framed = list(with_boxes(np.arange(7), detect, every))
    assert shown == seen_at
    assert [int(frame) for frame, _ in framed] == list(range(7))
    for frame, boxes in framed:
        assert boxes == pytest.approx(np.array([[frame / 2, 0, frame / 2 + 10, 10]]), rel=1e-5)

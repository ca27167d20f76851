"""Real DWPose output says how its tools count: the lattice of SimCC, the neck, the sides."""

from pathlib import Path

import numpy as np
import pytest

from signgen.data.poses import read_poses
from signgen.extract.onnx.estimator import Estimator
from signgen.pose.convert.coco_wholebody import from_dwpose
from signgen.pose.layout import (
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "dwpose_signer" / "npz"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real DWPose output is not at hand")

# That tool scales the 1280 x 720 frames to multiples of 64 with a short side of 512 before anything else.
FRAME, SCALED = np.array([1280, 720]), np.array([896, 512])
BINS = np.array([576, 768])


@pytest.fixture(scope="module")
def keypoints():
    (signer,) = read_poses(FOLDER, fps=24, width=1280, height=720)
    return signer.keypoints.astype(float)


def lattice(values):
    """Step and offset of the coarsest lattice that all values lie on."""
    steps = np.exp(np.linspace(np.log(0.5), np.log(3), 40_001))
    together = np.abs(np.mean([np.exp(2j * np.pi * (v - values[0]) / steps) for v in values[::3]], axis=0))
    coarsest = np.flatnonzero(together > 0.995)[-1]
    near = np.arange(coarsest - 50, coarsest + 1)
    step = steps[near[np.argmax(together[near])]]
    # A finer fit: whole numbers of steps against the values.
    step, offset = np.polyfit(np.round((values - values[0]) / step), values, 1)
    return step, offset


@pytest.mark.parametrize("frame", [0, 45, 90])
def test_real_output_lies_on_the_bins_of_our_estimator(keypoints, frame):
    points = keypoints[frame] / (*FRAME / SCALED, 1)
    found = np.flatnonzero((points[:, 2] > 0) & (np.arange(128) != NECK))
    (step_x, off_x), (step_y, off_y) = (lattice(points[found, axis]) for axis in (0, 1))
    # Bins are square in the picture that was shown, so its view has the 3:4 of the network.
    assert step_x == pytest.approx(step_y, rel=1e-4)

    # Any view on this lattice: start it a whole number of steps before the first keypoint.
    steps = np.array([step_x, step_y])
    start = [
        off + step * np.floor((points[found, a].min() - off) / step - 3)
        for a, off, step in ((0, off_x, step_x), (1, off_y, step_y))
    ]
    numbers = np.round((points[..., :2] - start) / steps).astype(int)
    assert numbers[found].max(axis=0)[0] < BINS[0]
    view = steps * BINS
    box = np.concatenate([start + view / 2 - view / 2.5, start + view / 2 + view / 2.5])

    estimate = Estimator(Peaks(from_dwpose(np.column_stack([numbers, points[:, 2]])[None])[0]))
    picture = np.zeros((*SCALED[::-1], 3), np.uint8)
    (again,) = estimate([(picture, box[None].astype(np.float32))])
    difference = (again[0, found, :2] - points[found, :2]) * FRAME / SCALED
    assert np.abs(difference).max() < 0.05


class Peaks:
    """Stands for the network: each keypoint's score in the bin given."""

    width, height, path, outputs = 288, 384, "peaks", ("simcc_x", "simcc_y")

    def __init__(self, points):
        self.points = points

    def __call__(self, pictures, outputs):
        rows = [np.zeros((1, 133, bins), np.float32) for bins in BINS]
        for keypoint, (x, y, score) in enumerate(self.points):
            for row, place in zip(rows, (x, y), strict=True):
                row[0, keypoint, int(place)] = score
        return rows


def test_the_neck_is_halfway_between_the_shoulders(keypoints):
    middle = keypoints[:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(axis=1)
    assert np.abs(keypoints[:, NECK, :2] - middle).max() < 1e-3


def test_hands_hang_on_their_own_arms(keypoints):
    left, right = (keypoints[:, hand.start, :2] for hand in (LEFT_HAND, RIGHT_HAND))
    for hand, own, other in ((left, LEFT_WRIST, RIGHT_WRIST), (right, RIGHT_WRIST, LEFT_WRIST)):
        to_own, to_other = (np.linalg.norm(hand - keypoints[:, wrist, :2], axis=1) for wrist in (own, other))
        assert (to_own < to_other).all()


def test_left_is_the_signers_left(keypoints):
    """She looks into the camera: her left is on the right of the picture, eyes and jaw too."""
    x = keypoints[..., 0]
    assert (x[:, LEFT_SHOULDER] > x[:, RIGHT_SHOULDER]).all()
    assert (x[:, 15] > x[:, 14]).all()
    assert (x[:, 60 + 16] > x[:, 60]).all()
    # Eyelids 36 to 41 of the face are those of the body's right eye.
    assert (np.abs(x[:, 60 + 36 : 60 + 42].mean(axis=1) - x[:, 14]) < np.abs(x[:, 60 + 36] - x[:, 15])).all()

"""What every extractor owes its callers, run over the registry; those whose package or files lack are skipped."""

import numpy as np
import pytest

from signgen.errors import CheckpointError, DependencyError
from signgen.extract.base import Detections, extractors

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=extractors.names())
def extractor(request):
    part = extractors.build({"name": request.param})
    try:
        list(part(frames(1), fps=24))
    except (DependencyError, CheckpointError) as error:
        pytest.skip(str(error))
    return part


def frames(count):
    rng = np.random.default_rng(2)
    return (rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(count))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_answer_a_frame(extractor, count):
    found = list(extractor(frames(count), fps=24))
    assert len(found) == count
    for frame in found:
        assert isinstance(frame, Detections)
        people = len(frame.keypoints)
        assert frame.keypoints.shape == (people, 128, 3)
        assert frame.keypoints.dtype == np.float32
        assert np.isfinite(frame.keypoints).all()
        missing = frame.keypoints[..., 2] == 0
        assert not frame.keypoints[missing].any()
        assert frame.z is None or frame.z.shape == (people, 128)


def test_answers_come_as_the_frames_do(extractor):
    taken = []
    found = iter(extractor((taken.append(1) or frame for frame in frames(60)), fps=24))
    next(found)
    assert len(taken) < 60


def test_importing_needs_no_package():
    assert {"mediapipe", "dwpose"} <= set(extractors.names())

"""Decoding ahead and the frames of a video through an extractor."""

import threading
import time

import numpy as np
import pytest
from toy_parts import Spots

from signgen.data.video import read_video, write_video
from signgen.errors import DataError
from signgen.extract.run import ahead, extract


def test_items_come_in_order_and_errors_where_they_happen():
    def broken():
        yield from range(5)
        raise DataError("frame 5 is bad")

    assert list(ahead(range(100), 3)) == list(range(100))
    seen = []
    with pytest.raises(DataError, match="frame 5"):
        seen.extend(ahead(broken()))
    items = ahead(broken())
    assert [next(items) for _ in range(5)] == list(range(5))


def test_no_more_is_made_than_asked_for_and_the_thread_ends():
    made = []
    before = threading.active_count()
    items = ahead((made.append(i) or i for i in range(1000)), 4)
    assert next(items) == 0
    time.sleep(0.1)
    assert len(made) <= 7
    items.close()
    assert threading.active_count() == before


def dots(count=24):
    """A bright square that moves 2 px to the right a frame."""
    for t in range(count):
        frame = np.zeros((48, 96, 3), np.uint8)
        frame[20:24, 10 + 2 * t : 14 + 2 * t] = 255
        yield frame


def test_poses_have_rate_canvas_and_length_of_the_video(tmp_path):
    path = tmp_path / "dot.mp4"
    write_video(dots(), path, 25)
    poses = extract(read_video(path), Spots()).signer
    assert (len(poses), poses.fps, poses.width, poses.height) == (24, 25, 96, 48)
    assert np.diff(poses.keypoints[:, 0, 0]) == pytest.approx(2, abs=1.1)


def test_an_extractor_that_loses_frames_is_not_believed(tmp_path):
    write_video(dots(6), tmp_path / "dot.mp4", 25)

    def lazy(frames, *, fps):
        yield from list(Spots()(frames, fps=fps))[1:]

    with pytest.raises(DataError, match="5 of 6 frames"):
        extract(read_video(tmp_path / "dot.mp4"), lazy)

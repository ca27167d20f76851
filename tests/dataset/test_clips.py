"""Parts of videos are the frames that decoding from the start gives, however the file is searched."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import make_video, moving_dot
from videos import trim

from signgen.data.video import read_video
from signgen.dataset.manifest import Sample
from signgen.dataset.stages.clips import UnusableError, open_clip, span

GOP = {"options": {"g": "8", "bf": "3"}}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "trimmed.mp4", "uneven.mp4"])
def test_every_part_has_the_frames_of_the_whole(tmp_path, name):
    path = tmp_path / name
    if name == "trimmed.mp4":
        trim(make_video(tmp_path / "long.mp4", moving_dot(37), **GOP), path, 7)
    elif name == "uneven.mp4":
        times = np.cumsum(np.random.default_rng(0).integers(1, 5, 30)).tolist()
        make_video(path, moving_dot(30), times=times, **GOP)
    else:
        make_video(path, moving_dot(30), **GOP)
    video = read_video(path)
    whole = list(video.frames())
    assert len(whole) == 30
    for first in (0, 1, 5, 7, 8, 9, 15, 16, 17, 22, 28):
        end = None if first % 2 or first > 25 else float(video.times[first + 4])
        clip, seconds = open_clip(Sample("a", video=path, start=float(video.times[first]), end=end), path)
        found = list(clip.frames())
        assert (len(found), seconds) == (clip.num_frames, video.seconds)
        assert clip.times[0] == 0
        for number, frame in enumerate(found):
            np.testing.assert_array_equal(frame, whole[first + number])


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (0, None, slice(0, 10)),
        (0.1, None, slice(1, 10)),
        (0.1004, 0.2996, slice(1, 3)),
        (0.11, 0.31, slice(2, 4)),
        (0, 99, slice(0, 10)),
        (0.9, 0.95, slice(9, 10)),
    ],
)
def test_span(start, end, wanted):
    assert span(Sample("a", start=start, end=end), np.arange(10) / 10) == wanted


@pytest.mark.parametrize(("start", "end"), [(0.91, None), (0.11, 0.19), (9, 10)])
def test_nothing_in_the_span(start, end):
    with pytest.raises(UnusableError, match=r"the file has 0\.90 s"):
        span(Sample("a", start=start, end=end), np.arange(10) / 10)

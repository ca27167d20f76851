"""`signgen view`: the right picture under the right pose, the strip, the page."""

import re

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.data.npz import write_npz
from signgen.data.video import read_video, write_video
from signgen.errors import ConfigError, DataError
from signgen.workflow.view import view, view_frames


def film(path, count=24, fps=24.0):
    """Frame ``t`` is grey of level ``8 t``."""
    write_video((np.full((128, 128, 3), 8 * t, np.uint8) for t in range(count)), path, fps)
    return path


def test_each_pose_lies_on_its_picture(tmp_path):
    poses = signer(24)
    frames = list(view_frames(poses, read_video(film(tmp_path / "a.mp4"))))
    assert len(frames) == 24
    # Two panels of 128 x 128, two rows of 16 below; the corner of the left panel shows the video alone.
    assert {frame.shape for frame in frames} == {(160, 256, 3)}
    assert [round(frame[5, 5].mean() / 8) for frame in frames] == list(range(24))
    assert any((frame[:128, :128] != frame[5, 5]).any() for frame in frames)


def test_poses_of_another_rate_lie_on_the_picture_of_their_time(tmp_path):
    frames = list(view_frames(signer(12, fps=12.0), read_video(film(tmp_path / "a.mp4"))))
    assert [round(frame[5, 5].mean() / 8) for frame in frames] == [min(2 * t + 1, 23) for t in range(12)]


def test_the_strip_shows_when_a_hand_is_missing():
    poses = changed(signer(24), lambda k: k[12:, 18:39].fill(0))
    frame = next(iter(view_frames(poses)))
    height = frame.shape[0] - 2 * 26
    right, left = frame[height + 20], frame[height + 26 + 20]
    coloured = np.ptp(left.astype(int), axis=1) > 50
    assert coloured[10:480].all()
    assert not coloured[560:].any()
    assert (np.ptp(right.astype(int), axis=1) > 50)[10:].all()


@pytest.fixture
def pair(tmp_path):
    write_npz(signer(24), tmp_path / "a.npz")
    return film(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.npz", "a.mp4"])
def test_either_file_finds_the_other(tmp_path, pair, name):
    made = view(tmp_path / name, tmp_path / "v.mp4")
    shown = read_video(made)
    assert (shown.num_frames, shown.width) == (24, 256)


def test_the_page_holds_all_it_shows(tmp_path, pair):
    page = view(pair, tmp_path / "v.html").read_text()
    assert "data:video/mp4;base64," in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "24 frames/s" in page
    assert page.count("<polygon") == 2
    assert "Nothing to mend" in page


@pytest.mark.parametrize(
    ("file", "output", "options", "error", "says"),
    [
        ("a.npz", "v.gif", {}, ConfigError, "mp4 or .html"),
        ("lonely.mp4", "v.mp4", {}, DataError, "signgen extract lonely.mp4"),
        ("a.npz", "a.mp4", {}, ConfigError, "exists already"),
        ("a.npz", "v.mp4", {"poses": "a.npz"}, ConfigError, "--video"),
        ("a.mp4", "v.mp4", {"video": "a.mp4"}, ConfigError, "--poses"),
        ("a.npz", "v.mp4", {"person": 2}, DataError, "person 2"),
    ],
)
def test_what_cannot_be_shown(tmp_path, pair, file, output, options, error, says):
    film(tmp_path / "lonely.mp4", 2)
    options = {name: tmp_path / v if isinstance(v, str) else v for name, v in options.items()}
    with pytest.raises(error, match=says):
        view(tmp_path / file, tmp_path / output, **options)
